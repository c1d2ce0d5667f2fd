import { Either, ParseResult, Schema } from "effect"
import { Brand } from "../../domain/CardBrand.ts"
import { AccountId } from "../../domain/Ids.ts"
import { Instant } from "../../domain/Instant.ts"
import { Reference } from "../../domain/Submission.ts"
import { pageQuery } from "./Endpoint.ts"
import { toTimestamp } from "./TransactionResource.ts"

/** RFC 3339, 5.6. */
const dateTime = /^(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/

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
  Schema.String.annotations({
    // from 1970 on
    jsonSchema: { type: "string", format: "date-time", pattern: "^(?:19[7-9]\\d|[2-9]\\d{3})-" }
  }),
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
  Schema.annotations({
    jsonSchema: { type: "integer", minimum: -999_999_999_999_999, maximum: 999_999_999_999_999 }
  }),
  Schema.compose(Schema.NumberFromString)
)

export const account = Schema.optional(
  AccountId.annotations({
    description: "An account's id: only what is its own. For the operator; anybody else is answered 400."
  })
)

export const TransactionQuery = Schema.Struct({
  ...pageQuery,
  account,
  status: Schema.optional(
    Schema.Literal("processing", "approved", "rejected").annotations({ description: "Those that stand so now." })
  ),
  "created[gte]": Schema.optional(InstantFromText.annotations({
    description: "Those that were accepted at this instant or later (RFC 3339, from 1970 on)."
  })),
  "created[lt]": Schema.optional(InstantFromText.annotations({
    description: "Those that were accepted before this instant (RFC 3339, from 1970 on)."
  })),
  "amount[gte]": Schema.optional(Cents.annotations({ description: "Those of this amount or more, in cents." })),
  "amount[lte]": Schema.optional(Cents.annotations({ description: "Those of this amount or less, in cents." })),
  last4: Schema.optional(Schema.String.pipe(
    Schema.pattern(/^\d{4}$/),
    Schema.annotations({ description: "Those whose card number ends in these four digits." })
  )),
  brand: Schema.optional(Brand.annotations({ description: "Those of cards of this brand." })),
  reference: Schema.optional(Reference.annotations({ description: "Those with exactly this reference." }))
})
export type TransactionQuery = typeof TransactionQuery.Type
