import { assert, beforeAll, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { METHODS } from "node:http"
import { basic, type Credential, eventually, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { openConnection, within } from "../support/HttpConnection.ts"
import { card, pathOf, postRoutes, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway({ environment: { REQUEST_TIMEOUT_MS: "1000" } })
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const text = FastCheck.string({ unit: "binary", maxLength: 70 })

/** What may stand in any place of a body. */
const anything = FastCheck.oneof(
  FastCheck.jsonValue({ maxDepth: 3 }),
  text,
  FastCheck.double(),
  FastCheck.integer(),
  FastCheck.constantFrom(null, 0, -0, 1e308, "", [], {}, true)
)

const mutated = FastCheck.record({
  amount: anything,
  currency: anything,
  card: FastCheck.oneof(
    FastCheck.record({ number: anything, holder: anything, exp_month: anything, exp_year: anything, cvv: anything }, {
      requiredKeys: []
    }).map((changes) => card(changes)),
    anything
  ),
  reference: anything,
  metadata: FastCheck.oneof(FastCheck.dictionary(text, FastCheck.oneof(text, anything)), anything),
  name: anything
}, { requiredKeys: [] }).map((changes) => JSON.stringify(transaction(changes)))

/** A good body with some of its bytes replaced, doubled or lost. */
const damaged = (good: string) =>
  FastCheck.array(
    FastCheck.tuple(FastCheck.nat(good.length), FastCheck.nat(3), FastCheck.uint8Array({ maxLength: 4 })),
    { minLength: 1, maxLength: 4 }
  ).map((edits) => {
    let bytes = Buffer.from(good, "utf8")
    for (const [at, removed, added] of edits) {
      bytes = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)])
    }
    return bytes
  })

const inParallel = async <A>(values: ReadonlyArray<A>, check: (value: A) => Promise<void>) => {
  for (let i = 0; i < values.length; i += 50) await Promise.all(values.slice(i, i + 50).map(check))
}

describe.each(Object.entries(postRoutes))("POST %s", (template, { body, by }) => {
  it("answers whatever a body says with 2xx, or with a problem that makes nothing", async () => {
    const good = JSON.stringify(body())
    const bodies = [...FastCheck.sample(mutated, 250), ...FastCheck.sample(damaged(good), 250)]
    const before = gateway().rows()
    let made = 0
    await inParallel<string | Buffer>(bodies, async (bytes) => {
      const answer = await gateway().call("POST", pathOf(template), {
        as: by === "operator" ? gateway().operator : account,
        body: bytes
      })
      if (answer.status < 300) made += template.endsWith("secrets") ? 0 : 1
      else {
        assert.include([400, 401, 404, 409, 413, 422], answer.status, `${answer.text} to ${bytes.toString()}`)
        assertProblem(answer, answer.status, [
          "invalid_json",
          "duplicate_key",
          "unauthenticated",
          "resource_missing",
          "too_many_secrets",
          "payload_too_large",
          "invalid_request",
          "currency_not_supported",
          "card_number_in_text"
        ])
      }
    })
    assert.strictEqual(gateway().rows(), before + made)
    assert.isAbove(bodies.length, made)
  })
})

describe("bytes", () => {
  it("of any kind are a problem, an answer, or the end of the connection", async () => {
    const head = `GET /v1/transactions HTTP/1.1\r\nHost: gateway\r\nAuthorization: ${basic(account)}\r\n\r\n`
    const before = gateway().rows()
    const samples = [
      ...FastCheck.sample(damaged(head), 100),
      ...FastCheck.sample(FastCheck.uint8Array({ minLength: 1, maxLength: 300 }), 50)
    ]
    await inParallel(samples, async (bytes) => {
      const connection = await openConnection(gateway().port)
      connection.write(bytes)
      connection.end()
      const answer = await connection.next().catch(() => null)
      if (answer !== null && answer.status >= 400) {
        assertProblem(answer, answer.status, [
          "bad_request",
          "route_missing",
          "resource_missing",
          "invalid_query",
          "method_not_allowed",
          "unauthenticated",
          "not_acceptable",
          "headers_too_large",
          "expectation_failed",
          "request_timeout"
        ])
      }
      connection.destroy()
      await within(connection.closed, "the end of the connection")
    })
    assert.strictEqual(gateway().rows(), before)
  })
})

describe("the metrics' labels", () => {
  it("stay enumerations", async () => {
    const methods = METHODS.filter((_) => _ !== "CONNECT")
    for (const path of ["/", "/v1/transactions/x", "/v1/transactions", "/livez", "/%00", "/v1/accounts"]) {
      await Promise.all(methods.map((method) => gateway().call(method, path)))
    }
    const labels = async (
      name: string
    ) => [...new Set([...(await gateway().metrics()).matchAll(new RegExp(`${name}="([^"]*)"`, "g"))].map((_) => _[1]!))]
    await eventually("no request in hand", () => gateway().metric("http_server_active_requests"), (_) => _ === 0)
    for (const route of await labels("http_route")) {
      assert.include([
        "other",
        "/livez",
        "/readyz",
        "/openapi.json",
        "/docs",
        "/v1/transactions",
        "/v1/transactions/:id",
        "/v1/transactions/:id/timeline",
        "/v1/transactions/events",
        "/v1/summary",
        "/v1/accounts",
        "/v1/accounts/:id",
        "/v1/accounts/:id/secrets",
        "/v1/account",
        "/v1/account/secrets",
        "/v1/session",
        "/v1/operator/audit"
      ], route)
    }
    for (const status of await labels("http_response_status_class")) assert.match(status, /^[1-5]xx$/)
    for (const method of await labels("http_request_method")) assert.include([...METHODS, "other", "OTHER"], method)
  })
})
