import { between, cardNumber, digits, holders, pick, reference, type Submission } from "./requests.ts"

/** A submission with what has to be decided about it: `approved`, or the reason of a rejection. */
export interface Varied {
  readonly expected: string
  readonly submission: Submission
}

interface Brand {
  readonly prefixes: ReadonlyArray<string>
  readonly lengths: ReadonlyArray<number>
  readonly cvv: number
  /** How often it is seen. */
  readonly weight: number
}

const visa: Brand = { prefixes: ["4000", "4242", "4539"], lengths: [16], cvv: 3, weight: 40 }
const amex: Brand = { prefixes: ["34", "37"], lengths: [15], cvv: 4, weight: 10 }

const brands: ReadonlyArray<Brand> = [
  visa,
  amex,
  { prefixes: ["51", "55", "2221", "2720"], lengths: [16], cvv: 3, weight: 28 },
  { prefixes: ["300", "36", "38"], lengths: [14, 16, 19], cvv: 3, weight: 3 },
  { prefixes: ["6011", "644"], lengths: [16, 19], cvv: 3, weight: 6 },
  { prefixes: ["3528", "3589"], lengths: [16, 17, 18, 19], cvv: 3, weight: 4 },
  { prefixes: ["509000", "636297", "650031"], lengths: [16], cvv: 3, weight: 6 },
  { prefixes: ["606282"], lengths: [16], cvv: 3, weight: 3 }
]

const wheel = brands.flatMap((brand) => Array.from({ length: brand.weight }, () => brand))

const year = () => new Date().getUTCFullYear()

/** Most carts are small and a few are large, all within the limits. */
const amount = () => Math.min(100_000, Math.max(100, Math.round(2_500 * Math.exp(2 * (Math.random() - 0.3)))))

const asWritten = (number: string) => Math.random() < 0.1 ? number.replace(/(.{4})(?=.)/g, "$1 ") : number

const card = (brand: Brand) => ({
  number: asWritten(cardNumber(pick(brand.prefixes), pick(brand.lengths))),
  holder: pick(holders),
  exp_month: between(1, 12),
  exp_year: year() + between(1, 6),
  cvv: digits(brand.cvv)
})

const around = (fields: Pick<Submission, "card" | "amount">): Submission => ({
  ...fields,
  ...(Math.random() < 0.5 ? { currency: "USD" as const } : {}),
  ...(Math.random() < 0.8 ? { reference: reference() } : {}),
  ...(Math.random() < 0.3
    ? { metadata: { channel: pick(["web", "app", "phone"]), shop: pick(["Lyon", "Kyoto"]) } }
    : {})
})

const withCard = (change: Partial<Submission["card"]>, brand: Brand = visa) => ({
  amount: amount(),
  card: { ...card(brand), ...change }
})

const brokenNumber = () => {
  const number = cardNumber("4242", 16)
  return number.slice(0, -1) + (Number(number.slice(-1)) + 1) % 10
}

const reasons: { readonly [reason: string]: () => Pick<Submission, "card" | "amount"> } = {
  invalid_number: () => withCard({ number: pick([brokenNumber(), "abcd", "0".repeat(16), cardNumber("4", 17)]) }),
  card_brand_not_supported: () =>
    withCard({ number: pick([cardNumber("6212", 16), cardNumber("1", 15), cardNumber("9792", 16)]) }),
  invalid_expiry_month: () => withCard({ exp_month: pick([0, 13, 99]) }),
  invalid_expiry_year: () => withCard({ exp_year: pick([150, year() + 21, 9_999]) }),
  expired_card: () => withCard({ exp_year: year() - between(1, 5) }),
  invalid_cvv: () => pick([withCard({ cvv: pick(["12", "12a", "1234", ""]) }), withCard({ cvv: "123" }, amex)]),
  amount_too_small: () => ({ amount: pick([99, 0, -100, between(1, 98)]), card: card(pick(wheel)) }),
  amount_too_large: () => ({ amount: pick([100_001, between(100_002, 9_999_999)]), card: card(pick(wheel)) })
}

const reasonNames = Object.keys(reasons)

/** Any transaction a client may send: all brands, and of the share `rejected` every reason the domain has. */
export const varied = (rejected: number): Varied => {
  if (Math.random() >= rejected) {
    return { expected: "approved", submission: around({ amount: amount(), card: card(pick(wheel)) }) }
  }
  const expected = pick(reasonNames)
  return { expected, submission: around(reasons[expected]!()) }
}
