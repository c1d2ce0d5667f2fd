import { Effect, Layer } from "effect"
import { ResendOverdue } from "../../../src/services/ResendOverdue.ts"

/** Never sends anything again. */
export const NoResend = Layer.succeed(ResendOverdue, ResendOverdue.make({ step: Effect.void, run: Effect.never }))
