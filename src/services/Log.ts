import type { Duration, Effect } from "effect"
import { Context, Data } from "effect"
import { innermost } from "./Failure.ts"

/** `transactions`: what waits for a decision. `transactions_result`: decisions. `transactions_dead`: parked records. */
export const topics = ["transactions", "transactions_result", "transactions_dead"] as const
export type Topic = typeof topics[number]

/** The consumer groups: one per role, each with its own offsets. */
export type Group = "processor" | "recorder"

export interface LogRecord {
  /** The same key always goes to the same partition. */
  readonly key: string | null
  /** At most `maxRecordBytes`. */
  readonly value: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** Where a record stands in its topic. */
export interface Position {
  readonly partition: number
  /** Dense and increasing within the partition, from 0. */
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly appendedAt: number
}

export interface StoredRecord extends LogRecord {
  readonly topic: Topic
  readonly position: Position
}

export interface PartitionOffsets {
  readonly partition: number
  /** First offset that is still kept. */
  readonly low: number
  /** Offset that the next record will get. */
  readonly end: number
  /** The group's next offset; null when it never committed one. */
  readonly committed: number | null
}

export interface PartitionLag extends PartitionOffsets {
  /** Age of the oldest record the group has not committed, in seconds; 0 when there is none. */
  readonly seconds: number
}

/** The first offsets of a tail per partition, or the present end of each. */
export type TailFrom = "end" | ReadonlyMap<number, number>

/** Of a record's value. Kafka's default `max.message.bytes` holds it with its key, its headers and its framing. */
export const maxRecordBytes = 1_000_000
const maxHeadBytes = 40_000

const textBytes = (text: string) => Buffer.byteLength(text)

/** Bytes of its value, its key and its headers. */
export const sizeOf = ({ headers, key, value }: LogRecord): number => {
  let bytes = value.length + (key === null ? 0 : textBytes(key))
  for (const name in headers) bytes += textBytes(name) + textBytes(headers[name]!)
  return bytes
}

/** No retry can append it. */
export const isTooLarge = (record: LogRecord): boolean =>
  record.value.length > maxRecordBytes || sizeOf(record) - record.value.length > maxHeadBytes

/** The log cannot be reached, or did not acknowledge. The records may or may not be in it. */
export class LogUnavailable extends Data.TaggedError("LogUnavailable")<{ readonly cause: unknown }> {
  override get message() {
    return innermost(this.cause)
  }
}

/** A record over `maxRecordBytes`, which no retry can append. */
export class RecordTooLarge extends Data.TaggedError("RecordTooLarge")<{ readonly bytes: number }> {}

export type Handler<E, R> = (records: ReadonlyArray<StoredRecord>) => Effect.Effect<void, E, R>

/** The ordered topics between the roles. It carries; it is never the truth. */
export class Log extends Context.Tag("gateway/Log")<Log, {
  /** Appends in order and answers when all are acknowledged. */
  readonly append: (
    topic: Topic,
    records: ReadonlyArray<LogRecord>
  ) => Effect.Effect<ReadonlyArray<Position>, LogUnavailable | RecordTooLarge>

  /**
   * Puts a record into the bounded queue of its lane; never waits, never fails. What a full lane or a failed append
   * loses is counted, and the resend heals it.
   */
  readonly offer: (topic: Topic, record: LogRecord) => Effect.Effect<void>

  /**
   * Gives the records of a topic, in order, to a handler that finishes each batch before the next. A new group starts
   * at the beginning. A failed batch advances nothing and is given again after a back-off; offsets are committed
   * lazily and at the end, so after a crash finished batches may come again.
   */
  readonly consume: <E, R>(
    options: { readonly topic: Topic; readonly group: Group },
    handler: Handler<E, R>
  ) => Effect.Effect<never, never, R>

  /** Reads a topic without a group, from a position that is still kept. Nothing is committed. */
  readonly tail: <R>(topic: Topic, from: TailFrom, handler: Handler<never, R>) => Effect.Effect<never, never, R>

  readonly offsets: (
    topic: Topic,
    group: Group
  ) => Effect.Effect<ReadonlyArray<PartitionOffsets>, LogUnavailable>

  /** The offsets with the age of what waits, which costs more to find. */
  readonly lag: (topic: Topic, group: Group) => Effect.Effect<ReadonlyArray<PartitionLag>, LogUnavailable>

  /** Deletes batches of records older than this, where the log does not do so by itself; the rest keep their offsets. */
  readonly expire: (topic: Topic, olderThan: Duration.Duration) => Effect.Effect<void, LogUnavailable>
}>() {}
