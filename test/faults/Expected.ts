/** The rules of the domain (design.md, section 4), written once more: the checker takes nothing from what it checks. */

/** A card as a client wrote it. */
export interface WrittenCard {
  readonly number: string
  readonly month: number
  readonly year: number
  readonly cvv: string
}

interface BrandRule {
  readonly prefix: RegExp
  readonly lengths: ReadonlyArray<number>
  readonly cvv: number
}

/** The brands that the campaign uses, and no prefix that two of all brands share. */
const brands: ReadonlyArray<BrandRule> = [
  { prefix: /^42/, lengths: [13, 16, 18, 19], cvv: 3 },
  { prefix: /^5[1-5]/, lengths: [16], cvv: 3 },
  { prefix: /^3[47]/, lengths: [15], cvv: 4 },
  { prefix: /^6011/, lengths: [16, 19], cvv: 3 }
]

const passesLuhn = (digits: string) => {
  const sum = [...digits].toReversed().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}

/** The digits, then the one that makes them pass. */
export const withCheckDigit = (digits: string): string =>
  digits + "0123456789".split("").find((digit) => passesLuhn(digits + digit))!

/** Null when the card is valid; judged at the instant of acceptance (ms). */
const brokenRule = ({ cvv, month, number, year }: WrittenCard, acceptedAt: number): string | null => {
  const digits = number.replace(/(?<=\d)[ -](?=\d)/g, "")
  if (!/^\d{8,19}$/.test(digits) || /^0+$/.test(digits) || !passesLuhn(digits)) return "invalid_number"
  const brand = brands.find(({ prefix }) => prefix.test(digits))
  if (brand === undefined) return "card_brand_not_supported"
  if (!brand.lengths.includes(digits.length)) return "invalid_number"
  if (month < 1 || month > 12) return "invalid_expiry_month"
  const full = year < 100 ? 2000 + year : year
  const accepted = new Date(acceptedAt)
  if (full < 1000 || full > accepted.getUTCFullYear() + 20) return "invalid_expiry_year"
  if (full * 12 + month - 1 < accepted.getUTCFullYear() * 12 + accepted.getUTCMonth()) return "expired_card"
  return /^\d+$/.test(cvv) && cvv.length === brand.cvv ? null : "invalid_cvv"
}

/** The one reason for which a request is rejected, null when it is approved. */
export const expectedReason = (card: WrittenCard, amount: number, acceptedAt: number): string | null => {
  const broken = brokenRule(card, acceptedAt)
  if (broken !== null) return broken
  if (amount < 100) return "amount_too_small"
  return amount > 100_000 ? "amount_too_large" : null
}
