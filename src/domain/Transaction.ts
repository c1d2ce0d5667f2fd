import { Either, Schema } from "effect"
import type { Card, CvvShape } from "./Card.ts"
import { validateCard } from "./Card.ts"
import { AccountId, TransactionId } from "./Ids.ts"
import { Instant } from "./Instant.ts"
import { Amount, Currency, maximumAmount, minimumAmount } from "./Money.ts"
import { RejectionReason } from "./Rejection.ts"

export const TransactionStatus = Schema.Literal("approved", "rejected")
export type TransactionStatus = typeof TransactionStatus.Type

export const Approved = Schema.Struct({ status: Schema.Literal("approved"), reason: Schema.Null })
export interface Approved extends Schema.Schema.Type<typeof Approved> {}

export const Rejected = Schema.Struct({ status: Schema.Literal("rejected"), reason: RejectionReason })
export interface Rejected extends Schema.Schema.Type<typeof Rejected> {}

export const Decision = Schema.Union(Approved, Rejected)
export type Decision = typeof Decision.Type

const fields = {
  id: TransactionId,
  accountId: AccountId,
  amount: Amount,
  currency: Currency,
  acceptedAt: Instant
}

/** What is known of a transaction before its card. */
export const TransactionFacts = Schema.Struct(fields)
export interface TransactionFacts extends Schema.Schema.Type<typeof TransactionFacts> {}

export interface CreatedTransaction extends TransactionFacts {
  readonly _tag: "CreatedTransaction"
}

/** A transaction whose card is valid: only `addCard` makes one. */
export interface TransactionWithCard extends TransactionFacts {
  readonly _tag: "TransactionWithCard"
  readonly card: Card
}

/** A transaction and what was decided; it never changes. */
export const DecidedTransaction = Schema.Struct({ ...fields, decidedAt: Instant, decision: Decision })
export interface DecidedTransaction extends Schema.Schema.Type<typeof DecidedTransaction> {}

export const create = ({ acceptedAt, accountId, amount, currency, id }: TransactionFacts): CreatedTransaction => ({
  _tag: "CreatedTransaction",
  id,
  accountId,
  amount,
  currency,
  acceptedAt
})

/** Left is the first rule the card breaks, judged at the instant the transaction was accepted. */
export const addCard = (
  { acceptedAt, accountId, amount, currency, id }: CreatedTransaction,
  card: Card,
  cvvShape: CvvShape
): Either.Either<TransactionWithCard, RejectionReason> => {
  const reason = validateCard(card, cvvShape, acceptedAt)
  return reason === undefined
    ? Either.right({ _tag: "TransactionWithCard", id, accountId, amount, currency, acceptedAt, card })
    : Either.left(reason)
}

const approved: Decision = { status: "approved", reason: null }

export const reject = (reason: RejectionReason): Decision => ({ status: "rejected", reason })

/** The card is valid by now; the amount is left to judge. Both limits are approved. */
export const decide = ({ amount }: TransactionWithCard): Decision => {
  if (amount < minimumAmount) return reject("amount_too_small")
  if (amount > maximumAmount) return reject("amount_too_large")
  return approved
}

/** Create the transaction, add the card, decide. */
export const decideCard = (facts: TransactionFacts, card: Card, cvvShape: CvvShape): Decision =>
  Either.match(addCard(create(facts), card, cvvShape), { onLeft: reject, onRight: decide })

/** `decidedAt` in ms since the epoch. */
export const record = (
  { acceptedAt, accountId, amount, currency, id }: TransactionFacts,
  decision: Decision,
  decidedAt: number
): DecidedTransaction => ({ id, accountId, amount, currency, acceptedAt, decidedAt, decision })
