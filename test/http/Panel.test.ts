import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { createHash } from "node:crypto"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import { eventually, type Gateway, openGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { openConnection, rawRequest } from "../support/HttpConnection.ts"
import { cards } from "../support/HttpSamples.ts"
import { ask, inlineScript, navigation, outOf, panelFolder } from "../support/PanelExport.ts"

const panel = panelFolder()
const out = outOf("b1")
let gateway: Gateway
let account: string

beforeAll(async () => {
  await panel.build("b1")
  gateway = await openGateway({ environment: { PANEL_DIR: panel.folder, RATE_LIMIT: "1" } })
  account = await gateway.createAccount()
})
afterAll(async () => {
  await gateway.close()
  gateway.assertNothingLeaked()
  panel.remove()
})

const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
  ask(gateway.port, path, headers, method)

/** What answers of all kinds have. */
const assertGuarded = (headers: Readonly<Record<string, unknown>>) => {
  assert.strictEqual(headers["x-content-type-options"], "nosniff")
  assert.strictEqual(headers["referrer-policy"], "same-origin")
  assert.strictEqual(headers["cross-origin-opener-policy"], "same-origin")
  assert.strictEqual(headers["cross-origin-resource-policy"], "same-origin")
  assert.strictEqual(headers["x-frame-options"], "DENY")
  assert.match(String(headers["permissions-policy"]), /camera=\(\), microphone=\(\), geolocation=\(\)/)
  assert.match(String(headers["request-id"]), /^req_/)
}

const script = "/_next/static/chunks/b1.js"

describe("a file of the panel", () => {
  const files: ReadonlyArray<readonly [path: string, file: string, type: string]> = [
    ["/", "index.html", "text/html; charset=utf-8"],
    ["/operator", "operator.html", "text/html; charset=utf-8"],
    ["/index.txt", "index.txt", "text/plain; charset=utf-8"],
    ["/operator.txt?_rsc=1x2y3", "operator.txt", "text/plain; charset=utf-8"],
    ["/operator/__next._tree.txt", "operator/__next._tree.txt", "text/plain; charset=utf-8"],
    ["/favicon.ico", "favicon.ico", "image/x-icon"],
    [script, script.slice(1), "text/javascript; charset=utf-8"],
    ["/_next/static/chunks/[id]-1.js", "_next/static/chunks/[id]-1.js", "text/javascript; charset=utf-8"],
    ["/_next/static/chunks/%5Bid%5D-1.js", "_next/static/chunks/[id]-1.js", "text/javascript; charset=utf-8"],
    ["/_next/static/media/font.woff2", "_next/static/media/font.woff2", "font/woff2"]
  ]
  for (const [path, file, type] of files) {
    it(`${path} is ${file}`, async () => {
      const { body, headers, status } = await get(path)
      assert.deepStrictEqual([status, headers["content-type"]], [200, type])
      assert.strictEqual(body.toString("utf8"), out[file])
      assert.strictEqual(headers["content-length"], String(body.length))
      assert.strictEqual(headers["vary"], "Accept-Encoding")
      assert.isUndefined(headers["content-encoding"])
      assert.strictEqual(
        headers["cache-control"],
        file.startsWith("_next/static/") ? "public, max-age=31536000, immutable" : "no-cache"
      )
      assertGuarded(headers)

      const head = await get(path, {}, "HEAD")
      assert.deepStrictEqual([head.status, head.text], [200, ""])
      const { date: _date, "request-id": _id, ...rest } = head.headers
      assert.deepInclude(headers, rest)
    })
  }

  it("comes in the coding that is wanted most, each with a tag of its own", async () => {
    const plain = await get(script)
    const brotli = await get(script, { "accept-encoding": "gzip, deflate, br, zstd" })
    const gzip = await get(script, { "accept-encoding": "br;q=0.1, gzip" })
    assert.strictEqual(brotli.headers["content-encoding"], "br")
    assert.strictEqual(gzip.headers["content-encoding"], "gzip")
    assert.strictEqual(brotliDecompressSync(brotli.body).toString(), plain.text)
    assert.strictEqual(gunzipSync(gzip.body).toString(), plain.text)
    const tags = [plain, brotli, gzip].map((_) => _.headers["etag"]!)
    assert.strictEqual(new Set(tags).size, 3)
    for (const tag of tags) assert.match(tag, /^"[\w-]+"$/)
    const { headers } = await get("/favicon.ico", { "accept-encoding": "br, gzip, identity;q=0" })
    assert.isUndefined(headers["content-encoding"])
  })

  it("is not sent again to who has it", async () => {
    const accepts = { "accept-encoding": "br" }
    const { etag } = (await get("/", accepts)).headers
    for (const written of [etag!, `W/${etag}`, `"other", ${etag}`, "*"]) {
      for (const method of ["GET", "HEAD"]) {
        const { headers, status, text } = await get("/", { ...accepts, "if-none-match": written }, method)
        assert.deepStrictEqual([status, text, headers.etag], [304, "", etag])
        assert.isUndefined(headers["content-type"])
        assert.strictEqual(headers["cache-control"], "no-cache")
        assert.property(headers, "content-security-policy")
        assertGuarded(headers)
      }
    }
    for (const written of ["\"other\"", etag!.replaceAll("\"", ""), ""]) {
      assert.strictEqual((await get("/", { ...accepts, "if-none-match": written })).status, 200, written)
    }
    assert.strictEqual((await get("/", { "if-none-match": etag! })).status, 200, "of another coding")
  })

  it("leaves the connection open, and answers what is pipelined in order", async () => {
    const connection = await openConnection(gateway.port)
    const line = (path: string) => `GET ${path} HTTP/1.1\r\nHost: gateway\r\n\r\n`
    connection.write(line("/") + line("/livez") + line(script))
    const answers = [await connection.next(), await connection.next(), await connection.next()]
    assert.deepStrictEqual(answers.map((_) => _.status), [200, 200, 200])
    assert.strictEqual(answers[0]!.text, out["index.html"])
    assert.strictEqual(answers[2]!.text, out[script.slice(1)])
    connection.destroy()
  })

  it("is only read", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      for (const path of ["/", "/operator", script]) {
        const answer = await gateway.call(method, path, { headers: navigation })
        assertProblem(answer, 405, "method_not_allowed")
        assert.strictEqual(answer.headers["allow"], "GET, HEAD")
      }
    }
  })

  it("needs no credential, whatever is sent as one, and is under no limit of an account", async () => {
    for (let i = 0; i < 30; i++) {
      const { status } = await gateway.call("GET", "/", i % 2 === 0 ? { as: account } : { as: `${account}x` })
      assert.strictEqual(status, 200)
    }
  })

  it("needs a Host", async () => {
    assertProblem(await rawRequest(gateway.port, "GET / HTTP/1.1\r\n\r\n"), 400, "bad_request")
    assert.strictEqual(
      (await rawRequest(gateway.port, "GET http://gateway/operator HTTP/1.1\r\nHost: g\r\n\r\n")).status,
      200
    )
  })
})

describe("a page of the panel", () => {
  it("runs the scripts that were built into it, and no others", async () => {
    const { headers, text } = await get("/")
    const policy = String(headers["content-security-policy"])
    const directives = new Map(policy.split("; ").map((_) => _.split(" ")).map(([name, ...rest]) => [name!, rest]))
    const hashes = Array.from(text.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g))
      .filter(([, attributes]) => !attributes!.includes("src="))
      .map(([, , content]) => `'sha256-${createHash("sha256").update(content!).digest("base64")}'`)
    assert.lengthOf(hashes, 2)
    assert.include(hashes, `'sha256-${createHash("sha256").update(inlineScript).digest("base64")}'`)
    assert.deepStrictEqual(Object.fromEntries(directives), {
      "default-src": ["'self'"],
      "script-src": ["'self'", ...hashes],
      "style-src": ["'self'", "'unsafe-inline'"],
      "img-src": ["'self'", "data:"],
      "font-src": ["'self'"],
      "connect-src": ["'self'"],
      "base-uri": ["'none'"],
      "form-action": ["'self'"],
      "frame-ancestors": ["'none'"],
      "object-src": ["'none'"]
    })
  })

  it("moves who wrote a slash behind it, and nobody elsewhere", async () => {
    const { headers, status } = await get("/operator/")
    assert.deepStrictEqual([status, headers["location"]], [308, "/operator"])
    for (const path of ["//operator/", "//", "//example.org/", "/\\example.org/"]) {
      const answer = await get(path, navigation)
      assert.deepStrictEqual([answer.status, answer.headers["location"]], [404, undefined], path)
    }
  })
})

describe("what the panel does not have", () => {
  const nothing = [
    "/nowhere",
    "/index.html",
    "/operator.html",
    "/404",
    "/404.html",
    "/_not-found",
    "/manifest.json",
    "/.sources",
    "/files/index.html",
    "/../package.json",
    "/_next/static/../../../manifest.json",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/..\\manifest.json",
    "/%5c..%5cmanifest.json",
    "//",
    "//etc/passwd",
    "/%",
    "/%00",
    "/__proto__",
    "/constructor",
    "/_next/static/chunks/",
    "/_next/static/chunks/b1.js.br",
    `/${cards.visa}`
  ]
  for (const path of nothing) {
    it(`${path} is a page for a person and a problem for a program`, async () => {
      const shown = await get(path, navigation)
      assert.deepStrictEqual([shown.status, shown.headers["content-type"]], [404, "text/html; charset=utf-8"])
      assert.strictEqual(shown.text, out["404.html"])
      assert.property(shown.headers, "content-security-policy")
      assert.isUndefined(shown.headers["etag"])
      assertGuarded(shown.headers)
      const head = await get(path, navigation, "HEAD")
      assert.deepStrictEqual([head.status, head.text, head.headers["content-length"]], [
        404,
        "",
        shown.headers["content-length"]
      ])
      for (const accept of ["*/*", "application/json", "text/*", "text/html;q=0, */*"]) {
        assertProblem(await gateway.call("GET", path, { headers: { accept } }), 404, "route_missing", [cards.visa])
      }
      assertProblem(await gateway.call("POST", path, { headers: navigation }), 404, "route_missing", [cards.visa])
    })
  }

  it("under /v1 is always a problem", async () => {
    for (const path of ["/v1", "/v1/", "/v1/nowhere", "/v1/transactions/a/b/c"]) {
      assertProblem(await gateway.call("GET", path, { headers: navigation }), 404, "route_missing")
    }
  })

  it("leaves the pages of the API as they are", async () => {
    for (const path of ["/docs", "/openapi.json", "/livez", "/readyz"]) {
      const answer = await gateway.call("GET", path, { headers: navigation })
      assert.strictEqual(answer.status, 200, path)
      assert.notInclude(answer.text, "of b1", path)
    }
  })
})

describe("the metrics of the panel", () => {
  it("have one route for all of it", async () => {
    for (const path of ["/", "/operator", script, "/nowhere", `/${cards.visa}`]) await get(path, navigation)
    const routes = new Set(Array.from((await gateway.metrics()).matchAll(/http_route="([^"]*)"/g), ([, _]) => _))
    assert.include([...routes], "/panel")
    for (const path of ["/", "/operator", script, "/nowhere"]) assert.notInclude([...routes], path)
  })
})

describe("before the panel is built", () => {
  it("a page says so, and the panel takes its place by itself; so does the next one, which leaves what pages still load", async () => {
    const later = panelFolder()
    const young = await openGateway({ environment: { PANEL_DIR: later.folder } })
    const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
      ask(young.port, path, headers, method)
    try {
      for (const path of ["/", "/operator", "/anything"]) {
        const { headers, status, text } = await get(path, navigation)
        assert.deepStrictEqual([status, headers["retry-after"]], [503, "2"])
        assert.match(String(headers["content-type"]), /^text\/html/)
        assert.match(text, /<html lang="en">/)
        assert.match(text, /<title>[^<]+<\/title>/)
        assert.match(text, /<main>/)
        assert.match(text, /<meta http-equiv="refresh" content="2">/)
        assert.match(text, /npm run build/)
        assert.notMatch(text, /<script/)
        const style = /<style>([\s\S]*)<\/style>/.exec(text)![1]!
        const hash = createHash("sha256").update(style).digest("base64")
        assert.match(String(headers["content-security-policy"]), /^default-src 'none'; /)
        assert.include(String(headers["content-security-policy"]), `style-src 'sha256-${hash}'`)
        assert.strictEqual(headers["cache-control"], "no-store")
        assertGuarded(headers)
        assert.deepStrictEqual((await get(path, navigation, "HEAD")).status, 503)
      }
      for (const path of ["/", "/operator"]) assertProblem(await young.call("GET", path), 404, "route_missing")
      assertProblem(await young.call("GET", "/v1/nowhere", { headers: navigation }), 404, "route_missing")
      for (const path of ["/docs", "/openapi.json", "/livez", "/readyz"]) {
        assert.strictEqual((await get(path, navigation)).status, 200)
      }

      await later.build("b1")
      const first = await eventually("the panel", () => get("/", navigation), (_) => _.status === 200, 5_000)
      assert.include(first.text, "Live of b1")

      await later.build("b2")
      const second = await eventually("the next one", () => get("/"), (_) => _.text.includes("of b2"), 5_000)
      assert.notStrictEqual(second.headers["etag"], first.headers["etag"])
      for (const build of ["b1", "b2"]) {
        assert.strictEqual(
          (await get(`/_next/static/chunks/${build}.js`)).text,
          outOf(build)[`_next/static/chunks/${build}.js`]
        )
      }
      assert.strictEqual((await get("/operator.txt")).text, outOf("b2")["operator.txt"])

      // what is damaged, or gone, takes nothing away
      writeFileSync(join(later.folder, "manifest.json"), "{}")
      await eventually(
        "a warning",
        () => {
          void get("/")
          return young.logged
        },
        (_) => _.some((line) => line.includes("npm run build makes it again")),
        5_000
      )
      assert.include((await get("/")).text, "of b2")
      rmSync(later.folder, { recursive: true })
      await new Promise((resolve) => {
        setTimeout(resolve, 1_100)
      })
      assert.strictEqual((await get("/")).status, 200)
      assert.include((await get("/")).text, "of b2")
    } finally {
      await young.close()
      later.remove()
    }
  })
})

describe("a gateway that ends", () => {
  it("closes the idle connections of the panel's readers", async () => {
    const ending = await openGateway({ environment: { PANEL_DIR: panel.folder } })
    const connection = await openConnection(ending.port)
    connection.write("GET / HTTP/1.1\r\nHost: gateway\r\n\r\n")
    assert.strictEqual((await connection.next()).status, 200)
    const told = performance.now()
    await ending.close()
    assert.isBelow(performance.now() - told, 3_000)
    await connection.closed
  })
})
