import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, TestClock } from "effect"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { Log, LogUnavailable } from "../../src/services/Log.ts"
import { MeasurePipeline } from "../../src/services/MeasurePipeline.ts"
import type { ParkedReason } from "../../src/services/Metrics.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"

/** A database and a log that answer, do not, or never do. */
const given = () => {
  const { counted, layer } = recordedMetrics()
  const world = { answers: "yes" as "yes" | "no" | "never", parked: 1, takes: 0, asked: 0 }
  const told = <A, E>(value: () => A, error: () => E): Effect.Effect<A, E> =>
    Effect.suspend(() =>
      world.answers === "yes"
        ? Effect.sync(value)
        : world.answers === "no"
        ? Effect.fail(error())
        : Effect.never
    )
  const away = () => new StorageUnavailable({ cause: new Error("away") })
  const under = Layer.mergeAll(
    layer,
    Layer.mock(SubmissionRepository, {
      backlog: Effect.suspend(() => {
        world.asked++
        return Effect.delay(
          told(() => ({ undecided: 3, oldestAcceptedAt: 1_000, parked: world.parked }), away),
          world.takes
        )
      }),
      parkedReasonCounts: told(
        (): ReadonlyMap<ParkedReason, number> => new Map([["unknown_card_key", world.parked]]),
        away
      )
    }),
    Layer.mock(Log, {
      lag: (topic) =>
        told(
          () => [{ partition: topic.length, low: 0, end: 9, committed: 4, seconds: 2 }],
          () => new LogUnavailable({ cause: new Error("away") })
        )
    })
  )
  return { counted, world, layer: MeasurePipeline.Default.pipe(Layer.provide(under)) }
}

describe("MeasurePipeline", () => {
  it.effect("tells what waits and how far every group is", () => {
    const { counted, layer } = given()
    return Effect.gen(function*() {
      yield* TestClock.adjust("11 seconds")
      yield* Effect.fork((yield* MeasurePipeline).run)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(counted.backlogs, [
        { undecided: 3, oldestAge: 10, parked: new Map<ParkedReason, number>([["unknown_card_key", 1]]), at: 11_000 }
      ])
      assert.sameMembers(counted.lags.map((_) => _.topic), ["transactions", "transactions_result", "transactions_dead"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not look for reasons while nothing is parked", () => {
    const { counted, layer, world } = given()
    world.parked = 0
    return Effect.gen(function*() {
      yield* Effect.fork((yield* MeasurePipeline).run)
      yield* TestClock.adjust(0)
      assert.strictEqual(counted.backlogs[0]!.parked.size, 0)
      assert.strictEqual(counted.backlogs[0]!.oldestAge, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("asks every 5 s, goes on when nobody answers, and is right again when they do", () => {
    const { counted, layer, world } = given()
    return Effect.gen(function*() {
      const running = yield* Effect.fork((yield* MeasurePipeline).run)
      yield* TestClock.adjust("11 seconds")
      assert.lengthOf(counted.backlogs, 3)
      for (const answers of ["no", "never"] as const) {
        world.answers = answers
        yield* TestClock.adjust("1 minute")
        assert.lengthOf(counted.backlogs, 3)
        assert.lengthOf(counted.lags, 9)
      }
      world.answers = "yes"
      yield* TestClock.adjust("8 seconds")
      assert.isAbove(counted.backlogs.length, 3)
      assert.isAbove(counted.lags.length, 9)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(layer))
  })

  it.effect("asks what takes long the less often", () => {
    const { layer, world } = given()
    world.takes = 1_000
    return Effect.gen(function*() {
      yield* Effect.fork((yield* MeasurePipeline).run)
      yield* TestClock.adjust("5 minutes")
      assert.isAtMost(world.asked, 7)
    }).pipe(Effect.provide(layer))
  })
})
