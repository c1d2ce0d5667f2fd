import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { Clock, Duration, Effect, Layer, Option } from "effect"
import { innermost } from "../services/Failure.ts"
import { Metrics } from "../services/Metrics.ts"
import { Randomness } from "../services/Randomness.ts"
import {
  isSafeId,
  isSampled,
  makeTraceparent,
  type Span,
  spanIdOf,
  traceIdOf,
  type Traceparent,
  type Tracer,
  Tracing
} from "../services/Tracing.ts"
import { RunningAs } from "./RunningAs.ts"
import { TracingSettings } from "./Settings.ts"
import { version } from "./Version.ts"

/** Spans that may wait for their export; one more is dropped. */
const capacity = 8_192
/** Spans of one export. */
const maxBatch = 512
const interval = Duration.seconds(1)
/** Of one export: a collector that hangs holds nothing but the spans behind it. */
const exportLimit = Duration.seconds(5)
/** Of what is left at the end. */
const closingLimit = Duration.seconds(2)
const complainAtMost = Duration.minutes(1)

interface Ended extends Span {
  readonly endedAt: bigint
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** opentelemetry/proto/trace/v1/trace.proto */
const kinds = { internal: 1, server: 2, producer: 4, consumer: 5 } as const
const failedStatus = { code: 2 }

const attribute = (key: string, value: string | number) => ({
  key,
  value: typeof value === "string"
    ? { stringValue: value }
    : Number.isInteger(value)
    ? { intValue: String(value) }
    : { doubleValue: value }
})

const attributesOf = (attributes: Span["attributes"]) =>
  Object.entries(attributes).map(([key, value]) => attribute(key, value))

const spanJson = ({ attributes, context, endedAt, failed, kind, links = [], name, parent, startedAt }: Ended) => ({
  traceId: traceIdOf(context),
  spanId: spanIdOf(context),
  ...(parent === null ? {} : { parentSpanId: spanIdOf(parent) }),
  name,
  kind: kinds[kind],
  startTimeUnixNano: String(startedAt),
  endTimeUnixNano: String(endedAt),
  attributes: attributesOf(attributes),
  links: links.map((link) => ({ traceId: traceIdOf(link), spanId: spanIdOf(link) })),
  status: failed === true ? failedStatus : {}
})

/** The body of an export (OTLP/HTTP, JSON encoding). */
const bodyOf = (resource: Span["attributes"], spans: ReadonlyArray<Ended>): string =>
  JSON.stringify({
    resourceSpans: [{
      resource: { attributes: attributesOf(resource) },
      scopeSpans: [{ scope: { name: "payment-gateway", version }, spans: spans.map(spanJson) }]
    }]
  })

const make = Effect.fnUntraced(function*(url: string, serviceName: string, ratio: number) {
  const metrics = yield* Metrics
  const randomness = yield* Randomness
  const { profile, role } = yield* RunningAs
  const clock = yield* Effect.clock
  const client = HttpClient.withTracerPropagation(yield* HttpClient.HttpClient, false)
  const resource = {
    "service.name": serviceName,
    "service.version": version,
    "service.instance.id": hex(randomness.bytes(8)),
    "gateway.profile": profile,
    "gateway.role": role
  }
  const queue: Array<Ended> = []
  let complainedAt = -Infinity

  const post = (spans: ReadonlyArray<Ended>) =>
    HttpClientRequest.post(url).pipe(
      HttpClientRequest.bodyText(bodyOf(resource, spans), "application/json"),
      client.execute,
      Effect.flatMap(HttpClientResponse.filterStatusOk),
      Effect.flatMap((_) => _.text),
      Effect.scoped,
      Effect.timeout(exportLimit)
    )

  /** What the collector does not take is lost: spans are not worth keeping a process busy. */
  const exportSome = Effect.suspend(() => {
    const spans = queue.splice(0, maxBatch)
    return post(spans).pipe(
      // a mistake in here costs spans, not every span from now on
      Effect.catchAllDefect((cause) => Effect.fail({ cause })),
      Effect.matchEffect({
        onSuccess: () => Effect.sync(() => metrics.spans("exported", spans.length)),
        onFailure: Effect.fnUntraced(function*(error) {
          metrics.spans("failed", spans.length)
          const now = yield* Clock.currentTimeMillis
          if (now - complainedAt < Duration.toMillis(complainAtMost)) return
          complainedAt = now
          yield* Effect.logWarning("spans were not exported").pipe(
            Effect.annotateLogs({ count: spans.length, cause: innermost(error) })
          )
        })
      }),
      // what is sent a second time is the same span
      Effect.onInterrupt(() => Effect.sync(() => queue.unshift(...spans)))
    )
  })
  /** What is there, and more while there is enough for it to be worth a request. */
  const exportUntilFewer = (than: number) =>
    Effect.suspend(() =>
      queue.length === 0 ? Effect.void : Effect.repeat(exportSome, { while: () => queue.length >= than })
    )

  yield* Effect.addFinalizer(() =>
    Effect.timeoutOption(Effect.interruptible(exportUntilFewer(1)), closingLimit).pipe(
      Effect.zipRight(Effect.sync(() => queue.length > 0 && metrics.spans("dropped", queue.splice(0).length)))
    )
  )
  yield* Effect.sleep(interval).pipe(Effect.zipRight(exportUntilFewer(maxBatch)), Effect.forever, Effect.forkScoped)

  // all traces of one id are kept or none, by whichever of several gateways it comes to (as TraceIdRatioBased has it)
  const isChosen = (traceId: string) => parseInt(traceId.slice(18), 16) < ratio * 2 ** 56
  const newId = (bytes: number): string => {
    const id = hex(randomness.bytes(bytes))
    return isSafeId(id) ? id : newId(bytes)
  }
  const newSpan = () => newId(8)
  const now = () => clock.unsafeCurrentTimeNanos()

  return {
    begin: (parent) => {
      if (parent !== null) return isSampled(parent) ? makeTraceparent(traceIdOf(parent), newSpan()) : null
      const traceId = newId(16)
      return isChosen(traceId) ? makeTraceparent(traceId, newSpan()) : null
    },
    beginLinked: (): Traceparent => makeTraceparent(newId(16), newSpan()),
    now,
    end: (span) => {
      if (queue.length >= capacity) return metrics.spans("dropped", 1)
      queue.push({ ...span, endedAt: now() })
    }
  } satisfies Tracer
})

/** Spans go to a collector in the background, where one is named; otherwise nobody traces. */
export const OtlpTracing = Layer.scoped(
  Tracing,
  Effect.gen(function*() {
    const { endpoint, ratio, serviceName } = yield* TracingSettings
    return Option.isNone(endpoint)
      ? null
      : yield* make(`${endpoint.value.replace(/\/+$/, "")}/v1/traces`, serviceName, ratio)
  })
).pipe(
  Layer.provide(FetchHttpClient.layer),
  // what is sent goes where it was meant to go
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "error" }))
)
