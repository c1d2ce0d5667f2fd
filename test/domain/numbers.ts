import { FastCheck, Redacted } from "effect"
import type { Card } from "../../src/domain/Card.ts"
import { brands } from "../../src/domain/CardBrand.ts"

/** ISO/IEC 7812-1, annex B, by the letter: every second digit from the right is doubled, then all digits are added. */
export const luhnByTheLetter = (digits: string): boolean => {
  const written = [...digits].toReversed().map((digit, index) => index % 2 === 1 ? `${Number(digit) * 2}` : digit).join(
    ""
  )
  return [...written].reduce((sum, digit) => sum + Number(digit), 0) % 10 === 0
}

export const withCheckDigit = (payload: string): string => {
  for (const digit of "0123456789") {
    if (luhnByTheLetter(payload + digit)) return payload + digit
  }
  throw new Error("every payload has a check digit")
}

/** A number of `length` digits that begins with `prefix` and passes Luhn. */
export const numberOf = (prefix: string, length: number): string => withCheckDigit(prefix.padEnd(length - 1, "0"))

/** Full-width digits, which NFKC would turn into ASCII. */
export const fullWidth = (digits: string): string =>
  [...digits].map((digit) => String.fromCharCode(0xff10 + Number(digit))).join("")

export const arabic = (digits: string): string =>
  [...digits].map((digit) => String.fromCharCode(0x0660 + Number(digit))).join("")

export const cardOf = (number: string, expMonth = 12, expYear = 2030): Card => ({
  number: Redacted.make(number),
  holder: Redacted.make("Ada Lovelace"),
  expMonth,
  expYear
})

const digit = FastCheck.constantFrom(..."0123456789")

export const digitsOfLength = (minLength: number, maxLength: number) =>
  FastCheck.array(digit, { minLength, maxLength }).map((digits) => digits.join(""))

/** A number with a brand's prefix, of one of that brand's lengths, that passes Luhn. */
export const brandNumber = FastCheck.constantFrom(...brands).chain((brand) =>
  FastCheck.tuple(
    FastCheck.constantFrom(...brand.prefixes.flatMap((prefix) => prefix.split("-"))),
    FastCheck.constantFrom(...brand.lengths)
  ).chain(([prefix, length]) =>
    digitsOfLength(length - 1 - prefix.length, length - 1 - prefix.length)
      .map((rest) => withCheckDigit(prefix + rest))
  )
)
