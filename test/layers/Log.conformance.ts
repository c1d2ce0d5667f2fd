import { describe } from "@effect/vitest"
import type { LogUnderTest } from "../support/LayersLog.ts"
import { logAppends } from "./LogAppend.conformance.ts"
import { logConsumes } from "./LogConsume.conformance.ts"
import { logSurvives } from "./LogSurvival.conformance.ts"
import { logTails } from "./LogTail.conformance.ts"

/** What the log must guarantee (design.md, section 7), on every layer of it. */
export const logConformance = (layers: ReadonlyArray<LogUnderTest>) => {
  for (const layer of layers) {
    describe(`${layer.name}: appending`, () => logAppends(layer))
    describe(`${layer.name}: consuming`, () => logConsumes(layer))
    describe(`${layer.name}: tails, lag and retention`, () => logTails(layer))
    describe(`${layer.name}: surviving`, () => logSurvives(layer))
  }
}
