import { type Config, Context, Effect, Layer, Option, Redacted, Runtime } from "effect"
import kafkajs, { type ISocketFactory, type Kafka, type KafkaConfig, type logCreator } from "kafkajs"
import { readFileSync } from "node:fs"
import * as net from "node:net"
import * as tls from "node:tls"
import { Randomness } from "../../services/Randomness.ts"
import { CannotStart } from "../CannotStart.ts"
import { KafkaSettings, ServerSettings } from "../Settings.ts"
import { mendKafkajs } from "./KafkajsMends.ts"

/** Fisher and Yates. */
const shuffled = <A>(items: ReadonlyArray<A>, randomness: Randomness["Type"]): Array<A> => {
  const result = Array.from(items)
  const bytes = randomness.bytes(result.length)
  for (let i = result.length - 1; i > 0; i--) {
    const j = bytes[i]! % (i + 1)
    ;[result[i], result[j]] = [result[j]!, result[i]!]
  }
  return result
}

type Settings = Config.Config.Success<typeof KafkaSettings>

const tlsOf = ({ caFile, ssl }: Settings): Effect.Effect<KafkaConfig["ssl"], CannotStart> => {
  if (!ssl && Option.isSome(caFile)) {
    return new CannotStart({
      sentence: "KAFKA_SSL_CA_FILE is set and KAFKA_SSL is not: set KAFKA_SSL=true, or unset both."
    })
  }
  if (!ssl) return Effect.succeed(false)
  if (Option.isNone(caFile)) return Effect.succeed(true)
  return Effect.try({
    try: () => ({ ca: [readFileSync(caFile.value, "utf8")] }),
    catch: () =>
      new CannotStart({
        sentence:
          `KAFKA_SSL_CA_FILE names ${caFile.value}, which cannot be read: give the certificate that signed the brokers'.`
      })
  })
}

const saslOf = Effect.fnUntraced(function*({ mechanism, password, username }: Settings) {
  if (Option.isNone(username) && Option.isNone(password)) return undefined
  if (Option.isNone(username) || Option.isNone(password)) {
    return yield* new CannotStart({
      sentence: `Of KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD only one is set: set both, or none.`
    })
  }
  return { mechanism, username: username.value, password: Redacted.value(password.value) }
})

export interface KafkaClient {
  readonly kafka: Kafka
  /**
   * Ends its connections at once, and for good. kafkajs waits without end for the replies of a broker that hangs, and
   * connects again where something of a client that was disconnected still runs.
   */
  readonly cut: () => void
}

/** The connections of one client; whoever did not say a word until it was thrown away is silent. */
const connections = (silent: Set<string>) => {
  const open = new Map<net.Socket, string>()
  let isCut = false
  const socketFactory: ISocketFactory = ({ host, onConnect, port, ssl }) => {
    if (isCut) throw new Error("the client was thrown away")
    // as kafkajs does it
    const socket = ssl
      ? tls.connect({ host, port, ...(net.isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
      : net.connect({ host, port }, onConnect)
    const address = `${host}:${port}`
    open.set(socket, address)
    return socket.setKeepAlive(true, 60_000).setMaxListeners(0)
      .once("data", () => silent.delete(address))
      .once("close", () => open.delete(socket))
  }
  const cut = () => {
    isCut = true
    for (const [socket, address] of open) {
      if (socket.bytesRead === 0) silent.add(address)
      // without an error kafkajs would not hear of it
      socket.destroy(new Error("the client was thrown away"))
    }
  }
  return { socketFactory, cut }
}

/** Makes kafkajs clients for the brokers of the settings; each is thrown away after its first failure. */
export class KafkaClients extends Context.Tag("gateway/KafkaClients")<KafkaClients, {
  /** A client always tries the first address first, so each is given another order, the silent ones last. */
  readonly make: (options?: { readonly requestTimeout: number }) => KafkaClient
  /** For messages. */
  readonly brokers: string
  /** Stands before the names of topics and groups. */
  readonly prefix: string
}>() {
  static readonly Live = Layer.effect(
    KafkaClients,
    Effect.gen(function*() {
      mendKafkajs()
      const settings = yield* KafkaSettings
      const randomness = yield* Randomness
      const brokers = Option.getOrElse((yield* ServerSettings).KAFKA_BROKERS, () => [])
      const ssl = yield* tlsOf(settings)
      const sasl = yield* saslOf(settings)
      const silent = new Set<string>()
      const runtime = yield* Effect.runtime()
      // what matters of it is said by whoever called, once
      const toDebug: logCreator = () => ({ label, log: { message, ...details }, namespace }) =>
        Runtime.runSync(
          runtime,
          Effect.logDebug(message).pipe(Effect.annotateLogs({ kafkajs: namespace, level: label, ...details }))
        )

      return {
        prefix: Option.getOrElse(settings.prefix, () => ""),
        brokers: brokers.join(", "),
        make: ({ requestTimeout } = { requestTimeout: 5000 }) => {
          const { cut, socketFactory } = connections(silent)
          const kafka = new kafkajs.Kafka({
            clientId: "payment-gateway",
            brokers: shuffled(brokers, randomness).sort((a, b) => Number(silent.has(a)) - Number(silent.has(b))),
            connectionTimeout: 3000,
            authenticationTimeout: 5000,
            requestTimeout,
            // covers connecting; what is sent is tried again by us
            retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 3 },
            logLevel: kafkajs.logLevel.WARN,
            logCreator: toDebug,
            socketFactory,
            ...(ssl === false ? {} : { ssl }),
            ...(sasl === undefined ? {} : { sasl: sasl as NonNullable<KafkaConfig["sasl"]> })
          } as KafkaConfig)
          return { kafka, cut }
        }
      }
    })
  )
}
