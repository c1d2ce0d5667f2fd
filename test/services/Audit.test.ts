import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { Audit } from "../../src/services/Audit.ts"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { pipeline } from "../support/LayersPipeline.ts"
import { decisionOf, noon, position, submissionOf } from "../support/LayersSamples.ts"

describe("Audit", () => {
  it.effect("tells what was accepted and what became of it", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(noon + 1_000)
      const { report } = yield* Audit
      const submissions = yield* SubmissionRepository
      const many = Array.from({ length: 5 }, (_, index) => submissionOf({ acceptedAt: noon + index }))
      yield* Effect.forEach(many, (_) => submissions.insert(_, null), { concurrency: "unbounded" })
      yield* submissions.record([decisionOf(many[0]!.id)], noon)
      yield* submissions.markParked([{ id: many[1]!.id, reason: "unknown_card_key", position: position(1) }])
      assert.deepStrictEqual(yield* report, {
        at: noon + 1_000,
        accepted: 5,
        decided: 1,
        undecided: 4,
        oldestUndecidedAt: noon + 1,
        parked: 1,
        undecidedByKey: [{ keyId: "k1", count: 4 }],
        holds: true
      })
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("says when the sum does not hold", () => {
    const { layer } = pipeline({
      submissions: (of) => ({ ...of, counts: Effect.map(of.counts, (_) => ({ ..._, decided: _.decided + 1 })) })
    })
    return Effect.gen(function*() {
      assert.isFalse((yield* (yield* Audit).report).holds)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a database that cannot be asked is told", () => {
    const { layer } = pipeline({
      submissions: (of) => ({ ...of, counts: new StorageUnavailable({ cause: "down" }) })
    })
    return Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip((yield* Audit).report))._tag, "StorageUnavailable")
    }).pipe(Effect.provide(layer))
  })
})
