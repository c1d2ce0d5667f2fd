import { Context, Effect, Layer } from "effect"
import * as Prometheus from "prom-client"
import { Metrics } from "../services/Metrics.ts"

/** What `GET /metrics` answers from. */
export class MetricsRegistry extends Context.Tag("gateway/MetricsRegistry")<MetricsRegistry, Prometheus.Registry>() {
  /** A registry per build, so that two gateways in one process never share counters. */
  static readonly Live = Layer.scoped(
    MetricsRegistry,
    Effect.acquireRelease(
      Effect.sync(() => {
        const registry = new Prometheus.Registry()
        Prometheus.collectDefaultMetrics({ register: registry })
        return registry
      }),
      (registry) => Effect.sync(() => registry.clear())
    )
  )
}

const requestBuckets = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10]
const decisionBuckets = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 600]
const batchBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500]

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

export const PrometheusMetrics = Layer.effect(
  Metrics,
  Effect.map(MetricsRegistry, (registry) => {
    const registers = [registry]
    const counter = <Label extends string>(name: string, help: string, labelNames: ReadonlyArray<Label> = []) =>
      new Prometheus.Counter<Label>({ name, help, labelNames: [...labelNames], registers })
    const gauge = (name: string, help: string) => new Prometheus.Gauge({ name, help, registers })
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
    const idempotency = counter(
      "gateway_idempotency_total",
      "Requests with an Idempotency-Key, by what the key was found to be",
      ["outcome"]
    )
    const accepted = counter("gateway_accepted_total", "Transactions accepted")
    const decided = counter("gateway_decided_total", "Decisions stored, by status and reason", ["status", "reason"])
    const acceptToDecision = histogram(
      "gateway_accept_to_decision_seconds",
      "Time from acceptance to the decision",
      decisionBuckets
    )
    const laneDrops = counter("gateway_lane_dropped_total", "Records the fast path lost, for the resend to heal", [
      "topic"
    ])
    const resends = counter("gateway_resends_total", "Submissions sent again because they were overdue")
    const parked = counter("gateway_parked_records_total", "Records put aside, by topic and reason", [
      "topic",
      "reason"
    ])
    const batches = histogram("gateway_batch_size", "Items written together, by stage", batchBuckets, ["stage"])
    const retries = counter("gateway_storage_retries_total", "Statements run again after an unknown outcome", ["stage"])
    const waiting = gauge("gateway_waiting_requests", "Requests that wait for a decision now")
    const streams = gauge("gateway_event_streams", "Event streams that are open now")
    const streamsClosed = counter("gateway_event_streams_closed_total", "Event streams that ended, by reason", [
      "reason"
    ])

    const request = bound((route, method, statusClass) => requests.labels(route!, method!, statusClass!))
    const decision = bound((status, reason) => decided.labels(status!, reason!))
    const batch = bound((stage) => batches.labels(stage!))
    const idempotent = bound((outcome) => idempotency.labels(outcome!))

    return Metrics.of({
      httpStarted: () => active.inc(),
      httpFinished: (route, method, status, seconds) => {
        active.dec()
        request(route, method, `${Math.floor(status / 100)}xx`).observe(seconds)
      },
      idempotency: (outcome) => idempotent(outcome).inc(),
      accepted: () => accepted.inc(),
      decided: (status, reason) => decision(status, reason ?? "none").inc(),
      acceptToDecision: (seconds) => acceptToDecision.observe(seconds),
      laneDropped: (topic) => laneDrops.inc({ topic }),
      resent: (count) => resends.inc(count),
      parked: (topic, reason) => parked.inc({ topic, reason }),
      batch: (stage, size) => batch(stage).observe(size),
      storageRetried: (stage) => retries.inc({ stage }),
      waiting: (count) => waiting.set(count),
      streams: (open) => streams.set(open),
      streamClosed: (reason) => streamsClosed.inc({ reason })
    })
  })
)
