import { Effect, Layer } from "effect"
import { ProcessTransactions } from "../services/ProcessTransactions.ts"
import { Daemons } from "./Daemons.ts"

/** The role that decides. */
export const Processor = Layer.scopedDiscard(Effect.gen(function*() {
  const { run } = yield* ProcessTransactions
  const daemons = yield* Daemons
  yield* daemons.start("processor", run)
}))
