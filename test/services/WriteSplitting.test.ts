import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Effect, FastCheck } from "effect"
import { StorageUnavailable, Unstorable } from "../../src/services/Failure.ts"
import { writeSplitting } from "../../src/services/WriteSplitting.ts"

/** A database that refuses any batch with a refused row in it. */
const refusing = (refused: ReadonlySet<number>) => {
  const attempts: Array<ReadonlyArray<number>> = []
  const write = (rows: ReadonlyArray<number>) =>
    Effect.suspend(() => {
      attempts.push(rows)
      return rows.some((_) => refused.has(_)) ? new Unstorable({ cause: "no" }) : Effect.succeed(rows)
    })
  return { attempts, write }
}

describe("writeSplitting", () => {
  it.effect.prop(
    "writes every row that is not refused once, in order, and answers the refused",
    [FastCheck.integer({ min: 1, max: 64 }), FastCheck.uniqueArray(FastCheck.integer({ min: 0, max: 63 }))],
    ([count, bad]) =>
      Effect.gen(function*() {
        const rows = Arr.makeBy(count, (_) => _)
        const { write } = refusing(new Set(bad))
        const { refused, written } = yield* writeSplitting(rows, write)
        assert.deepStrictEqual(written.flat(), rows.filter((_) => !bad.includes(_)))
        assert.deepStrictEqual(refused, rows.filter((_) => bad.includes(_)))
      })
  )

  it.effect("is one statement when nothing is refused, and few when one row of 500 is", () =>
    Effect.gen(function*() {
      const rows = Arr.makeBy(500, (_) => _)
      const all = refusing(new Set())
      yield* writeSplitting(rows, all.write)
      assert.deepStrictEqual(all.attempts, [rows])
      const one = refusing(new Set([321]))
      yield* writeSplitting(rows, one.write)
      assert.isAtMost(one.attempts.length, 20)
    }))

  it.effect("any other failure ends it", () =>
    Effect.gen(function*() {
      const attempts: Array<number> = []
      const error = yield* Effect.flip(writeSplitting([1, 2, 3, 4], (rows) =>
        Effect.flatMap(
          Effect.sync(() => attempts.push(rows.length)),
          () =>
            Effect.fail(rows.length > 2 ? new Unstorable({ cause: "no" }) : new StorageUnavailable({ cause: "down" }))
        )))
      assert.strictEqual(error._tag, "StorageUnavailable")
      assert.deepStrictEqual(attempts, [4, 2])
    }))
})
