import { assert, beforeAll, describe, it } from "@effect/vitest"
import { type Credential, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { checksOf } from "../support/HttpChecks.ts"
import { cards, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const grin = "😀"

const { accepts, refuses } = checksOf(gateway, () => account)

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
      const made = await accepts(
        transaction({ reference: text, metadata: { note: text, [text]: "x" } }, { holder: text })
      )
      const read = await gateway().call("GET", `/v1/transactions/${made.id}`, { as: account })
      assert.deepStrictEqual(
        [transactionOf(read).reference, transactionOf(read).metadata],
        [text, { note: text, [text]: "x" }]
      )
      assert.notProperty(read.headers, "set-cookie")
    }
    assert.isAtLeast(gateway().submissions(), texts.length)
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
