import { Schema } from "effect"

export const Brand = Schema.Literal("visa", "mastercard", "amex", "diners", "discover", "jcb", "elo", "hipercard")
export type Brand = typeof Brand.Type

export interface BrandRule {
  readonly brand: Brand
  /** How many digits a number of this brand may have. */
  readonly lengths: ReadonlyArray<number>
  /** How many digits its CVV has. */
  readonly cvvLength: 3 | 4
}

export interface BrandEntry extends BrandRule {
  /** Prefixes of one width (`"34"`), or the first and the last of a range (`"51-55"`). At most six digits. */
  readonly prefixes: ReadonlyArray<string>
}

/**
 * ISO/IEC 7812 numbers the issuers; which prefixes are whose is from the community's brand tables, as of 2026-11.
 * Prefixes of two brands may overlap only when their widths differ: the longest matching prefix wins.
 */
export const brands: ReadonlyArray<BrandEntry> = [
  { brand: "visa", prefixes: ["4"], lengths: [13, 16, 18, 19], cvvLength: 3 },
  { brand: "mastercard", prefixes: ["51-55", "2221-2720"], lengths: [16], cvvLength: 3 },
  { brand: "amex", prefixes: ["34", "37"], lengths: [15], cvvLength: 4 },
  { brand: "diners", prefixes: ["300-305", "36", "38-39"], lengths: [14, 16, 19], cvvLength: 3 },
  { brand: "discover", prefixes: ["6011", "644-649", "65"], lengths: [16, 19], cvvLength: 3 },
  { brand: "jcb", prefixes: ["3528-3589"], lengths: [16, 17, 18, 19], cvvLength: 3 },
  {
    brand: "elo",
    // dprint-ignore
    prefixes: [
      "401178-401179", "431274", "438935", "451416", "457393", "457631-457632", "504175", "506699-506778",
      "509000-509999", "627780", "636297", "636368", "650031-650033", "650035-650051", "650405-650439",
      "650485-650538", "650541-650598", "650700-650718", "650720-650727", "650901-650978", "651652-651679",
      "655000-655019", "655021-655058"
    ],
    lengths: [16],
    cvvLength: 3
  },
  { brand: "hipercard", prefixes: ["606282"], lengths: [16], cvvLength: 3 }
]

interface Interval {
  readonly first: number
  readonly last: number
  readonly width: number
  readonly rule: BrandRule
}

const intervalsOf = ({ brand, cvvLength, lengths, prefixes }: BrandEntry): ReadonlyArray<Interval> => {
  const rule: BrandRule = { brand, lengths, cvvLength }
  return prefixes.map((prefix) => {
    const [from = prefix, to = from] = prefix.split("-")
    return { first: Number(from.padEnd(6, "0")), last: Number(to.padEnd(6, "9")), width: from.length, rule }
  })
}

/** Cuts the overlaps, so that each of the million six-digit prefixes lies in one interval at most, its widest. */
const disjoint = (intervals: ReadonlyArray<Interval>): ReadonlyArray<Interval> => {
  const cuts = [...new Set(intervals.flatMap(({ first, last }) => [first, last + 1]))].toSorted((a, b) => a - b)
  return cuts.flatMap((first, index) => {
    const widest = intervals
      .filter((interval) => interval.first <= first && first <= interval.last)
      .toSorted((a, b) => b.width - a.width)[0]
    return widest === undefined ? [] : [{ ...widest, first, last: cuts[index + 1]! - 1 }]
  })
}

const table = disjoint(brands.flatMap(intervalsOf))
const firsts = Int32Array.from(table, ({ first }) => first)

/**
 * The rule of the brand that issues these digits: the longest matching prefix wins. The first six digits (the issuer
 * identification number) tell; fewer than six, or anything but ASCII digits among them, have no brand.
 */
export const brandOf = (digits: string): BrandRule | undefined => {
  if (digits.length < 6) return undefined
  let prefix = 0
  for (let i = 0; i < 6; i++) {
    const digit = digits.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return undefined
    prefix = prefix * 10 + digit
  }
  let low = 0
  let high = firsts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (firsts[middle]! <= prefix) low = middle + 1
    else high = middle
  }
  const interval = table[low - 1]
  return interval !== undefined && prefix <= interval.last ? interval.rule : undefined
}
