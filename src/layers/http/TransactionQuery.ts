import { Either, ParseResult, Schema } from "effect"
import { Brand } from "../../domain/CardBrand.ts"
import { AccountId } from "../../domain/Ids.ts"
import { Instant } from "../../domain/Instant.ts"
import { pageQuery } from "./Endpoint.ts"
import { toTimestamp } from "./TransactionResource.ts"

/** RFC 3339, 5.6. */
const dateTime = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:)(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/

/** Milliseconds since the epoch, rounded up where the text is finer; undefined for what is no instant. */
const parseInstant = (text: string): number | undefined => {
  const match = dateTime.exec(text)
  if (match === null) return undefined
  const [, date, minutes, seconds, fraction = "", zone] = match
  const instant = Date.parse(
    `${date}T${minutes}${seconds}.${fraction.padEnd(3, "0").slice(0, 3)}${zone!.toUpperCase()}`
  )
  if (Number.isNaN(instant) || instant < 0) return undefined
  // Date.parse makes the 1st of March of a 30th of February
  if (new Date(`${date}T00:00:00Z`).toISOString().slice(0, 10) !== date) return undefined
  return instant + (/[1-9]/.test(fraction.slice(3)) ? 1 : 0)
}

/** An instant in a query, as RFC 3339 has it. */
export const InstantFromText = Schema.transformOrFail(
  Schema.String.annotations({ jsonSchema: { type: "string", format: "date-time" } }),
  Instant,
  {
    strict: true,
    decode: (text, _, ast) =>
      Either.fromNullable(parseInstant(text), () => new ParseResult.Type(ast, text, "must be an RFC 3339 time")),
    encode: (instant) => Either.right(toTimestamp(instant))
  }
)

const Cents = Schema.String.pipe(
  Schema.pattern(/^-?\d{1,15}$/),
  Schema.annotations({ description: "an integer number of cents" }),
  Schema.compose(Schema.NumberFromString)
)

export const account = Schema.optional(
  AccountId.annotations({ description: "Only the operator filters by account" })
)

export const TransactionQuery = Schema.Struct({
  ...pageQuery,
  account,
  status: Schema.optional(Schema.Literal("processing", "approved", "rejected")),
  "created[gte]": Schema.optional(InstantFromText),
  "created[lt]": Schema.optional(InstantFromText),
  "amount[gte]": Schema.optional(Cents),
  "amount[lte]": Schema.optional(Cents),
  last4: Schema.optional(Schema.String.pipe(Schema.pattern(/^\d{4}$/))),
  brand: Schema.optional(Brand),
  reference: Schema.optional(Schema.String.pipe(Schema.maxLength(255)))
})
export type TransactionQuery = typeof TransactionQuery.Type
