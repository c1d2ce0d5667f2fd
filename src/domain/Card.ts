import { Redacted, Schema } from "effect"
import { Brand, brandOf } from "./CardBrand.ts"
import type { RejectionReason } from "./Rejection.ts"

/** What is left of a CVV once it was read: how many digits it had, or that it was none. */
export const CvvShape = Schema.Literal("3", "4", "invalid")
export type CvvShape = typeof CvvShape.Type

/** A card as its client wrote it, valid or not. The year may have two digits. */
export const Card = Schema.Struct({
  number: Schema.RedactedFromSelf(Schema.String),
  holder: Schema.RedactedFromSelf(Schema.String),
  expMonth: Schema.Int,
  expYear: Schema.Int
})
export interface Card extends Schema.Schema.Type<typeof Card> {}

/** A card in clear: what is sealed, and nothing else. */
export const CardPlaintext = Schema.Struct({
  number: Schema.String,
  holder: Schema.String,
  exp_month: Schema.Int,
  exp_year: Schema.Int
})
export interface CardPlaintext extends Schema.Schema.Type<typeof CardPlaintext> {}

/** What of a card may be stored and shown (PCI DSS 3.4: the first six and the last four digits at most). */
export const CardSummary = Schema.Struct({
  brand: Schema.NullOr(Brand),
  bin: Schema.NullOr(Schema.String.pipe(Schema.pattern(/^[0-9]{6}$/))),
  last4: Schema.NullOr(Schema.String.pipe(Schema.pattern(/^[0-9]{4}$/))),
  expMonth: Schema.Int,
  expYear: Schema.Int,
  fingerprint: Schema.NullOr(Schema.String)
})
export interface CardSummary extends Schema.Schema.Type<typeof CardSummary> {}

export const toPlaintext = (card: Card): CardPlaintext => ({
  number: Redacted.value(card.number),
  holder: Redacted.value(card.holder),
  exp_month: card.expMonth,
  exp_year: card.expYear
})

export const fromPlaintext = (plaintext: CardPlaintext): Card => ({
  number: Redacted.make(plaintext.number),
  holder: Redacted.make(plaintext.holder),
  expMonth: plaintext.exp_month,
  expYear: plaintext.exp_year
})

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** Three or four ASCII digits are a shape, everything else is `invalid`. */
export const cvvShape = (cvv: string): CvvShape => {
  for (let i = 0; i < cvv.length; i++) {
    if (!isDigit(cvv.charCodeAt(i))) return "invalid"
  }
  return cvv.length === 3 ? "3" : cvv.length === 4 ? "4" : "invalid"
}

/**
 * The digits of a card number as written, without the single spaces and hyphens between them; `undefined` when there
 * is anything else. Not normalised: that would turn a full-width digit into a digit.
 */
export const digitsOf = (number: string): string | undefined => {
  let digits = ""
  let start = 0
  for (let i = 0; i < number.length; i++) {
    const code = number.charCodeAt(i)
    if (isDigit(code)) continue
    // a separator right after another, or as the first character, finds nothing to take since `start`
    if ((code !== 32 && code !== 45) || i === start) return undefined
    digits += number.slice(start, i)
    start = i + 1
  }
  if (start === number.length) return undefined
  return start === 0 ? number : digits + number.slice(start)
}

/** ISO/IEC 7812-1, annex B. For ASCII digits; anything else does not pass. */
export const passesLuhn = (digits: string): boolean => {
  let sum = 0
  let doubled = false
  for (let i = digits.length - 1; i >= 0; i--) {
    const digit = digits.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return false
    sum += doubled ? (digit < 5 ? digit * 2 : digit * 2 - 9) : digit
    doubled = !doubled
  }
  return digits.length > 0 && sum % 10 === 0
}

/** 0 to 99 mean 2000 to 2099; any other year is itself. */
export const fullYear = (expYear: number): number => expYear >= 0 && expYear <= 99 ? 2000 + expYear : expYear

/**
 * What may be kept of a card. `fingerprintOf` is asked only for 13 to 19 digits that pass Luhn; of anything else the
 * first six digits could be most of what was written.
 */
export const summarize = (card: Card, fingerprintOf: (digits: string) => string): CardSummary => {
  const digits = digitsOf(Redacted.value(card.number))
  const long = digits !== undefined && digits.length >= 13
  const known = long && digits.length <= 19 && passesLuhn(digits)
  return {
    brand: known ? brandOf(digits)?.brand ?? null : null,
    bin: known ? digits.slice(0, 6) : null,
    last4: long ? digits.slice(-4) : null,
    expMonth: card.expMonth,
    expYear: fullYear(card.expYear),
    fingerprint: known ? fingerprintOf(digits) : null
  }
}

const isZero = (digits: string): boolean => {
  for (let i = 0; i < digits.length; i++) {
    if (digits.charCodeAt(i) !== 48) return false
  }
  return true
}

const maximumYearsAhead = 20

/**
 * The first rule the card breaks, `undefined` for a valid card. A card is valid through the last instant (UTC) of its
 * expiry month, judged at `acceptedAt` (ms): a backlog or a replay decides the same.
 */
export const validateCard = (card: Card, cvv: CvvShape, acceptedAt: number): RejectionReason | undefined => {
  const digits = digitsOf(Redacted.value(card.number))
  if (digits === undefined || digits.length < 8 || digits.length > 19) return "invalid_number"
  // all zeros pass Luhn
  if (!passesLuhn(digits) || isZero(digits)) return "invalid_number"
  const rule = brandOf(digits)
  if (rule === undefined) return "card_brand_not_supported"
  if (!rule.lengths.includes(digits.length)) return "invalid_number"
  const month = card.expMonth
  if (!(month >= 1 && month <= 12)) return "invalid_expiry_month"
  const year = fullYear(card.expYear)
  if (year < 1000 || year > new Date(acceptedAt).getUTCFullYear() + maximumYearsAhead) return "invalid_expiry_year"
  // Date.UTC counts months from 0: this is the first instant of the month after
  if (acceptedAt >= Date.UTC(year, month)) return "expired_card"
  if (cvv !== String(rule.cvvLength)) return "invalid_cvv"
  return undefined
}
