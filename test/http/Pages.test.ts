import { OpenApi } from "@effect/platform"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { createHash } from "node:crypto"
import { GatewayApi } from "../../src/layers/http/Api.ts"
import { type Credential, requestBytes, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { openConnection } from "../support/HttpConnection.ts"
import { cards } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const page = (path: string, method = "GET", port = gateway().port) => gateway().call(method, path, { port })

describe("health", () => {
  it.each(["/livez", "/readyz"])("%s is 200 on both ports, for everybody", async (path) => {
    for (const port of [gateway().port, gateway().managementPort]) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await page(path, method, port)
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(answer.text === "", method === "HEAD")
      }
    }
  })

  it("is answered with a query too", async () => {
    assert.strictEqual((await page("/livez?from=kubelet")).status, 200)
  })
})

describe("kept-alive connections", () => {
  it.each([
    "/livez",
    "/readyz",
    "/openapi.json",
    "/nowhere",
    "/v1/transactions",
    "/v1/transactions/none",
    "/v1/operator/audit"
  ])("%s leaves the connection open", async (path) => {
    const connection = await openConnection(gateway().port)
    const get = requestBytes("GET", path, { as: account })
    connection.write(get)
    const first = await connection.next()
    assert.notStrictEqual(first.headers["connection"], "close")
    connection.write(get)
    assert.strictEqual((await connection.next()).status, first.status)
    connection.destroy()
  })
})

describe("every answer", () => {
  it("has a Request-Id of its own", async () => {
    const paths = [
      "/livez",
      "/readyz",
      "/openapi.json",
      "/docs",
      "/nowhere",
      "/v1/transactions",
      "/v1/transactions/none",
      "/v1/operator/audit"
    ]
    const ids: Array<string | undefined> = []
    for (const path of paths) {
      for (const method of ["GET", "HEAD", "DELETE"]) ids.push((await page(path, method)).headers["request-id"])
      ids.push((await gateway().call("GET", path, { as: account })).headers["request-id"])
    }
    for (const id of ids) assert.match(id!, /^[A-Za-z0-9_-]{10,64}$/)
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it("does not take over the client's", async () => {
    const answer = await gateway().call("GET", "/nowhere", { headers: { "request-id": cards.visa } })
    assertProblem(answer, 404, "route_missing", [cards.visa])
  })

  it("has one on the management port too", async () => {
    for (const path of ["/metrics", "/livez", "/readyz", "/nowhere"]) {
      const answer = await page(path, "GET", gateway().managementPort)
      assert.property(answer.headers, "request-id", path)
    }
  })
})

describe("HEAD", () => {
  it.each(["/livez", "/readyz", "/openapi.json", "/docs", "/nowhere", "/v1/transactions", "/v1/transactions/none"])(
    "%s is GET without a body",
    async (path) => {
      const [got, head] = [
        await gateway().call("GET", path, { as: account }),
        await gateway().call("HEAD", path, { as: account })
      ]
      assert.strictEqual(head.status, got.status)
      assert.strictEqual(head.text, "")
      for (const name of ["content-type", "content-length", "cache-control", "content-security-policy"]) {
        assert.strictEqual(head.headers[name], got.headers[name], name)
      }
    }
  )

  it("is refused as GET is", async () => {
    const answer = await gateway().call("HEAD", "/v1/transactions")
    assert.deepStrictEqual([answer.status, answer.text], [401, ""])
    assert.property(answer.headers, "www-authenticate")
  })
})

describe("/openapi.json", () => {
  it("is the document of the contract (OpenApi.test.ts looks at it)", async () => {
    const answer = await page("/openapi.json")
    assert.strictEqual(answer.status, 200)
    assert.strictEqual(answer.headers["content-type"], "application/json")
    assert.strictEqual(answer.text, JSON.stringify(OpenApi.fromApi(GatewayApi)))
  })
})

describe("/docs", () => {
  it("runs its own scripts alone, and asks no other origin for anything", async () => {
    const answer = await page("/docs")
    assert.strictEqual(answer.status, 200)
    assert.match(answer.headers["content-type"]!, /^text\/html/)
    const policy = answer.headers["content-security-policy"]!
    assert.notMatch(policy, /https?:|\*|'unsafe-eval'|blob:/)
    const directives = new Map(
      policy.split(";").map((_) => _.trim().split(/\s+/)).map(([name, ...rest]) => [name, rest])
    )
    const scripts = directives.get("script-src")!
    assert.notInclude(scripts, "'unsafe-inline'")
    assert.includeMembers([...directives.keys()], ["default-src", "script-src", "style-src", "connect-src"])

    const tags = [...answer.text.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)]
    assert.isNotEmpty(tags)
    for (const [, attributes = "", text = ""] of tags) {
      assert.notMatch(attributes, /\bsrc\s*=/i)
      if (/type\s*=\s*"?application\/json/i.test(attributes)) continue
      assert.include(scripts, `'sha256-${createHash("sha256").update(text).digest("base64")}'`)
    }
    assert.notMatch(answer.text.replaceAll(/<script\b[\s\S]*?<\/script>/gi, ""), /(?:src|href)\s*=\s*["']?https?:/i)
  })

  it("is whole the second time", async () => {
    const [first, second] = [await page("/docs"), await page("/docs")]
    assert.strictEqual(second.text, first.text)
    assert.isTrue(first.text.trimEnd().endsWith("</html>"))
  })
})

describe("the management port", () => {
  it("tells metrics in Prometheus' text", async () => {
    await gateway().decide(account)
    const answer = await page("/metrics", "GET", gateway().managementPort)
    assert.strictEqual(answer.status, 200)
    assert.match(answer.headers["content-type"]!, /^text\/plain; version=/)
    assert.match(answer.text, /^http_server_request_duration_seconds_bucket\{.*http_route="\/v1\/transactions"/m)
    for (const name of ["gateway_accepted_total", "http_server_active_requests"]) {
      assert.include(answer.text, `\n${name} `)
    }
  })

  it("has nothing else", async () => {
    for (const path of ["/", "/v1/transactions", "/docs", "/openapi.json", `/${cards.visa}`]) {
      const answer = await page(path, "GET", gateway().managementPort)
      assert.strictEqual(answer.status, 404)
      assert.notInclude(answer.text, cards.visa)
    }
    const answer = await page("/metrics", "POST", gateway().managementPort)
    assert.deepStrictEqual([answer.status, answer.headers["allow"]], [405, "GET, HEAD"])
  })

  it("is not on the main port", async () => {
    assertProblem(await page("/metrics"), 404, "route_missing")
  })

  it("labels by the route's template, however many paths there are", async () => {
    const series = async () =>
      (await gateway().metrics()).split("\n").filter((_) => _.startsWith("http_server_request_duration_seconds_count"))
    const { id } = transactionOf(await gateway().submit(account))
    const ask = async () => {
      for (let i = 0; i < 30; i++) {
        await page(`/nowhere/${i}`)
        await gateway().call("GET", `/v1/transactions/txn_${i}`, { as: account })
        await gateway().call("GET", `/v1/transactions?limit=${i}`, { as: account })
        await gateway().call("GET", `/v1/transactions/${id}?x=${i}`, { as: account })
      }
    }
    await ask()
    const first = await series()
    await ask()
    assert.lengthOf(await series(), first.length)
    const all = await gateway().metrics()
    assert.notInclude(all, id)
    assert.notInclude(all, "nowhere")
    assert.notInclude(all, account.slice(0, 31))
  })
})
