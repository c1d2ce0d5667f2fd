import { assert, beforeAll, describe, it } from "@effect/vitest"
import { numberOf } from "../domain/numbers.ts"
import { type Credential, jsonOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem, pointersOf } from "../support/HttpAssertions.ts"
import { cards, type ListJson, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const pasted: ReadonlyArray<readonly [string, string]> = [
  ...Object.entries(cards),
  ["with spaces", "4242 4242 4242 4242"],
  ["with hyphens", "4242-4242-4242-4242"],
  ["among words", `card ${cards.visa}, thanks`],
  ["between letters", `x${cards.visa}x`],
  ["of 13 digits", numberOf("4", 13)],
  ["of 19 digits", numberOf("4", 19)],
  ["elo", numberOf("650031", 16)]
]

const places: ReadonlyArray<readonly [string, (text: string) => unknown, string]> = [
  ["reference", (text) => transaction({ reference: text }), "#/reference"],
  ["holder", (text) => transaction({}, { holder: text }), "#/card/holder"],
  ["metadata value", (text) => transaction({ metadata: { note: text } }), "#/metadata"],
  ["metadata key", (text) => transaction({ metadata: { [text]: "x" } }), "#/metadata"]
]

describe.each(places)("a card number in %s", (_, body, pointer) => {
  it.each(pasted)("%s is refused", async (_, text) => {
    const rows = gateway().rows()
    const problem = assertProblem(
      await gateway().submit(account, body(gateway().secret(text))),
      422,
      "card_number_in_text",
      [
        text
      ]
    )
    assert.lengthOf(problem.errors, 1)
    assert.isTrue(problem.errors[0]!.pointer.startsWith(pointer))
    assert.strictEqual(problem.errors[0]!.code, "card_number_in_text")
    assert.strictEqual(gateway().rows(), rows)
  })

  it.each([
    ["a number that fails Luhn", "4242424242424241"],
    ["a numeric reference without a brand", numberOf("9999", 16)],
    ["a brand's prefix with another length", numberOf("4242", 17)],
    ["two spaces", "4242  4242  4242  4242"],
    ["a longer run of digits", `1${cards.visa}1`],
    ["an order number", "2024-0000-1234"],
    ["a phone number", "+44 20 7946 0958"]
  ])("%s is none", async (_, text) => {
    const answer = await gateway().submit(account, body(text))
    assert.strictEqual(answer.status, 202, answer.text)
  })
})

it("all places are told at once", async () => {
  const rows = gateway().rows()
  const answer = await gateway().submit(
    account,
    transaction({ reference: cards.visa, metadata: { [cards.mastercard]: cards.amex } }, { holder: cards.jcb })
  )
  const problem = assertProblem(answer, 422, "card_number_in_text", [
    cards.visa,
    cards.mastercard,
    cards.amex,
    cards.jcb
  ])
  assert.includeMembers(pointersOf(problem) as Array<string>, [
    "#/card/holder card_number_in_text",
    "#/metadata card_number_in_text",
    "#/reference card_number_in_text"
  ])
  assert.strictEqual(gateway().rows(), rows)
})

describe("the Idempotency-Key", () => {
  it.each([
    cards.visa,
    `"${cards.visa}"`,
    "4242-4242-4242-4242",
    `order-${cards.amex}`,
    `x${cards.mastercard}y`
  ])("%s is refused, and remembered by nobody", async (key) => {
    const rows = gateway().rows()
    for (let i = 0; i < 2; i++) {
      const answer = await gateway().submit(account, transaction(), { "idempotency-key": key })
      assertProblem(answer, 422, "card_number_in_text", [key.replaceAll("\"", "")])
    }
    assert.strictEqual(gateway().rows(), rows)
  })

  it("a malformed one is not repeated either", async () => {
    const answer = await gateway().submit(account, transaction(), { "idempotency-key": `${cards.visa} ${cards.visa}` })
    assertProblem(answer, 400, "invalid_header", [cards.visa])
  })
})

describe("elsewhere in a request it reaches nothing", () => {
  it("the user agent and headers nobody knows", async () => {
    const answer = await gateway().submit(account, transaction(), {
      "user-agent": cards.mastercard,
      "x-card": cards.mastercard,
      referer: `http://x/${cards.mastercard}`,
      cookie: `card=${cards.mastercard}`,
      prefer: `card=${cards.mastercard}`
    })
    assert.strictEqual(answer.status, 202, answer.text)
    assert.notInclude(answer.head + answer.text, cards.mastercard)
  })

  it("the path and the query", async () => {
    for (
      const path of [
        `/${cards.visa}`,
        `/v1/transactions/${cards.visa}`,
        `/v1/transactions/${cards.visa}/timeline`,
        `/v1/transactions?starting_after=${cards.visa}`,
        `/v1/transactions?${cards.visa}=1`,
        `/v1/transactions/x?${cards.visa}`
      ]
    ) {
      for (const as of [account, gateway().operator, undefined]) {
        const answer = await gateway().call("GET", path, as === undefined ? {} : { as })
        assert.include([400, 401, 404], answer.status)
        assertProblem(
          answer,
          answer.status,
          ["resource_missing", "route_missing", "invalid_query", "unauthenticated"],
          [
            cards.visa
          ]
        )
      }
    }
    // no reference can hold it
    const none = await gateway().call("GET", `/v1/transactions?reference=${cards.visa}`, { as: account })
    assert.deepStrictEqual([none.status, jsonOf<ListJson>(none).data], [200, []])
    assert.notInclude(none.head + none.text, cards.visa)
    assert.notInclude(await gateway().metrics(), cards.visa)
  })

  it("the credential", async () => {
    const answer = await gateway().call("GET", "/v1/transactions", { as: `${cards.visa}:${cards.visa}` })
    assertProblem(answer, 401, "unauthenticated", [cards.visa])
  })
})
