import { Context, Effect, Layer } from "effect"
import { type Listening, serve } from "../http/HttpServer.ts"
import { makeListener } from "../http/Listener.ts"
import { json, livez, notReady, Readiness, readyz } from "../http/Pages.ts"
import { HttpSettings } from "../Settings.ts"
import { makePanelSite, type PanelSite } from "./PanelSite.ts"

/** The panel that a process of its own serves. */
class Panel extends Context.Tag("gateway/Panel")<Panel, PanelSite>() {
  static readonly Live = Layer.scoped(Panel, makePanelSite)
}

const ready = json({ status: "ready" })

/** Ready is who has an export to show: behind a balancer nobody meets one that has none. */
const PanelReadiness = Layer.effect(
  Readiness,
  Effect.map(Panel, ({ isThere }) => Effect.sync(() => isThere() ? ready : notReady))
)

/** Where the panel listens. */
export class PanelAddress extends Context.Tag("gateway/PanelAddress")<PanelAddress, Listening>() {}

/** The panel and health, and nothing else: what asks for the API here is told that it is not. */
const PanelListening = Layer.scoped(
  PanelAddress,
  Effect.gen(function*() {
    const settings = yield* HttpSettings
    const listener = yield* makeListener({
      api: null,
      pages: [livez, { ...readyz, answer: yield* Readiness }],
      site: yield* Panel
    })
    return yield* serve({
      listener: listener.handle,
      address: { host: settings.host, port: settings.port },
      variable: "PORT",
      requestTimeout: settings.requestTimeout,
      connections: settings.connections,
      grace: settings.shutdownGrace,
      beforeClose: listener.drain
    })
  })
)

export const PanelServer = PanelListening.pipe(
  Layer.provideMerge(PanelReadiness),
  Layer.provide(Panel.Live)
)
