import { assert, beforeAll, describe, it } from "@effect/vitest"
import { type Credential, jsonOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem, pointersOf } from "../support/HttpAssertions.ts"
import { checksOf } from "../support/HttpChecks.ts"
import { card, cards, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const grin = "😀"

/** JSON that `JSON.stringify` cannot write is put in place of a mark. */
const withRaw = (path: "amount" | "exp_month" | "exp_year" | "number", raw: string) => {
  const mark = "@raw@"
  const body = path === "amount" ? transaction({ amount: mark }) : transaction({}, { [path]: mark })
  return JSON.stringify(body).replace(`"${mark}"`, raw)
}

const { accepts, refuses } = checksOf(gateway, () => account)

describe("amount", () => {
  const wrong = [
    "10.5",
    "100.00001",
    "1e-2",
    "\"100\"",
    "null",
    "true",
    "1e400",
    "-1e400",
    "9007199254740993",
    "[]",
    "{}",
    "[100]"
  ]
  it.each(wrong)("%s creates nothing", async (raw) => {
    await refuses(withRaw("amount", raw), ["#/amount invalid"], ["9007199254740993", "10.5"])
  })

  it.each([
    ["100.0", 100],
    ["1e2", 100],
    ["1E+2", 100],
    ["10000e-2", 100],
    ["0", 0],
    ["-100", -100],
    ["100001", 100_001],
    ["9007199254740991", 9_007_199_254_740_991],
    ["-9007199254740991", -9_007_199_254_740_991]
  ])("%s is %d", async (raw, amount) => {
    assert.strictEqual((await accepts(withRaw("amount", raw))).amount, amount)
  })

  it("-0 is 0", async () => {
    const answer = await gateway().submit(account, withRaw("amount", "-0"))
    assert.strictEqual(answer.status, 202, answer.text)
    assert.match(answer.text, /"amount":0[,}]/)
  })
})

describe("card", () => {
  it.each([
    ["number", cards.visa],
    ["number", "null"],
    ["number", "true"],
    ["number", `["${cards.visa}"]`],
    ["number", `{"a":"${cards.visa}"}`],
    ["exp_month", "\"12\""],
    ["exp_month", "\"1 \""],
    ["exp_month", "null"],
    ["exp_month", "1.5"],
    ["exp_month", "-1"],
    ["exp_month", "100"],
    ["exp_month", "1e400"],
    ["exp_year", "\"2030\""],
    ["exp_year", "null"],
    ["exp_year", "2030.5"],
    ["exp_year", "-1"],
    ["exp_year", "10000"]
  ])("%s: %s creates nothing", async (member, raw) => {
    await refuses(withRaw(member as "number", raw), [`#/card/${member} invalid`], [cards.visa])
  })

  it.each([
    ["number", "4".repeat(65)],
    ["number", grin.repeat(65)],
    ["cvv", 739],
    ["cvv", null],
    ["cvv", "7".repeat(17)],
    ["holder", ""],
    ["holder", null],
    ["holder", 5],
    ["holder", "h".repeat(256)],
    ["holder", grin.repeat(256)]
  ])("%s: %j creates nothing", async (member, value) => {
    await refuses(transaction({}, { [member]: value }), [`#/card/${member} invalid`], [
      "4".repeat(65),
      "7".repeat(17),
      "h".repeat(256),
      grin
    ])
  })

  it.each([
    ["number", ""],
    ["number", "4".repeat(64)],
    ["number", grin.repeat(64)],
    ["cvv", ""],
    ["cvv", "7".repeat(16)],
    ["cvv", grin.repeat(16)],
    ["holder", "h"],
    ["holder", "h".repeat(255)],
    ["holder", grin.repeat(255)],
    ["exp_month", 0],
    ["exp_month", 99],
    ["exp_year", 0],
    ["exp_year", 9999]
  ])("%s: %j is of the right type", async (member, value) => {
    await accepts(transaction({}, { [member]: value }))
  })

  it.each([null, [], "x", 1, true])("%j is no card", async (value) => {
    await refuses(transaction({ card: value }), ["#/card invalid"])
  })

  it.each(["status", "number_", "brand", "last_four", "Number"])("has no member %s", async (name) => {
    await refuses(transaction({ card: card({ [name]: cards.mastercard }) }), [`#/card/${name} unknown_field`], [
      cards.mastercard
    ])
  })

  it("has no member with a digit in its name, which is not repeated", async () => {
    await refuses(transaction({ card: card({ [cards.mastercard]: 1 }) }), ["#/card unknown_field"], [cards.mastercard])
  })

  it.each(["number", "holder", "exp_month", "exp_year", "cvv"])("needs its %s", async (name) => {
    const { [name]: _, ...rest } = card()
    await refuses(transaction({ card: rest }), [`#/card/${name} missing`])
  })
})

describe("currency", () => {
  it.each(["EUR", "usd", "", "US", "USDT", cards.mastercard])("%j is not supported", async (currency) => {
    const rows = gateway().rows()
    const answer = await gateway().submit(account, transaction({ currency }))
    const problem = assertProblem(answer, 422, "currency_not_supported", [cards.mastercard, "EUR"])
    assert.deepStrictEqual(pointersOf(problem), ["#/currency currency_not_supported"])
    assert.strictEqual(gateway().rows(), rows)
  })

  it.each([null, 840, true, ["USD"]])("%j is of the wrong type", async (currency) => {
    await refuses(transaction({ currency }), ["#/currency invalid"])
  })

  it("USD and none are one", async () => {
    assert.deepStrictEqual(
      [(await accepts(transaction({ currency: "USD" }))).currency, (await accepts(transaction())).currency],
      ["USD", "USD"]
    )
  })
})

describe("all errors at once", () => {
  it("are told of a transaction", async () => {
    await refuses(
      {
        amount: "100",
        currency: null,
        card: { number: 4_242_424_242_424_242, holder: "", exp_month: "12", cvv: 739, status: "approved" },
        reference: null,
        metadata: { note: 1, [cards.visa]: 2 },
        id: "txn_1"
      },
      [
        "#/amount invalid",
        "#/card/cvv invalid",
        "#/card/exp_month invalid",
        "#/card/exp_year missing",
        "#/card/holder invalid",
        "#/card/number invalid",
        "#/card/status unknown_field",
        "#/currency invalid",
        "#/id unknown_field",
        "#/metadata invalid",
        "#/metadata/note invalid",
        "#/reference invalid"
      ],
      [cards.visa]
    )
  })

  it("are told with a currency and a card number among them", async () => {
    await refuses(transaction({ currency: "EUR", amount: null, reference: `for ${cards.mastercard}` }), [
      "#/amount invalid",
      "#/currency currency_not_supported",
      "#/reference card_number_in_text"
    ], [cards.mastercard, "EUR"])
  })
})

describe("an account's name", () => {
  it.each([[""], [null], [5], ["n".repeat(256)], ["a\0"], ["\ud83d"], [[]]])("is not %j", async (name) => {
    const rows = gateway().rows()
    const answer = await gateway().call("POST", "/v1/accounts", { as: gateway().operator, body: { name } })
    assert.deepStrictEqual(pointersOf(assertProblem(answer, 422, "invalid_request")), ["#/name invalid"])
    assert.strictEqual(gateway().rows(), rows)
  })

  it.each(["n", "n".repeat(255), grin.repeat(255), "'; DROP TABLE accounts; --"])("may be %j", async (name) => {
    const answer = await gateway().call("POST", "/v1/accounts", { as: gateway().operator, body: { name } })
    assert.strictEqual(answer.status, 201, answer.text)
    assert.strictEqual(jsonOf<{ readonly name: string }>(answer).name, name)
  })
})
