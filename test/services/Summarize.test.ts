import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"
import { firstTransactionId, type TransactionId } from "../../src/domain/Ids.ts"
import { type SubmissionOutline, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { Summarize } from "../../src/services/Summarize.ts"
import { noon } from "../support/LayersSamples.ts"

/** Rows in a list, read in steps of at most `limit`, with every read noted. */
const fixture = () => {
  let rows: ReadonlyArray<SubmissionOutline> = []
  const reads: Array<readonly [from: TransactionId, before: TransactionId]> = []
  const unasked = () => Effect.dieMessage("not asked")
  const repository = Layer.succeed(SubmissionRepository, {
    insert: unasked,
    find: unasked,
    findMany: unasked,
    list: unasked,
    backlog: Effect.dieMessage("not asked"),
    parkedReasonCounts: Effect.dieMessage("not asked"),
    listParked: unasked,
    findParked: unasked,
    resendNow: unasked,
    giveUp: unasked,
    record: unasked,
    markParked: unasked,
    hasPastDue: unasked,
    claimOverdue: unasked,
    counts: Effect.dieMessage("not asked"),
    outcomes: unasked,
    outlines: (_, { before, from }, limit) =>
      Effect.sync(() => {
        reads.push([from, before])
        return rows.filter((_) => _.id >= from && _.id < before).slice(0, limit)
      })
  })
  return {
    reads,
    put: (...instants: ReadonlyArray<readonly [at: number, took: number | null, amount?: number]>) => {
      rows = [
        ...rows,
        ...instants.map(([at, took, amount = 100], index): SubmissionOutline => ({
          id: `${firstTransactionId(at).slice(0, 14)}${String(rows.length + index).padStart(16, "0")}` as TransactionId,
          amount,
          acceptedAt: at,
          status: took === null ? null : amount < 100 ? "rejected" : "approved",
          decidedAt: took === null ? null : at + took
        }))
      ].toSorted((a, b) => a.id < b.id ? -1 : 1)
    },
    decideAll: (took: number) => {
      rows = rows.map((_) =>
        _.status === null ? { ..._, status: "approved" as const, decidedAt: _.acceptedAt + took } : _
      )
    },
    layer: Summarize.Default.pipe(Layer.provide(repository))
  }
}

const minute = 60_000

describe("Summarize", () => {
  it.effect("counts each bucket by its rows, with the nearest rank of what decisions took", () => {
    const { layer, put } = fixture()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon + minute)
      const { summarize } = yield* Summarize
      put(...Array.from({ length: 20 }, (_, i) => [noon + i, (i + 1) * 10, i < 5 ? 1 : 200] as const))
      put([noon + 59_999, null], [noon + minute, 7, 300])
      const [first, second, ...rest] = yield* summarize("all", "minute", noon)
      assert.deepStrictEqual(first, {
        at: noon,
        accepted: 21,
        approved: 15,
        rejected: 5,
        amount: 3_000,
        p50: 100,
        p95: 190
      })
      assert.deepStrictEqual(second, {
        at: noon + minute,
        accepted: 1,
        approved: 1,
        rejected: 0,
        amount: 300,
        p50: 7,
        p95: 7
      })
      assert.lengthOf(rest, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("reads again only what can still change", () => {
    const { decideAll, layer, put, reads } = fixture()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon + 10 * minute + 40_000)
      const { summarize } = yield* Summarize
      put([noon + 1, 5], [noon + 5 * minute, null], [noon + 10 * minute, 5])
      yield* summarize("all", "minute", noon)
      reads.length = 0
      yield* summarize("all", "minute", noon)
      // the minute of the undecided one, and what is not older than half a minute
      assert.deepStrictEqual(reads, [
        [firstTransactionId(noon + 5 * minute), firstTransactionId(noon + 6 * minute)],
        [firstTransactionId(noon + 10 * minute), firstTransactionId(noon + 11 * minute)]
      ])
      decideAll(50)
      yield* TestClock.adjust("2 minutes")
      const buckets = yield* summarize("all", "minute", noon)
      assert.strictEqual(buckets[5]!.approved, 1)
      reads.length = 0
      yield* summarize("all", "minute", noon)
      assert.deepStrictEqual(reads, [
        [firstTransactionId(noon + 12 * minute), firstTransactionId(noon + 13 * minute)]
      ])
      // another scope and another interval have buckets of their own
      reads.length = 0
      yield* summarize("all", "second", noon + 11 * minute)
      assert.isAbove(reads.length, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("takes a stretch of more rows than one query reads", () => {
    const { layer, put, reads } = fixture()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon + minute)
      const { summarize } = yield* Summarize
      put(...Array.from({ length: 25_000 }, (_, i) => [noon + Math.floor(i / 500) * 1_000, 5] as const))
      const seconds = yield* summarize("all", "second", noon)
      assert.lengthOf(reads, 3)
      assert.deepStrictEqual(seconds.slice(0, 50).map((_) => _.accepted), Array.from({ length: 50 }, () => 500))
      assert.strictEqual(seconds.reduce((sum, _) => sum + _.accepted, 0), 25_000)
    }).pipe(Effect.provide(layer))
  })
})
