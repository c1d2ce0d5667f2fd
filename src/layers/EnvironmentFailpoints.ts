import { Effect, Layer, Option } from "effect"
import { type FailpointLabel, failpointLabels, Failpoints } from "../services/Failpoints.ts"
import { CannotStart } from "./CannotStart.ts"
import { FailpointSetting } from "./Settings.ts"

const isLabel = (label: string): label is FailpointLabel => (failpointLabels as ReadonlyArray<string>).includes(label)

const killAt = (target: FailpointLabel, times: number) => {
  let left = times
  return (label: FailpointLabel) =>
    label === target
      ? Effect.sync(() => {
        if (--left === 0) process.kill(process.pid, "SIGKILL")
      })
      : Effect.void
}

/** `FAILPOINT=label:n` kills the process when it reaches that step for the n-th time; without it nothing is there. */
export const EnvironmentFailpoints = Layer.unwrapEffect(Effect.gen(function*() {
  const setting = yield* FailpointSetting
  if (Option.isNone(setting)) return Layer.empty
  const [label = "", times = "1"] = setting.value.split(":")
  if (!isLabel(label) || !/^[1-9]\d{0,8}$/.test(times)) {
    return yield* new CannotStart({
      sentence: `FAILPOINT names no step: set it to label:n with one of ${failpointLabels.join(", ")}, or leave it out.`
    })
  }
  return Layer.succeed(Failpoints, { reach: killAt(label, Number(times)) })
}))
