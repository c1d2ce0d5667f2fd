import { Context, Effect, Layer, Option } from "effect"
import { AwaitDecision } from "../../services/AwaitDecision.ts"
import { Profile } from "../../services/Profile.ts"
import { SecretUses } from "../../services/SecretUses.ts"
import { Daemons } from "../Daemons.ts"
import { makePanelSite } from "../panel/PanelSite.ts"
import { HttpSettings } from "../Settings.ts"
import { accountHandlers } from "./AccountHttp.ts"
import { Credentials } from "./Credentials.ts"
import { eventHandlers } from "./EventsHttp.ts"
import { EventStreams } from "./EventStreams.ts"
import { type Listening, serve } from "./HttpServer.ts"
import { makeListener } from "./Listener.ts"
import { operatorHandlers } from "./OperatorHttp.ts"
import { makePages } from "./Pages.ts"
import { makeRateLimits } from "./RateLimits.ts"
import { sessionHandlers } from "./SessionHttp.ts"
import { transactionListHandlers } from "./TransactionListHttp.ts"
import { transactionHandlers } from "./TransactionsHttp.ts"

/** Where the API listens. */
export class ApiAddress extends Context.Tag("gateway/ApiAddress")<ApiAddress, Listening>() {}

/** Requests a second of an account, where nothing is set. */
const defaultRate = { embedded: 0, distributed: 1_000 }

/**
 * The API over HTTP, and the tail that wakes the requests that wait. At the end nothing new is accepted, waits end with
 * what is known, and what is being answered is answered.
 */
export const HttpIntake = Layer.scoped(
  ApiAddress,
  Effect.gen(function*() {
    const settings = yield* HttpSettings
    const decisions = yield* AwaitDecision
    const streams = yield* EventStreams
    const uses = yield* SecretUses
    const daemons = yield* Daemons
    const profile = yield* Profile
    const rate = Option.getOrElse(settings.rateLimit, () => defaultRate[profile])
    const listener = yield* makeListener({
      api: {
        handlers: {
          ...yield* transactionHandlers,
          ...yield* transactionListHandlers,
          ...yield* eventHandlers,
          ...yield* accountHandlers,
          ...yield* sessionHandlers,
          ...yield* operatorHandlers
        },
        credentials: yield* Credentials,
        rateLimits: rate === 0 ? null : makeRateLimits(rate),
        capacity: settings.concurrentRequests,
        waiting: decisions.waiting
      },
      pages: yield* makePages,
      site: yield* makePanelSite
    })

    yield* daemons.start("tail of decisions", decisions.run)
    yield* daemons.start("writer of the uses of secrets", uses.run)
    return yield* serve({
      listener: listener.handle,
      address: { host: settings.host, port: settings.port },
      variable: "PORT",
      requestTimeout: settings.requestTimeout,
      connections: settings.connections,
      grace: settings.shutdownGrace,
      beforeClose: Effect.all([listener.drain, decisions.close, streams.close, uses.write], { discard: true })
    })
  })
).pipe(Layer.provide(Layer.mergeAll(Credentials.Live, EventStreams.Default)))
