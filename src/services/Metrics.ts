import { Context } from "effect"
import type { RejectionReason } from "../domain/Rejection.ts"
import type { TransactionStatus } from "../domain/Transaction.ts"
import type { Topic } from "./Log.ts"

/** Why a record was put aside; an enumeration, because it labels a metric and is kept beside the submission. */
export type ParkedReason =
  | "unreadable_message"
  | "unknown_schema_version"
  | "unknown_card_key"
  | "card_not_authentic"
  | "unknown_submission"
  | "unstorable"

/** Why an event stream ended: its reader did not keep up, its credential is no longer good, its client or this process went. */
export type StreamEnd = "slow" | "credential" | "client" | "shutdown"

/**
 * What is counted. Calls are synchronous, cannot fail and cost nanoseconds. Labels are enumerations only: never an id,
 * never a path that a client wrote.
 */
export class Metrics extends Context.Tag("gateway/Metrics")<Metrics, {
  readonly httpStarted: () => void
  /** `route` is the template of the contract, or `other`. */
  readonly httpFinished: (route: string, method: string, status: number, seconds: number) => void
  readonly idempotency: (outcome: "first" | "replayed" | "reused") => void
  readonly accepted: () => void
  readonly decided: (status: TransactionStatus, reason: RejectionReason | null) => void
  /** From acceptance to the decision, in seconds. */
  readonly acceptToDecision: (seconds: number) => void
  readonly laneDropped: (topic: Topic) => void
  readonly resent: (count: number) => void
  readonly parked: (topic: Topic, reason: ParkedReason) => void
  readonly batch: (stage: "accept" | "append" | "process" | "record", size: number) => void
  readonly storageRetried: (stage: "accept" | "process" | "record") => void
  /** Requests that wait for a decision now. */
  readonly waiting: (count: number) => void
  /** Event streams that are open now. */
  readonly streams: (open: number) => void
  readonly streamClosed: (reason: StreamEnd) => void
}>() {}
