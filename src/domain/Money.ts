import { Schema } from "effect"

/**
 * Cents. Any safe integer is an amount, zero and negative ones too: what the rules refuse is a rejected transaction,
 * not a malformed one.
 */
export const Amount = Schema.Int.annotations({ identifier: "Amount", description: "Cents" })
export type Amount = typeof Amount.Type

/** The smallest amount that is approved, in cents ($1.00). */
export const minimumAmount = 100

/** The largest amount that is approved, in cents ($1,000.00). */
export const maximumAmount = 100_000

/** ISO 4217. */
export const Currency = Schema.Literal("USD")
export type Currency = typeof Currency.Type
