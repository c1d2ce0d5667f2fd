import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { notRun } from "../../scripts/not-run.mjs"
import { inProject } from "../../scripts/setup.mjs"
import { RejectionReason } from "../../src/domain/Rejection.ts"
import { problemTypes } from "../../src/layers/http/Problem.ts"
import { MetricsRegistry, PrometheusMetrics } from "../../src/layers/PrometheusMetrics.ts"
import { version } from "../../src/layers/Version.ts"
import { topics } from "../../src/services/Log.ts"
import { Metrics, parkedReasons } from "../../src/services/Metrics.ts"
import { documentedMetrics } from "./MetricsPage.ts"

/** What prom-client keeps of each. */
interface Registered {
  readonly name: string
  readonly type: string
  readonly labelNames: ReadonlyArray<string>
}

const reader = { topic: "transactions", group: "tail" } as const

/** Everything that can be counted, counted once. */
const countAll = (metrics: Metrics["Type"]) => {
  metrics.httpStarted()
  metrics.httpFinished("/livez", "GET", 200, 0.001)
  metrics.problem("overloaded")
  metrics.decided("rejected", "invalid_cvv")
  metrics.acceptToDecision(1)
  metrics.parked("transactions", "unstorable")
  metrics.batch("accept", 1)
  metrics.batchWritten("accept", 1)
  metrics.storageRetried("accept", "contention")
  metrics.backlog({ undecided: 1, oldestAge: 1.5, parked: new Map([["unstorable", 1]]), at: 1_000 })
  metrics.lag("transactions", "processor", [{ partition: 0, low: 1, end: 4, committed: null, seconds: 2 }], 2_000)
  metrics.assigned(reader, 1)
  metrics.paused(reader, 1)
  metrics.rebalanced(reader)
  metrics.consumerRestarted(reader)
  metrics.batchFailed(reader)
  metrics.acquired("gateway", 0.001)
  metrics.spans("exported", 1)
  metrics.streamClosed("slow")
  metrics.ready(true)
}

const inRegistry = <A, E>(use: Effect.Effect<A, E, Metrics | MetricsRegistry>) =>
  Effect.provide(use, PrometheusMetrics.pipe(Layer.provideMerge(MetricsRegistry.Live)))

const scrape = Effect.flatMap(MetricsRegistry, (registry) => Effect.promise(() => registry.metrics()))

const promtool = (text: string) => spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" })

describe("docs/metrics.md", () => {
  it.effect("has every metric of the registry with its type and its labels, and no other", () =>
    inRegistry(Effect.map(MetricsRegistry, (registry) => {
      const registered = (registry.getMetricsAsArray() as unknown as ReadonlyArray<Registered>).map((_) => [
        _.name,
        _.type,
        [..._.labelNames].toSorted()
      ])
      const documented = documentedMetrics().map((_) => [_.name, _.type, [..._.labels].toSorted()])
      assert.isAbove(documented.length, 50)
      assert.deepStrictEqual(documented.toSorted(), registered.toSorted())
    })))

  it("tells the role of each, what ours are, and every value of a label that is ours alone", () => {
    for (const { name, role, what } of documentedMetrics()) {
      assert.isNotEmpty(role, name)
      if (!/^(process|nodejs)_/.test(name)) assert.match(what, /\.$/, name)
    }
    const page = readFileSync(inProject("docs/metrics.md"), "utf8")
    for (const value of [...parkedReasons, ...topics]) assert.include(page, `\`${value}\``)
    for (const shed of ["rate_limited", "overloaded", "shutting_down"]) {
      assert.property(problemTypes, shed)
      assert.include(page, `\`${shed}\``)
    }
  })
})

describe("the registry", () => {
  it.effect("says nothing of what was never asked for, and then what was told", () =>
    inRegistry(Effect.gen(function*() {
      const metrics = yield* Metrics
      const before = yield* scrape
      assert.notMatch(before, /^gateway_(undecided|parked_transactions|backlog|log_lag|database)\S* \d/m)
      for (const reason of RejectionReason.literals) {
        assert.include(before, `gateway_decided_total{status="rejected",reason="${reason}"} 0\n`)
      }
      countAll(metrics)
      const text = yield* scrape
      for (
        const line of [
          "gateway_undecided_transactions 1",
          "gateway_undecided_oldest_age_seconds 1.5",
          "gateway_backlog_last_success_timestamp_seconds 1",
          "gateway_parked_transactions{reason=\"unstorable\"} 1",
          "gateway_parked_transactions{reason=\"unknown_card_key\"} 0",
          "gateway_log_lag_records{topic=\"transactions\",group=\"processor\",partition=\"0\"} 3",
          "gateway_log_lag_seconds{topic=\"transactions\",group=\"processor\",partition=\"0\"} 2",
          "gateway_log_lag_last_success_timestamp_seconds{topic=\"transactions\",group=\"processor\"} 2",
          "gateway_storage_retries_total{stage=\"accept\",cause=\"contention\"} 1",
          `gateway_build_info{version="${version}",profile="embedded",role="all"} 1`
        ]
      ) assert.include(text, `${line}\n`)
    })))

  it.effect("shows a pool as it is at the scrape, as long as there is one", () =>
    inRegistry(Effect.gen(function*() {
      const metrics = yield* Metrics
      let inUse = 1
      const hide = metrics.pool("gateway", () => ({ inUse, idle: 2, opening: 3, waiting: 4, limit: 10 }))
      assert.include(yield* scrape, "gateway_database_connections{database=\"gateway\",state=\"in_use\"} 1\n")
      inUse = 7
      const text = yield* scrape
      for (const [state, count] of [["in_use", 7], ["idle", 2], ["opening", 3]] as const) {
        assert.include(text, `gateway_database_connections{database="gateway",state="${state}"} ${count}\n`)
      }
      assert.include(text, "gateway_database_waiting_statements{database=\"gateway\"} 4\n")
      assert.include(text, "gateway_database_connections_limit{database=\"gateway\"} 10\n")
      hide()
      assert.notInclude(yield* scrape, "gateway_database_connections{")
    })))

  it.effect("is clean to promtool, and so is what it must not say found", () =>
    inRegistry(Effect.gen(function*() {
      if (promtool("").error !== undefined) {
        return notRun("promtool check metrics", "install Prometheus (Debian: prometheus)")
      }
      countAll(yield* Metrics)
      const checked = promtool(yield* scrape)
      assert.deepStrictEqual([checked.stdout, checked.stderr, checked.status], ["", "", 0])
      const bad = promtool("# HELP a_total Misnamed\n# TYPE a_total gauge\na_total 1\n")
      assert.notStrictEqual(bad.status, 0)
    })))

  it("has the version of package.json", () => {
    const { version: released } = JSON.parse(readFileSync(inProject("package.json"), "utf8")) as { version: string }
    assert.strictEqual(version, released)
  })
})
