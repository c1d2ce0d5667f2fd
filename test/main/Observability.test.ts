import { assert, describe, it } from "@effect/vitest"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { startCollector } from "../support/Collector.ts"
import { leakIn } from "../support/GatewayFixture.ts"
import { card, transaction } from "../support/HttpSamples.ts"
import { call, demoOf, eventually, folder, start, stop, unburdened } from "./MainProcess.ts"

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** Nothing listens on port 1. */
const away = {
  DATABASE_URL: "mysql://gateway:hunter2@127.0.0.1:1/gateway",
  PROCESSOR_DATABASE_URL: "mysql://processor:hunter2@127.0.0.1:1/processor",
  KAFKA_BROKERS: "127.0.0.1:1"
}

describe("a role whose servers are away", () => {
  for (const [role, own] of [["recorder", "DATABASE_URL"], ["processor", "PROCESSOR_DATABASE_URL"]] as const) {
    it(`lives, is not ready, and answers a scrape: ${role}`, async (test) => {
      const port = await freePort()
      const running = await start(test, {
        dataDir: null,
        cwd: folder(test),
        args: [role],
        env: {
          [own]: away[own],
          KAFKA_BROKERS: away.KAFKA_BROKERS,
          CARD_KEYS: `k1:${Buffer.alloc(32).toString("base64")}`,
          MANAGEMENT_PORT: String(port)
        }
      })
      const status = (path: string) => call(port, "GET", path).then((_) => _.status, () => 0)
      await eventually("it lives", () => status("/livez"), (_) => _ === 200)
      assert.strictEqual(await status("/readyz"), 503)
      const began = performance.now()
      const { text } = await call(port, "GET", "/metrics")
      assert.isBelow(performance.now() - began, unburdened(1_000))
      assert.include(text, "\ngateway_ready 0\n")
      assert.match(
        text,
        new RegExp(`^gateway_build_info\\{version="[\\d.]+",profile="distributed",role="${role}"\\} 1$`, "m")
      )
      assert.include(text, "gateway_database_connections_limit{database=")
      assert.notInclude(text, "hunter2")
      running.kill("SIGTERM")
      await running.ended
    })
  }
})

describe("a process", () => {
  it("logs JSON, an object a line, exports its spans to the end, and tells what it measured", async (test) => {
    const collector = await startCollector()
    test.onTestFinished(collector.close)
    const dataDir = folder(test)
    const running = await start(test, {
      dataDir,
      env: { LOG_FORMAT: "json", LOG_LEVEL: "debug", OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    })
    const port = await running.port
    const as = demoOf(dataDir)
    const managementPort = running.managementPort()
    // what is said of it is a line of the log
    collector.answers.status = 503
    await call(port, "GET", "/v1/transactions", { as })
    const logged = () => running.stdout().split("\n").filter((_) => _.startsWith("{"))
    await eventually("a line", logged, (_) => _.length > 0)
    collector.answers.status = 200
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    for (const body of [transaction(), transaction({ card: card({ number: "4242424242424241" }) })]) {
      const answer = await call(port, "POST", "/v1/transactions", {
        as,
        body,
        headers: { prefer: "wait=20", traceparent }
      })
      assert.strictEqual(answer.status, 201, answer.text)
    }
    const text = await eventually(
      "what waits was asked for",
      () => call(managementPort, "GET", "/metrics").then((_) => _.text),
      (_) =>
        /^gateway_log_lag_records\{topic="transactions_dead"/m.test(_) && /^gateway_undecided_transactions 0$/m.test(_)
    )
    for (
      const line of [
        /^gateway_ready 1$/m,
        /^gateway_undecided_oldest_age_seconds 0$/m,
        /^gateway_parked_transactions\{reason="unstorable"\} 0$/m,
        /^gateway_backlog_last_success_timestamp_seconds 1[\d.]+$/m,
        /^gateway_log_lag_seconds\{topic="transactions",group="processor",partition="0"\} [\d.]+$/m,
        /^gateway_consumer_assigned_partitions\{topic="transactions",group="processor"\} 1$/m,
        /^gateway_decided_total\{status="rejected",reason="invalid_number"\} 1$/m,
        /^gateway_recorded_total 2$/m,
        /^gateway_batch_write_seconds_count\{stage="append"\} [1-9]/m
      ]
    ) assert.match(text, line)

    const { code } = await stop(running)
    assert.strictEqual(code, 0)
    // what was told last is not lost
    assert.includeMembers(collector.spans().map((_) => _.name), ["POST /v1/transactions", "decide", "record"])
    assert.isTrue(collector.spans().some((_) => _.traceId === traceparent.slice(3, 35)))
    for (const line of logged()) {
      const entry = JSON.parse(line) as Record<string, unknown>
      assert.containsAllKeys(entry, ["message", "logLevel", "timestamp", "annotations", "spans", "fiberId"])
      assert.isString(entry["message"])
      assert.isNull(leakIn(line))
    }
  })
})
