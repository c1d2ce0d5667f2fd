import { Config, Effect, Layer, Option } from "effect"
import { Failpoints } from "../../../src/services/Failpoints.ts"
import { real, runWrongRole } from "./WrongRoles.ts"

/**
 * `STOP_AT=label:n` stops the process when it reaches that step for the n-th time, as the machine might; whoever started
 * it lets it go on. Nothing else is wrong here: the primary key is taken away by the control itself.
 */
const StoppingFailpoints = Layer.unwrapEffect(Effect.gen(function*() {
  const setting = yield* Config.option(Config.nonEmptyString("STOP_AT"))
  if (Option.isNone(setting)) return Layer.empty
  const [target, times] = setting.value.split(":")
  let left = Number(times)
  return Layer.succeed(Failpoints, {
    reach: (label) =>
      label === target
        ? Effect.sync(() => {
          if (--left === 0) process.kill(process.pid, "SIGSTOP")
        })
        : Effect.void
  })
}))

runWrongRole({ foundation: Layer.merge(real.foundation, StoppingFailpoints) })
