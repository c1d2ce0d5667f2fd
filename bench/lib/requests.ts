import { randomUUID } from "node:crypto"

export const pick = <A>(values: ReadonlyArray<A>): A => values[Math.floor(Math.random() * values.length)]!

export const between = (low: number, high: number) => low + Math.floor(Math.random() * (high - low + 1))

export const digits = (length: number) => {
  let text = ""
  while (text.length < length) text += Math.floor(Math.random() * 10)
  return text
}

/** The digit that makes Luhn true when it is put at the end. */
const checkDigit = (text: string) => {
  let sum = 0
  for (let i = 0; i < text.length; i++) {
    const digit = Number(text[text.length - 1 - i])
    const doubled = i % 2 === 0 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return String((10 - (sum % 10)) % 10)
}

/** A number with the prefix and length that passes Luhn. */
export const cardNumber = (prefix: string, length: number) => {
  const text = prefix + digits(length - prefix.length - 1)
  return text + checkDigit(text)
}

export const holders = [
  "Ada Lovelace",
  "Grace Hopper",
  "José Álvarez",
  "Mette Sørensen",
  "Zoë O'Neill",
  "李 小龙",
  "Margaret Hamilton",
  "Søren Kierkegaard"
]

export interface Submission {
  readonly amount: number
  readonly currency?: "USD"
  readonly card: {
    readonly number: string
    readonly holder: string
    readonly exp_month: number
    readonly exp_year: number
    readonly cvv: string
  }
  readonly reference?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** The bytes of `POST /v1/transactions`. */
export const encode = (
  { authorization, headers = {}, host, submission }: {
    readonly authorization: string
    readonly host: string
    readonly submission: Submission
    readonly headers?: Readonly<Record<string, string>>
  }
): Buffer => {
  const body = JSON.stringify(submission)
  const head = Object.entries({
    Host: host,
    Authorization: authorization,
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    ...headers
  })
  return Buffer.from(
    `POST /v1/transactions HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`
  )
}

export const reference = () => `order-${randomUUID().slice(0, 8)}`

/** A request with what has to be decided about it: `approved`, or the reason of a rejection. */
export interface Prepared {
  readonly bytes: Buffer
  readonly expected: string
  /** Where a key of `keyLength` characters stands, when there is one. */
  readonly keyAt: number
}

export const keyLength = 36

/** The mix of the benchmarks: nine in ten approved, one in twenty above the limit and one in twenty below. */
export const mix = (index: number): readonly [expected: string, amount: number] =>
  index % 20 === 7
    ? ["amount_too_large", between(100_001, 500_000)]
    : index % 20 === 13
    ? ["amount_too_small", between(0, 99)]
    : ["approved", between(100, 100_000)]

/** Visa cards in the mix of the benchmarks, made before the load, so that the generator only writes bytes. */
export const prepare = (
  { authorization, count, host, idempotencyKeys }: {
    readonly authorization: string
    readonly host: string
    readonly count: number
    readonly idempotencyKeys: boolean
  }
): ReadonlyArray<Prepared> =>
  Array.from({ length: count }, (_, index) => {
    const [expected, amount] = mix(index)
    const key = "k".repeat(keyLength)
    const bytes = encode({
      authorization,
      host,
      headers: idempotencyKeys ? { "Idempotency-Key": key } : {},
      submission: {
        amount,
        currency: "USD",
        card: {
          number: cardNumber("4", 16),
          holder: pick(holders),
          exp_month: between(1, 12),
          exp_year: new Date().getUTCFullYear() + between(1, 5),
          cvv: digits(3)
        },
        reference: reference()
      }
    })
    return { bytes, expected, keyAt: idempotencyKeys ? bytes.indexOf(key) : -1 }
  })
