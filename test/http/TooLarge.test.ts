import { assert, beforeAll, describe, it } from "@effect/vitest"
import { request } from "node:http"
import { gzipSync } from "node:zlib"
import { basic, type Credential, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { openConnection, within } from "../support/HttpConnection.ts"
import { card, cards, pathOf, postRoutes, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const limit = 16_384
const megabytes = 10 * 1024 * 1024
const callerOf = (path: string) => postRoutes[path]!.by === "operator" ? gateway().operator : account

const head = (path: string, ...lines: ReadonlyArray<string>) =>
  [
    `POST ${pathOf(path)} HTTP/1.1`,
    "Host: gateway",
    `Authorization: ${basic(callerOf(path))}`,
    "Content-Type: application/json",
    ...lines
  ].join("\r\n") + "\r\n\r\n"

/** A valid body of exactly this many bytes. */
const ofSize = (bytes: number) => {
  const text = JSON.stringify(transaction())
  return text + " ".repeat(bytes - Buffer.byteLength(text))
}

describe.each(Object.keys(postRoutes))("POST %s", (path) => {
  it("answers 10 MB from their Content-Length, before a byte of them", async () => {
    const before = gateway().rows()
    const connection = await openConnection(gateway().port)
    connection.write(head(path, `Content-Length: ${megabytes}`))
    assertProblem(await connection.next(), 413, "payload_too_large")
    await within(connection.closed, "the end of the connection", 2_000)
    assert.strictEqual(gateway().rows(), before)
  })

  it("cuts chunks without an end", async () => {
    const before = gateway().rows()
    const connection = await openConnection(gateway().port)
    connection.write(head(path, "Transfer-Encoding: chunked"))
    const chunk = `1000\r\n${cards.visa.repeat(256)}\r\n`
    let written = 0
    let closed = false
    void connection.closed.then(() => {
      closed = true
    })
    const flood = setInterval(() => {
      connection.write(chunk)
      written += 4096
    }, 1)
    try {
      assertProblem(await connection.next(), 413, "payload_too_large", [cards.visa])
      await within(connection.closed, "the end of the connection", 2_000)
    } finally {
      clearInterval(flood)
    }
    assert.isTrue(closed)
    assert.isBelow(written, megabytes)
    assert.strictEqual(gateway().rows(), before)
  })

  it("reaches a client that sends all of its 10 MB before it reads", async () => {
    const big = Buffer.alloc(megabytes, 0x20)
    for (let i = 0; i < 5; i++) {
      const answer = await fetch(`http://127.0.0.1:${gateway().port}${path}`, {
        method: "POST",
        headers: { authorization: basic(callerOf(path)), "content-type": "application/json" },
        body: big
      })
      assert.strictEqual(answer.status, 413)
      assert.strictEqual(answer.headers.get("content-type"), "application/problem+json")
      await answer.text()
    }
  })

  it("does not ask for 10 MB that it will refuse (Expect: 100-continue)", async () => {
    const connection = await openConnection(gateway().port)
    connection.write(head(path, `Content-Length: ${megabytes}`, "Expect: 100-continue"))
    const answer = await connection.next()
    assertProblem(answer, 413, "payload_too_large")
    assert.deepStrictEqual(answer.interim, [])
    connection.destroy()
  })

  it("unpacks nothing: a gzip bomb is 415", async () => {
    const before = gateway().rows()
    const bomb = gzipSync(Buffer.alloc(megabytes, 0x20))
    const answers = [
      await gateway().call("POST", pathOf(path), {
        as: callerOf(path),
        body: bomb,
        headers: { "content-encoding": "gzip" }
      }),
      await gateway().call("POST", pathOf(path), {
        as: callerOf(path),
        body: gzipSync(JSON.stringify(postRoutes[path]!.body())),
        headers: { "content-encoding": "gzip" }
      })
    ]
    for (const answer of answers) assertProblem(answer, 415, "unsupported_media_type")
    for (const encoding of ["gzip", "deflate", "br", "identity", cards.visa]) {
      const answer = await gateway().call("POST", pathOf(path), {
        as: callerOf(path),
        body: postRoutes[path]!.body(),
        headers: { "content-encoding": encoding }
      })
      assertProblem(answer, 415, "unsupported_media_type", [cards.visa])
    }
    assert.strictEqual(gateway().rows(), before)
  })
})

describe("the bound of a body", () => {
  it("is 16,384 bytes, which are accepted", async () => {
    const answer = await gateway().submit(account, ofSize(limit))
    assert.strictEqual(answer.status, 202, answer.text)
  })

  it("refuses one more, with a length and in chunks", async () => {
    const before = gateway().rows()
    assertProblem(await gateway().submit(account, ofSize(limit + 1)), 413, "payload_too_large", [cards.visa])
    const chunked = await new Promise<number>((resolve, reject) => {
      const sending = request({
        agent: gateway().agent,
        port: gateway().port,
        host: "127.0.0.1",
        method: "POST",
        path: "/v1/transactions",
        headers: { authorization: basic(account), "content-type": "application/json", "transfer-encoding": "chunked" }
      }, (message) => {
        message.resume()
        resolve(message.statusCode!)
      })
      sending.on("error", reject)
      sending.end(ofSize(limit + 1))
    })
    assert.strictEqual(chunked, 413)
    assert.strictEqual(gateway().rows(), before)
  })

  it("counts bytes, not characters", async () => {
    const before = gateway().rows()
    const body = JSON.stringify({ amount: 1999, card: card(), reference: "é".repeat(8_192) })
    assert.isBelow(body.length, limit)
    assertProblem(await gateway().submit(account, body), 413, "payload_too_large")
    assert.strictEqual(gateway().rows(), before)
  })
})

describe("depth", () => {
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`
  const nestedObjects = (depth: number) => `${`{"a":`.repeat(depth)}0${"}".repeat(depth)}`

  const cases: ReadonlyArray<readonly [string, string, number, string]> = [
    ["10,000 arrays are too large", nested(10_000), 413, "payload_too_large"],
    ["10,000 arrays that nobody closes are not JSON", "[".repeat(10_000), 400, "invalid_json"],
    ["8,192 arrays are no transaction", nested(8_192), 422, "invalid_request"],
    ["2,700 objects are no transaction", nestedObjects(2_700), 422, "invalid_request"],
    [
      "8,000 arrays in the metadata are no text",
      JSON.stringify(transaction({ metadata: { a: 0 } })).replace(`{"a":0}`, `{"a":${nested(8_000)}}`),
      422,
      "invalid_request"
    ],
    [
      "2,600 objects in the amount are no integer",
      JSON.stringify(transaction()).replace("1999", nestedObjects(2_600)),
      422,
      "invalid_request"
    ]
  ]
  for (const [what, body, status, code] of cases) {
    it(what, async () => {
      const before = gateway().rows()
      assertProblem(await gateway().submit(account, body), status, code)
      assert.strictEqual(gateway().rows(), before)
    })
  }
})
