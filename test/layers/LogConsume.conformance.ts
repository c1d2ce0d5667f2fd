import { assert } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Fiber, TestClock } from "effect"
import type { StoredRecord } from "../../src/services/Log.ts"
import { byPartition, logSuite, type LogUnderTest } from "../support/LayersLog.ts"
import { noon, textOf, textRecord } from "../support/LayersSamples.ts"

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => textRecord(`${from + index}`, `key ${(from + index) % 50}`))

const numbers = (records: ReadonlyArray<StoredRecord>) =>
  records.map((_) => Number(textOf(_))).toSorted((a, b) => a - b)

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

const assertInOrder = (records: ReadonlyArray<StoredRecord>) => {
  for (const mine of byPartition(records, (_) => _.position.partition).values()) {
    const offsets = mine.map((_) => _.position.offset)
    assert.deepStrictEqual(offsets, range(offsets[0]!, offsets[0]! + offsets.length))
  }
}

export const logConsumes = (layer: LogUnderTest) => {
  const { consumer, eventually, inTime, life, test, time } = logSuite(layer)

  test("a new group starts at the beginning and is given everything once, in order", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        yield* log.append("transactions", numbered(0, 700))
        const processor = yield* consumer(log, "transactions", "processor")
        yield* processor.has(700)
        yield* log.append("transactions", numbered(700, 710))
        yield* processor.has(710)
        assert.deepStrictEqual(numbers(processor.seen.flat()), range(0, 710))
        assertInOrder(processor.seen.flat())
        assert.isTrue(processor.seen.every((_) => _.length > 0))
      })))

  test("what was finished does not come again after a clean end, and what was not does", (where) =>
    Effect.gen(function*() {
      yield* life(where, (log) =>
        Effect.gen(function*() {
          yield* log.append("transactions", numbered(0, 100))
          const first = yield* consumer(log, "transactions", "processor")
          yield* first.has(100)
          yield* first.end
          yield* log.append("transactions", numbered(100, 110))
        }))
      const unfinished: Array<StoredRecord> = []
      yield* life(where, (log) =>
        Effect.gen(function*() {
          const second = yield* consumer(log, "transactions", "processor", (records) =>
            Effect.zipRight(
              Effect.sync(() => void unfinished.push(...records)),
              Effect.never
            ))
          yield* eventually("it is given some", Effect.sync(() => unfinished.length), (_) => _ > 0)
          yield* second.end
        }))
      assert.isAtLeast(numbers(unfinished)[0]!, 100)
      yield* life(where, (log) =>
        Effect.gen(function*() {
          const third = yield* consumer(log, "transactions", "processor")
          yield* third.has(10)
          yield* third.end
          assert.deepStrictEqual(numbers(third.seen.flat()), range(100, 110))
        }))
    }))

  test("a handler's failure advances nothing; the same batch is given again", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        yield* log.append("transactions", numbered(0, 20).map((_) => ({ ..._, key: "one" })))
        const given: Array<ReadonlyArray<number>> = []
        const committedWhileFailing: Array<number | null> = []
        const processor = yield* consumer(log, "transactions", "processor", (records) =>
          Effect.gen(function*() {
            given.push(numbers(records))
            if (given.length > 3) return
            committedWhileFailing.push(...(yield* log.lag("transactions", "processor")).map((_) => _.committed))
            return yield* Effect.fail("no")
          }))
        yield* processor.has(20)
        assert.isAtLeast(given.length, 4)
        for (const again of given.slice(1, 4)) assert.deepStrictEqual(again, given[0]!)
        assert.isTrue(committedWhileFailing.every((_) => _ === null || _ === 0), `${committedWhileFailing}`)
        assert.deepStrictEqual(numbers(processor.seen.flat()), range(0, 20))
        assertInOrder(processor.seen.flat())
      })))

  test("a failure does not hold what is appended meanwhile, once it is over", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        yield* log.append("transactions", numbered(0, 5))
        let failing = true
        let failures = 0
        const processor = yield* consumer(log, "transactions", "processor", () =>
          Effect.suspend(() =>
            failing ? (failures++, Effect.fail("down")) : Effect.void
          ))
        yield* eventually(
          "it failed often",
          Effect.sync(() =>
            failures
          ),
          (_) => _ >= 6
        )
        yield* log.append("transactions", numbered(5, 10))
        failing = false
        yield* processor.has(10)
        assert.deepStrictEqual(numbers(processor.seen.flat()), range(0, 10))
      })))

  test("two groups are independent", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        yield* log.append("transactions", numbered(0, 30))
        const stuck = yield* consumer(log, "transactions", "recorder", () => Effect.never)
        const processor = yield* consumer(log, "transactions", "processor")
        yield* processor.has(30)
        yield* log.append("transactions", numbered(30, 60))
        yield* processor.has(60)
        assert.deepStrictEqual(numbers(processor.seen.flat()), range(0, 60))
        yield* processor.end
        yield* stuck.end
        const committed = (yield* log.lag("transactions", "recorder")).map((_) => _.committed)
        assert.isTrue(committed.every((_) => _ === null || _ === 0), `the other group's: ${committed}`)
        const recorder = yield* consumer(log, "transactions", "recorder")
        yield* recorder.has(60)
        assert.deepStrictEqual(numbers(recorder.seen.flat()), range(0, 60))
      })))

  test("a blocked handler holds one bounded batch, however much is appended", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const open = yield* Deferred.make<void>()
        let running = 0
        const batches: Array<{ readonly records: number; readonly bytes: number }> = []
        const processor = yield* consumer(log, "transactions", "processor", (records) =>
          Effect.gen(function*() {
            assert.strictEqual(++running, 1, "one batch at a time")
            batches.push({ records: records.length, bytes: records.reduce((sum, _) => sum + _.value.length, 0) })
            yield* Deferred.await(open)
            running--
          }))
        yield* log.append("transactions", numbered(0, 20_000).map((_) => ({ ..._, key: "one" })))
        yield* eventually("it is given some", Effect.sync(() => batches.length), (_) => _ === 1)
        yield* Effect.replicateEffect(time.pass, 10)
        assert.lengthOf(batches, 1)
        assert.isAtMost(batches[0]!.records, 1_000)
        yield* Deferred.succeed(open, void 0)
        yield* processor.has(20_000)
        assert.deepStrictEqual(numbers(processor.seen.flat()), range(0, 20_000))
        assertInOrder(processor.seen.flat())
        assert.isTrue(batches.every((_) => _.records <= 1_000))
      })))

  test("large records, appended at once, do not make one large batch", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const large = { key: "one", value: new Uint8Array(900_000), headers: {} }
        yield* Effect.replicateEffect(log.append("transactions", [large]), 40, { concurrency: "unbounded" })
        const processor = yield* consumer(log, "transactions", "processor")
        yield* processor.has(40)
        const largest = Math.max(...processor.seen.map((_) => _.reduce((sum, { value }) => sum + value.length, 0)))
        assert.isAtMost(largest, 12_000_000, "bytes in the largest batch, of 36,000,000")
      })))

  test("an interruption lets the batch in hand end, commits it, and gives no other", (where) =>
    Effect.gen(function*() {
      yield* life(where, (log) =>
        Effect.gen(function*() {
          const open = yield* Deferred.make<void>()
          const given: Array<ReadonlyArray<StoredRecord>> = []
          const processor = yield* consumer(log, "transactions", "processor", (records) =>
            Effect.zipRight(Effect.sync(() => void given.push(records)), Deferred.await(open)))
          yield* log.append("transactions", numbered(0, 3).map((_) => ({ ..._, key: "one" })))
          yield* eventually(
            "it is given some",
            Effect.sync(() =>
              given.length
            ),
            (_) => _ === 1
          )
          const inHand = given[0]!.length
          yield* log.append("transactions", numbered(3, 6).map((_) => ({ ..._, key: "one" })))
          const ending = yield* Effect.fork(Fiber.interrupt(processor.fiber))
          yield* Effect.replicateEffect(Effect.yieldNow(), 20)
          assert.isNull(ending.unsafePoll(), "it waits for the batch")
          const released = yield* Clock.currentTimeMillis
          yield* Deferred.succeed(open, void 0)
          yield* inTime("the consumer ends", Fiber.join(ending))
          assert.lengthOf(given, 1)
          assert.lengthOf(processor.seen.flat(), inHand)
          const committed = (yield* log.lag("transactions", "processor")).map((_) => _.committed ?? 0)
          assert.strictEqual(committed.reduce((sum, _) => sum + _, 0), inHand)
          assert.isBelow(
            (yield* Clock.currentTimeMillis) - released,
            1_000,
            "ms from the batch's end to the consumer's"
          )
        }))
      yield* life(where, (log) =>
        Effect.gen(function*() {
          const next = yield* consumer(log, "transactions", "processor")
          yield* next.has(1)
          yield* eventually("the rest is given", Effect.sync(() => numbers(next.seen.flat()).at(-1)), (_) => _ === 5)
          yield* next.end
          const seen = numbers(next.seen.flat())
          assert.deepStrictEqual(seen, range(seen[0]!, 6))
          assert.isAbove(seen[0]!, 0)
        }))
    }))

  test("a handler that does not end is cut within seconds, and its batch comes again", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        yield* log.append("transactions", numbered(0, 4))
        let started = 0
        let cut = 0
        const processor = yield* consumer(log, "transactions", "processor", () =>
          Effect.zipRight(
            Effect.sync(() => started++),
            Effect.never
          ).pipe(
            Effect.onInterrupt(() => Effect.sync(() => cut++))
          ))
        yield* eventually(
          "it runs",
          Effect.sync(() => started),
          (_) => _ > 0
        )
        const asked = yield* Clock.currentTimeMillis
        yield* processor.end
        assert.isBelow((yield* Clock.currentTimeMillis) - asked, 5_000)
        assert.strictEqual(cut, started)
        const again = yield* consumer(log, "transactions", "processor")
        yield* again.has(4)
        assert.deepStrictEqual(numbers(again.seen.flat()), range(0, 4))
      })))

  test("a consumer that has nothing to do ends at once", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const processor = yield* consumer(log, "transactions", "processor")
        yield* log.append("transactions", numbered(0, 1))
        yield* processor.has(1)
        yield* processor.end
        yield* log.append("transactions", numbered(1, 2))
        yield* Effect.replicateEffect(time.pass, 5)
        assert.deepStrictEqual(numbers(processor.seen.flat()), [0])
      })))

  if (layer.clock === "test") {
    test("a clock that is set back holds nothing up", (where) =>
      life(where, (log) =>
        Effect.gen(function*() {
          yield* TestClock.setTime(noon)
          const processor = yield* consumer(log, "transactions", "processor")
          yield* log.append("transactions", numbered(0, 1))
          yield* processor.has(1)
          yield* TestClock.setTime(noon - Duration.toMillis("1 hour"))
          yield* log.append("transactions", numbered(1, 2))
          // some seconds pass, not an hour
          yield* processor.has(2)
        })))
  }
}
