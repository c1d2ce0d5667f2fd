import type { SchemaAST } from "effect"
import { Array as Arr, Either, ParseResult, Predicate, Schema } from "effect"
import { CardSummary, CvvShape } from "./Card.ts"
import { AccountId, TransactionId } from "./Ids.ts"
import { Instant } from "./Instant.ts"
import { Amount, Currency } from "./Money.ts"
import { arbitraryText, boundedText, charactersOf } from "./Text.ts"

const maximumPairs = 50
const maximumKey = 40
const maximumValue = 500

const MetadataValue = boundedText(0, maximumValue)
const decodeValue = ParseResult.decodeUnknownEither(MetadataValue)

const keyRefused = (key: string): string | undefined => {
  // assigned to a copy of the object it would be lost, or worse
  if (key === "__proto__") return "must not have a key __proto__"
  const characters = charactersOf(key)
  if (characters === undefined) return "must not have a key with NUL or a lone surrogate"
  return characters > maximumKey ? `must have keys of at most ${maximumKey} characters` : undefined
}

// Schema.Record drops the keys that its key schema refuses; here they are an error
const parseMetadata = (
  input: unknown,
  _options: SchemaAST.ParseOptions,
  ast: SchemaAST.Declaration
): Either.Either<Metadata, ParseResult.ParseIssue> => {
  if (!Predicate.isRecord(input)) return Either.left(new ParseResult.Type(ast, input, "must be an object"))
  const keys = Object.keys(input)
  if (keys.length > maximumPairs) {
    return Either.left(new ParseResult.Type(ast, input, `must have at most ${maximumPairs} pairs`))
  }
  const issues: Array<ParseResult.ParseIssue> = []
  for (const key of keys) {
    const refused = keyRefused(key)
    if (refused !== undefined) {
      issues.push(new ParseResult.Type(ast, input, refused))
      continue
    }
    const value = decodeValue(input[key])
    if (Either.isLeft(value)) issues.push(new ParseResult.Pointer(key, input, value.left))
  }
  return Arr.isNonEmptyArray(issues)
    ? Either.left(new ParseResult.Composite(ast, input, issues))
    : Either.right(input as Metadata)
}

export interface Metadata {
  readonly [key: string]: string
}

/**
 * At most 50 pairs of text that the client keeps with a transaction: keys to 40 characters, values to 500. A refused
 * value is pointed at; a refused key is told of at the object, so that its text is not repeated.
 */
export const Metadata: Schema.Schema<Metadata> = Schema.declare(
  [],
  { decode: () => parseMetadata, encode: () => parseMetadata },
  {
    identifier: "Metadata",
    jsonSchema: {
      type: "object",
      maxProperties: maximumPairs,
      propertyNames: { maxLength: maximumKey },
      additionalProperties: { type: "string", maxLength: maximumValue }
    },
    arbitrary: () => (fc) =>
      fc.dictionary(
        arbitraryText(0, maximumKey)(fc).filter((key) => key !== "__proto__"),
        arbitraryText(0, maximumValue)(fc),
        { maxKeys: maximumPairs, noNullPrototype: true }
      )
  }
)

/** The client's own name for a transaction. It need not be unique. */
export const Reference = boundedText(0, 255)
export type Reference = typeof Reference.Type

/** What the intake accepted: once it is on disk, the 202 is true. */
export const Submission = Schema.Struct({
  id: TransactionId,
  accountId: AccountId,
  amount: Amount,
  currency: Currency,
  card: CardSummary,
  cvvShape: CvvShape,
  /** Cleared once the decision is recorded. */
  sealedCard: Schema.NullOr(Schema.String),
  /** The key that sealed the card. */
  keyId: Schema.String,
  reference: Schema.NullOr(Reference),
  metadata: Metadata,
  acceptedAt: Instant,
  /** Set when an operator gave up a card that does not open: proof of it for the processor (CardVault). */
  giveUpToken: Schema.NullOr(Schema.String)
})
export interface Submission extends Schema.Schema.Type<typeof Submission> {}
