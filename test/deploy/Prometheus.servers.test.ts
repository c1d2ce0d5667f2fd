import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, inject, it } from "vitest"
import { createDatabases } from "../../scripts/servers/databases.mjs"
import { freePorts } from "../../scripts/servers/server.mjs"
import { call, eventually, folder, type MainProcess, ownerOfSuite, run, start } from "../main/MainProcess.ts"
import { newPrefix } from "../support/LayersKafka.ts"
import { afterFaultsAlone, assertData } from "./Data.ts"
import { program } from "./Deployed.ts"
import { type RealPrometheus, startPrometheus } from "./RealPrometheus.ts"
import { traffic } from "./Traffic.ts"

const brokers = inject("kafka")
const database = inject("database")
const prometheusProgram = program("prometheus")

const suite = ownerOfSuite()
const operatorSecret = "op_of-the-monitored-test"

describe.skipIf(brokers === null || database === null || prometheusProgram === undefined)(
  "a real Prometheus and the distributed profile",
  { timeout: 300_000 },
  () => {
    let prometheus: RealPrometheus
    const running: Record<string, MainProcess> = {}

    beforeAll(async () => {
      const name = randomBytes(5).toString("hex")
      const { gatewayUrl, processorUrl } = await createDatabases(database!, {
        gateway: `g_${name}`,
        processor: `p_${name}`
      })
      const keys = {
        OPERATOR_SECRET: operatorSecret,
        SECRET_PEPPER: "the pepper of the monitored test",
        CARD_KEYS: `k1:${Buffer.alloc(32, 7).toString("base64")}`
      }
      const kafka = { KAFKA_BROKERS: brokers!.join(","), KAFKA_TOPIC_PREFIX: newPrefix(), KAFKA_PARTITIONS: "3" }
      const ports = await freePorts(6)
      const common = { ...kafka, LOG_FORMAT: "json", OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports[4]}` }
      const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
        intake: { ...common, ...keys, DATABASE_URL: gatewayUrl },
        processor: { ...common, CARD_KEYS: keys.CARD_KEYS, PROCESSOR_DATABASE_URL: processorUrl },
        recorder: { ...common, DATABASE_URL: gatewayUrl },
        panel: {}
      }
      const { code, stderr } = await run(suite, {
        dataDir: null,
        cwd: folder(suite),
        args: ["migrate"],
        env: { DATABASE_URL: gatewayUrl, PROCESSOR_DATABASE_URL: processorUrl }
      })
      assert.strictEqual(code, 0, stderr)
      const roles = Object.keys(environments)
      await Promise.all(roles.map(async (role, index) => {
        const env = { ...environments[role], MANAGEMENT_PORT: `${ports[index]}` }
        running[role] = await start(suite, { dataDir: null, cwd: folder(suite), args: [role], env })
      }))
      const metrics = () =>
        fetch(`http://127.0.0.1:${ports[roles.indexOf("processor")]}/metrics`).then((_) => _.text(), () => "")
      const reads = /^gateway_consumer_assigned_partitions\{topic="transactions",group="processor"\} 3$/m
      await eventually("the processor reads", metrics, (_) => reads.test(_), 120_000)
      // one more, so that the group is shared out anew
      running["another"] = await start(suite, {
        dataDir: null,
        cwd: folder(suite),
        args: ["processor"],
        env: { ...environments["processor"], MANAGEMENT_PORT: `${ports[5]}` }
      })
      prometheus = await startPrometheus(
        prometheusProgram!,
        join(folder(suite), "prometheus"),
        Object.fromEntries(
          roles.map((role, index) => [role, role === "processor" ? [ports[index]!, ports[5]!] : [ports[index]!]])
        )
      )
    }, 300_000)

    afterAll(async () => {
      await prometheus?.stop()
      await suite.end()
    })

    it("has data for every panel and every recorded series under load", async () => {
      const port = await running["intake"]!.port
      const { text } = await call(port, "POST", "/v1/accounts", {
        as: `operator:${operatorSecret}`,
        body: { name: "Monitored" }
      })
      const { id, secret } = JSON.parse(text) as { readonly id: string; readonly secret: string }
      traffic(suite, port, `${id}:${secret}`)
      await assertData(prometheus, afterFaultsAlone)
    })

    it("finds every job and every role", async () => {
      assert.lengthOf(await prometheus.ask("up == 1"), 5)
      assert.deepStrictEqual(
        (await prometheus.ask("gateway_build_info")).map((_) => [_.metric["job"], _.metric["role"]].join(" "))
          .toSorted(),
        ["intake intake", "panel panel", "processor processor", "processor processor", "recorder recorder"]
      )
    })

    it("sees that there is no processor, and what that does", async () => {
      for (const processor of [running["processor"]!, running["another"]!]) {
        processor.kill("SIGKILL")
        await processor.ended
      }
      const value = async (expr: string) => Math.max(0, ...(await prometheus.ask(expr)).flatMap((_) => _.values))
      await eventually(
        "the role is missing",
        () => value("count(ALERTS{alertname=\"GatewayRoleMissing\",role=\"processor\"})"),
        (_) => _ === 1,
        60_000
      )
      await eventually("it waits", () => value("gateway:waiting_transactions:max"), (_) => _ > 20, 60_000)
      await eventually(
        "the lag grows",
        () => value("gateway:log_lag_records:sum{group=\"processor\"}"),
        (_) => _ > 20,
        60_000
      )
    })
  }
)
