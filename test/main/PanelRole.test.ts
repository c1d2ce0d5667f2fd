import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { Agent } from "node:http"
import { type AddressInfo, createServer } from "node:net"
import { openConnection } from "../support/HttpConnection.ts"
import type { ProblemJson } from "../support/HttpSamples.ts"
import { ask, navigation, outOf, type PanelFolder, panelFolder } from "../support/PanelExport.ts"
import { assertRefused, call, eventually, folder, type Owner, run, start, stop, unburdened } from "./MainProcess.ts"

const concurrently = { concurrent: true, timeout: 120_000 }

let built: PanelFolder
beforeAll(async () => {
  built = panelFolder()
  await built.build("b1")
})
afterAll(() => built.remove())

const servers = {
  DATABASE_URL: "mysql://gateway:hunter2@127.0.0.1:1/gateway",
  PROCESSOR_DATABASE_URL: "mysql://processor:hunter2@127.0.0.1:1/processor",
  KAFKA_BROKERS: "127.0.0.1:1"
}

const startPanel = async (
  owner: Owner,
  env: Readonly<Record<string, string>> = { PANEL_DIR: built.folder },
  cwd = folder(owner)
) => {
  const running = await start(owner, { dataDir: null, cwd, args: ["panel"], env })
  return { running, port: await running.port, cwd }
}

describe("the role panel", concurrently, () => {
  const environments: ReadonlyArray<readonly [what: string, env: Readonly<Record<string, string>>]> = [
    ["without servers", {}],
    ["with servers that are not there", servers],
    ["with half of them, and one that makes no sense", { KAFKA_BROKERS: "nonsense" }]
  ]
  for (const [what, env] of environments) {
    it(`serves the panel and health, and nothing else: ${what}`, async (test) => {
      const { cwd, port, running } = await startPanel(test, { ...env, PANEL_DIR: built.folder })
      const managementPort = running.managementPort()
      assert.deepStrictEqual(readdirSync(cwd), [])

      const page = await ask(port, "/", navigation)
      assert.deepStrictEqual([page.status, page.text], [200, outOf("b1")["index.html"]])
      assert.property(page.headers, "content-security-policy")
      assert.match(String(page.headers["request-id"]), /^req_/)
      assert.strictEqual((await ask(port, "/", { "if-none-match": page.headers.etag! })).status, 304)
      const script = await ask(port, "/_next/static/chunks/b1.js", { "accept-encoding": "br" })
      assert.deepStrictEqual([script.status, script.headers["content-encoding"]], [200, "br"])
      // the same checks, and the same counts, as where the API is
      assert.strictEqual((await ask(port, "/", { ...navigation, expect: "the-impossible" })).status, 417)
      const head = await ask(port, "/", navigation, "HEAD")
      assert.deepStrictEqual([head.status, head.text, head.headers["content-length"]], [
        200,
        "",
        page.headers["content-length"]
      ])

      for (const path of ["/livez", "/readyz"]) {
        for (const either of [port, managementPort]) assert.strictEqual((await call(either, "GET", path)).status, 200)
      }
      const missing = [
        ["GET", "/v1/transactions"],
        ["POST", "/v1/session"],
        ["GET", "/openapi.json"],
        ["GET", "/metrics"],
        ["GET", "/../package.json"]
      ] as const
      for (const [method, path] of missing) {
        const answer = await call(port, method, path)
        assert.strictEqual(answer.status, 404, path)
        assert.strictEqual(answer.headers["content-type"], "application/problem+json")
        const problem = JSON.parse(answer.text) as ProblemJson
        assert.deepStrictEqual([problem.code, problem.request_id], ["route_missing", answer.headers["request-id"]])
      }
      assert.strictEqual((await ask(port, "/v1/transactions", navigation)).status, 404)
      assert.strictEqual((await ask(port, "/nowhere", navigation)).text, outOf("b1")["404.html"])
      const refused = await call(port, "POST", "/", { body: {} })
      assert.deepStrictEqual([refused.status, refused.headers["allow"]], [405, "GET, HEAD"])

      const { text } = await call(managementPort, "GET", "/metrics")
      assert.match(text, /^http_server_request_duration_seconds_count\{[^}]*http_route="\/panel"/m)
      assert.match(text, /^http_server_active_requests 0$/m)
      assert.match(text, /^gateway_http_problems_total\{problem="expectation_failed"\} 1$/m)
      assert.notMatch(text, /http_route="\/(?!panel|livez|readyz)/)
      const { code, stderr } = await stop(running)
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    })
  }

  it("is ready when there is a panel, which it shows as soon as it is built", async (test) => {
    const later = panelFolder()
    test.onTestFinished(later.remove)
    const { port, running } = await startPanel(test, { PANEL_DIR: later.folder })
    const ready = async () => [
      (await call(port, "GET", "/readyz")).status,
      (await call(running.managementPort(), "GET", "/readyz")).status
    ]
    assert.deepStrictEqual(await ready(), [503, 503])
    assert.strictEqual((await call(port, "GET", "/livez")).status, 200)
    const waits = await ask(port, "/", navigation)
    assert.deepStrictEqual([waits.status, waits.headers["retry-after"]], [503, "2"])
    await later.build("b1")
    // without being asked
    await new Promise((resolve) => {
      setTimeout(resolve, 4_000)
    })
    assert.strictEqual((await ask(port, "/", navigation)).status, 200)
    await eventually("ready", ready, (_) => _.every((status) => status === 200))
    assert.strictEqual((await ask(port, "/", navigation)).status, 200)
  })

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`ends at once after ${signal}, although readers keep their connections`, async (test) => {
      const { port, running } = await startPanel(test)
      const agent = new Agent({ keepAlive: true })
      test.onTestFinished(() => agent.destroy())
      assert.strictEqual((await call(port, "GET", "/", { agent })).status, 200)
      const silent = await openConnection(port)
      test.onTestFinished(silent.destroy)
      const told = performance.now()
      const { code, stderr } = await stop(running, signal)
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.isBelow(performance.now() - told, unburdened(3_000))
    })
  }

  it("cuts who reads nothing after the grace", async (test) => {
    const { port, running } = await startPanel(test, {
      PANEL_DIR: built.folder,
      SHUTDOWN_GRACE_MS: "300",
      REQUEST_TIMEOUT_MS: "60000"
    })
    const hanging = await openConnection(port)
    test.onTestFinished(hanging.destroy)
    hanging.write("GET / HTTP/1.1\r\nHost: panel\r\n")
    await call(port, "GET", "/livez")
    const { code } = await stop(running)
    assert.strictEqual(code, 0)
    await hanging.closed
  })

  it("does not start on a port in use, and says so", async (test) => {
    const other = createServer()
    test.onTestFinished(() => {
      other.close()
    })
    await once(other.listen(0, "127.0.0.1"), "listening")
    const { port } = other.address() as AddressInfo
    const ending = await run(test, { dataDir: null, cwd: folder(test), args: ["panel"], env: { PORT: `${port}` } })
    assert.match(assertRefused(ending), /is in use\b.*\bset PORT /)
  })
})
