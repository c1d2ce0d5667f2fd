import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { freePorts } from "../../scripts/servers/server.mjs"
import {
  call,
  demoOf,
  eventually,
  type MainProcess,
  operatorOf,
  ownerOfSuite,
  start,
  stop
} from "../main/MainProcess.ts"
import { transaction } from "../support/HttpSamples.ts"
import { afterFaultsAlone, assertData, putAside, queryOf } from "./Data.ts"
import { program } from "./Deployed.ts"
import { type RealPrometheus, startPrometheus } from "./RealPrometheus.ts"
import { traffic } from "./Traffic.ts"

const prometheusProgram = program("prometheus")

/** What only MySQL has, or only Kafka: Prometheus.servers.test.ts sees these. */
const onServersAlone = [
  "Intake / Connections A",
  "Intake / Connections B",
  "Intake / Statements that wait for a connection A",
  "Intake / Wait for a connection, p95 A",
  "Pipeline / Consumers A",
  "Processor and recorder / Connections A",
  "Processor and recorder / Connections B",
  "Processor and recorder / Statements that wait for a connection A",
  "Processor and recorder / Wait for a connection, p95 A"
]

const suite = ownerOfSuite()
const folder = mkdtempSync(join(tmpdir(), "gateway-prometheus-"))
const dataDir = join(folder, "data")
const key = (name: string) => `${name}:${Buffer.alloc(32, name).toString("base64")}`

let gateway: MainProcess
let prometheus: RealPrometheus
let ports: ReadonlyArray<number>

const startGateway = async (...keys: ReadonlyArray<string>) => {
  gateway = await start(suite, {
    dataDir,
    env: {
      MANAGEMENT_PORT: `${ports[0]}`,
      CARD_KEYS: keys.map(key).join(","),
      RESEND_BACK_OFF_MS: "300",
      // nobody is there: the spans fail, and are counted
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports[1]}`
    }
  })
  await gateway.port
}

const simulate = async (body: object) => {
  const { status, text } = await call(await gateway.port, "PATCH", "/v1/operator/simulation", {
    as: operatorOf(dataDir),
    body
  })
  assert.strictEqual(status, 200, text)
}

const submit = async () => {
  const { status, text } = await call(await gateway.port, "POST", "/v1/transactions", {
    as: demoOf(dataDir),
    body: transaction()
  })
  assert.strictEqual(status, 202, text)
}

/** The highest value that it has now; NaN when there is none. */
const value = async (expr: string) => {
  const found = (await prometheus.ask(expr)).flatMap((_) => _.values)
  return found.length === 0 ? Number.NaN : Math.max(...found)
}

const becomes = (expr: string, isTrue: (value: number) => boolean) =>
  eventually(expr, () => value(expr), isTrue, 60_000)

const alert = (name: string) => `count(ALERTS{alertname="${name}"}) or vector(0)`

describe.skipIf(prometheusProgram === undefined)("a real Prometheus and a real gateway", { timeout: 240_000 }, () => {
  beforeAll(async () => {
    ports = await freePorts(2)
    await startGateway("old")
    prometheus = await startPrometheus(prometheusProgram!, join(folder, "prometheus"), { gateway: [ports[0]!] })
  }, 180_000)

  afterAll(async () => {
    await prometheus?.stop()
    await suite.end()
    rmSync(folder, { recursive: true, force: true })
  })

  it("sees what waits while the processor is slow", async () => {
    await becomes("gateway:undecided_transactions:max", (_) => _ === 0)
    await simulate({ decision_delay_ms: 12_000 })
    for (let i = 0; i < 3; i++) await submit()
    await becomes("gateway:waiting_transactions:max", (_) => _ === 3)
    await becomes("gateway:log_lag_records:sum{group=\"processor\"}", (_) => _ === 3)
    await becomes("gateway:log_lag_seconds:max{group=\"processor\"}", (_) => _ > 3)
    await simulate({ decision_delay_ms: 0 })
    await becomes("gateway:waiting_transactions:max", (_) => _ === 0)
    await becomes("gateway:log_lag_records:sum{group=\"processor\"}", (_) => _ === 0)
  })

  it("sees that the log is away: what is lost, what waits, and that nobody knows the lag", async () => {
    await simulate({ log: "down" })
    for (let i = 0; i < 3; i++) await submit()
    await becomes("gateway:waiting_transactions:max", (_) => _ === 3)
    await becomes("gateway:undecided_oldest_age_seconds:max", (_) => _ > 5)
    await becomes("sum(gateway_lane_dropped_total)", (_) => _ === 3)
    await becomes("time() - max(gateway_log_lag_last_success_timestamp_seconds)", (_) => _ > 8)
    await becomes("time() - max(gateway_backlog_last_success_timestamp_seconds)", (_) => _ < 8)
  })

  it("sees what is parked when a key is missing, and that it is parked no more when it is back", async () => {
    assert.strictEqual((await stop(gateway)).signal ?? "ended", "ended")
    await startGateway("new")
    await becomes("gateway:parked_transactions:max{reason=\"unknown_card_key\"}", (_) => _ === 3)
    await becomes("gateway:waiting_transactions:max", (_) => _ === 0)
    await becomes(alert("GatewayTransactionsParked"), (_) => _ > 0)
    await becomes(
      "sum(gateway_parked_records_total{topic=\"transactions\",reason=\"unknown_card_key\"})",
      (_) => _ >= 3
    )
    await becomes(queryOf(putAside), (_) => _ > 0)
    await stop(gateway)
    await startGateway("new", "old")
    await becomes("gateway:parked_transactions:max{reason=\"unknown_card_key\"}", (_) => _ === 0)
    await becomes(alert("GatewayTransactionsParked"), (_) => _ === 0)
  })

  it("has data for every panel and every recorded series under load", async () => {
    traffic(suite, await gateway.port, demoOf(dataDir))
    await assertData(prometheus, [...onServersAlone, ...afterFaultsAlone])
  })

  it("evaluates every rule", async () => {
    for (const { health, lastError, name } of await prometheus.rules()) {
      assert.strictEqual(health, "ok", `${name}: ${lastError}`)
    }
  })

  it("sees that the gateway is down", async () => {
    assert.strictEqual(await value(alert("GatewayTargetDown")), 0)
    assert.strictEqual(await value(alert("GatewayRoleMissing")), 0)
    gateway.kill("SIGKILL")
    await gateway.ended
    await becomes(alert("GatewayTargetDown"), (_) => _ === 1)
    await becomes(alert("GatewayRoleMissing"), (_) => _ === 3)
  })
})
