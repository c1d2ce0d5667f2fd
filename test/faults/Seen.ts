import type { KafkaMessage } from "kafkajs"

/** What the campaign's tail saw of a record; `epoch` counts how often its topic was made. */
export type Seen =
  | {
    readonly topic: "transactions"
    readonly epoch: number
    readonly partition: number
    readonly offset: number
    /** Null when it is none of ours: poison. */
    readonly id: string | null
    /** ms since the epoch, by the broker's or the appender's clock. */
    readonly at: number
  }
  | {
    readonly topic: "transactions_result"
    readonly epoch: number
    readonly partition: number
    readonly offset: number
    readonly id: string | null
    /** Status, reason and the instant, in one text. */
    readonly decision: string | null
  }
  | {
    readonly topic: "transactions_dead"
    readonly epoch: number
    readonly partition: number
    readonly offset: number
    readonly id: string | null
    readonly reason: string | null
    /** The number of the poison that was parked. */
    readonly poison: number | null
  }

export const topics = ["transactions", "transactions_result", "transactions_dead"] as const
export type Topic = typeof topics[number]

/** Poison carries its number in this header, and parking keeps headers. */
export const poisonHeader = "poison"

export const decisionText = (decision: {
  readonly status: string
  readonly reason: string | null
  readonly decided_at: number
}): string => `${decision.status} ${decision.reason} ${decision.decided_at}`

const headerOf = ({ headers }: KafkaMessage, name: string): string | null => {
  const value = headers?.[name]
  return value === undefined ? null : String(Array.isArray(value) ? value[0] : value)
}

const parse = (value: Buffer | null): Readonly<Record<string, unknown>> => {
  try {
    const message: unknown = JSON.parse(value?.toString("utf8") ?? "")
    return typeof message === "object" && message !== null ? { ...message } : {}
  } catch {
    return {}
  }
}

export const seenOf = (topic: Topic, epoch: number, partition: number, message: KafkaMessage): Seen => {
  const offset = Number(message.offset)
  const poison = headerOf(message, poisonHeader)
  if (topic === "transactions_dead") {
    return {
      topic,
      epoch,
      partition,
      offset,
      id: headerOf(message, "parked_id"),
      reason: headerOf(message, "parked_reason"),
      poison: poison === null ? null : Number(poison)
    }
  }
  const json = poison === null ? parse(message.value) : {}
  const id = typeof json.id === "string" ? json.id : null
  if (topic === "transactions") return { topic, epoch, partition, offset, id, at: Number(message.timestamp) }
  const decision = json.decision as { readonly status: string; readonly reason: string | null } | undefined
  return {
    topic,
    epoch,
    partition,
    offset,
    id,
    decision: decision === undefined ? null : decisionText({ ...decision, decided_at: Number(json.decided_at) })
  }
}
