import { Clock, Duration, Effect } from "effect"
import { innermost } from "../../services/Failure.ts"
import { LogUnavailable } from "../../services/Log.ts"

/** Every error from the outermost to the innermost: kafkajs wraps what the broker or the socket said. */
const chainOf = (cause: unknown): ReadonlyArray<Error & { readonly type?: string; readonly code?: string }> => {
  const chain: Array<Error> = []
  for (let error = cause; error instanceof Error && !chain.includes(error);) {
    chain.push(error)
    const [first] = "errors" in error && Array.isArray(error.errors) ? error.errors : []
    error = first ?? error.cause
  }
  return chain
}

/** The broker's code of the error (kafka.apache.org/protocol#protocol_error_codes), as kafkajs spells it. */
export const brokerCodeOf = (cause: unknown): string | undefined =>
  chainOf(cause).find((_) => _.type !== undefined)?.type

/** What brokers answer for a moment after a topic was made, or while leaders and coordinators move. */
const moving = new Set([
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_FOR_PARTITION",
  "GROUP_LOAD_IN_PROGRESS",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR_FOR_GROUP"
])

export const isMoving = (cause: unknown): boolean => moving.has(brokerCodeOf(cause) ?? "")

/** What a person can do about it; null where waiting is all. */
const remedyOf = (cause: unknown): string | null => {
  const chain = chainOf(cause)
  const names = chain.map((_) => _.name).join(" ")
  const text = chain.map((_) => `${_.code ?? ""} ${_.type ?? ""} ${_.message}`).join(" ")
  if (/SASL|AUTHENTICATION/i.test(`${names} ${text}`)) {
    return "check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM"
  }
  if (/AUTHORIZATION_FAILED|not authorized/i.test(text)) {
    return "give this user Describe, Create, Read and Write on the gateway's topics, DescribeConfigs on them, and Read on its groups"
  }
  if (/certificate|self.signed|SSL|TLS|EPROTO|wrong version number|ERR_TLS/i.test(text)) {
    return "check KAFKA_SSL and KAFKA_SSL_CA_FILE"
  }
  if (
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT|Connection timeout|ECONNRESET|Closed connection/i.test(
      text
    )
  ) {
    return "check KAFKA_BROKERS, KAFKA_SSL where the brokers speak TLS, and KAFKA_SASL_USERNAME where they ask for a user"
  }
  return null
}

/** Why Kafka cannot be used now, and what to do about it. */
export const describeFailure = (cause: unknown): string => {
  const words = innermost(cause)
  // kafkajs takes whoever accepted its connection for connected
  if (words === "Broker not connected") return "a broker accepts connections and does not answer"
  const remedy = remedyOf(cause)
  return remedy === null ? words : `${words}; ${remedy}`
}

/** Between two sentences on the same. */
const sentenceInterval = 10_000

/** Says at once what does not work, and then now and then, and that it works again. */
export const makeComplaint = () => {
  let saidAt: number | undefined
  let isOpen = false
  return {
    say: (sentence: string) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (saidAt !== undefined && Math.abs(now - saidAt) < sentenceInterval) return Effect.void
        saidAt = now
        isOpen = true
        return Effect.logWarning(sentence)
      }),
    settled: Effect.suspend(() => {
      if (!isOpen) return Effect.void
      isOpen = false
      return Effect.logInfo("Kafka is there")
    })
  }
}

export const toUnavailable = (cause: unknown) => new LogUnavailable({ cause })

/**
 * A call of kafkajs, which may take for ever: its own limits do not hold for a reply that never comes. It ends by itself,
 * also where nothing can be interrupted.
 */
export const call = <A>(promise: () => Promise<A>, atMost: Duration.DurationInput): Effect.Effect<A, LogUnavailable> =>
  Effect.async((resume) => {
    const fail = (cause: unknown) => resume(Effect.fail(toUnavailable(cause)))
    const timer = setTimeout(
      () => fail(new Error(`no answer within ${Duration.format(atMost)}`)),
      Duration.toMillis(atMost)
    )
    const end = () => clearTimeout(timer)
    // what throws at once, too
    Promise.resolve().then(promise).then((_) => resume(Effect.succeed(_)), fail).finally(end)
    return Effect.sync(end)
  })
