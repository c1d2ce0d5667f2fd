import { Schema } from "effect"
import { CardSummary } from "../../domain/Card.ts"
import { RejectionReason } from "../../domain/Rejection.ts"
import { Metadata, Submission } from "../../domain/Submission.ts"
import type { Decision } from "../../domain/Transaction.ts"
import { TransactionStatus } from "../../domain/Transaction.ts"
import type { IdempotencyClaim, RecordedDecision, StoredSubmission } from "../../services/SubmissionRepository.ts"

/** A row of `submissions`, without what only the statements use. */
export const SubmissionRow = Schema.Struct({
  id: Submission.fields.id,
  account_id: Submission.fields.accountId,
  amount: Submission.fields.amount,
  currency: Submission.fields.currency,
  brand: CardSummary.fields.brand,
  bin: CardSummary.fields.bin,
  last4: CardSummary.fields.last4,
  exp_month: CardSummary.fields.expMonth,
  exp_year: CardSummary.fields.expYear,
  fingerprint: CardSummary.fields.fingerprint,
  cvv_shape: Submission.fields.cvvShape,
  sealed_card: Submission.fields.sealedCard,
  key_id: Submission.fields.keyId,
  reference: Submission.fields.reference,
  metadata: Schema.NullOr(Schema.parseJson(Metadata)),
  accepted_at: Submission.fields.acceptedAt,
  status: Schema.NullOr(TransactionStatus),
  reason: Schema.NullOr(RejectionReason),
  decided_at: Schema.NullOr(Schema.Int),
  recorded_at: Schema.NullOr(Schema.Int),
  log_partition: Schema.NullOr(Schema.Int),
  log_offset: Schema.NullOr(Schema.Int),
  appended_at: Schema.NullOr(Schema.Int),
  give_up_token: Submission.fields.giveUpToken
})
export type SubmissionRow = typeof SubmissionRow.Type

/** What to select for one. */
export const submissionColumns = Object.keys(SubmissionRow.fields).map((_) => `submissions.${_}`).join(", ")

const recordedOf = (row: SubmissionRow): RecordedDecision | null =>
  row.status === null ? null : {
    decision: decisionOf(row.status, row.reason),
    decidedAt: row.decided_at!,
    recordedAt: row.recorded_at!,
    position: { partition: row.log_partition!, offset: row.log_offset!, appendedAt: row.appended_at! }
  }

export const decisionOf = (status: TransactionStatus, reason: RejectionReason | null): Decision =>
  status === "approved" ? { status, reason: null } : { status, reason: reason! }

export const fromRow = (row: SubmissionRow): StoredSubmission => ({
  id: row.id,
  accountId: row.account_id,
  amount: row.amount,
  currency: row.currency,
  card: {
    brand: row.brand,
    bin: row.bin,
    last4: row.last4,
    expMonth: row.exp_month,
    expYear: row.exp_year,
    fingerprint: row.fingerprint
  },
  cvvShape: row.cvv_shape,
  sealedCard: row.sealed_card,
  keyId: row.key_id,
  reference: row.reference,
  metadata: row.metadata ?? {},
  acceptedAt: row.accepted_at,
  giveUpToken: row.give_up_token,
  recorded: recordedOf(row)
})

/** The columns of an insert, in the order of `toInsertedRow`. */
export const insertedColumns = [
  "id",
  "account_id",
  "amount",
  "currency",
  "brand",
  "bin",
  "last4",
  "exp_month",
  "exp_year",
  "fingerprint",
  "cvv_shape",
  "sealed_card",
  "key_id",
  "reference",
  "metadata",
  "accepted_at",
  "idempotency_key",
  "request_digest",
  "resend_at"
] as const

export const toInsertedRow = (
  submission: Submission,
  claim: IdempotencyClaim | null,
  resendAt: number
): ReadonlyArray<string | number | null> => [
  submission.id,
  submission.accountId,
  submission.amount,
  submission.currency,
  submission.card.brand,
  submission.card.bin,
  submission.card.last4,
  submission.card.expMonth,
  submission.card.expYear,
  submission.card.fingerprint,
  submission.cvvShape,
  submission.sealedCard,
  submission.keyId,
  submission.reference,
  Object.keys(submission.metadata).length === 0 ? null : JSON.stringify(submission.metadata),
  submission.acceptedAt,
  claim?.key ?? null,
  claim?.requestDigest ?? null,
  resendAt
]
