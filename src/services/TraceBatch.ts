import { Effect, Exit } from "effect"
import { isSampled, type Traceparent, type Tracer } from "./Tracing.ts"

/** Links that the span of a batch has at most (OpenTelemetry's default limit). */
const mostLinks = 128

export interface BatchTrace {
  /** A span in a record's own trace, from the batch's beginning until now; answers what its own record carries on. */
  readonly item: (name: string, parent: Traceparent, attributes: Readonly<Record<string, string>>) => Traceparent
}

/**
 * Handles a batch within a span that is linked to the traces of its records. Where nobody traces, or none of them is
 * sampled, there is no span.
 */
export const traceBatch = <A, E, R>(
  tracer: Tracer | null,
  { name, traces }: { readonly name: string; readonly traces: () => ReadonlyArray<Traceparent | null> },
  handle: (trace: BatchTrace | null) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  if (tracer === null) return handle(null)
  const all = traces()
  const sampled = all.filter((_): _ is Traceparent => _ !== null && isSampled(_))
  if (sampled.length === 0) return handle(null)
  const context = tracer.beginLinked()
  const startedAt = tracer.now()
  const trace: BatchTrace = {
    item: (itemName, parent, attributes) => {
      const own = tracer.begin(parent)
      if (own === null) return parent
      tracer.end({ context: own, parent, name: itemName, kind: "consumer", startedAt, attributes, links: [context] })
      return own
    }
  }
  return Effect.onExit(handle(trace), (exit) =>
    Effect.sync(() =>
      tracer.end({
        context,
        parent: null,
        name,
        kind: "consumer",
        startedAt,
        attributes: { "messaging.batch.message_count": all.length },
        links: sampled.slice(0, mostLinks),
        failed: Exit.isFailure(exit)
      })
    ))
}
