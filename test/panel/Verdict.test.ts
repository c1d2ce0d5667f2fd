import { assert, describe, it } from "@effect/vitest"
import type { Sample, Snapshot } from "../../web/operator/usePipeline.ts"
import { verdictOf } from "../../web/operator/verdict.ts"

type Lag = { readonly records: number; readonly seconds: number } | null

interface Reading {
  readonly undecided?: number
  readonly parked?: number
  readonly processor?: Lag
  readonly recorder?: Lag
}

const none = { records: 0, seconds: 0 }
const pace = 2_000

/** Readings every two seconds, the last of them now. */
const snapshot = (...readings: ReadonlyArray<Reading>): Snapshot => {
  const history = readings.map((reading, index): Sample => ({
    at: index * pace,
    undecided: reading.undecided ?? 0,
    parked: reading.parked ?? 0,
    lag: {
      processor: reading.processor === undefined ? none : reading.processor,
      recorder: reading.recorder === undefined ? none : reading.recorder
    }
  }))
  const last = history.at(-1)!
  const oldest = Math.max(last.lag.processor?.seconds ?? 0, last.lag.recorder?.seconds ?? 0) * 1_000
  return {
    at: last.at,
    history,
    pipeline: {
      object: "pipeline",
      profile: "embedded",
      undecided: {
        count: last.undecided,
        oldest_at: last.undecided === 0 ? null : new Date(last.at - oldest).toISOString()
      },
      stages: [],
      parked: last.parked
    }
  }
}

const five = (reading: (index: number) => Reading) =>
  snapshot(...Array.from({ length: 5 }, (_, index) => reading(index)))

describe("the verdict on the pipeline", () => {
  it("is well while nothing waits longer than a moment", () => {
    assert.strictEqual(verdictOf(snapshot({})).kind, "well")
    assert.strictEqual(verdictOf(snapshot({ undecided: 40, processor: { records: 40, seconds: 0.3 } })).kind, "well")
  })

  it("is silent while the log cannot be asked, whatever else is true", () => {
    assert.strictEqual(verdictOf(snapshot({ undecided: 9, parked: 3, processor: null })).kind, "silent")
  })

  it("stands still where the oldest record ages as fast as the clock", () => {
    const stalled = five((index) => ({ undecided: 9, processor: { records: 9, seconds: 20 + index * 2 } }))
    assert.deepStrictEqual(verdictOf(stalled), { kind: "stalledProcessor", age: 28_000 })
    const recorder = five((index) => ({ undecided: 9, recorder: { records: 9, seconds: 20 + index * 2 } }))
    assert.strictEqual(verdictOf(recorder).kind, "stalledRecorder")
  })

  it("is a backlog while it is not known for long enough whether something moves", () => {
    assert.strictEqual(verdictOf(snapshot({ undecided: 9, processor: { records: 9, seconds: 20 } })).kind, "backlog")
  })

  it("drains, with an estimate of its end, or grows", () => {
    const draining = five((index) => ({ undecided: 500 - index * 100, processor: { records: 9, seconds: 20 } }))
    assert.deepStrictEqual(verdictOf(draining), { kind: "draining", count: 100, left: 2_000 })
    const growing = five((index) => ({ undecided: 100 + index, processor: { records: 9, seconds: 20 } }))
    assert.strictEqual(verdictOf(growing).kind, "growing")
  })

  it("says that something is parked when nothing worse is true", () => {
    assert.deepStrictEqual(verdictOf(snapshot({ undecided: 2, parked: 2 })), { kind: "parked", count: 2 })
  })
})
