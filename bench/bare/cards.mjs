/** What a card number is, by hand: the brand table of the gateway as data, Luhn, and the rules in their order. */

const table = {
  visa: { prefixes: "4", lengths: [13, 16, 18, 19], cvv: "3" },
  mastercard: { prefixes: "51-55, 2221-2720", lengths: [16], cvv: "3" },
  amex: { prefixes: "34, 37", lengths: [15], cvv: "4" },
  diners: { prefixes: "300-305, 36, 38-39", lengths: [14, 16, 19], cvv: "3" },
  discover: { prefixes: "6011, 644-649, 65", lengths: [16, 19], cvv: "3" },
  jcb: { prefixes: "3528-3589", lengths: [16, 17, 18, 19], cvv: "3" },
  elo: {
    prefixes: "401178-401179, 431274, 438935, 451416, 457393, 457631-457632, 504175, 506699-506778, 509000-509999, " +
      "627780, 636297, 636368, 650031-650033, 650035-650051, 650405-650439, 650485-650538, 650541-650598, " +
      "650700-650718, 650720-650727, 650901-650978, 651652-651679, 655000-655019, 655021-655058",
    lengths: [16],
    cvv: "3"
  },
  hipercard: { prefixes: "606282", lengths: [16], cvv: "3" }
}

/** One map per prefix width, so that the longest match is the first hit from the widest map down. */
const byWidth = new Map()
for (const [name, { cvv, lengths, prefixes }] of Object.entries(table)) {
  const brand = { name, lengths: new Set(lengths), cvv }
  for (const range of prefixes.split(", ")) {
    const [low, high = low] = range.split("-")
    const map = byWidth.get(low.length) ?? new Map()
    for (let prefix = Number(low); prefix <= Number(high); prefix++) map.set(prefix, brand)
    byWidth.set(low.length, map)
  }
}
const widths = [...byWidth.keys()].toSorted((a, b) => b - a)

export const brandOf = (digits) => {
  for (const width of widths) {
    const brand = byWidth.get(width).get(Number(digits.slice(0, width)))
    if (brand !== undefined) return brand
  }
  return undefined
}

export const luhn = (digits) => {
  let sum = 0
  let double = false
  for (let i = digits.length - 1; i >= 0; i--) {
    let digit = digits.charCodeAt(i) - 48
    if (double) {
      digit *= 2
      if (digit > 9) digit -= 9
    }
    sum += digit
    double = !double
  }
  return sum % 10 === 0
}

const plain = /^[0-9]+$/
const grouped = /^[0-9]+(?:[ -][0-9]+)*$/
const zeros = /^0+$/

/** The digits of a number as it was written, or undefined when it is not one. */
export const digitsOf = (number) => {
  if (plain.test(number)) return number
  return grouped.test(number) ? number.replace(/[ -]/g, "") : undefined
}

const isNumber = (digits) =>
  digits !== undefined && digits.length >= 8 && digits.length <= 19 && !zeros.test(digits) && luhn(digits)

/** What may be shown of a card. */
export const summarize = (digits) => {
  if (digits === undefined || digits.length < 13) return { brand: null, bin: null, last4: null }
  const last4 = digits.slice(-4)
  return isNumber(digits)
    ? { brand: brandOf(digits)?.name ?? null, bin: digits.slice(0, 6), last4 }
    : { brand: null, bin: null, last4 }
}

/** All that leaves the intake of a CVV. */
export const cvvShape = (cvv) => /^[0-9]{3}$/.test(cvv) ? "3" : /^[0-9]{4}$/.test(cvv) ? "4" : "invalid"

const runs = /[0-9](?:[ -]?[0-9]){11,}/g

/** Whether a text holds what can only be a card number: Luhn, a brand's prefix and that brand's length. */
export const holdsCardNumber = (text) => {
  for (const [run] of text.matchAll(runs)) {
    const digits = run.replace(/[ -]/g, "")
    if (luhn(digits) && brandOf(digits)?.lengths.has(digits.length)) return true
  }
  return false
}

export const fullYear = (year) => year < 100 ? 2000 + year : year

/** The reason of a rejection, or undefined: card before amount, the first rule that fails. */
export const reject = ({ acceptedAt, amount, cvv, expMonth, expYear, number }) => {
  const digits = digitsOf(number)
  if (!isNumber(digits)) return "invalid_number"
  const brand = brandOf(digits)
  if (brand === undefined) return "card_brand_not_supported"
  if (!brand.lengths.has(digits.length)) return "invalid_number"
  if (expMonth < 1 || expMonth > 12) return "invalid_expiry_month"
  const year = fullYear(expYear)
  if (year < 1000 || year > new Date(acceptedAt).getUTCFullYear() + 20) return "invalid_expiry_year"
  // the month after the expiry month begins at index `expMonth`
  if (acceptedAt >= Date.UTC(year, expMonth, 1)) return "expired_card"
  if (cvv !== brand.cvv) return "invalid_cvv"
  if (amount < 100) return "amount_too_small"
  if (amount > 100_000) return "amount_too_large"
  return undefined
}

export const sentences = {
  invalid_number: "The card number is not a valid card number.",
  card_brand_not_supported: "Cards of this brand are not supported.",
  invalid_expiry_month: "The expiry month is not a month.",
  invalid_expiry_year: "The expiry year is not a year a card can have.",
  expired_card: "The card has expired.",
  invalid_cvv: "The CVV does not have the shape that this brand's cards have.",
  amount_too_small: "The amount is below $1.00.",
  amount_too_large: "The amount is above $1,000.00."
}
