import { digitsOf, passesLuhn } from "./Card.ts"
import { brandOf, brands } from "./CardBrand.ts"

const lengths = brands.flatMap((brand) => brand.lengths)
const shortest = Math.min(...lengths)
const longest = Math.max(...lengths)

const isCardNumber = (digits: string): boolean =>
  passesLuhn(digits) && brandOf(digits)?.lengths.includes(digits.length) === true

const uuid = /(?<![0-9a-z-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z-])/gi
const isNumeric = (id: string): boolean => /^[0-9-]+$/.test(id)

/**
 * Whether a maximal run of ASCII digits (single spaces and hyphens between them allowed) passes Luhn and has the prefix
 * and a length of a brand. Luhn alone would refuse one in ten numeric references; a UUID
 * (RFC 9562) with a letter in it is none: one in 5,000 would be refused, and they are what people use as keys. Linear
 * in the text.
 */
export const containsCardNumber = (written: string): boolean => {
  const text = written.length < 36 ? written : written.replace(uuid, (id) => isNumeric(id) ? id : "-")
  let count = 0
  let start = 0
  let end = 0
  // one step past the end, where charCodeAt is NaN, closes the last run
  for (let i = 0; i <= text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) {
      if (count === 0) start = i
      count++
      end = i + 1
    } else if (count > 0 && !((code === 32 || code === 45) && end === i)) {
      if (count >= shortest && count <= longest) {
        const digits = digitsOf(text.slice(start, end))
        if (digits !== undefined && isCardNumber(digits)) return true
      }
      count = 0
    }
  }
  return false
}
