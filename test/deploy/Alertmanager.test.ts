import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { freePorts, makeServer } from "../../scripts/servers/server.mjs"
import { inProject } from "../../scripts/setup.mjs"
import { eventually } from "../main/MainProcess.ts"
import { alerts, program } from "./Deployed.ts"

const alertmanager = program("alertmanager")
const folder = mkdtempSync(join(tmpdir(), "gateway-alertmanager-"))

interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly receivers: ReadonlyArray<{ readonly name: string }>
  readonly status: { readonly state: "active" | "suppressed" | "unprocessed" }
}

/** An alert as the rule makes it. */
const firing = (alertname: string, labels: Readonly<Record<string, string>> = {}) => ({
  alertname,
  severity: alerts.find((_) => _.alert === alertname)!.labels!["severity"]!,
  ...labels
})
const processor = { job: "processor", instance: "10.0.0.2:9464" }
const intake = { job: "intake", instance: "10.0.0.1:9464" }
const ofProcessor = { topic: "transactions", group: "processor" }
const ofRecorder = { topic: "transactions_result", group: "recorder" }

/** What goes on, what is told of it, and what is not because it follows. */
const cases: ReadonlyArray<{
  readonly what: string
  readonly told: ReadonlyArray<Readonly<Record<string, string>>>
  readonly silent: ReadonlyArray<Readonly<Record<string, string>>>
}> = [
  {
    what: "there is no processor",
    told: [firing("GatewayRoleMissing", { role: "processor" }), firing("GatewayLagGrows", ofRecorder)],
    silent: [
      firing("GatewayTargetDown", processor),
      firing("GatewayNothingDecided"),
      firing("GatewayOldestUndecided"),
      firing("GatewayLagGrows", ofProcessor),
      firing("GatewayLogLagHigh", { ...ofProcessor, partition: "0" })
    ]
  },
  {
    what: "there is no recorder",
    told: [firing("GatewayRoleMissing", { role: "recorder" }), firing("GatewayNothingDecided")],
    silent: [firing("GatewayBacklogUnknown"), firing("GatewayLagUnknown", ofProcessor)]
  },
  {
    what: "one process is down, another is busy",
    told: [
      firing("GatewayTargetDown", processor),
      firing("GatewayEventLoopLag", intake),
      firing("GatewayLogLagHigh", {
        ...ofProcessor,
        partition: "1"
      })
    ],
    silent: [firing("GatewayConsumersUnsettled", ofProcessor), firing("GatewayEventLoopLag", processor)]
  },
  {
    what: "the log is away",
    told: [firing("GatewayLagUnknown", ofProcessor), firing("GatewayNothingDecided")],
    silent: [
      firing("GatewayLaneDrops", { topic: "transactions" }),
      firing("GatewayDecisionsSlow"),
      firing("GatewayResending")
    ]
  },
  {
    what: "accepting fails",
    told: [firing("GatewayErrorBudgetFastBurn"), firing("GatewayPoolSaturated", { ...intake, database: "gateway" })],
    silent: [firing("GatewayErrorBudgetSlowBurn")]
  },
  {
    what: "a key is missing, and somebody writes nonsense",
    told: [
      firing("GatewayTransactionsParked", { reason: "unknown_card_key" }),
      firing("GatewayRecordsPutAside", { topic: "transactions", reason: "unreadable_message" })
    ],
    silent: [firing("GatewayRecordsPutAside", { topic: "transactions", reason: "unknown_card_key" })]
  }
]

describe.skipIf(alertmanager === undefined)("a real Alertmanager", { timeout: 120_000 }, () => {
  for (const { silent, told, what } of cases) {
    describe(`when ${what}`, () => {
      let url = ""
      let stop: () => Promise<unknown> = () => Promise.resolve()
      beforeAll(async () => {
        const [port] = await freePorts(1)
        url = `http://127.0.0.1:${port}`
        const server = makeServer({
          name: "Alertmanager",
          command: alertmanager!,
          args: [
            `--config.file=${inProject("deploy/alertmanager/alertmanager.yml")}`,
            `--storage.path=${join(folder, `${port}`)}`,
            `--web.listen-address=127.0.0.1:${port}`,
            "--cluster.listen-address=",
            "--log.level=warn"
          ],
          port: port!,
          logFile: join(folder, `${port}.log`),
          answers: () => fetch(`${url}/-/ready`).then((_) => _.ok, () => false),
          startLimit: 60_000,
          stopLimit: 30_000
        })
        await server.start()
        stop = () => server.stop()
      }, 90_000)
      afterAll(() => stop())

      it("tells the cause, and not what follows from it", async () => {
        const sent = await fetch(`${url}/api/v2/alerts`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify([...told, ...silent].map((labels) => ({ labels })))
        })
        assert.strictEqual(sent.status, 200, await sent.text())
        const kept = async () => await (await fetch(`${url}/api/v2/alerts`)).json() as ReadonlyArray<Alert>
        const named = (_: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(_).toSorted())
        const inState = (all: ReadonlyArray<Alert>, state: string) =>
          all.filter((_) => _.status.state === state).map((_) => named(_.labels)).toSorted()
        const expected = { active: told.map(named).toSorted(), suppressed: silent.map(named).toSorted() }
        // what is inhibited is known some time after it was sent
        let all: ReadonlyArray<Alert> = []
        const states = async () => {
          all = await kept()
          return { active: inState(all, "active"), suppressed: inState(all, "suppressed") }
        }
        const same = (_: typeof expected) => JSON.stringify(_) === JSON.stringify(expected)
        await eventually("it tells the cause alone", states, same, 15_000).catch(() => {})
        assert.deepStrictEqual(await states(), expected)
        for (const { labels, receivers } of all) {
          assert.deepStrictEqual(receivers.map((_) => _.name), [labels["severity"] === "critical" ? "page" : "ticket"])
        }
      })
    })
  }

  afterAll(() => rmSync(folder, { recursive: true, force: true }))
})
