import { assert, beforeAll, describe, it } from "@effect/vitest"
import { basic, type Credential, eventually, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { type HttpAnswer, openConnection, rawRequest, within } from "../support/HttpConnection.ts"
import { cards, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway({ environment: { REQUEST_TIMEOUT_MS: "1500" } })
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const body = JSON.stringify(transaction())
const crlf = (...lines: ReadonlyArray<string>) => `${lines.join("\r\n")}\r\n\r\n`
const post = (...lines: ReadonlyArray<string>) =>
  crlf(
    "POST /v1/transactions HTTP/1.1",
    "Host: gateway",
    `Authorization: ${basic(account)}`,
    "Content-Type: application/json",
    ...lines
  )
const withLength = (text: string) => `Content-Length: ${Buffer.byteLength(text)}`

/** Nothing is made, and the next request on a connection of its own is answered as ever. */
const makesNothing = async (bytes: string | Uint8Array): Promise<HttpAnswer> => {
  const before = gateway().rows()
  const answer = await rawRequest(gateway().port, bytes)
  assert.strictEqual(gateway().rows(), before)
  assert.strictEqual((await gateway().call("GET", "/livez")).status, 200)
  return answer
}

describe("what the HTTP parser refuses is a problem with a Request-Id", () => {
  const refused: ReadonlyArray<readonly [string, () => string]> = [
    ["Content-Length with Transfer-Encoding", () => post(withLength(body), "Transfer-Encoding: chunked") + `0\r\n\r\n`],
    ["Transfer-Encoding with Content-Length", () => post("Transfer-Encoding: chunked", withLength(body)) + body],
    ["two different Content-Lengths", () => post("Content-Length: 5", withLength(body)) + body],
    ["a negative Content-Length", () => post("Content-Length: -1") + body],
    ["one Content-Length twice in a line", () => post(`Content-Length: ${body.length}, ${body.length}`) + body],
    ["a Content-Length beyond all numbers", () => post("Content-Length: 99999999999999999999999") + body],
    ["Transfer-Encoding: chunked, identity", () => post("Transfer-Encoding: chunked, identity") + body],
    ["a Content-Length that is no number", () => post("Content-Length: 4e1") + body],
    ["CR in a header", () => post(`X-Note: a\r${cards.visa}`, withLength(body)) + body],
    ["NUL in a header", () => post(`X-Note: a\0${cards.visa}`, withLength(body)) + body],
    ["CR in the Idempotency-Key", () => post(`Idempotency-Key: a\rb`, withLength(body)) + body],
    [
      "NUL in the credential",
      () => crlf("GET /v1/transactions HTTP/1.1", "Host: gateway", `Authorization: Basic ${"\0"}`)
    ],
    ["a header without a name", () => post(": x", withLength(body)) + body],
    ["a space before the colon", () => post(`Content-Length : ${body.length}`) + body],
    ["a broken chunk size", () => post("Transfer-Encoding: chunked") + `zz\r\n${body}\r\n0\r\n\r\n`],
    ["no HTTP at all", () => `${cards.visa}\r\n\r\n`],
    ["an unknown method", () => crlf("BREW /v1/transactions HTTP/1.1", "Host: gateway")],
    ["a space in the path", () => crlf(`GET /v1/${cards.visa} x HTTP/1.1`, "Host: gateway")],
    ["another HTTP", () => crlf("GET /livez HTTP/9.9", "Host: gateway")],
    ["HTTP/2 without asking", () => crlf("PRI * HTTP/2.0") + "SM\r\n\r\n"]
  ]
  for (const [what, bytes] of refused) {
    it(what, async () => {
      const answer = await makesNothing(bytes())
      assertProblem(answer, 400, "bad_request", [cards.visa])
      assert.strictEqual(answer.headers["connection"], "close")
    })
  }

  it("headers that are too large", async () => {
    const answer = await makesNothing(post(`X-Note: ${cards.visa.repeat(4_000)}`, withLength(body)) + body)
    assertProblem(answer, 431, "headers_too_large", [cards.visa])
  })

  it("CONNECT, which makes no tunnel", async () => {
    const answer = await makesNothing(crlf("CONNECT example.org:443 HTTP/1.1", "Host: example.org"))
    assert.include([400, 404, 405, 501], answer.status)
    assertProblem(answer, answer.status, ["bad_request", "route_missing", "method_not_allowed"])
  })
})

describe("framing", () => {
  it("needs a Host in HTTP/1.1, for routes and pages", async () => {
    for (const path of ["/v1/transactions", "/livez", "/openapi.json"]) {
      const answer = await makesNothing(crlf(`GET ${path} HTTP/1.1`, `Authorization: ${basic(account)}`))
      assertProblem(answer, 400, "bad_request")
    }
  })

  it("refuses two Hosts", async () => {
    const answer = await makesNothing(
      crlf("GET /v1/transactions HTTP/1.1", "Host: a", "Host: b", `Authorization: ${basic(account)}`)
    )
    assertProblem(answer, 400, "bad_request")
  })

  it("reads HTTP/1.0, without a Host", async () => {
    const answer = await rawRequest(
      gateway().port,
      crlf("GET /v1/transactions HTTP/1.0", `Authorization: ${basic(account)}`)
    )
    assert.strictEqual(answer.status, 200, answer.text)
  })

  it("reads the absolute form (RFC 9112, 3.2.2)", async () => {
    const answer = await rawRequest(
      gateway().port,
      crlf("GET http://gateway/v1/transactions?limit=1 HTTP/1.1", "Host: gateway", `Authorization: ${basic(account)}`)
    )
    assert.strictEqual(answer.status, 200, answer.text)
  })

  it("answers an expectation it does not know with one request id", async () => {
    const answer = await makesNothing(post(withLength(body), "Expect: the-unexpected"))
    assertProblem(answer, 417, "expectation_failed", ["the-unexpected"])
  })

  it("does not take CR and LF written in a path or a query for a header", async () => {
    for (const path of ["/v1/transactions/%0d%0aX-Injected:%20x", "/v1/transactions?limit=%0d%0aX-Injected:%20x"]) {
      const answer = await gateway().call("GET", path, { as: account })
      assert.include([400, 404], answer.status)
      assert.notProperty(answer.headers, "x-injected")
      assert.notInclude(answer.text.toLowerCase(), "x-injected")
    }
  })

  it("asks for a small body that waits to be asked for", async () => {
    const connection = await openConnection(gateway().port)
    connection.write(post(withLength(body), "Expect: 100-continue"))
    const answer = connection.next()
    connection.write(body)
    assert.deepInclude(await answer, { status: 202, interim: [100] })
    connection.destroy()
  })

  it("a POST without a body is no JSON", async () => {
    assertProblem(await makesNothing(post()), 400, "invalid_json")
  })

  it("takes the body of a GET for no request", async () => {
    const before = gateway().rows()
    const hidden = post(withLength(body)) + body
    const connection = await openConnection(gateway().port)
    connection.write(
      crlf(
        "GET /v1/transactions HTTP/1.1",
        "Host: gateway",
        `Authorization: ${basic(account)}`,
        withLength(hidden)
      ) + hidden
    )
    assert.strictEqual((await connection.next()).status, 200)
    connection.end()
    await within(connection.closed, "the end of the connection")
    assert.strictEqual(gateway().rows(), before)
  })

  it("a path that is too long is not repeated", async () => {
    const answer = await makesNothing(crlf(`GET /${cards.visa.repeat(2_000)} HTTP/1.1`, "Host: gateway"))
    assert.include([414, 431], answer.status)
    assertProblem(answer, answer.status, ["headers_too_large", "bad_request"], [cards.visa])
  })

  it("answers pipelined requests in their order", async () => {
    const connection = await openConnection(gateway().port)
    const get = (path: string) => crlf(`GET ${path} HTTP/1.1`, "Host: gateway", `Authorization: ${basic(account)}`)
    connection.write(get("/v1/transactions?limit=1") + get("/v1/transactions/none") + get("/livez"))
    assert.deepStrictEqual(
      [(await connection.next()).status, (await connection.next()).status, (await connection.next()).status],
      [200, 404, 200]
    )
    connection.destroy()
  })

  it.each(["x", "}}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0"])(
    "answers a good request for itself, though %j comes behind it",
    async (rest) => {
      const before = gateway().rows()
      const connection = await openConnection(gateway().port)
      connection.write(post(withLength(body)) + body + rest)
      // its own answer, or none: a refusal of what came behind would be taken for it
      const answer = await connection.next().catch(() => null)
      await eventually("the transaction", () => gateway().rows(), (_) => _ === before + 1)
      if (answer !== null) assert.strictEqual(answer.status, 202, answer.text)
      await within(connection.closed, "the end of the connection")
    }
  )

  it.each([["h2c", "Upgrade, HTTP2-Settings"], ["websocket", "Upgrade"]])(
    "an offer to upgrade to %s is not taken, and not minded",
    async (protocol, connection) => {
      const answer = await rawRequest(
        gateway().port,
        crlf(
          "GET /v1/transactions?limit=1 HTTP/1.1",
          "Host: gateway",
          `Authorization: ${basic(account)}`,
          `Connection: ${connection}`,
          `Upgrade: ${protocol}`,
          "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"
        )
      )
      assert.strictEqual(answer.status, 200, answer.text)
    }
  )

  it("keeps a connection after a refusal", async () => {
    const connection = await openConnection(gateway().port)
    connection.write(post("Content-Length: 2") + "{}")
    assertProblem(await connection.next(), 422, "invalid_request")
    connection.write(post(withLength(body)) + body)
    const accepted = await connection.next()
    assert.strictEqual(accepted.status, 202, accepted.text)
    connection.destroy()
  })

  it("reads a chunked body", async () => {
    const half = body.length >> 1
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
    const answer = await rawRequest(
      gateway().port,
      post("Transfer-Encoding: chunked") + chunk(body.slice(0, half)) + chunk(body.slice(half)) + chunk("")
    )
    assert.strictEqual(answer.status, 202, answer.text)
    assert.strictEqual(transactionOf(answer).status, "processing")
  })
})

describe("a request that does not arrive", () => {
  const stalls: ReadonlyArray<readonly [string, () => string]> = [
    ["half a head", () => post(withLength(body)).slice(0, 60)],
    ["half a body", () => post(withLength(body)) + body.slice(0, 40)],
    ["chunks without an end", () => post("Transfer-Encoding: chunked") + `5\r\n{"amo\r\n`]
  ]
  for (const [what, bytes] of stalls) {
    it.concurrent(`${what}: 408, and the connection ends`, async () => {
      const connection = await openConnection(gateway().port)
      connection.write(bytes())
      const answer = await connection.next()
      assertProblem(answer, 408, "request_timeout", [cards.visa])
      await within(connection.closed, "the end of the connection")
    })
  }

  it.concurrent("half a body of a stranger is not waited for", async () => {
    const head = ["POST /v1/transactions HTTP/1.1", "Host: gateway", withLength(body)]
    const asking = await openConnection(gateway().port)
    asking.write(crlf(...head, "Expect: 100-continue"))
    const refused = await asking.next()
    assertProblem(refused, 401, "unauthenticated")
    assert.lengthOf(refused.interim, 0, "nothing was asked for")
    asking.destroy()

    const connection = await openConnection(gateway().port)
    connection.write(crlf(...head) + body.slice(0, 40))
    assertProblem(await connection.next(), 401, "unauthenticated", [cards.visa])
    // what follows the body is the next request
    connection.write(body.slice(40) + post(withLength(body)) + body)
    assert.strictEqual((await connection.next()).status, 202)
    connection.destroy()
  })

  it.concurrent("a key behind two thousand other headers is a key all the same", async () => {
    const many = Array.from({ length: 2_000 }, () => "a:")
    const ids: Array<string> = []
    for (let i = 0; i < 2; i++) {
      const connection = await openConnection(gateway().port)
      connection.write(post(...many, "Idempotency-Key: far-behind", withLength(body)) + body)
      const answer = await connection.next()
      assert.include([201, 202], answer.status, answer.text)
      ids.push(transactionOf(answer).id)
      connection.destroy()
    }
    assert.strictEqual(ids[0], ids[1])
  })

  it.concurrent("does not answer for the request before it on its connection", async () => {
    gateway().controls.hold()
    const connection = await openConnection(gateway().port)
    connection.write(post(withLength(body), "Prefer: wait=4") + body + post(withLength(body)).slice(0, 60))
    const answer = await connection.next()
    assert.strictEqual(answer.status, 202, answer.text)
    assert.strictEqual(transactionOf(answer).status, "processing")
    await within(connection.closed, "the end of the connection")
    gateway().controls.release()
  })

  it("makes nothing when the client goes away in the middle", async () => {
    const before = gateway().rows()
    for (let i = 0; i < 20; i++) {
      const connection = await openConnection(gateway().port)
      connection.write(post(withLength(body)) + body.slice(0, i * 5))
      connection.end()
      await connection.next().catch(() => null)
      connection.destroy()
    }
    await eventually("no request in hand", () => gateway().metric("http_server_active_requests"), (_) => _ === 0)
    assert.strictEqual(gateway().rows(), before)
  })
})
