import { assert, beforeAll, describe, it } from "@effect/vitest"
import { type Credential, jsonOf, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem, pointersOf } from "../support/HttpAssertions.ts"
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

const refuses = async (body: unknown, pointers: ReadonlyArray<string>, values: ReadonlyArray<string> = []) => {
  const rows = gateway().rows()
  const answer = await gateway().submit(account, body)
  const problem = assertProblem(answer, 422, "invalid_request", values)
  assert.deepStrictEqual(pointersOf(problem), pointers)
  assert.strictEqual(gateway().rows(), rows)
}

const accepts = async (body: unknown) => {
  const rows = gateway().rows()
  const answer = await gateway().submit(account, body)
  assert.strictEqual(answer.status, 202, answer.text)
  assert.strictEqual(gateway().rows(), rows + 1)
  return transactionOf(answer)
}

describe("amount", () => {
  const wrong = ["10.5", "100.00001", "1e-2", "\"100\"", "null", "true", "1e400", "-1e400", "9007199254740993", "[]", "{}", "[100]"]
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

describe("text", () => {
  const places: ReadonlyArray<readonly [string, (text: string) => unknown, string]> = [
    ["reference", (text) => transaction({ reference: text }), "#/reference invalid"],
    ["metadata value", (text) => transaction({ metadata: { note: text } }), "#/metadata/note invalid"],
    ["metadata key", (text) => transaction({ metadata: { [text]: "x" } }), "#/metadata invalid"],
    ["holder", (text) => transaction({}, { holder: text }), "#/card/holder invalid"],
    ["number", (text) => transaction({}, { number: text }), "#/card/number invalid"],
    ["cvv", (text) => transaction({}, { cvv: text }), "#/card/cvv invalid"]
  ]
  describe.each(places)("%s", (_, body, pointer) => {
    it.each([
      ["NUL", "a\0b"],
      ["NUL alone", "\0"],
      ["a high surrogate", "a\ud83d"],
      ["a low surrogate", "\ude00b"],
      ["surrogates the wrong way round", "\ude00\ud83d"]
    ])("with %s creates nothing", async (_, text) => {
      await refuses(JSON.stringify(body(text)), [pointer])
    })
  })

  it("holds everything else as it was written", async () => {
    const texts = [
      "<script>alert(1)</script>",
      "=cmd|' /C calc'!A0",
      "'; DROP TABLE submissions; --",
      grin,
      "\u202eabc",
      "a\r\nSet-Cookie: b",
      "\t\u0001\u001f\u007f",
      "e\u0301",
      "\ufeff",
      "\uffff",
      "%00%0d%0a",
      "${7*7}{{7*7}}",
      "\\u0000"
    ]
    for (const text of texts) {
      const made = await accepts(transaction({ reference: text, metadata: { note: text, [text]: "x" } }, { holder: text }))
      const read = await gateway().call("GET", `/v1/transactions/${made.id}`, { as: account })
      assert.deepStrictEqual(
        [transactionOf(read).reference, transactionOf(read).metadata],
        [text, { note: text, [text]: "x" }]
      )
      assert.notProperty(read.headers, "set-cookie")
    }
    assert.isAbove(gateway().submissions(), texts.length)
  })
})

describe("reference and metadata", () => {
  const pairs = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`key_${i}`, "v"]))

  it.each([
    ["255 characters", { reference: "r".repeat(255) }],
    ["255 characters of two units", { reference: grin.repeat(255) }],
    ["none", { reference: "" }],
    ["no pairs", { metadata: {} }],
    ["50 pairs", { metadata: pairs(50) }],
    ["a key of 40 characters", { metadata: { ["k".repeat(40)]: "v" } }],
    ["a key of 40 characters of two units", { metadata: { [grin.repeat(40)]: "v" } }],
    ["an empty key", { metadata: { "": "v" } }],
    ["a key that every object has", { metadata: { constructor: "v", toString: "v" } }],
    ["an empty value", { metadata: { k: "" } }],
    ["a value of 500 characters", { metadata: { k: "v".repeat(500) } }],
    ["a value of 500 characters of two units", { metadata: { k: grin.repeat(500) } }]
  ])("may be %s, and come back", async (_, changes) => {
    const { id } = await accepts(transaction(changes))
    const read = transactionOf(await gateway().call("GET", `/v1/transactions/${id}`, { as: account }))
    const expected: { reference?: unknown; metadata?: unknown } = changes
    assert.deepStrictEqual(
      { reference: read.reference, metadata: read.metadata },
      { reference: expected.reference ?? null, metadata: expected.metadata ?? {} } as never
    )
  })

  it.each([
    ["256 characters", { reference: "r".repeat(256) }, "#/reference"],
    ["256 characters of two units", { reference: grin.repeat(256) }, "#/reference"],
    ["a number", { reference: 5 }, "#/reference"],
    ["null", { reference: null }, "#/reference"],
    ["null", { metadata: null }, "#/metadata"],
    ["a text", { metadata: "k=v" }, "#/metadata"],
    ["an array", { metadata: ["v"] }, "#/metadata"],
    ["51 pairs", { metadata: pairs(51) }, "#/metadata"],
    ["a key of 41 characters", { metadata: { ["k".repeat(41)]: "v" } }, "#/metadata"],
    ["a value of 501 characters", { metadata: { note: "v".repeat(501) } }, "#/metadata/note"],
    ["a value that is a number", { metadata: { note: 5 } }, "#/metadata/note"],
    ["a value that is null", { metadata: { note: null } }, "#/metadata/note"],
    ["a value that is an object", { metadata: { note: {} } }, "#/metadata/note"],
    ["a wrong value under a key with digits", { metadata: { [cards.mastercard]: 5 } }, "#/metadata"]
  ])("may not be %s", async (_, changes, pointer) => {
    await refuses(transaction(changes), [`${pointer} invalid`], [cards.mastercard, "r".repeat(256), "v".repeat(501)])
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
