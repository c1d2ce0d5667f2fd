import { Context, Duration, Effect, Layer, Runtime } from "effect"
import type { RequestListener } from "node:http"
import { Metrics } from "../../services/Metrics.ts"
import { Randomness } from "../../services/Randomness.ts"
import { Lifecycle } from "../Lifecycle.ts"
import { MetricsRegistry } from "../PrometheusMetrics.ts"
import { HttpSettings } from "../Settings.ts"
import { type Listening, makeRequestId, serve } from "./HttpServer.ts"
import type { Answer } from "./Listener.ts"
import { livez, notReady, Readiness, readyz } from "./Pages.ts"

/** Where metrics and health are. */
export class ManagementAddress extends Context.Tag("gateway/ManagementAddress")<ManagementAddress, Listening>() {}

/**
 * Metrics and health on a port of their own, which no client of the API reaches. It opens before what the role waits for
 * and closes after what it still answers, and is ready only between the two.
 */
export const Management = Layer.scoped(
  ManagementAddress,
  Effect.gen(function*() {
    const { host, managementPort, requestTimeout } = yield* HttpSettings
    const registry = yield* MetricsRegistry
    const randomness = yield* Randomness
    const ownReadiness = yield* Readiness
    const lifecycle = yield* Lifecycle
    const gauges = yield* Metrics
    const clock = yield* Effect.clock
    const run = Runtime.runPromise(yield* Effect.runtime())

    const readiness = Effect.suspend(() => lifecycle.isRunning() ? ownReadiness : Effect.succeed(notReady))
    const metrics = readiness.pipe(
      Effect.tap(({ status }) => Effect.sync(() => gauges.ready(status === 200))),
      Effect.zipRight(Effect.promise(() => registry.metrics())),
      Effect.map((body): Answer => ({ status: 200, headers: { "content-type": registry.contentType }, body }))
    )
    const pages = new Map([["/metrics", metrics], [livez.path, livez.answer], [readyz.path, readiness]])
    const missing: Answer = { status: 404, headers: { "content-type": "text/plain" }, body: "Not found\n" }
    const failed: Answer = { status: 500, headers: { "content-type": "text/plain" }, body: "Failed: see the log\n" }
    const wrongMethod: Answer = {
      status: 405,
      headers: { "content-type": "text/plain", allow: "GET, HEAD" },
      body: "Method not allowed\n"
    }

    const listener: RequestListener = (message, response) => {
      const page = pages.get((message.url ?? "").split("?")[0]!)
      const answer = page === undefined
        ? Effect.succeed(missing)
        : message.method === "GET" || message.method === "HEAD"
        ? page
        : Effect.succeed(wrongMethod)
      const requestId = makeRequestId(randomness, clock.unsafeCurrentTimeMillis())
      const told = Effect.catchAllCause(answer, (cause) =>
        Effect.as(
          Effect.annotateLogs(Effect.logError("a page of the management port failed", cause), {
            request_id: requestId
          }),
          failed
        ))
      run(told).then(
        ({ body, headers, status }) =>
          response.writeHead(status, { "cache-control": "no-store", ...headers, "request-id": requestId }).end(body),
        // only an interruption is left: this process ends
        () => response.destroy()
      )
    }

    return yield* serve({
      listener,
      address: { host, port: managementPort },
      variable: "MANAGEMENT_PORT",
      requestTimeout,
      grace: Duration.seconds(1),
      beforeClose: Effect.void
    })
  })
)
