import { assert, beforeAll, describe, it } from "@effect/vitest"
import { basic, type Credential, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { openConnection } from "../support/HttpConnection.ts"
import { cards, pathOf, postRoutes, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

/** What can be wrong with a POST, in the order in which it is found: each is answered although all after it are wrong too. */
const order = [
  { wrong: "path", status: 404, code: "route_missing" },
  { wrong: "method", status: 405, code: "method_not_allowed" },
  { wrong: "framing", status: 400, code: "bad_request" },
  { wrong: "credential", status: 401, code: "unauthenticated" },
  { wrong: "scope", status: 403, code: "forbidden" },
  { wrong: "accept", status: 406, code: "not_acceptable" },
  { wrong: "type", status: 415, code: "unsupported_media_type" },
  { wrong: "size", status: 413, code: "payload_too_large" },
  { wrong: "json", status: 400, code: "invalid_json" },
  { wrong: "schema", status: 422, code: "invalid_request" }
] as const

const faultsOf = (first: number) => {
  const wrong = new Set<string>(order.slice(first).map((_) => _.wrong))
  return (what: typeof order[number]["wrong"]) => wrong.has(what)
}

describe.each(Object.entries(postRoutes))("POST %s", (template, { by }) => {
  const path = pathOf(template)
  const right = () => by === "operator" ? gateway().operator : account
  const other = () => by === "operator" ? account : gateway().operator

  // where anyone may call, no credential is wrong
  const applies = ({ wrong }: typeof order[number]) => by !== "anyone" || (wrong !== "credential" && wrong !== "scope")

  it.each(order.map((found, index) => ({ ...found, index })).filter(applies))(
    "$status ($wrong) comes before everything after it",
    async ({ code, index, status }) => {
      const has = faultsOf(index)
      const body = has("json") ? "{" : "{\"unknown\":0}"
      const size = has("size") ? 10_000_000 : body.length
      const before = gateway().rows()
      const connection = await openConnection(gateway().port)
      connection.write(
        [
          `${has("method") ? "PUT" : "POST"} ${path}${has("path") ? "/none/at/all" : ""} HTTP/1.1`,
          ...(has("framing") ? [] : ["Host: gateway"]),
          `Authorization: ${has("credential") ? "Basic !" : basic(has("scope") ? other() : right())}`,
          ...(has("accept") ? ["Accept: image/png"] : []),
          `Content-Type: ${has("type") ? "text/plain" : "application/json"}`,
          `Content-Length: ${size}`,
          "",
          size === body.length ? body : ""
        ].join("\r\n")
      )
      assertProblem(await connection.next(), status, code)
      connection.destroy()
      assert.strictEqual(gateway().rows(), before)
    }
  )

  it("413 comes before a bad header and a bad query", async () => {
    const answer = await gateway().call("POST", `${path}?unknown=1`, {
      as: right(),
      body: " ".repeat(16_385),
      headers: { "idempotency-key": "a b" }
    })
    assertProblem(answer, 413, "payload_too_large")
  })

  it("a bad query comes before the schema", async () => {
    const answer = await gateway().call("POST", `${path}?unknown=${cards.visa}`, { as: right(), body: {} })
    assertProblem(answer, 400, "invalid_query", [cards.visa])
  })
})

describe("POST /v1/transactions", () => {
  it("a bad header comes before the schema", async () => {
    const answer = await gateway().submit(account, {}, { "idempotency-key": "a b" })
    assertProblem(answer, 400, "invalid_header")
  })

  it("the schema comes before the claim: a taken key does not answer for a body that does not fit", async () => {
    const headers = { "idempotency-key": "order-of-checks" }
    const first = await gateway().submit(account, transaction(), headers)
    assert.strictEqual(first.status, 202, first.text)
    assertProblem(await gateway().submit(account, { amount: "1" }, headers), 422, "invalid_request")
    const again = await gateway().submit(account, transaction(), headers)
    assert.strictEqual(transactionOf(again).id, transactionOf(first).id)
  })
})

describe("GET", () => {
  it("401 before 406 before 400 before 404", async () => {
    const png = { accept: "image/png" }
    const path = "/v1/transactions/none?unknown=1"
    assertProblem(await gateway().call("GET", path, { headers: png }), 401, "unauthenticated")
    assertProblem(await gateway().call("GET", path, { as: account, headers: png }), 406, "not_acceptable")
    assertProblem(await gateway().call("GET", path, { as: account }), 400, "invalid_query")
    assertProblem(await gateway().call("GET", "/v1/transactions/none", { as: account }), 404, "resource_missing")
  })

  it("401 before 403 before 406 on the operator's routes", async () => {
    const png = { accept: "image/png" }
    const path = "/v1/operator/audit"
    assertProblem(await gateway().call("GET", path, { headers: png }), 401, "unauthenticated")
    assertProblem(await gateway().call("GET", path, { as: account, headers: png }), 403, "forbidden")
    assertProblem(await gateway().call("GET", path, { as: gateway().operator, headers: png }), 406, "not_acceptable")
  })
})

describe("Accept", () => {
  const asked = (accept: string) => gateway().call("GET", "/v1/account", { as: account, headers: { accept } })

  it.each([
    "application/json",
    "Application/JSON",
    "application/json; q=0.1",
    "application/*",
    "*/*",
    "text/html, application/json;q=0.9",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/json;charset=utf-8",
    "image/png, */*;q=0.001",
    ""
  ])("%j takes JSON", async (accept) => {
    const answer = await asked(accept)
    assert.strictEqual(answer.status, 200, answer.text)
    assert.strictEqual(answer.headers["content-type"], "application/json")
  })

  it.each([
    "text/html",
    "text/*",
    "image/png, application/xml",
    "application/json;q=0",
    "application/json;q=0, */*",
    "*/*;q=0",
    "application/*;q=0.0, */*",
    `application/${cards.visa}`
  ])("%j is 406, told as a problem all the same", async (accept) => {
    assertProblem(await asked(accept), 406, "not_acceptable", [cards.visa])
  })
})

describe("404 and 405", () => {
  it.each([
    "/",
    "/v1",
    "/v1/transactions/",
    "/v1//transactions",
    "//v1/transactions",
    "/V1/transactions",
    "/v1/transactions/none/timeline/more",
    "/v1/transactions/none/",
    "/v1/operator",
    "/v1/operator/audit/",
    "/livez/",
    "/metrics",
    "/%2e%2e/etc/passwd",
    "/v1/../v1/transactions",
    `/${cards.visa}`,
    "/v1/transactions/%/x",
    "*"
  ])("404 for everybody at %s, whatever the method", async (path) => {
    for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
      for (const as of [undefined, account]) {
        const answer = await gateway().call(method, path, as === undefined ? {} : { as })
        const problem = assertProblem(answer, 404, "route_missing", [cards.visa, "passwd"])
        assert.notInclude(problem.instance, cards.visa)
      }
    }
  })

  const routes: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["/v1/transactions", ["GET", "HEAD", "POST"]],
    ["/v1/transactions/none", ["GET", "HEAD"]],
    ["/v1/transactions/none/timeline", ["GET", "HEAD"]],
    ["/v1/operator/audit", ["GET", "HEAD"]],
    ["/livez", ["GET", "HEAD"]],
    ["/readyz", ["GET", "HEAD"]],
    ["/openapi.json", ["GET", "HEAD"]],
    ["/docs", ["GET", "HEAD"]]
  ]
  it.each(routes)("405 with Allow at %s", async (path, allowed) => {
    const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
    for (const method of methods.filter((_) => !allowed.includes(_))) {
      const answer = await gateway().call(method, path)
      assertProblem(answer, 405, "method_not_allowed")
      const allow = answer.headers["allow"]!.split(",").map((_) => _.trim())
      for (const name of allowed) assert.include(allow, name)
      assert.notInclude(allow, method)
    }
  })

  it("405 at /v1/accounts allows POST", async () => {
    const answer = await gateway().call("DELETE", "/v1/accounts")
    assertProblem(answer, 405, "method_not_allowed")
    assert.include(answer.headers["allow"]!.split(", "), "POST")
  })
})
