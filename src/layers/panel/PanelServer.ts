import { Context, Effect, Layer, Runtime } from "effect"
import type { RequestListener } from "node:http"
import { Metrics } from "../../services/Metrics.ts"
import { Randomness } from "../../services/Randomness.ts"
import { type Listening, makeRequestId, serve } from "../http/HttpServer.ts"
import type { Answer } from "../http/Listener.ts"
import { json, livez, notReady, Readiness, readyz } from "../http/Pages.ts"
import { badHost, encodeProblem, methodNotAllowed, type Problem, routeMissing, shuttingDown } from "../http/Problem.ts"
import { leavesMuch } from "../http/RequestBody.ts"
import { namesHost, originForm } from "../http/RequestHeaders.ts"
import { HttpSettings } from "../Settings.ts"
import { makePanelSite, type PanelSite } from "./PanelSite.ts"

/** The panel that a process of its own serves. */
class Panel extends Context.Tag("gateway/Panel")<Panel, { readonly site: PanelSite; draining: boolean }>() {
  static readonly Live = Layer.scoped(Panel, Effect.map(makePanelSite, (site) => ({ site, draining: false })))
}

const ready = json({ status: "ready" })

/** Ready is who has an export to show: behind a balancer nobody meets one that has none. */
const PanelReadiness = Layer.effect(
  Readiness,
  Effect.map(Panel, (panel) => Effect.sync(() => panel.site.isThere() && !panel.draining ? ready : notReady))
)

/** Where the panel listens. */
export class PanelAddress extends Context.Tag("gateway/PanelAddress")<PanelAddress, Listening>() {}

/** The panel and health, and nothing else: what asks for the API here is told that it is not. */
const PanelListening = Layer.scoped(
  PanelAddress,
  Effect.gen(function*() {
    const settings = yield* HttpSettings
    const panel = yield* Panel
    const metrics = yield* Metrics
    const randomness = yield* Randomness
    const clock = yield* Effect.clock
    const runSync = Runtime.runSync(yield* Effect.runtime())
    const health = new Map([livez, { ...readyz, answer: yield* Readiness }].map((page) => [page.path, page]))

    const listener: RequestListener = (message, response) => {
      const receivedAt = clock.unsafeCurrentTimeMillis()
      const requestId = makeRequestId(randomness, receivedAt)
      const method = message.method === "HEAD" ? "GET" : message.method ?? ""
      let template = "other"
      metrics.httpStarted()
      const finish = () => {
        response.removeListener("close", finish)
        message.socket.removeListener("close", finish)
        const seconds = (clock.unsafeCurrentTimeMillis() - receivedAt) / 1000
        metrics.httpFinished(template, method, response.statusCode, seconds)
      }
      response.on("close", finish)
      // a response that is queued behind another one has no socket yet, and does not hear when it goes away
      if (response.socket === null) message.socket.setMaxListeners(0).once("close", finish)
      const send = ({ body, headers, status }: Answer) => {
        response.writeHead(status, {
          "request-id": requestId,
          "cache-control": "no-store",
          ...headers,
          ...(status === 304 ? {} : { "content-length": Buffer.byteLength(body) }),
          ...(panel.draining || leavesMuch(message) ? { connection: "close" } : {})
        })
        response.end(body)
      }
      const refuse = (problem: Problem) => send(encodeProblem(problem, template, requestId))

      if (panel.draining) return refuse(shuttingDown)
      const path = originForm(message.url ?? "").split("?", 1)[0]!
      const page = health.get(path) ?? panel.site.find(path, message)
      if (page === null) return refuse(routeMissing)
      template = page.path
      if (method !== "GET") return refuse(methodNotAllowed(["GET"]))
      if (!namesHost(message)) return refuse(badHost)
      send(runSync(page.answer))
    }

    return yield* serve({
      listener,
      address: { host: settings.host, port: settings.port },
      variable: "PORT",
      requestTimeout: settings.requestTimeout,
      connections: settings.connections,
      grace: settings.shutdownGrace,
      beforeClose: Effect.sync(() => {
        panel.draining = true
      })
    })
  })
)

export const PanelServer = PanelListening.pipe(
  Layer.provideMerge(PanelReadiness),
  Layer.provide(Panel.Live)
)
