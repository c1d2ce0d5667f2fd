import { Effect, Layer } from "effect"
import { Log } from "../../../src/services/Log.ts"
import { NoResend } from "./NoResend.ts"
import { real, runWrongRole } from "./WrongRoles.ts"

/** Says that a batch is done, so that its offset is committed, and does it afterwards. */
const HastyLog = Layer.effect(
  Log,
  Effect.map(Log, (log) =>
    Log.of({
      ...log,
      consume: (options, handler) =>
        log.consume(options, (records) =>
          handler(records).pipe(
            Effect.delay("2500 millis"),
            Effect.catchAll((error) => Effect.logError("a batch was lost", error)),
            Effect.forkDaemon,
            Effect.asVoid
          ))
    }))
)

runWrongRole({ log: HastyLog.pipe(Layer.provide(real.log)), resend: NoResend })
