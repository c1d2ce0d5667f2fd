import { assert } from "@effect/vitest"
import { Deferred, Duration, Effect, TestClock } from "effect"
import type { Log, PartitionLag, StoredRecord } from "../../src/services/Log.ts"
import { logSuite, type LogUnderTest } from "../support/LayersLog.ts"
import { textOf, textRecord } from "../support/LayersSamples.ts"

const numbered = (from: number, to: number, key = "one") =>
  Array.from({ length: to - from }, (_, index) => textRecord(`${from + index}`, key))

const numbers = (records: ReadonlyArray<StoredRecord>) => records.map((_) => Number(textOf(_)))

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

/** What a test appends to learn that a tail has begun. */
const probe = "a probe"

const sum = (lag: ReadonlyArray<PartitionLag>, of: (_: PartitionLag) => number) =>
  lag.reduce((total, _) => total + of(_), 0)

export const logTails = (layer: LogUnderTest) => {
  const { consumer, eventually, life, readAll, test, time } = logSuite(layer)

  /** A tail that runs beside the test. */
  const tailing = Effect.fnUntraced(function*(
    log: Log["Type"],
    from: "end" | ReadonlyMap<number, number>,
    before: Effect.Effect<void> = Effect.void
  ) {
    const seen: Array<StoredRecord> = []
    let began = false
    yield* Effect.forkScoped(
      log.tail("transactions_result", from, (records) => {
        const mine = records.filter((_) => textOf(_) !== probe)
        began = true
        return mine.length === 0 ? Effect.void : Effect.zipRight(before, Effect.sync(() => void seen.push(...mine)))
      })
    )
    yield* Effect.replicateEffect(time.pass, 2)
    // where it begins at the end is known when the server has answered
    while (layer.clock === "real" && from === "end" && !began) {
      yield* log.append("transactions_result", [textRecord(probe, "one")])
      yield* Effect.sleep("50 millis")
    }
    return {
      seen,
      has: (count: number) => eventually(`the tail has ${count}`, Effect.sync(() => seen.length), (_) => _ >= count)
    }
  })

  test("a tail from the end is given what comes, every tail all of it", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        yield* log.append("transactions_result", numbered(0, 10))
        const one = yield* tailing(log, "end")
        const other = yield* tailing(log, "end")
        yield* log.append("transactions_result", numbered(10, 20))
        yield* log.append("transactions_result", numbered(20, 30))
        yield* one.has(20)
        yield* other.has(20)
        assert.deepStrictEqual(numbers(one.seen), range(10, 30))
        assert.deepStrictEqual(numbers(other.seen), range(10, 30))
      })))

  test("a tail wakes within 100 ms of the append", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const woken: Array<number> = []
        const tail = yield* tailing(log, "end", Effect.sync(() => void woken.push(performance.now())))
        const waits: Array<number> = []
        for (let i = 0; i < 9; i++) {
          const start = performance.now()
          yield* log.append("transactions_result", numbered(i, i + 1))
          const acknowledged = performance.now()
          const until = acknowledged + layer.patience
          // only the event loop turns: no clock moves
          while (woken.length <= i && performance.now() < until) yield* Effect.promise(() => new Promise(setImmediate))
          assert.lengthOf(woken, i + 1, `not woken ${layer.patience} ms after ${start}`)
          waits.push(woken[i]! - acknowledged)
        }
        yield* tail.has(9)
        const median = waits.toSorted((a, b) => a - b)[4]!
        assert.isBelow(median, 100)
      })))

  test("a tail starts from any position that is still kept, at once and after reopening", (where) =>
    Effect.gen(function*() {
      const assertFromAnywhere = Effect.fnUntraced(function*(log: Log["Type"], partition: number) {
        for (const offset of [0, 1, 6, 7, 8, 600, 1206]) {
          const tail = yield* tailing(log, new Map([[partition, offset]]))
          yield* tail.has(1207 - offset)
          assert.deepStrictEqual(numbers(tail.seen), range(offset, 1207))
          assert.deepStrictEqual(tail.seen.map((_) => _.position.offset), range(offset, 1207))
        }
      })
      const partition = yield* life(where, (log) =>
        Effect.gen(function*() {
          const [{ partition } = assert.fail("nowhere")] = yield* log.append("transactions_result", numbered(0, 7))
          yield* log.append("transactions_result", numbered(7, 1207))
          yield* assertFromAnywhere(log, partition)
          return partition
        }))
      yield* life(where, (log) =>
        Effect.gen(function*() {
          yield* assertFromAnywhere(log, partition)
          const atEnd = yield* tailing(log, new Map([[partition, 1207]]))
          yield* log.append("transactions_result", numbered(1207, 1208))
          yield* atEnd.has(1)
          assert.deepStrictEqual(numbers(atEnd.seen), [1207])
        }))
    }))

  test("a tail commits nothing, and a slow handler is given one batch after the other", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const open = yield* Deferred.make<void>()
        let entered = 0
        yield* log.append("transactions_result", numbered(0, 10))
        const [{ position }] = (yield* readAll(log, "transactions_result")) as [StoredRecord]
        const slow = yield* tailing(
          log,
          new Map([[position.partition, 0]]),
          Effect.zipRight(Effect.sync(() => entered++), Deferred.await(open))
        )
        yield* eventually("it is in the handler", Effect.sync(() => entered), (_) => _ === 1)
        yield* log.append("transactions_result", numbered(10, 20))
        yield* Effect.replicateEffect(time.pass, 5)
        assert.strictEqual(entered, 1)
        assert.lengthOf(slow.seen, 0)
        yield* Deferred.succeed(open, void 0)
        yield* slow.has(20)
        assert.deepStrictEqual(numbers(slow.seen), range(0, 20))
        for (const group of ["processor", "recorder"] as const) {
          const lag = yield* log.lag("transactions_result", group)
          assert.isTrue(lag.every((_) => _.committed === null))
        }
      })))

  test("lag in records is right, before, during and after", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const empty = yield* log.lag("transactions", "processor")
        assert.isAbove(empty.length, 0)
        for (const { partition, ...rest } of empty) {
          assert.deepStrictEqual(rest, { low: 0, end: 0, committed: null, seconds: 0 }, `partition ${partition}`)
        }
        const [{ partition } = assert.fail("acknowledged nowhere")] = yield* log.append("transactions", numbered(0, 30))
        const mine = Effect.map(
          log.lag("transactions", "processor"),
          (_) => _.find((of) => of.partition === partition)!
        )
        const waiting = yield* mine
        assert.deepStrictEqual([waiting.low, waiting.end, waiting.committed], [0, 30, null])
        const processor = yield* consumer(log, "transactions", "processor")
        yield* processor.has(30)
        const passed = yield* eventually("it is committed", mine, (_) => _.committed === 30)
        assert.deepStrictEqual(passed, { partition, low: 0, end: 30, committed: 30, seconds: 0 })
        yield* processor.end
        yield* log.append("transactions", numbered(30, 35))
        const behind = yield* mine
        assert.deepStrictEqual([behind.low, behind.end, behind.committed], [0, 35, 30])
        assert.isTrue((yield* log.lag("transactions", "recorder")).every((_) => _.committed === null))
        assert.strictEqual(sum(yield* log.lag("transactions_result", "processor"), (_) => _.end), 0)
      })))

  test("lag in seconds is the age of the oldest record that is not committed", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const seconds = Effect.map(
          log.lag("transactions", "processor"),
          (_) => Math.max(...(_.map((of) => of.seconds)))
        )
        const passes = (ms: number) =>
          layer.clock === "test" ? TestClock.adjust(Duration.millis(ms)) : Effect.sleep(Duration.millis(ms))
        const slack = layer.clock === "test" ? 0 : layer.patience / 1000
        yield* log.append("transactions", numbered(0, 3))
        yield* passes(1500)
        assert.closeTo(yield* seconds, 1.5 + slack / 2, slack / 2)
        yield* log.append("transactions", numbered(3, 5))
        yield* passes(500)
        assert.closeTo(yield* seconds, 2 + slack / 2, slack / 2)
        const processor = yield* consumer(log, "transactions", "processor")
        yield* processor.has(5)
        yield* eventually("nothing waits", seconds, (_) => _ === 0)
        yield* processor.end
        yield* log.append("transactions", numbered(5, 6))
        yield* passes(250)
        assert.closeTo(yield* seconds, 0.25 + slack / 2, slack / 2)
      })))

  if (layer.clock === "test") {
    test("lag in seconds of a group that is behind what expired is the age of what is kept", (where) =>
      life(where, (log) =>
        Effect.gen(function*() {
          yield* log.append("transactions_result", numbered(0, 5))
          const early = yield* consumer(log, "transactions_result", "recorder")
          yield* early.has(5)
          yield* early.end
          yield* log.append("transactions_result", numbered(5, 10))
          yield* TestClock.adjust("10 seconds")
          yield* log.append("transactions_result", numbered(10, 12))
          yield* log.expire("transactions_result", Duration.seconds(5))
          yield* TestClock.adjust("1500 millis")
          const [lag] = yield* log.lag("transactions_result", "recorder")
          assert.deepStrictEqual(lag, { partition: lag!.partition, low: 10, end: 12, committed: 5, seconds: 1.5 })
        })))
  }

  test("what expired is gone, the rest stays where it was, and the offsets go on", (where) =>
    Effect.gen(function*() {
      const expireAll = (log: Log["Type"]) =>
        eventually(
          "everything expired",
          Effect.zipRight(log.expire("transactions_result", Duration.zero), log.lag("transactions_result", "recorder")),
          (_) => _.every(({ end, low }) => low === end)
        )
      const partition = yield* life(where, (log) =>
        Effect.gen(function*() {
          const [{ partition } = assert.fail("nowhere")] = yield* log.append("transactions_result", numbered(0, 10))
          yield* log.append("transactions", numbered(0, 3))
          yield* log.expire("transactions_result", Duration.hours(1))
          assert.deepStrictEqual(numbers(yield* readAll(log, "transactions_result")), range(0, 10))
          yield* expireAll(log)
          assert.strictEqual(sum(yield* log.lag("transactions_result", "recorder"), (_) => _.end), 10)
          assert.deepStrictEqual(yield* readAll(log, "transactions_result"), [])
          assert.deepStrictEqual(numbers(yield* readAll(log, "transactions")), range(0, 3), "the other topic's")
          return partition
        }))
      yield* life(where, (log) =>
        Effect.gen(function*() {
          const fromGone = yield* tailing(log, new Map([[partition, 4]]))
          const [position] = yield* log.append("transactions_result", numbered(10, 11))
          assert.strictEqual(position!.offset, 10)
          yield* log.append("transactions_result", numbered(11, 13))
          yield* fromGone.has(3)
          assert.deepStrictEqual(numbers(fromGone.seen), [10, 11, 12])
          const recorder = yield* consumer(log, "transactions_result", "recorder")
          yield* recorder.has(3)
          assert.deepStrictEqual(numbers(recorder.seen.flat()), [10, 11, 12], "a new group begins at what is kept")
        }))
    }))

  test("a consumer that was behind what expired goes on with what is kept", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        yield* log.append("transactions_result", numbered(0, 5))
        const early = yield* consumer(log, "transactions_result", "recorder")
        yield* early.has(5)
        yield* early.end
        yield* log.append("transactions_result", numbered(5, 10))
        yield* eventually(
          "everything expired",
          Effect.zipRight(log.expire("transactions_result", Duration.zero), log.lag("transactions_result", "recorder")),
          (_) => _.every(({ end, low }) => low === end)
        )
        const lag = yield* log.lag("transactions_result", "recorder")
        assert.strictEqual(Math.max(...lag.map((_) => _.seconds)), 0, "nothing that is kept waits")
        const late = yield* consumer(log, "transactions_result", "recorder")
        yield* log.append("transactions_result", numbered(10, 12))
        yield* late.has(2)
        assert.deepStrictEqual(numbers(late.seen.flat()), [10, 11])
      })))

  test("a tail that runs while everything before it expires misses nothing that is kept", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const tail = yield* tailing(log, "end")
        yield* log.append("transactions_result", numbered(0, 5))
        yield* tail.has(5)
        yield* eventually(
          "everything expired",
          Effect.zipRight(log.expire("transactions_result", Duration.zero), log.lag("transactions_result", "recorder")),
          (_) => _.every(({ end, low }) => low === end)
        )
        yield* log.append("transactions_result", numbered(5, 8))
        yield* tail.has(8)
        assert.deepStrictEqual(numbers(tail.seen), range(0, 8))
      })))
}
