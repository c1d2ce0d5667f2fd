import { Config, Duration } from "effect"

const count = (name: string, most: number, byDefault: number) =>
  Config.integer(name).pipe(
    Config.validate({
      message: `Expected an integer, 1 to ${most}`,
      validation: (_) => _ >= 1 && _ <= most
    }),
    Config.withDefault(byDefault)
  )

const milliseconds = (name: string, byDefault: number) =>
  Config.map(count(name, 600_000, byDefault), (_) => Duration.millis(_))

/** How the two databases of the distributed profile are reached; DATABASE_URL and PROCESSOR_DATABASE_URL say where. */
export const MysqlSettings = Config.all({
  /** TLS, with the server's certificate and its name checked. */
  ssl: Config.literal("true", "false")("MYSQL_SSL").pipe(Config.map((_) => _ === "true"), Config.withDefault(false)),
  /** PEM of the certificate that signed the servers'; without it, what Node trusts. */
  caFile: Config.option(Config.nonEmptyString("MYSQL_SSL_CA_FILE")),
  /** Connections of a process to one database. */
  poolSize: count("MYSQL_POOL_SIZE", 1000, 10),
  /** To reach the server, to be let in, and to set the session up. */
  connectTimeout: milliseconds("MYSQL_CONNECT_TIMEOUT_MS", 5000),
  /** Of every statement, and of the wait for a free connection before it. */
  statementTimeout: milliseconds("MYSQL_STATEMENT_TIMEOUT_MS", 5000)
})
export type MysqlSettings = Config.Config.Success<typeof MysqlSettings>
