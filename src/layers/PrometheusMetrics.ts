import { Context, Effect, Layer } from "effect"
import * as Prometheus from "prom-client"
import { RejectionReason } from "../domain/Rejection.ts"
import { topics } from "../services/Log.ts"
import { Metrics, parkedReasons, type PoolState, type Reader } from "../services/Metrics.ts"
import { RunningAs } from "./RunningAs.ts"
import { version } from "./Version.ts"

/** Gauges whose names say that they count: Prometheus keeps `_total` for counters, and the others of them say as much. */
const misnamed = ["nodejs_active_resources_total", "nodejs_active_handles_total", "nodejs_active_requests_total"]

/** What `GET /metrics` answers from. */
export class MetricsRegistry extends Context.Tag("gateway/MetricsRegistry")<MetricsRegistry, Prometheus.Registry>() {
  /** A registry per build, so that two gateways in one process never share counters. */
  static readonly Live = Layer.scoped(
    MetricsRegistry,
    Effect.acquireRelease(
      Effect.sync(() => {
        const registry = new Prometheus.Registry()
        Prometheus.collectDefaultMetrics({ register: registry })
        for (const name of misnamed) registry.removeSingleMetric(name)
        return registry
      }),
      (registry) => Effect.sync(() => registry.clear())
    )
  )
}

/** Any other, and one that a route does not have, is `other`: who asks chooses no labels. */
const methods = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"])
const methodNotAllowed = 405

const requestBuckets = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10]
const decisionBuckets = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 600]
const batchBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500]
const acquireBuckets = [.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5]
const writeBuckets = [...acquireBuckets, 10, 30]

/** Labels are bound once for each set of values: looking them up is most of what a counter costs. */
const bound = <Child>(make: (...values: ReadonlyArray<string>) => Child) => {
  const children = new Map<string, Child>()
  return (...values: ReadonlyArray<string>): Child => {
    const key = values.join(" ")
    const child = children.get(key) ?? make(...values)
    children.set(key, child)
    return child
  }
}

/** A pool's connections at the time of a scrape. */
const showPool = (
  database: string,
  { idle, inUse, limit, opening, waiting }: PoolState,
  gauges: Readonly<Record<"connections" | "limit" | "waiting", Prometheus.Gauge>>
) => {
  gauges.connections.set({ database, state: "in_use" }, inUse)
  gauges.connections.set({ database, state: "idle" }, idle)
  gauges.connections.set({ database, state: "opening" }, opening)
  gauges.limit.set({ database }, limit)
  gauges.waiting.set({ database }, waiting)
}

/** Under the names of docs/metrics.md, which a test compares with these. */
export const PrometheusMetrics = Layer.effect(
  Metrics,
  Effect.gen(function*() {
    const registry = yield* MetricsRegistry
    const runningAs = yield* RunningAs
    const registers = [registry]
    const counter = <Label extends string>(name: string, help: string, labelNames: ReadonlyArray<Label> = []) =>
      new Prometheus.Counter<Label>({ name, help, labelNames: [...labelNames], registers })
    const gauge = <Label extends string>(
      name: string,
      help: string,
      labelNames: ReadonlyArray<Label> = [],
      collect = () => {}
    ) => new Prometheus.Gauge<Label>({ name, help, labelNames: [...labelNames], registers, collect })
    /** One that says nothing before it is set. */
    const absent = (name: string, help: string) => {
      const made = gauge(name, help)
      made.remove()
      return made
    }
    const histogram = <Label extends string>(
      name: string,
      help: string,
      buckets: Array<number>,
      labelNames: ReadonlyArray<Label> = []
    ) => new Prometheus.Histogram<Label>({ name, help, buckets, labelNames: [...labelNames], registers })

    const requests = histogram(
      "http_server_request_duration_seconds",
      "Time from a request's head to the end of its answer",
      requestBuckets,
      ["http_route", "http_request_method", "http_response_status_class"]
    )
    const active = gauge("http_server_active_requests", "Requests being answered now")
    const problems = counter("gateway_http_problems_total", "Answers that are problems, by their code", ["problem"])
    const idempotency = counter(
      "gateway_idempotency_total",
      "Requests with an Idempotency-Key, by what the key was found to be",
      ["outcome"]
    )
    const waiting = gauge("gateway_waiting_requests", "Requests that wait for a decision now")
    const streams = gauge("gateway_event_streams", "Event streams that are open now")
    const streamsClosed = counter("gateway_event_streams_closed_total", "Event streams that ended, by reason", [
      "reason"
    ])

    const accepted = counter("gateway_accepted_total", "Transactions accepted")
    const decided = counter("gateway_decided_total", "Decisions stored, by status and reason", ["status", "reason"])
    const acceptToDecision = histogram(
      "gateway_accept_to_decision_seconds",
      "Time from acceptance to the decision",
      decisionBuckets
    )
    const recorded = counter("gateway_recorded_total", "Decisions written beside their submission")
    const undecided = absent("gateway_undecided_transactions", "Submissions without a decision")
    const oldest = absent(
      "gateway_undecided_oldest_age_seconds",
      "Age of the oldest submission without a decision when the database was asked"
    )
    const parkedNow = gauge("gateway_parked_transactions", "Submissions marked as parked, by reason", ["reason"])
    const backlogAt = absent(
      "gateway_backlog_last_success_timestamp_seconds",
      "When the database last told what waits for a decision"
    )
    const parked = counter("gateway_parked_records_total", "Records put aside, by topic and reason", [
      "topic",
      "reason"
    ])
    const resends = counter("gateway_resends_total", "Submissions sent again because they were overdue")
    const laneDrops = counter("gateway_lane_dropped_total", "Records the fast path lost, for the resend to heal", [
      "topic"
    ])
    const batches = histogram("gateway_batch_size", "Items written together, by stage", batchBuckets, ["stage"])
    const writes = histogram("gateway_batch_write_seconds", "Time of the write of a batch, by stage", writeBuckets, [
      "stage"
    ])
    const retries = counter("gateway_storage_retries_total", "Statements run again, by stage and cause", [
      "stage",
      "cause"
    ])

    const ofPartition = ["topic", "group", "partition"] as const
    const lagRecords = gauge("gateway_log_lag_records", "Records that a group has not committed", ofPartition)
    const lagSeconds = gauge("gateway_log_lag_seconds", "Age of the oldest record not committed", ofPartition)
    const ofReader = ["topic", "group"] as const
    const lagAt = gauge("gateway_log_lag_last_success_timestamp_seconds", "When the log last told the lag", ofReader)
    const assigned = gauge("gateway_consumer_assigned_partitions", "Partitions that are read now", ofReader)
    const paused = gauge("gateway_consumer_paused_partitions", "Partitions whose reading waits", ofReader)
    const rebalances = counter("gateway_consumer_rebalances_total", "Times partitions were given out anew", ofReader)
    const restarts = counter("gateway_consumer_restarts_total", "Consumers made anew after a failure", ofReader)
    const failures = counter("gateway_consumer_batch_failures_total", "Batches whose handling failed", ofReader)

    const pools = new Map<string, () => PoolState>()
    const connections = gauge(
      "gateway_database_connections",
      "Connections of a pool, by state",
      ["database", "state"],
      () => {
        for (const [database, now] of pools) showPool(database, now(), { connections, limit, waiting: statements })
      }
    )
    const limit = gauge("gateway_database_connections_limit", "Connections that a pool may open", ["database"])
    const statements = gauge("gateway_database_waiting_statements", "Statements that wait for a connection", [
      "database"
    ])
    const acquires = histogram(
      "gateway_database_acquire_seconds",
      "Time that a statement waited for a connection",
      acquireBuckets,
      ["database"]
    )

    const ready = gauge("gateway_ready", "Whether this process is ready")
    const spans = counter("gateway_trace_spans_total", "Spans, by what became of them", ["outcome"])
    gauge("gateway_build_info", "The version of the gateway, and as what it runs", ["version", "profile", "role"])
      .set({ version, ...runningAs }, 1)

    const request = bound((route, method, statusClass) => requests.labels(route!, method!, statusClass!))
    const decision = bound((status, reason) => decided.labels(status!, reason!))
    const batch = bound((stage) => batches.labels(stage!))
    const write = bound((stage) => writes.labels(stage!))
    const idempotent = bound((outcome) => idempotency.labels(outcome!))
    const acquire = bound((database) => acquires.labels(database!))
    const ofProblem = bound((problem) => problems.labels(problem!))
    const laneDrop = bound((topic) => laneDrops.labels(topic!))
    const putAside = bound((topic, reason) => parked.labels(topic!, reason!))
    const retry = bound((stage, cause) => retries.labels(stage!, cause!))

    // there from the start, so that the first one shows as an increase
    decision("approved", "none").inc(0)
    for (const reason of RejectionReason.literals) decision("rejected", reason).inc(0)
    for (const topic of topics) laneDrop(topic).inc(0)
    // an alert sees the first one only as a step from 0
    for (const topic of ["transactions", "transactions_result"] as const) {
      for (const reason of parkedReasons) putAside(topic, reason).inc(0)
    }
    for (const outcome of ["first", "replayed", "reused"]) idempotent(outcome).inc(0)

    const labelsOf = ({ group, topic }: Reader) => ({ topic, group })

    return Metrics.of({
      httpStarted: () => active.inc(),
      httpFinished: (route, method, status, seconds) => {
        active.dec()
        const known = status !== methodNotAllowed && methods.has(method) ? method : "other"
        request(route, known, `${Math.floor(status / 100)}xx`).observe(seconds)
      },
      problem: (problem) => ofProblem(problem).inc(),
      idempotency: (outcome) => idempotent(outcome).inc(),
      accepted: () => accepted.inc(),
      decided: (status, reason) => decision(status, reason ?? "none").inc(),
      acceptToDecision: (seconds) => acceptToDecision.observe(seconds),
      recorded: (count) => recorded.inc(count),
      laneDropped: (topic) => laneDrop(topic).inc(),
      resent: (count) => resends.inc(count),
      parked: (topic, reason) => putAside(topic, reason).inc(),
      batch: (stage, size) => batch(stage).observe(size),
      batchWritten: (stage, seconds) => write(stage).observe(seconds),
      storageRetried: (stage, cause) => retry(stage, cause).inc(),
      backlog: (measured) => {
        undecided.set(measured.undecided)
        oldest.set(measured.oldestAge)
        for (const reason of parkedReasons) parkedNow.set({ reason }, measured.parked.get(reason) ?? 0)
        backlogAt.set(measured.at / 1000)
      },
      lag: (topic, group, partitions, at) => {
        for (const { committed, end, low, partition, seconds } of partitions) {
          const labels = { topic, group, partition: String(partition) }
          lagRecords.set(labels, Math.max(0, end - Math.max(committed ?? low, low)))
          lagSeconds.set(labels, seconds)
        }
        lagAt.set({ topic, group }, at / 1000)
      },
      assigned: (reader, by) => assigned.inc(labelsOf(reader), by),
      paused: (reader, by) => paused.inc(labelsOf(reader), by),
      rebalanced: (reader) => rebalances.inc(labelsOf(reader)),
      consumerRestarted: (reader) => restarts.inc(labelsOf(reader)),
      batchFailed: (reader) => failures.inc(labelsOf(reader)),
      pool: (database, now) => {
        pools.set(database, now)
        return () => {
          pools.delete(database)
          for (const shown of [connections, limit, statements]) shown.reset()
        }
      },
      acquired: (database, seconds) => acquire(database).observe(seconds),
      spans: (outcome, count) => spans.inc({ outcome }, count),
      ready: (isReady) => ready.set(isReady ? 1 : 0),
      waiting: (count) => waiting.set(count),
      streams: (open) => streams.set(open),
      streamClosed: (reason) => streamsClosed.inc({ reason })
    })
  })
)
