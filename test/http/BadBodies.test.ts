import { HttpApi } from "@effect/platform"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { GatewayApi } from "../../src/layers/http/Api.ts"
import { type Credential, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem, pointersOf } from "../support/HttpAssertions.ts"
import type { HttpAnswer } from "../support/HttpConnection.ts"
import { cards, holder, pathOf, postRoutes, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const utf8 = (text: string) => Buffer.from(text, "utf8")
const bytes = (...parts: ReadonlyArray<string | ReadonlyArray<number>>) =>
  Buffer.concat(parts.map((part) => typeof part === "string" ? utf8(part) : Buffer.from(part)))

/** A body with members put before its first one. */
const before = (members: string, body: string) => `{${members},${body.slice(1)}`

interface BadBody {
  readonly what: string
  /** From a body that the route accepts. */
  readonly body: (good: string) => string | Uint8Array
  readonly status: number
  readonly code: string
  readonly headers?: Readonly<Record<string, string>>
}

const badBodies: ReadonlyArray<BadBody> = [
  ...[
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin1",
    "application/json; charset=utf-16",
    "application/jsonx",
    "application/problem+json",
    "text/json",
    "application/json, text/plain",
    "json",
    "*/*",
    cards.visa,
    ""
  ].map((type) => ({
    what: `as ${type === "" ? "nothing" : type}`,
    body: (good: string) => good,
    status: 415,
    code: "unsupported_media_type",
    headers: { "content-type": type }
  })),

  ...([
    ["nothing", () => ""],
    ["spaces", () => "   "],
    ["truncated", (good) => good.slice(0, -1)],
    ["cut in a text", (good) => good.slice(0, good.lastIndexOf("\"") - 1)],
    ["two values", (good) => good + good],
    ["a trailing comma", (good) => `${good.slice(0, -1)},}`],
    ["a comment", (good) => `${good}// ${cards.visa}`],
    ["single quotes", (good) => good.replaceAll("\"", "'")],
    ["bare keys", (good) => good.replaceAll(/"(\w+)":/g, "$1:")],
    ["NaN", (good) => before("\"x\":NaN", good)],
    ["Infinity", (good) => before("\"x\":-Infinity", good)],
    ["a leading zero", (good) => before("\"x\":01", good)],
    ["a plus sign", (good) => before("\"x\":+1", good)],
    ["hexadecimal", (good) => before("\"x\":0x10", good)],
    ["a fraction without digits", (good) => before("\"x\":1.", good)],
    ["undefined", () => "undefined"],
    ["a raw line break in a text", (good) => before("\"x\":\"a\nb\"", good)],
    ["a raw NUL in a text", (good) => before("\"x\":\"a\0b\"", good)],
    ["a bad escape", (good) => before("\"x\":\"\\x41\"", good)],
    ["half a unicode escape", (good) => before("\"x\":\"\\u00\"", good)],
    ["a card number alone and more", () => `${cards.visa} ${cards.visa}`],
    ["a form", () => `number=${cards.visa}&cvv=739`],
    ["XML", () => `<number>${cards.visa}</number>`],
    ["a BOM", (good) => bytes([0xef, 0xbb, 0xbf], good)],
    ["UTF-16", (good) => Buffer.from(`\ufeff${good}`, "utf16le")],
    ["UTF-16 without a BOM", (good) => Buffer.from(good, "utf16le")],
    ["invalid UTF-8 in a text", (good) => bytes("{\"x\":\"", [0xff], `",${good.slice(1)}`)],
    ["an overlong slash", (good) => bytes("{\"x\":\"", [0xc0, 0xaf], `",${good.slice(1)}`)],
    ["a surrogate in UTF-8", (good) => bytes("{\"x\":\"", [0xed, 0xa0, 0x80], `",${good.slice(1)}`)],
    ["half a character at the end", (good) => bytes(good, [0xe2, 0x82])]
  ] satisfies ReadonlyArray<readonly [string, (good: string) => string | Uint8Array]>).map(([what, body]) => ({
    what,
    body,
    status: 400,
    code: "invalid_json"
  })),

  ...([
    ["plain", (good) => before(good.slice(1, -1), good)],
    ["of an unknown member", (good) => before("\"x\":1,\"x\":1", good)],
    ["escaped", (good) => before("\"x\":1,\"\\u0078\":2", good)],
    ["escaped both", (good) => before("\"\\u0078\":1,\"\\u0078\":2", good)],
    ["nested", (good) => before("\"x\":{\"y\":1,\"y\":2}", good)],
    ["nested in arrays", (good) => before("\"x\":[[{\"y\":1,\"y\":2}]]", good)],
    ["apart", (good) => `${before("\"x\":1", good).slice(0, -1)},"x":2}`],
    ["__proto__", (good) => before("\"__proto__\":{},\"__proto__\":{}", good)],
    ["hidden by colons in texts", (good) => before("\"x\":\":\",\"x\":\"::\"", good)],
    ["hidden by an escaped quote", (good) => before("\"x\\\"\":\"\\\"\",\"x\\\"\":\":\"", good)],
    ["an empty name", (good) => before("\"\":1,\"\":2", good)],
    ["a card number for a name", (good) => before(`"${cards.visa}":1,"${cards.visa}":2`, good)]
  ] satisfies ReadonlyArray<readonly [string, (good: string) => string]>).map(([what, body]) => ({
    what: `a key twice, ${what}`,
    body,
    status: 400,
    code: "duplicate_key"
  })),

  ...[
    "null",
    "true",
    "1",
    cards.visa,
    "\"x\"",
    `"${cards.visa}"`,
    "[]",
    `["${cards.visa}"]`,
    "{}",
    "[[]]",
    "-0",
    "1e400"
  ].map((body) => ({
    what: `${body} for all`,
    body: () => body,
    status: 422,
    code: "invalid_request"
  }))
]

const assertRefused = (answer: HttpAnswer, { code, status }: BadBody) =>
  assertProblem(answer, status, code, [cards.visa, holder, "Canaryname", "Unexpected token", "position"])

it("every POST route of the contract has a good body here", () => {
  const paths: Array<string> = []
  HttpApi.reflect(GatewayApi, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      if (endpoint.method === "POST" && Option.isSome(endpoint.payloadSchema)) paths.push(endpoint.path)
    }
  })
  assert.sameMembers(Object.keys(postRoutes), paths)
})

describe.each(Object.entries(postRoutes))("POST %s refuses", (template, { body, by }) => {
  const path = pathOf(template)
  const caller = () => by === "operator" ? gateway().operator : account

  // where no member is required, an empty object is a good body
  const takesNothing = template.endsWith("/secrets")

  it.each(badBodies.filter(({ what }) => !takesNothing || what !== "{} for all"))("$what", async (bad) => {
    const rows = gateway().rows()
    const answer = await gateway().call("POST", path, {
      as: caller(),
      body: bad.body(JSON.stringify(body())),
      ...(bad.headers === undefined ? {} : { headers: bad.headers })
    })
    assertRefused(answer, bad)
    assert.strictEqual(gateway().rows(), rows)
  })

  it("a body without a content type", async () => {
    const rows = gateway().rows()
    const answer = await fetch(`http://127.0.0.1:${gateway().port}${path}`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(caller()).toString("base64")}` },
      body: utf8(JSON.stringify(body()))
    })
    assert.strictEqual(answer.status, 415)
    await answer.text()
    assert.strictEqual(gateway().rows(), rows)
  })

  it.each([
    ["status", "#/status"],
    ["id", "#/id"],
    ["account_id", "#/account_id"],
    ["object", "#/object"],
    ["created_at", "#/created_at"],
    ["constructor", "#/constructor"],
    ["toString", "#/toString"],
    ["hasOwnProperty", "#/hasOwnProperty"],
    ["__proto__", "#/__proto__"],
    ["a".repeat(40), `#/${"a".repeat(40)}`],
    // what is more than letters and underscores may hold what a client wrote
    ["a".repeat(41), "#"],
    [cards.visa, "#"],
    ["a1", "#"],
    ["1", "#"],
    ["a/b", "#"],
    ["a~b", "#"],
    ["", "#"],
    ["é", "#"],
    ["a b", "#"],
    ["<script>", "#"]
  ])("the unknown member %j, pointing at %s", async (name, pointer) => {
    const rows = gateway().rows()
    const good = JSON.stringify(body())
    const answer = await gateway().call("POST", path, {
      as: caller(),
      body: before(`${JSON.stringify(name)}:"${cards.mastercard}"`, good)
    })
    const problem = assertProblem(answer, 422, "invalid_request", [cards.mastercard, cards.visa, "<script>"])
    assert.deepStrictEqual(pointersOf(problem), [`${pointer} unknown_field`])
    assert.strictEqual(gateway().rows(), rows)
  })

  it("two thousand unknown members, soon", async () => {
    const members = Array.from(
      { length: 2_000 },
      (_, i) => `"${i.toString(36).replace(/\d/g, "_")}${"z".repeat(i % 3)}":0`
    )
    const unique = [...new Set(members)].join(",")
    const answer = await gateway().call("POST", path, { as: caller(), body: `{${unique}}` })
    assertProblem(answer, 422, "invalid_request")
  })

  it("nothing that it should accept", async () => {
    const makes = template === "/v1/transactions" || template === "/v1/accounts"
    const rows = gateway().rows()
    const good = JSON.stringify(body())
    const accepted: ReadonlyArray<readonly [string, string]> = [
      ["application/json", good],
      ["application/json;charset=utf-8", good],
      ["Application/JSON ; charset=\"UTF-8\"", good],
      ["application/json", ` \t\r\n${good}\n`],
      ["application/json", good.replace("\"", "\"\\u00").replace("\\u00", "")]
    ]
    for (const [type, text] of accepted) {
      const answer = await gateway().call("POST", path, {
        as: caller(),
        body: text,
        headers: { "content-type": type }
      })
      // nobody has the session's secret, and no account that id
      assert.include(makes ? [201, 202] : [201, 401, 404], answer.status, answer.text)
      assert.isNotEmpty(answer.headers["request-id"])
    }
    assert.strictEqual(gateway().rows(), rows + (makes ? accepted.length : 0))
  })
})

it("__proto__ in the card and in the metadata changes nothing", async () => {
  const rows = gateway().rows()
  const good = JSON.stringify(transaction({ metadata: {} }))
  const answers = [
    await gateway().submit(account, good.replace("\"card\":{", "\"card\":{\"__proto__\":{\"number\":\"1\"},")),
    await gateway().submit(account, good.replace("\"metadata\":{", "\"metadata\":{\"__proto__\":\"x\"")),
    await gateway().submit(account, good.replace("\"metadata\":{", "\"metadata\":{\"__proto__\":{\"x\":\"y\"}"))
  ]
  const found = answers.map((answer) => pointersOf(assertProblem(answer, 422, "invalid_request")))
  assert.deepStrictEqual(found[0], ["#/card/__proto__ unknown_field"])
  assert.strictEqual(gateway().rows(), rows)
  assert.isUndefined((Object.prototype as Record<string, unknown>)["x"])
})

it("colons and quotes in texts are no keys", async () => {
  const answer = await gateway().submit(
    account,
    transaction({ reference: "a:b\"c\\\":", metadata: { "k:\"": ":\\\"" } })
  )
  assert.strictEqual(answer.status, 202, answer.text)
})
