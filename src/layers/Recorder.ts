import { Effect, Layer } from "effect"
import { MeasurePipeline } from "../services/MeasurePipeline.ts"
import { RecordDecisions } from "../services/RecordDecisions.ts"
import { ResendOverdue } from "../services/ResendOverdue.ts"
import { Daemons } from "./Daemons.ts"

/** The role that records decisions and parked records, and sends again what is overdue. */
export const Recorder = Layer.scopedDiscard(Effect.gen(function*() {
  const decisions = yield* RecordDecisions
  const overdue = yield* ResendOverdue
  const daemons = yield* Daemons
  yield* daemons.start("recorder", decisions.run)
  const measurements = yield* MeasurePipeline
  yield* daemons.start("resend of overdue submissions", overdue.run)
  yield* daemons.start("measuring of what waits", measurements.run)
}))
