import { withCheckDigit } from "../domain/numbers.ts"

/**
 * Cards whose numbers, holders and security codes are marked: what a summary may show of a number (its first six and its
 * last four digits) holds no mark.
 */
const brands = [
  { bin: "453957", middle: "876301", cvvLength: 3 },
  { bin: "555555", middle: "123876", cvvLength: 3 },
  { bin: "371449", middle: "63539", cvvLength: 4 }
] as const

export const holderMark = "CANARY HOLDER"
export const cvvMark = "CVVCANARY"

const separated = (digits: string, by: string) => (digits.match(/.{1,4}/g) ?? []).join(by)

/** From any ten digits on, a number is found. */
const numberMarks = brands.flatMap(({ bin, middle }) => {
  const known = bin + middle
  return [
    known.slice(0, 10),
    known.slice(-10),
    ...[" ", "-"].map((by) => separated(known, by).slice(0, 12))
  ]
})

export const marks: ReadonlyArray<string> = [...new Set([...numberMarks, holderMark, cvvMark])]

export interface MarkedCard {
  readonly number: string
  readonly holder: string
  readonly exp_month: number
  readonly exp_year: number
  readonly cvv: string
}

/** Most are valid; the others are rejected, each in its way. */
export const markedCard = (index: number): MarkedCard => {
  const { bin, cvvLength, middle } = brands[index % brands.length]!
  const number = withCheckDigit(`${bin}${middle}${String(index % 1_000).padStart(3, "0")}`)
  const wrongDigit = number.slice(0, -1) + (Number(number.at(-1)) + 1) % 10
  return {
    number: [number, separated(number, " "), separated(number, "-"), wrongDigit, `${number}x`][index % 7] ?? number,
    holder: `${holderMark} ${index} Zoë`,
    exp_month: 12,
    exp_year: index % 11 === 0 ? 2001 : 2035,
    cvv: index % 5 === 0 ? `${cvvMark}${index}` : String(index).padStart(cvvLength, "7").slice(-cvvLength)
  }
}
