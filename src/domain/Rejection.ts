import { Schema } from "effect"
import { maximumAmount, minimumAmount } from "./Money.ts"

/** Why a transaction is rejected; `card_unreadable` only by an operator who gives a parked one up. */
export const RejectionReason = Schema.Literal(
  "invalid_number",
  "card_brand_not_supported",
  "invalid_expiry_month",
  "invalid_expiry_year",
  "expired_card",
  "invalid_cvv",
  "amount_too_small",
  "amount_too_large",
  "card_unreadable"
)
export type RejectionReason = typeof RejectionReason.Type

const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" })

const sentences: { readonly [Reason in RejectionReason]: string } = {
  invalid_number: "The card number is not valid.",
  card_brand_not_supported: "Cards of this brand are not supported.",
  invalid_expiry_month: "The expiry month must be between 1 and 12.",
  invalid_expiry_year: "The expiry year is not valid.",
  expired_card: "The card has expired.",
  invalid_cvv: "The security code does not fit the card's brand.",
  amount_too_small: `The amount is below the minimum of ${dollars.format(minimumAmount / 100)}.`,
  amount_too_large: `The amount is above the maximum of ${dollars.format(maximumAmount / 100)}.`,
  card_unreadable: "The card's data could not be read, and an operator gave the transaction up."
}

/** The reason as a sentence for a person. */
export const sentenceOf = (reason: RejectionReason): string => sentences[reason]
