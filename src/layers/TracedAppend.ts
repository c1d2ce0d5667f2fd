import { Effect, Exit } from "effect"
import type { LogRecord, Topic } from "../services/Log.ts"
import { isSampled, readTraceparent, traceHeader, type Traceparent, type Tracer } from "../services/Tracing.ts"

/** Appends with a span for each record whose trace is sampled; nothing where nobody traces. */
export const tracedAppend = <A, E, R>(
  tracer: Tracer | null,
  topic: Topic,
  records: ReadonlyArray<LogRecord>,
  append: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  if (tracer === null) return append
  const parents = records
    .map(({ headers }) => readTraceparent(headers[traceHeader]))
    .filter((_): _ is Traceparent => _ !== null && isSampled(_))
  if (parents.length === 0) return append
  const startedAt = tracer.now()
  return Effect.onExit(append, (exit) =>
    Effect.sync(() => {
      for (const parent of parents) {
        const context = tracer.begin(parent)
        if (context === null) continue
        tracer.end({
          context,
          parent,
          name: `append ${topic}`,
          kind: "producer",
          startedAt,
          attributes: { "messaging.destination.name": topic, "messaging.batch.message_count": records.length },
          failed: Exit.isFailure(exit)
        })
      }
    }))
}
