import { digitsOf, passesLuhn } from "./Card.ts"
import { brandOf, brands } from "./CardBrand.ts"

const lengths = brands.flatMap((brand) => brand.lengths)
const shortest = Math.min(...lengths)
const longest = Math.max(...lengths)

const isCardNumber = (digits: string): boolean =>
  passesLuhn(digits) && brandOf(digits)?.lengths.includes(digits.length) === true

/**
 * Whether a maximal run of ASCII digits (single spaces and hyphens between them allowed) passes Luhn and has the prefix
 * and a length of a brand. Luhn alone would refuse one in ten numeric references. Linear in the text.
 */
export const containsCardNumber = (text: string): boolean => {
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
