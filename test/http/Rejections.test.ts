import { assert, beforeAll, describe, it } from "@effect/vitest"
import { arabic, fullWidth, numberOf, withCheckDigit } from "../domain/numbers.ts"
import { type Credential, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { cards, transaction, type TransactionJson } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const sentences = {
  invalid_number: "The card number is not valid.",
  card_brand_not_supported: "Cards of this brand are not supported.",
  invalid_expiry_month: "The expiry month must be between 1 and 12.",
  invalid_expiry_year: "The expiry year is not valid.",
  expired_card: "The card has expired.",
  invalid_cvv: "The security code does not fit the card's brand.",
  amount_too_small: "The amount is below the minimum of $1.00.",
  amount_too_large: "The amount is above the maximum of $1,000.00."
} as const
type Reason = keyof typeof sentences

/** What is decided is what POST answers, and what GET and the list answer after it. */
const decide = async (body: unknown, raw: ReadonlyArray<string> = []): Promise<TransactionJson> => {
  const answer = await gateway().decide(account, body)
  assert.strictEqual(answer.status, 201, answer.text)
  const decided = transactionOf(answer)
  const read = await gateway().call("GET", `/v1/transactions/${decided.id}`, { as: account })
  assert.deepStrictEqual(transactionOf(read), decided)
  for (const text of [answer.text, read.text]) {
    for (const value of raw) if (value.length > 4) assert.notInclude(text, value)
  }
  return decided
}

const assertRejected = (decided: TransactionJson, reason: Reason) => {
  assert.strictEqual(decided.status, "rejected")
  assert.deepStrictEqual(decided.error, { code: reason, message: sentences[reason] })
  assert.match(decided.decided_at!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
}

const assertApproved = (decided: TransactionJson) => {
  assert.deepStrictEqual({ status: decided.status, error: decided.error }, { status: "approved", error: null })
}

describe("a rejected transaction is a successful request", () => {
  const numbers: ReadonlyArray<readonly [string, string, Reason, string | null]> = [
    ["letters", "abcd", "invalid_number", null],
    ["nothing", "", "invalid_number", null],
    ["spaces alone", "    ", "invalid_number", null],
    ["letters among digits", "4242x242424242424", "invalid_number", null],
    ["full-width digits", fullWidth(cards.visa), "invalid_number", null],
    ["Arabic digits", arabic(cards.visa), "invalid_number", null],
    ["zero-width spaces", cards.visa.replace("2424", "\u200b2424"), "invalid_number", null],
    ["a BOM", `\ufeff${cards.visa}`, "invalid_number", null],
    ["a no-break space", "4242\u00a04242\u00a04242\u00a04242", "invalid_number", null],
    ["two spaces in a row", "4242  4242 4242 4242", "invalid_number", null],
    ["a leading hyphen", `-${cards.visa}`, "invalid_number", null],
    ["a trailing space", `${cards.visa} `, "invalid_number", null],
    ["a decimal point", "4242424242424242.0", "invalid_number", null],
    ["an exponent", "4.242e15", "invalid_number", null],
    ["7 digits", numberOf("4", 7), "invalid_number", null],
    ["12 digits", numberOf("4", 12), "invalid_number", null],
    ["20 digits", numberOf("4", 20), "invalid_number", numberOf("4", 20).slice(-4)],
    ["64 digits", numberOf("4", 64), "invalid_number", numberOf("4", 64).slice(-4)],
    ["a wrong check digit", "4242424242424241", "invalid_number", "4241"],
    ["zeros", "0".repeat(16), "invalid_number", "0000"],
    ["a length that is not the brand's", numberOf("4242", 17), "invalid_number", numberOf("4242", 17).slice(-4)],
    ["no brand", numberOf("9999", 16), "card_brand_not_supported", numberOf("9999", 16).slice(-4)],
    ["8 digits and no brand", withCheckDigit("9999999"), "card_brand_not_supported", null]
  ]
  it.each(numbers)("number: %s", async (_, number, reason, last4) => {
    const decided = await decide(transaction({}, { number }), [number])
    assertRejected(decided, reason)
    assert.deepStrictEqual(
      { brand: decided.card.brand, last4: decided.card.last4 },
      {
        brand: reason === "invalid_number" && number.startsWith("4242") && last4 !== null && last4 !== "4241"
          ? "visa"
          : null,
        last4
      }
    )
  })

  it.each([
    ["12 digits", numberOf("4", 12)],
    ["20 digits", numberOf("4", 20)],
    ["a wrong check digit", "4242424242424241"],
    ["letters", "abcd"]
  ])("tells neither brand nor bin nor fingerprint of %s", async (_, number) => {
    const { bin, brand, fingerprint } = (await decide(transaction({}, { number }))).card
    assert.deepStrictEqual({ bin, brand, fingerprint }, { bin: null, brand: null, fingerprint: null })
  })

  it.each([0, 13, 99])("month %d", async (exp_month) => {
    assertRejected(await decide(transaction({}, { exp_month })), "invalid_expiry_month")
  })

  const ahead = new Date().getUTCFullYear() + 21
  it.each([100, 999, ahead, 9999, ahead - 2000])("year %d", async (exp_year) => {
    assertRejected(await decide(transaction({}, { exp_year })), "invalid_expiry_year")
  })

  it.each([0, 1, 2000, 1999, 1000])("year %d, past", async (exp_year) => {
    assertRejected(await decide(transaction({}, { exp_year })), "expired_card")
  })

  it.each([
    ["12", {}],
    ["12345", {}],
    ["12a", {}],
    ["1234", {}],
    ["", {}],
    [" 123", {}],
    ["１２３", {}],
    ["-12", {}],
    ["123", { number: cards.amex }]
  ])("CVV %j", async (cvv, changes) => {
    assertRejected(await decide(transaction({}, { cvv, ...changes })), "invalid_cvv")
  })

  it.each([0, -100, 99, 1, -1])("amount %d", async (amount) => {
    const decided = await decide(transaction({ amount }))
    assertRejected(decided, "amount_too_small")
    assert.strictEqual(decided.amount, amount)
  })

  it.each([100_001, 9_007_199_254_740_991])("amount %d", async (amount) => {
    assertRejected(await decide(transaction({ amount })), "amount_too_large")
  })

  it("the first rule that fails is the reason", async () => {
    const year = ahead
    const wrong = { number: numberOf("9999", 16), exp_month: 13, exp_year: year, cvv: "x" }
    const found: Array<string | undefined> = []
    for (
      const mended of [
        { number: "1" },
        {},
        { number: cards.visa },
        { number: cards.visa, exp_month: 12 },
        { number: cards.visa, exp_month: 12, exp_year: 2001 },
        { number: cards.visa, exp_month: 12, exp_year: ahead - 1 },
        { number: cards.visa, exp_month: 12, exp_year: ahead - 1, cvv: "739" }
      ]
    ) found.push((await decide(transaction({ amount: 1 }, { ...wrong, ...mended }))).error?.code)
    assert.deepStrictEqual(found, [
      "invalid_number",
      "card_brand_not_supported",
      "invalid_expiry_month",
      "invalid_expiry_year",
      "expired_card",
      "invalid_cvv",
      "amount_too_small"
    ])
  })
})

describe("approved", () => {
  it.each([100, 100_000])("amount %d", async (amount) => {
    assertApproved(await decide(transaction({ amount })))
  })

  it.each([
    ["visa", cards.visa, "739"],
    ["visa", numberOf("4", 13), "739"],
    ["visa", numberOf("4", 19), "739"],
    ["mastercard", cards.mastercard, "739"],
    ["mastercard", numberOf("2221", 16), "739"],
    ["amex", cards.amex, "7391"],
    ["diners", cards.diners, "739"],
    ["discover", cards.discover, "739"],
    ["jcb", cards.jcb, "739"],
    ["elo", numberOf("650031", 16), "739"],
    ["hipercard", cards.hipercard, "739"]
  ])("%s %s", async (brand, number, cvv) => {
    const decided = await decide(transaction({}, { number, cvv }), [number])
    assertApproved(decided)
    const { fingerprint, ...rest } = decided.card
    assert.deepInclude(rest, { brand, bin: number.slice(0, 6), last4: number.slice(-4) } as never)
    assert.isAtLeast(fingerprint!.length, 32)
    assert.notInclude(fingerprint!, number.slice(0, 6))
  })

  it("single spaces and hyphens between digits are the same card", async () => {
    const found: Array<unknown> = []
    for (
      const number of [cards.visa, "4242 4242 4242 4242", "4242-4242 4242-4242", "4-2-4-2-4-2-4-2-4-2-4-2-4-2-4-2"]
    ) {
      const decided = await decide(transaction({}, { number }), [number])
      assertApproved(decided)
      found.push([decided.card.fingerprint, decided.card.bin, decided.card.last4])
    }
    assert.deepStrictEqual(found, Array.from({ length: 4 }, () => found[0]))
  })

  it("another card has another fingerprint", async () => {
    const mine = await decide(transaction())
    const other = await decide(transaction({}, { number: cards.mastercard }))
    assert.notStrictEqual(mine.card.fingerprint, other.card.fingerprint)
  })
})

describe("expiry", () => {
  /** A month after (or before) the one in which the transaction was accepted, as year and month. */
  const monthOf = (instant: string, later: number) => {
    const date = new Date(instant)
    const month = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later))
    return { exp_month: month.getUTCMonth() + 1, exp_year: month.getUTCFullYear() }
  }

  it.each([[0, "approved"], [-1, "rejected"], [1, "approved"], [-12, "rejected"]] as const)(
    "%d months after this one: %s",
    async (later, status) => {
      for (const short of [false, true]) {
        // once more when the month ended while this ran
        for (;;) {
          const expiry = monthOf(new Date().toISOString(), later)
          const exp_year = short ? expiry.exp_year % 100 : expiry.exp_year
          const decided = await decide(transaction({}, { ...expiry, exp_year }))
          if (JSON.stringify(monthOf(decided.created_at, later)) !== JSON.stringify(expiry)) continue
          assert.deepInclude(decided.card as object, expiry)
          if (status === "approved") assertApproved(decided)
          else assertRejected(decided, "expired_card")
          break
        }
      }
    }
  )

  it("20 years ahead are the most", async () => {
    const year = new Date().getUTCFullYear() + 20
    assertApproved(await decide(transaction({}, { exp_month: 1, exp_year: year })))
    assertApproved(await decide(transaction({}, { exp_month: 12, exp_year: year % 100 })))
  })

  it("is told with four digits at once, before the decision", async () => {
    const answer = await gateway().submit(account, transaction({}, { exp_month: 1, exp_year: 5 }))
    assert.strictEqual(answer.status, 202)
    assert.deepInclude(transactionOf(answer).card as object, { exp_month: 1, exp_year: 2005 })
  })
})

describe("a holder's name of any kind", () => {
  it.each([
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE submissions; --",
    "Zoë 😀",
    "\u202eabc",
    "${7*7}"
  ])(
    "%s is approved, and told nobody",
    async (holder) => {
      assertApproved(await decide(transaction({}, { holder: gateway().secret(holder) }), [holder]))
    }
  )
})

it("no request is malformed that only a rule refuses", async () => {
  const answer = await gateway().submit(account, transaction({ amount: -1 }, { number: "x", exp_month: 0, cvv: "x" }))
  assert.strictEqual(answer.status, 202, answer.text)
  assertProblem(await gateway().submit(account, transaction({ amount: "-1" })), 422, "invalid_request")
})
