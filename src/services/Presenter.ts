import type { Either } from "effect"
import { Context, Data } from "effect"
import type { AccountId, TransactionId } from "../domain/Ids.ts"
import type { Submission } from "../domain/Submission.ts"
import type { SealedFacts } from "./CardVault.ts"
import type { LogRecord, Position } from "./Log.ts"
import type { ParkedReason } from "./Metrics.ts"
import type { DecisionToRecord } from "./SubmissionRepository.ts"
import type { Traceparent } from "./Tracing.ts"
import type { StoredTransaction } from "./TransactionRepository.ts"

/** What the decision needs and nothing else: no reference, no metadata, no CVV. */
export interface SubmissionMessage extends SealedFacts {
  readonly sealedCard: string
  /** `CardVault.sealGiveUp`. */
  readonly giveUpToken: string | null
}

export interface ParkedMessage {
  /** Null when the record had no readable id. */
  readonly id: TransactionId | null
  readonly reason: ParkedReason
}

export class Unreadable extends Data.TaggedError("Unreadable")<{
  readonly reason: "unreadable_message" | "unknown_schema_version"
  /** The id that the record named, if it named one. */
  readonly id: TransactionId | null
}> {}

/** The one place that turns domain values into messages and messages into domain values. */
export class Presenter extends Context.Tag("gateway/Presenter")<Presenter, {
  /** With the trace that it belongs to, where there is one. */
  readonly submission: (submission: Submission, trace?: Traceparent | null) => LogRecord
  readonly readSubmission: (record: LogRecord) => Either.Either<SubmissionMessage, Unreadable>
  /** The account that a record of `transactions` or `transactions_result` names, as it says; null when it names none. */
  readonly accountOf: (record: LogRecord) => AccountId | null
  readonly result: (transaction: StoredTransaction, trace?: Traceparent | null) => LogRecord
  /** The trace that a record belongs to. */
  readonly traceOf: (record: LogRecord) => Traceparent | null
  readonly readResult: (record: LogRecord) => Either.Either<DecisionToRecord, Unreadable>
  /** The record that could not be handled, as it was, with its reason and where it stood. */
  readonly parked: (
    record: LogRecord,
    from: { readonly topic: string; readonly position: Position },
    parked: ParkedMessage
  ) => LogRecord
  readonly readParked: (record: LogRecord) => Either.Either<ParkedMessage, Unreadable>
}>() {}
