import { Effect, Layer, Schedule } from "effect"
import { Log } from "../services/Log.ts"
import { Daemons } from "./Daemons.ts"
import { LogSettings } from "./Settings.ts"

/** Deletes what the embedded log no longer needs to keep; Kafka does it by itself. */
export const LogRetention = Layer.scopedDiscard(Effect.gen(function*() {
  const log = yield* Log
  const daemons = yield* Daemons
  const { cardRetention, resultRetention } = yield* LogSettings
  const sweep = Effect.all([
    log.expire("transactions", cardRetention),
    log.expire("transactions_dead", cardRetention),
    log.expire("transactions_result", resultRetention)
  ]).pipe(Effect.catchAll((error) => Effect.logWarning("the log's retention failed, trying again", error)))
  yield* daemons.start("retention of the log", Effect.repeat(sweep, Schedule.spaced("1 minute")))
}))
