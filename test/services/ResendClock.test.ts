import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { ResendOverdue } from "../../src/services/ResendOverdue.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { fakeLog, lagOf } from "../support/LayersFakeLog.ts"
import { pipeline } from "../support/LayersPipeline.ts"
import { noon, submissionOf } from "../support/LayersSamples.ts"

const hour = 3_600_000

describe("ResendOverdue: a clock that is set back", () => {
  it.effect("what was sent a moment ago is not sent again before its back-off", () => {
    const { log, state } = fakeLog()
    const { layer } = pipeline({ log: () => log })
    return Effect.gen(function*() {
      const submissions = yield* SubmissionRepository
      const { step } = yield* ResendOverdue
      const sent = () => state.appends.flat().map((_) => _.key)
      const [early, late] = [submissionOf(), submissionOf({ acceptedAt: noon + 1_000 })]
      const passed = [lagOf({ end: 10, committed: 10 })]
      state.lag = { processor: passed, recorder: passed }

      yield* submissions.insert(early, null)
      yield* TestClock.setTime(noon + hour)
      for (let i = 0; i < 3; i++) yield* step
      assert.deepStrictEqual(sent(), [early.id], "the mark moved")

      yield* TestClock.setTime(noon + 1_000)
      yield* submissions.insert(late, null)
      for (let i = 0; i < 3; i++) yield* step
      assert.deepStrictEqual(sent(), [early.id], "not past its time")

      yield* TestClock.setTime(noon + 20_000)
      for (let i = 0; i < 6; i++) yield* step
      assert.deepStrictEqual(sent(), [early.id, late.id], "once")
    }).pipe(Effect.provide(layer))
  })
})
