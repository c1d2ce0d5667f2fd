import { Redacted, Schema } from "effect"
import { containsCardNumber } from "../../domain/CardNumberInText.ts"
import { Amount, maximumAmount, minimumAmount } from "../../domain/Money.ts"
import { Metadata, Reference } from "../../domain/Submission.ts"
import { boundedText } from "../../domain/Text.ts"
import { strict, textSchema } from "./Endpoint.ts"
import { FieldErrorCode } from "./FieldErrors.ts"

/** A card number belongs in `card.number`, where it is sealed, and nowhere else. */
const withoutCardNumber = <A, I>(texts: (value: A) => ReadonlyArray<string>) => (self: Schema.Schema<A, I>) =>
  self.pipe(
    Schema.filter((value) => !texts(value).some(containsCardNumber)),
    Schema.annotations({ [FieldErrorCode]: "card_number_in_text" })
  )
const withoutCardNumberInText = withoutCardNumber<string, string>((text) => [text])

const RedactedText = Schema.declare((input): input is Redacted.Redacted => Redacted.isRedacted(input))

/** `Schema.Redacted` validates the text a second time once it is hidden: 1.2 µs for each, on the hot route. */
export const redacted = (text: Schema.Schema<string>) =>
  Schema.transform(text, RedactedText, { strict: true, decode: (_) => Redacted.make(_), encode: Redacted.value })

const cardText = (minimum: number, maximum: number, documentation: string) =>
  redacted(boundedText(minimum, maximum)).annotations({
    description: `text of ${minimum} to ${maximum} characters`,
    jsonSchema: textSchema(minimum, maximum, documentation)
  })

export const TransactionRequest = Schema.Struct({
  amount: Amount.annotations({
    description: "an integer number of cents",
    jsonSchema: {
      type: "integer",
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      description:
        `Cents. ${minimumAmount} to ${maximumAmount} can be approved; any other amount makes a rejected transaction.`
    }
  }),
  currency: Schema.optional(Schema.Literal("USD").annotations({ description: "USD" })),
  card: Schema.Struct({
    number: cardText(
      0,
      64,
      "Digits, with single spaces or hyphens between them. It is stored encrypted, and never told again."
    ),
    holder: redacted(boundedText(1, 255).pipe(withoutCardNumberInText)).annotations({
      description: "text of 1 to 255 characters",
      jsonSchema: textSchema(1, 255, "The name on the card. A card number in it is refused.")
    }),
    exp_month: Schema.Int.pipe(Schema.between(0, 99)).annotations({
      description: "an integer from 0 to 99",
      jsonSchema: { type: "integer", minimum: 0, maximum: 99, description: "1 to 12; any other is rejected." }
    }),
    exp_year: Schema.Int.pipe(Schema.between(0, 9999)).annotations({
      description: "an integer from 0 to 9999",
      jsonSchema: { type: "integer", minimum: 0, maximum: 9999, description: "Four digits, or two: 0 to 99 mean 20YY." }
    }),
    cvv: cardText(0, 16, "Three digits, or four of American Express. It is checked and never stored.")
  }).annotations({ description: "an object" }),
  reference: Schema.optional(
    Reference.annotations({
      description: "text of at most 255 characters",
      jsonSchema: textSchema(0, 255, "Your own name for it; it need not be unique. A card number in it is refused.")
    }).pipe(withoutCardNumberInText)
  ),
  metadata: Schema.optional(Metadata.pipe(withoutCardNumber((_) => Object.entries(_).flat())))
}).annotations({ identifier: "TransactionRequest", description: "an object", ...strict })
export type TransactionRequest = typeof TransactionRequest.Type
