import { Context, Effect, Layer } from "effect"
import { AwaitDecision } from "../../services/AwaitDecision.ts"
import { Daemons } from "../Daemons.ts"
import { HttpSettings } from "../Settings.ts"
import { type Listening, serve } from "./HttpServer.ts"
import { makeListener } from "./Listener.ts"
import { operatorHandlers } from "./OperatorHttp.ts"
import { makePages } from "./Pages.ts"
import { transactionHandlers } from "./TransactionsHttp.ts"

/** Where the API listens. */
export class ApiAddress extends Context.Tag("gateway/ApiAddress")<ApiAddress, Listening>() {}

/**
 * The API over HTTP, and the tail that wakes the requests that wait. At the end nothing new is accepted, waits end with
 * what is known, and what is being answered is answered.
 */
export const HttpIntake = Layer.scoped(
  ApiAddress,
  Effect.gen(function*() {
    const { host, port, requestTimeout, shutdownGrace } = yield* HttpSettings
    const decisions = yield* AwaitDecision
    const daemons = yield* Daemons
    const handlers = { ...yield* transactionHandlers, ...yield* operatorHandlers }
    const listener = yield* makeListener(handlers, yield* makePages)

    yield* daemons.start("tail of decisions", decisions.run)
    return yield* serve({
      listener: listener.handle,
      address: { host, port },
      variable: "PORT",
      requestTimeout,
      grace: shutdownGrace,
      beforeClose: Effect.zipRight(listener.drain, decisions.close)
    })
  })
)
