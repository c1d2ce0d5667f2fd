import { Schema } from "effect"
import { CardSummary } from "../../domain/Card.ts"
import { AccountId, TransactionId } from "../../domain/Ids.ts"
import { Amount, Currency } from "../../domain/Money.ts"
import { RejectionReason, sentenceOf } from "../../domain/Rejection.ts"
import { Metadata } from "../../domain/Submission.ts"
import type { Principal } from "../../services/Authenticate.ts"
import type { StoredSubmission } from "../../services/SubmissionRepository.ts"

/** RFC 3339, UTC, with milliseconds. */
export const Timestamp = Schema.String.pipe(
  Schema.pattern(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
).annotations({ jsonSchema: { type: "string", format: "date-time" } })

export const toTimestamp = (instant: number): string => new Date(instant).toISOString()

const CardResource = Schema.Struct({
  brand: CardSummary.fields.brand.annotations({ description: "Null unless the number is one, and of a known brand" }),
  bin: CardSummary.fields.bin.annotations({ description: "The first six digits; null unless the number is one" }),
  last4: CardSummary.fields.last4.annotations({ description: "Null of fewer than 13 digits" }),
  exp_month: CardSummary.fields.expMonth,
  exp_year: CardSummary.fields.expYear.annotations({ description: "With four digits" }),
  fingerprint: CardSummary.fields.fingerprint.annotations({
    description: "The same for the same number, of this gateway; null unless the number is one"
  })
}).annotations({ identifier: "CardSummary" })

const identity = {
  id: TransactionId,
  object: Schema.Literal("transaction")
}

const facts = {
  amount: Amount.annotations({ description: "An integer number of cents" }),
  currency: Currency,
  card: CardResource,
  reference: Schema.NullOr(Schema.String).annotations({ description: "The client's own name for it" }),
  metadata: Metadata,
  created_at: Timestamp,
  account: Schema.optional(AccountId.annotations({ description: "Whose it is; only the operator is told" }))
}

/** Accepted and not decided yet. */
export const ProcessingTransaction = Schema.Struct({
  ...identity,
  status: Schema.Literal("processing"),
  ...facts,
  error: Schema.Null,
  decided_at: Schema.Null
}).annotations({ identifier: "ProcessingTransaction" })

export const DecidedTransaction = Schema.Struct({
  ...identity,
  status: Schema.Literal("approved", "rejected"),
  ...facts,
  error: Schema.NullOr(
    Schema.Struct({
      code: RejectionReason,
      message: Schema.String.annotations({ description: "The same in a sentence, for a person" })
    }).annotations({ identifier: "Rejection" })
  ).annotations({ description: "Why it was rejected; null when it was approved" }),
  decided_at: Timestamp
}).annotations({ identifier: "DecidedTransaction" })

export const TransactionResource = Schema.Union(ProcessingTransaction, DecidedTransaction).annotations({
  identifier: "Transaction"
})
export type TransactionResource = typeof TransactionResource.Type

const errorOf = (reason: RejectionReason | null) =>
  reason === null ? null : { code: reason, message: sentenceOf(reason) }

/** A submission as its account, or the operator, reads it. One literal: to copy objects together costs 2 µs a request. */
export const toResource = (submission: StoredSubmission, reader: Principal): TransactionResource => {
  const { card, recorded } = submission
  const resource = {
    id: submission.id,
    object: "transaction" as const,
    status: recorded === null ? "processing" as const : recorded.decision.status,
    amount: submission.amount,
    currency: submission.currency,
    card: {
      brand: card.brand,
      bin: card.bin,
      last4: card.last4,
      exp_month: card.expMonth,
      exp_year: card.expYear,
      fingerprint: card.fingerprint
    },
    reference: submission.reference,
    metadata: submission.metadata,
    created_at: toTimestamp(submission.acceptedAt),
    error: recorded === null ? null : errorOf(recorded.decision.reason),
    decided_at: recorded === null ? null : toTimestamp(recorded.decidedAt)
  } as TransactionResource
  return reader._tag === "Operator" ? { ...resource, account: submission.accountId } : resource
}

export const Timeline = Schema.Struct({
  object: Schema.Literal("timeline"),
  transaction: TransactionId,
  stages: Schema.Array(
    Schema.Struct({
      stage: Schema.Literal("accepted", "appended", "decided", "recorded"),
      at: Timestamp,
      partition: Schema.optional(Schema.Int.annotations({ description: "Of the log, where it was appended" })),
      offset: Schema.optional(Schema.Int.annotations({ description: "In the partition" }))
    }).annotations({ identifier: "Stage" })
  )
}).annotations({ identifier: "Timeline" })

/** Every stage with its instant; `appended` is known with the decision, whose result carries it. */
export const toTimeline = ({ acceptedAt, id, recorded }: StoredSubmission): typeof Timeline.Type => ({
  object: "timeline",
  transaction: id,
  stages: [
    { stage: "accepted", at: toTimestamp(acceptedAt) },
    ...(recorded === null ? [] : [
      {
        stage: "appended" as const,
        at: toTimestamp(recorded.position.appendedAt),
        partition: recorded.position.partition,
        offset: recorded.position.offset
      },
      { stage: "decided" as const, at: toTimestamp(recorded.decidedAt) },
      { stage: "recorded" as const, at: toTimestamp(recorded.recordedAt) }
    ])
  ]
})
