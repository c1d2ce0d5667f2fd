import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { Brand } from "../domain/CardBrand.ts"
import type { AccountId, TransactionId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"
import type { Submission } from "../domain/Submission.ts"
import type { Decision, TransactionStatus } from "../domain/Transaction.ts"
import type { Overloaded, StorageUnavailable, Unstorable } from "./Failure.ts"
import type { Position } from "./Log.ts"
import type { ParkedReason } from "./Metrics.ts"

/** The key a client chose for this request, and the digest of the request it chose it for. */
export interface IdempotencyClaim {
  readonly key: string
  readonly requestDigest: string
}

/** A decision as the gateway knows it, with where its message stood. */
export interface RecordedDecision {
  readonly decision: Decision
  readonly decidedAt: Instant
  readonly recordedAt: Instant
  readonly position: Position
}

export interface StoredSubmission extends Submission {
  readonly recorded: RecordedDecision | null
}

/** Who asks: an account sees its own, the operator everything. */
export type Scope = AccountId | "all"

export type InsertOutcome =
  | { readonly _tag: "Accepted" }
  /** Another submission of the account holds the key. */
  | { readonly _tag: "KeyTaken"; readonly id: TransactionId; readonly requestDigest: string }

export interface DecisionToRecord {
  readonly id: TransactionId
  readonly decision: Decision
  readonly decidedAt: Instant
  readonly position: Position
}

export interface ParkedMark {
  readonly id: TransactionId
  readonly reason: ParkedReason
  /** Where the parked record stands: marking it twice counts once. */
  readonly position: Position
}

/** What is left out is not asked. */
export interface SubmissionFilter {
  readonly status?: TransactionStatus | "processing"
  /** Accepted at this instant or later. */
  readonly acceptedFrom?: Instant
  /** Accepted before this instant. */
  readonly acceptedBefore?: Instant
  /** Cents. */
  readonly leastAmount?: number
  readonly mostAmount?: number
  readonly last4?: string
  readonly brand?: Brand
  readonly reference?: string
}

export interface Page {
  readonly scope: Scope
  readonly filter: SubmissionFilter
  readonly limit: number
  /** Newest first: what is older than this id, or newer than that one. */
  readonly cursor: { readonly after: TransactionId } | { readonly before: TransactionId } | null
}

export interface Listed<A, Id = TransactionId> {
  /** Newest first, `limit` at most; fewer, or none, also where the search stopped early. */
  readonly found: ReadonlyArray<A>
  /** The id to go on from, in the same direction; null at the end. */
  readonly next: Id | null
}

/** An undecided submission whose record was parked. */
export interface ParkedSubmission {
  readonly id: TransactionId
  readonly accountId: AccountId
  readonly reason: ParkedReason
  /** How often. */
  readonly count: number
  readonly parkedAt: Instant
}

/** What waits for a decision. */
export interface Backlog {
  readonly undecided: number
  readonly oldestAcceptedAt: Instant | null
  readonly parked: number
}

/** What a summary counts of a submission. */
export interface SubmissionOutline {
  readonly id: TransactionId
  /** Cents. */
  readonly amount: number
  readonly acceptedAt: Instant
  readonly status: TransactionStatus | null
  readonly decidedAt: Instant | null
}

export interface SubmissionCounts {
  readonly accepted: number
  readonly decided: number
  readonly undecided: number
  readonly oldestUndecidedAt: Instant | null
  readonly parked: number
  readonly undecidedByKey: ReadonlyArray<{ readonly keyId: string; readonly count: number }>
}

/** What the audit compares of a submission. */
export interface SubmissionOutcome {
  readonly id: TransactionId
  readonly accountId: AccountId
  /** Cents. */
  readonly amount: number
  readonly acceptedAt: Instant
  readonly recorded: { readonly decision: Decision; readonly decidedAt: Instant } | null
}

/** Submissions, in the gateway's database: what makes a 202 true, and the outbox of the log. */
export class SubmissionRepository extends Context.Tag("gateway/SubmissionRepository")<SubmissionRepository, {
  /** Durable when it answers. Doing it again with the same id is success. */
  readonly insert: (
    submission: Submission,
    claim: IdempotencyClaim | null
  ) => Effect.Effect<InsertOutcome, StorageUnavailable | Unstorable | Overloaded>

  readonly find: (id: TransactionId, scope: Scope) => Effect.Effect<Option.Option<StoredSubmission>, StorageUnavailable>

  /** Those of the ids that are there, decided or not. */
  readonly findMany: (
    ids: ReadonlyArray<TransactionId>
  ) => Effect.Effect<ReadonlyArray<StoredSubmission>, StorageUnavailable>

  /**
   * Newest first. A filter by account and reference, or by time, is a search in an index; with any other a page looks at
   * 10,000 submissions at most, and may be short.
   */
  readonly list: (page: Page) => Effect.Effect<Listed<StoredSubmission>, StorageUnavailable>

  /** In the order of ids, from the one on and before the other, at most `limit`. */
  readonly outlines: (
    scope: Scope,
    range: { readonly from: TransactionId; readonly before: TransactionId },
    limit: number
  ) => Effect.Effect<ReadonlyArray<SubmissionOutline>, StorageUnavailable>

  /** Its cost grows with what waits, not with what was decided. */
  readonly backlog: Effect.Effect<Backlog, StorageUnavailable>

  /** How many of what waits are marked as parked, by reason. Its cost grows with what is marked. */
  readonly parkedReasonCounts: Effect.Effect<ReadonlyMap<ParkedReason, number>, StorageUnavailable>

  /** Newest first. */
  readonly listParked: (page: {
    readonly limit: number
    readonly cursor: Page["cursor"]
  }) => Effect.Effect<Listed<ParkedSubmission>, StorageUnavailable>

  readonly findParked: (id: TransactionId) => Effect.Effect<Option.Option<ParkedSubmission>, StorageUnavailable>

  /** Makes an undecided submission due to be sent again; nothing happens to any other. */
  readonly resendNow: (id: TransactionId, now: Instant) => Effect.Effect<void, StorageUnavailable>

  /** The same, and its message will carry the token from now on. */
  readonly giveUp: (id: TransactionId, now: Instant, token: string) => Effect.Effect<void, StorageUnavailable>

  /** Sets each decision where none is set; answers the ids that are no submission's. */
  readonly record: (
    decisions: ReadonlyArray<DecisionToRecord>,
    recordedAt: Instant
  ) => Effect.Effect<ReadonlyArray<TransactionId>, StorageUnavailable | Unstorable>

  /** Marks the undecided among them; answers the ids that are no submission's. */
  readonly markParked: (
    marks: ReadonlyArray<ParkedMark>
  ) => Effect.Effect<ReadonlyArray<TransactionId>, StorageUnavailable | Unstorable>

  /** Whether an undecided submission is past its time to be sent again. */
  readonly hasPastDue: (now: Instant) => Effect.Effect<boolean, StorageUnavailable>

  /** Moves on at most `limit` undecided submissions whose time was up at `mark`, and answers those. */
  readonly claimOverdue: (claim: {
    readonly mark: Instant
    readonly now: Instant
    readonly token: string
    readonly limit: number
    /** Milliseconds: doubles with each resend, up to the ceiling. */
    readonly backOff: number
    readonly ceiling: number
  }) => Effect.Effect<ReadonlyArray<Submission>, StorageUnavailable>

  readonly counts: Effect.Effect<SubmissionCounts, StorageUnavailable>

  /** In the order of ids, after the given one. */
  readonly outcomes: (
    after: TransactionId | null,
    limit: number
  ) => Effect.Effect<ReadonlyArray<SubmissionOutcome>, StorageUnavailable>
}>() {}
