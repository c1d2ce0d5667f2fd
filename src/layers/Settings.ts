import { Config, ConfigProvider, Duration, Layer, LogLevel, Record } from "effect"
import { isIP } from "node:net"
import { WaitSettings } from "../services/AwaitDecision.ts"
import { ResendSettings } from "../services/ResendOverdue.ts"
import { StreamSettings } from "./http/EventStreams.ts"

// Every variable of the environment that the gateway reads is here; docs/configuration.md lists them, a test compares.

/** A variable that is set to nothing is not set: `docker run -e NAME`, `NAME=${NAME:-}`. */
export const Environment = Layer.setConfigProvider(
  ConfigProvider.fromMap(new Map(Object.entries(process.env).flatMap(([name, value]) => value ? [[name, value]] : [])))
)

/** Timers take no more (ECMAScript hosts keep a delay in 32 bits): 24 days. */
const longest = 2 ** 31 - 1

const integer = (name: string, least: number, most: number, what: string) =>
  Config.nonEmptyString(name).pipe(
    Config.validate({
      message: `Expected ${what}, ${least} to ${most}`,
      validation: (text) => /^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most
    }),
    Config.map(Number)
  )

const milliseconds = (name: string, byDefault: Duration.DurationInput) =>
  integer(name, 1, longest, "milliseconds").pipe(
    Config.map(Duration.millis),
    Config.withDefault(Duration.decode(byDefault))
  )

const count = (name: string, byDefault: number) =>
  integer(name, 1, 1_000_000, "an integer").pipe(Config.withDefault(byDefault))

const flag = (name: string) =>
  Config.literal("true", "false")(name).pipe(Config.map((_) => _ === "true"), Config.withDefault(false))

/** An address, or a network as RFC 4632 and RFC 4291 write it. */
const isNetwork = (text: string): boolean => {
  const [address = "", prefix, ...rest] = text.split("/")
  const bits = isIP(address) === 6 ? 128 : 32
  return isIP(address) !== 0 && rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
}

const port = (name: string, byDefault: number) => integer(name, 0, 65_535, "a port").pipe(Config.withDefault(byDefault))

export const HttpSettings = Config.all({
  host: Config.nonEmptyString("HOST").pipe(Config.withDefault("127.0.0.1")),
  port: port("PORT", 8080),
  managementPort: port("MANAGEMENT_PORT", 9464),
  /** What is still being answered at a shutdown is cut after this. */
  shutdownGrace: milliseconds("SHUTDOWN_GRACE_MS", "4 seconds"),
  /** A request whose headers and body take longer is answered 408. */
  requestTimeout: milliseconds("REQUEST_TIMEOUT_MS", "10 seconds"),
  /** Addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed. */
  trustedProxies: Config.option(
    Config.nonEmptyString("TRUSTED_PROXIES").pipe(
      Config.validate({
        message: "Expected addresses and networks, 10.0.0.1,192.168.0.0/16",
        validation: (text) => text.split(",").every((_) => isNetwork(_.trim()))
      }),
      Config.map((text) => text.split(",").map((_) => _.trim()))
    )
  ),
  /** Requests a second of an account, 0 for no limit. */
  rateLimit: Config.option(integer("RATE_LIMIT", 0, 1_000_000, "requests a second")),
  /** Requests that are answered at one time, without those that only wait; beyond that, 503. */
  concurrentRequests: count("CONCURRENT_REQUESTS", 5_000),
  /** Connections to the API at one time; beyond that they are closed at once. */
  connections: count("CONNECTIONS", 25_000)
})

export const DataDirSettings = Config.nonEmptyString("DATA_DIR").pipe(Config.withDefault("./data"))

/** Where the export of the panel is, if not where the project has it. */
export const PanelSettings = Config.option(Config.nonEmptyString("PANEL_DIR"))

export const LogSettings = Config.all({
  /** Records that may wait for their append. */
  laneCapacity: count("LANE_CAPACITY", 10_000),
  /** Between two batches of a consumer under load, unless a full one waits. */
  pace: milliseconds("LOG_PACE_MS", "50 millis"),
  /** `transactions` and `transactions_dead` hold sealed cards: PCI DSS 3.2.1 asks for no longer than needed. */
  cardRetention: milliseconds("LOG_RETENTION_MS", "24 hours"),
  resultRetention: milliseconds("RESULT_RETENTION_MS", "7 days")
})

/** How the two databases of the distributed profile are reached; DATABASE_URL and PROCESSOR_DATABASE_URL say where. */
export const MysqlSettings = Config.all({
  /** TLS, with the server's certificate and its name checked. */
  ssl: flag("MYSQL_SSL"),
  /** PEM of the certificate that signed the servers'; without it, what Node trusts. */
  caFile: Config.option(Config.nonEmptyString("MYSQL_SSL_CA_FILE")),
  /** Connections of a process to one database. */
  poolSize: integer("MYSQL_POOL_SIZE", 1, 1000, "an integer").pipe(Config.withDefault(10)),
  /** To reach the server, to be let in, and to set the session up. */
  connectTimeout: milliseconds("MYSQL_CONNECT_TIMEOUT_MS", "5 seconds"),
  /** Of every statement, and of the wait for a free connection before it. */
  statementTimeout: milliseconds("MYSQL_STATEMENT_TIMEOUT_MS", "5 seconds")
})

/** What a topic of Kafka is made with, and must have at least. */
export const TopicSettings = Config.all({
  partitions: Config.option(integer("KAFKA_PARTITIONS", 1, 1000, "an integer")),
  replicationFactor: Config.option(integer("KAFKA_REPLICATION", 1, 10, "an integer"))
})

const addresses = (name: string) =>
  Config.nonEmptyString(name).pipe(
    Config.validate({
      message: "Expected addresses, host:port,host:port",
      validation: (text) => text.split(",").every((_) => /^[^\s:,/@[\]]+:\d{1,5}$/.test(_.trim()))
    }),
    Config.map((text) => text.split(",").map((_) => _.trim()))
  )

export const KafkaSettings = Config.all({
  ssl: flag("KAFKA_SSL"),
  /** PEM of the certificate that signed the brokers'; without it, what Node trusts. */
  caFile: Config.option(Config.nonEmptyString("KAFKA_SSL_CA_FILE")),
  mechanism: Config.literal("plain", "scram-sha-256", "scram-sha-512")("KAFKA_SASL_MECHANISM").pipe(
    Config.withDefault("plain" as const)
  ),
  username: Config.option(Config.nonEmptyString("KAFKA_SASL_USERNAME")),
  password: Config.option(Config.redacted("KAFKA_SASL_PASSWORD")),
  /** Before the names of topics and groups, so that several gateways share a cluster. */
  prefix: Config.option(
    Config.nonEmptyString("KAFKA_TOPIC_PREFIX").pipe(
      Config.validate({
        message: "Expected letters, digits, dots, underscores and hyphens, 100 at most",
        validation: (_) => /^[\w.-]{1,100}$/.test(_)
      })
    )
  )
})

/** Submissions that may wait for their commit; beyond that a request is answered 503. */
export const SubmissionCapacity = count("SUBMISSION_CAPACITY", 10_000)

/** Which of the servers of the distributed profile are named. */
export const ServerSettings = Config.all({
  DATABASE_URL: Config.option(Config.redacted("DATABASE_URL")),
  PROCESSOR_DATABASE_URL: Config.option(Config.redacted("PROCESSOR_DATABASE_URL")),
  KAFKA_BROKERS: Config.option(addresses("KAFKA_BROKERS"))
})

const keySettings = Config.all({
  operatorSecret: Config.option(Config.redacted("OPERATOR_SECRET")),
  secretPepper: Config.option(Config.redacted("SECRET_PEPPER")),
  cardKeys: Config.option(Config.redacted("CARD_KEYS"))
})

/** Only the keys that the environment names. */
export const KeySettings = Config.map(keySettings, Record.getSomes)

export const LoggingSettings = Config.all({
  format: Config.literal("pretty", "json")("LOG_FORMAT").pipe(
    Config.withDefault(process.stdout.isTTY ? "pretty" as const : "json" as const)
  ),
  level: Config.literal("debug", "info", "warning", "error")("LOG_LEVEL").pipe(
    Config.withDefault("info" as const),
    Config.map((level) =>
      ({ debug: LogLevel.Debug, info: LogLevel.Info, warning: LogLevel.Warning, error: LogLevel.Error })[level]
    )
  )
})

const isHttpUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { hash, password, protocol, search, username } = new URL(text)
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((_) => _ === "")
}

/** By the names that OpenTelemetry gives them. */
export const TracingSettings = Config.all({
  /** Of a collector; `/v1/traces` is added. Without it nothing is traced. */
  endpoint: Config.option(
    Config.nonEmptyString("OTEL_EXPORTER_OTLP_ENDPOINT").pipe(
      Config.validate({
        message: "Expected a URL without a password and a query, http://collector:4318",
        validation: isHttpUrl
      })
    )
  ),
  serviceName: Config.nonEmptyString("OTEL_SERVICE_NAME").pipe(Config.withDefault("payment-gateway")),
  /** Of the traces that begin here; those that a client samples are. */
  ratio: Config.nonEmptyString("OTEL_TRACES_SAMPLER_ARG").pipe(
    Config.validate({
      message: "Expected a part of one, 0 to 1",
      validation: (text) => /^[01](\.\d{1,9})?$/.test(text) && Number(text) <= 1
    }),
    Config.map(Number),
    Config.withDefault(1)
  )
})

/** `label:n`: for crash tests, the process kills itself when it reaches that step for the n-th time. */
export const FailpointSetting = Config.option(Config.nonEmptyString("FAILPOINT"))

const ResendConfig = Config.all({
  backOff: milliseconds("RESEND_BACK_OFF_MS", "5 seconds"),
  ceiling: milliseconds("RESEND_CEILING_MS", "10 minutes"),
  interval: milliseconds("RESEND_INTERVAL_MS", "1 second"),
  limit: count("RESEND_LIMIT", 500)
})

const WaitConfig = Config.all({
  perAccount: count("WAITS_PER_ACCOUNT", 1_000),
  perProcess: count("WAITS_PER_PROCESS", 10_000)
})

const StreamConfig = Config.all({
  perAccount: count("STREAMS_PER_ACCOUNT", 100),
  perProcess: count("STREAMS_PER_PROCESS", 10_000),
  buffer: Config.succeed(1_000_000)
})

/** The settings of the use cases. */
export const UseCaseSettings = Layer.mergeAll(
  Layer.effect(ResendSettings, ResendConfig),
  Layer.effect(WaitSettings, WaitConfig),
  Layer.effect(StreamSettings, StreamConfig)
)
