import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, TestClock } from "effect"
import type { Submission } from "../../src/domain/Submission.ts"
import type { PartitionLag } from "../../src/services/Log.ts"
import { ResendOverdue } from "../../src/services/ResendOverdue.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { fakeLog, lagOf } from "../support/LayersFakeLog.ts"
import { pipeline, type Wrapped } from "../support/LayersPipeline.ts"
import { decisionOf, noon, submissionOf } from "../support/LayersSamples.ts"

const passed = [lagOf({ end: 10, committed: 10 })]

/** Overdue is told by a mark: what is past its time has left the log when both groups passed what was noted. */
const scene = (resend: NonNullable<Wrapped["resend"]> = {}) => {
  const { log, state } = fakeLog()
  const { counted, layer } = pipeline({ log: () => log, resend })
  const accept = Effect.fnUntraced(function*(...instants: ReadonlyArray<number>) {
    const submissions = yield* SubmissionRepository
    return yield* Effect.forEach(instants, (acceptedAt) => {
      const submission = submissionOf({ acceptedAt })
      return Effect.as(submissions.insert(submission, null), submission)
    }, { concurrency: "unbounded" })
  })
  const at = (ms: number) => TestClock.setTime(noon + ms)
  const step = Effect.flatMap(ResendOverdue, (_) => _.step)
  const sent = () => state.appends.flat().map((_) => _.key)
  const lag = (processor: ReadonlyArray<PartitionLag>, recorder: ReadonlyArray<PartitionLag>) => {
    state.lag = { processor, recorder }
  }
  return { accept, at, counted, lag, layer, sent, state, step }
}

const idsOf = (submissions: ReadonlyArray<Submission>) => submissions.map((_) => _.id as string)

describe("ResendOverdue: the mark", () => {
  it.effect("nothing past its time: the log is not even asked", () => {
    const { accept, at, layer, sent, state, step } = scene()
    return Effect.gen(function*() {
      yield* accept(noon)
      for (const ms of [0, 1_000, 4_999]) {
        yield* at(ms)
        yield* step
      }
      assert.deepStrictEqual(state.asked, [])
      assert.deepStrictEqual(sent(), [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("it moves when the processors, and then the recorders, have passed what was noted", () => {
    const { accept, at, counted, lag, layer, sent, state, step } = scene()
    return Effect.gen(function*() {
      const [one] = yield* accept(noon)
      yield* at(5_000)
      lag([lagOf({ end: 10, committed: 3 })], [lagOf({ end: 7, committed: 7 })])
      yield* step
      yield* step
      lag([lagOf({ end: 900, committed: 9 })], [lagOf({ end: 7, committed: 7 })])
      yield* step
      assert.deepStrictEqual(sent(), [])
      // passed, however much came after; the results it made are noted now
      lag([lagOf({ end: 900, committed: 10 })], [lagOf({ end: 17, committed: 7 })])
      yield* step
      lag([lagOf({ end: 900, committed: 10 })], [lagOf({ end: 500, committed: 16 })])
      yield* step
      assert.deepStrictEqual(sent(), [])
      lag([lagOf({ end: 900, committed: 10 })], [lagOf({ end: 500, committed: 17 })])
      yield* step
      assert.deepStrictEqual(sent(), idsOf([one!]))
      assert.strictEqual(counted.resent, 1)
      assert.isTrue(state.asked.every((_) => _ === "transactions processor" || _ === "transactions_result recorder"))
    }).pipe(Effect.provide(layer))
  })

  it.effect("it moves to when the probe began: what became due later waits for the next", () => {
    const { accept, at, lag, layer, sent, step } = scene()
    return Effect.gen(function*() {
      const [early] = yield* accept(noon, noon + 1, noon + 2_000)
      lag(passed, passed)
      yield* at(5_000)
      yield* step
      yield* at(8_000)
      yield* step
      yield* step
      assert.deepStrictEqual(sent(), idsOf([early!]))
      yield* step
      yield* step
      yield* step
      assert.lengthOf(sent(), 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("what was decided meanwhile is not sent", () => {
    const { accept, at, lag, layer, sent, step } = scene()
    return Effect.gen(function*() {
      const [one, two] = yield* accept(noon, noon)
      lag(passed, passed)
      yield* at(6_000)
      yield* step
      yield* (yield* SubmissionRepository).record([decisionOf(one!.id)], noon + 5_500)
      yield* step
      yield* step
      assert.deepStrictEqual(sent(), idsOf([two!]))
    }).pipe(Effect.provide(layer))
  })

  const counts: ReadonlyArray<readonly [string, PartitionLag, PartitionLag, boolean]> = [
    ["an empty topic", lagOf({}), lagOf({}), true],
    ["no committed offset is the low end", lagOf({ end: 10 }), lagOf({ end: 12 }), false],
    ["no committed offset, and nothing is kept", lagOf({ low: 10, end: 10 }), lagOf({ low: 10, end: 12 }), true],
    [
      "a committed offset below the low end is the low end",
      lagOf({ low: 10, end: 10, committed: 3 }),
      lagOf({ low: 10, end: 11, committed: 3 }),
      true
    ],
    [
      "below the low end, and something is kept",
      lagOf({ low: 5, end: 10, committed: 3 }),
      lagOf({ low: 5, end: 10, committed: 3 }),
      false
    ],
    [
      "the retention passed the noted end",
      lagOf({ low: 0, end: 10, committed: 3 }),
      lagOf({ low: 10, end: 12, committed: 3 }),
      true
    ],
    [
      "a committed offset beyond the end (the topic was made anew) counts as passed",
      lagOf({ end: 4, committed: 50 }),
      lagOf({ end: 4, committed: 50 }),
      true
    ],
    [
      "made anew after the probe began, and what it holds is not passed",
      lagOf({ end: 100, committed: 50 }),
      lagOf({ end: 4, committed: null }),
      false
    ],
    [
      "made anew after the probe began, and passed",
      lagOf({ end: 100, committed: 50 }),
      lagOf({ end: 4, committed: 4 }),
      true
    ],
    [
      "made anew and empty",
      lagOf({ end: 100, committed: 50 }),
      lagOf({}),
      true
    ]
  ]

  for (const [name, noted, later, isPassed] of counts) {
    for (const group of ["processor", "recorder"] as const) {
      it.effect(`${name}: ${isPassed ? "passed" : "not passed"}, for the ${group}s`, () => {
        const { accept, at, lag, layer, sent, step } = scene()
        const with_ = (_: PartitionLag) => group === "processor" ? lag([_], passed) : lag(passed, [_])
        return Effect.gen(function*() {
          yield* accept(noon)
          yield* at(5_000)
          with_(noted)
          yield* step
          if (group === "recorder") yield* step
          with_(later)
          for (let i = 0; i < 4; i++) yield* step
          assert.strictEqual(sent().length, isPassed ? 1 : 0)
        }).pipe(Effect.provide(layer))
      })
    }
  }

  it.effect("every partition must have passed", () => {
    const { accept, at, lag, layer, sent, step } = scene()
    const three = (...committed: ReadonlyArray<number>) =>
      committed.map((_, partition) => lagOf({ partition, end: 10 + partition, committed: _ }))
    return Effect.gen(function*() {
      yield* accept(noon)
      yield* at(5_000)
      lag(three(0, 0, 0), three(10, 11, 12))
      yield* step
      lag(three(10, 11, 11), three(10, 11, 12))
      for (let i = 0; i < 4; i++) yield* step
      assert.deepStrictEqual(sent(), [])
      lag(three(10, 11, 12), three(10, 11, 12))
      for (let i = 0; i < 4; i++) yield* step
      assert.lengthOf(sent(), 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("offsets that cannot be read leave it where it is, and nothing fails", () => {
    const { accept, at, lag, layer, sent, state, step } = scene()
    return Effect.gen(function*() {
      yield* accept(noon)
      lag(passed, passed)
      yield* at(5_000)
      for (const readable of [1, 2]) {
        state.lagFails = true
        for (let i = 0; i < 5; i++) yield* step
        assert.deepStrictEqual(sent(), [])
        state.lagFails = false
        for (let i = 0; i < readable; i++) yield* step
      }
      yield* step
      assert.lengthOf(sent(), 1)
    }).pipe(Effect.provide(layer))
  })
})

describe("ResendOverdue: the sweep", () => {
  it.effect("sends at most the limit at a time, and the next at once while one was full", () => {
    const { accept, at, counted, lag, layer, sent, state, step } = scene({ limit: 50 })
    return Effect.gen(function*() {
      const many = yield* accept(...Array.from({ length: 120 }, (_, index) => noon + index))
      lag(passed, passed)
      yield* at(10_000)
      yield* step
      yield* step
      yield* step
      assert.deepStrictEqual(state.appends.map((_) => _.length), [50, 50, 20])
      assert.sameMembers(sent() as Array<string>, idsOf(many))
      assert.strictEqual(counted.resent, 120)
    }).pipe(Effect.provide(layer))
  })

  it.effect("what could not be appended is sent after its back-off, and nothing fails", () => {
    const { accept, at, counted, lag, layer, sent, state, step } = scene()
    return Effect.gen(function*() {
      yield* accept(noon)
      lag(passed, passed)
      yield* at(5_000)
      state.appendFails = true
      for (let i = 0; i < 4; i++) yield* step
      assert.strictEqual(counted.resent, 0)
      state.appendFails = false
      yield* at(14_999)
      for (let i = 0; i < 4; i++) yield* step
      assert.deepStrictEqual(sent(), [])
      yield* at(15_000)
      for (let i = 0; i < 4; i++) yield* step
      assert.lengthOf(sent(), 1)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("what stays lost is sent ever more rarely, up to the ceiling", () => {
    const { accept, at, lag, layer, state } = scene({ ceiling: Duration.seconds(60) })
    return Effect.gen(function*() {
      yield* at(0)
      yield* accept(noon)
      lag(passed, passed)
      yield* Effect.forkScoped(Effect.flatMap(ResendOverdue, (_) => _.run))
      const sentAt: Array<number> = []
      for (let second = 1; second <= 260; second++) {
        yield* TestClock.adjust("1 second")
        while (sentAt.length < state.appends.length) sentAt.push(second)
      }
      const waits = sentAt.map((_, index) => _ - (sentAt[index - 1] ?? 0))
      // three steps, one each second, move the mark
      const expected = [5, 10, 20, 40, 60, 60]
      assert.lengthOf(waits, expected.length, `${sentAt}`)
      waits.forEach((wait, index) => {
        assert.isAtLeast(wait, expected[index]!)
        assert.isAtMost(wait, expected[index]! + 4)
      })
    }).pipe(Effect.provide(layer))
  })
})
