import { Context } from "effect"
import type { RejectionReason } from "../domain/Rejection.ts"
import type { TransactionStatus } from "../domain/Transaction.ts"
import type { Group, PartitionLag, Topic } from "./Log.ts"

/** Why a record was put aside; an enumeration, because it labels a metric and is kept beside the submission. */
export const parkedReasons = [
  "unreadable_message",
  "unknown_schema_version",
  "unknown_card_key",
  "card_not_authentic",
  "unknown_submission",
  "unstorable"
] as const
export type ParkedReason = typeof parkedReasons[number]

/** Why an event stream ended: its reader did not keep up, its credential is no longer good, its client or this process went. */
export type StreamEnd = "slow" | "credential" | "client" | "shutdown"

/** Where items are written together: the commit of submissions, an append to the log, the decisions, their recording. */
export type Stage = "accept" | "append" | "process" | "record"

/** Why a statement is run again: it met another one (deadlock, lock wait timeout), or nobody knows what became of it. */
export type RetryCause = "contention" | "unknown_outcome"

/** Who reads a topic: a group, or one of those that belong to none. */
export interface Reader {
  readonly topic: Topic
  readonly group: Group | "tail"
}

/** What waits for a decision, as the database told it. */
export interface MeasuredBacklog {
  readonly undecided: number
  /** Seconds; 0 when nothing waits. */
  readonly oldestAge: number
  /** Reasons that are absent have none. */
  readonly parked: ReadonlyMap<ParkedReason, number>
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** The connections of a pool, now. */
export interface PoolState {
  readonly inUse: number
  readonly idle: number
  readonly opening: number
  readonly waiting: number
  readonly limit: number
}

/**
 * What is counted. Calls are synchronous, cannot fail and cost nanoseconds. Labels are enumerations only: never an id,
 * never a path that a client wrote.
 */
export class Metrics extends Context.Tag("gateway/Metrics")<Metrics, {
  readonly httpStarted: () => void
  /** `route` is the template of the contract, or `other`. */
  readonly httpFinished: (route: string, method: string, status: number, seconds: number) => void
  /** An answer that is a problem, by its name in the contract. */
  readonly problem: (name: string) => void
  readonly idempotency: (outcome: "first" | "replayed" | "reused") => void
  readonly accepted: () => void
  readonly decided: (status: TransactionStatus, reason: RejectionReason | null) => void
  /** From acceptance to the decision, in seconds. */
  readonly acceptToDecision: (seconds: number) => void
  readonly laneDropped: (topic: Topic) => void
  readonly resent: (count: number) => void
  readonly parked: (topic: Topic, reason: ParkedReason) => void
  readonly recorded: (count: number) => void
  readonly batch: (stage: Stage, size: number) => void
  /** How long the write of a batch took, with its repetitions. */
  readonly batchWritten: (stage: Stage, seconds: number) => void
  readonly storageRetried: (stage: "accept" | "process" | "record", cause: RetryCause) => void
  readonly backlog: (measured: MeasuredBacklog) => void
  /** `at` in ms since the epoch. */
  readonly lag: (topic: Topic, group: Group, partitions: ReadonlyArray<PartitionLag>, at: number) => void
  /** Partitions that came to a reader, less those that left it: several readers may be one to the outside. */
  readonly assigned: (reader: Reader, by: number) => void
  readonly paused: (reader: Reader, by: 1 | -1) => void
  readonly rebalanced: (reader: Reader) => void
  readonly consumerRestarted: (reader: Reader) => void
  readonly batchFailed: (reader: Reader) => void
  /** Shows a pool as it is at each scrape, until the answer is called. */
  readonly pool: (database: "gateway" | "processor", now: () => PoolState) => () => void
  /** How long a statement waited for a connection, in seconds. */
  readonly acquired: (database: "gateway" | "processor", seconds: number) => void
  /** What became of spans that were to be exported. */
  readonly spans: (outcome: "exported" | "dropped" | "failed", count: number) => void
  readonly ready: (isReady: boolean) => void
  /** Requests that wait for a decision now. */
  readonly waiting: (count: number) => void
  /** Event streams that are open now. */
  readonly streams: (open: number) => void
  readonly streamClosed: (reason: StreamEnd) => void
}>() {}
