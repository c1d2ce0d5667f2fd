import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Either, Exit, Fiber, Runtime, Scope } from "effect"
import { Daemons } from "../../src/layers/Daemons.ts"
import { makeGroupCommit } from "../../src/layers/GroupCommit.ts"
import { Overloaded } from "../../src/services/Failure.ts"
import { eventually, realTime, remains } from "../support/LayersEventually.ts"

const all = { concurrency: "unbounded" } as const

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

interface Options {
  readonly capacity?: number
  readonly maxBatch?: number
  /** Each number weighs itself. */
  readonly maxWeight?: number
  readonly pace?: { readonly crowd: number; readonly interval: number }
  /** Runs before each commit answers. */
  readonly before?: (batch: ReadonlyArray<number>) => Effect.Effect<unknown, string>
}

/** Answers each number's double; odd thousands are refused by themselves. */
const doubling = Effect.fnUntraced(
  function*({ before = () => Effect.void, capacity = 1_000, maxBatch = 500, maxWeight = Infinity, pace }: Options) {
    const batches: Array<ReadonlyArray<number>> = []
    const commits = yield* makeGroupCommit<number, number, string, string>({
      name: "writer of numbers",
      capacity,
      maxBatch,
      maxWeight,
      weigh: (item) => item,
      ...(pace === undefined ? {} : { pace }),
      commit: (items) => {
        batches.push([...items])
        return Effect.as(
          before(items),
          items.map((item) => item % 2_000 === 1_000 ? Either.left(`not ${item}`) : Either.right(item * 2))
        )
      }
    })
    return { ...commits, batches }
  }
)

describe("GroupCommit", () => {
  it.scoped("what arrives in one turn of the loop shares one commit, and each gets its own answer", () =>
    Effect.gen(function*() {
      const { batches, submit } = yield* doubling({})
      const answers = yield* Effect.forEach(numbers(0, 64), submit, all)
      assert.deepStrictEqual(answers, numbers(0, 64).map((_) => _ * 2))
      assert.deepStrictEqual(batches, [numbers(0, 64)])
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("microtasks between the callbacks of one turn, as between two sockets of one poll, part nobody", () =>
    Effect.gen(function*() {
      const { batches, submit } = yield* doubling({})
      const run = Runtime.runPromise(yield* Effect.runtime())
      const answers = yield* Effect.promise(async () => {
        const asked: Array<Promise<number>> = []
        for (const item of numbers(0, 20)) {
          asked.push(run(submit(item)))
          // enough for a writer that did not wait for the turn's end
          for (let i = 0; i < 50; i++) await Promise.resolve()
        }
        return Promise.all(asked)
      })
      assert.deepStrictEqual(answers, numbers(0, 20).map((_) => _ * 2))
      assert.deepStrictEqual(batches, [numbers(0, 20)])
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("what arrives while a commit runs shares the next one, up to the largest batch", () =>
    Effect.gen(function*() {
      const open = yield* Deferred.make<void>()
      const { batches, submit } = yield* doubling({ maxBatch: 10, before: () => Deferred.await(open) })
      const first = yield* Effect.fork(submit(1))
      yield* eventually("the first commit runs", Effect.sync(() => batches.length), (_) => _ === 1)
      const rest = yield* Effect.fork(Effect.forEach(numbers(2, 27), submit, all))
      yield* Effect.replicateEffect(Effect.promise(() => new Promise(setImmediate)), 5)
      assert.lengthOf(batches, 1, "one commit at a time")
      yield* Deferred.succeed(open, void 0)
      assert.strictEqual(yield* Fiber.join(first), 2)
      assert.deepStrictEqual(yield* Fiber.join(rest), numbers(2, 27).map((_) => _ * 2))
      assert.deepStrictEqual(batches, [[1], numbers(2, 12), numbers(12, 22), numbers(22, 27)])
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("a batch weighs no more than it may, unless one item does", () =>
    Effect.gen(function*() {
      const { batches, submit } = yield* doubling({ maxWeight: 10 })
      const answers = yield* Effect.forEach([4, 6, 1, 30, 5, 5, 5, 11], submit, all)
      assert.deepStrictEqual(answers, [8, 12, 2, 60, 10, 10, 10, 22])
      assert.deepStrictEqual(batches, [[4, 6], [1], [30], [5, 5], [5], [11]])
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("one alone does not wait for company", () =>
    Effect.gen(function*() {
      const { batches, submit } = yield* doubling({})
      // no clock moves in this test: a timer would hold it for ever
      for (const item of numbers(1, 6)) assert.strictEqual(yield* submit(item), item * 2)
      assert.lengthOf(batches, 5)
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("one that is refused by itself costs the others nothing", () =>
    Effect.gen(function*() {
      const { batches, submit } = yield* doubling({})
      const answers = yield* Effect.forEach([1, 1_000, 3], (_) => Effect.either(submit(_)), all)
      assert.deepStrictEqual(answers, [Either.right(2), Either.left("not 1000"), Either.right(6)])
      assert.lengthOf(batches, 1)
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("a commit that fails is everybody's failure, and the next one is tried", () =>
    Effect.gen(function*() {
      let down = true
      const { submit } = yield* doubling({
        before: () => Effect.suspend(() => down ? Effect.fail("down") : Effect.void)
      })
      const answers = yield* Effect.forEach([1, 2, 3], (_) => Effect.either(submit(_)), all)
      assert.deepStrictEqual(answers, [Either.left("down"), Either.left("down"), Either.left("down")])
      down = false
      assert.strictEqual(yield* submit(4), 8)
      const death = yield* Effect.fork((yield* Daemons).death)
      yield* remains("the writer lives", Effect.sync(() => death.unsafePoll()), (_) => _ === null)
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("a writer that dies fails those who wait and those who come, and is told of", () =>
    Effect.gen(function*() {
      const open = yield* Deferred.make<void>()
      const { batches, offer, submit } = yield* doubling({
        before: () => Effect.zipRight(Deferred.await(open), Effect.dieMessage("a bug"))
      })
      const inHand = yield* Effect.fork(submit(1))
      yield* eventually("the commit runs", Effect.sync(() => batches.length), (_) => _ === 1)
      const waiting = yield* Effect.fork(submit(2))
      yield* Effect.yieldNow()
      yield* Deferred.succeed(open, void 0)
      for (const fiber of [inHand, waiting, yield* Effect.fork(submit(3))]) {
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit))
        assert.include(String(exit), "a bug")
      }
      assert.isFalse(offer(4, () => {}))
      const died = yield* Effect.flip((yield* Daemons).death)
      assert.strictEqual(died.name, "writer of numbers")
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("a commit that answers too few results strands nobody", () =>
    Effect.gen(function*() {
      const { submit } = yield* makeGroupCommit<number, number, string, string>({
        name: "writer of numbers",
        capacity: 10,
        maxBatch: 10,
        commit: (items) => Effect.succeed(items.slice(1).map((item) => Either.right(item)))
      })
      const asked = yield* Effect.fork(Effect.forEach([1, 2, 3], (_) => Effect.exit(submit(_)), all))
      const exits = yield* eventually(
        "each has an answer",
        Effect.sync(() => asked.unsafePoll()),
        (_) => _ !== null,
        realTime,
        3_000
      )
      assert.isTrue(Exit.isSuccess(exits!))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(submit(4))))
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("one more than may wait is Overloaded at once, and the others are committed", () =>
    Effect.gen(function*() {
      const open = yield* Deferred.make<void>()
      const { batches, offer, submit } = yield* doubling({ capacity: 5, before: () => Deferred.await(open) })
      const first = yield* Effect.fork(submit(0))
      yield* eventually("the first commit runs", Effect.sync(() => batches.length), (_) => _ === 1)
      const waiting = yield* Effect.forEach(numbers(1, 6), (_) => Effect.fork(submit(_)))
      yield* Effect.yieldNow()
      const error = yield* Effect.flip(submit(6))
      assert.instanceOf(error, Overloaded)
      assert.strictEqual((error as Overloaded).what, "writer of numbers")
      assert.isFalse(offer(7, () => assert.fail("was never taken")))
      yield* Deferred.succeed(open, void 0)
      assert.deepStrictEqual(yield* Fiber.join(Fiber.all([first, ...waiting])), numbers(0, 6).map((_) => _ * 2))
      assert.strictEqual(yield* submit(8), 16)
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("a caller that goes away does not take its item along", () =>
    Effect.gen(function*() {
      const { batches, submit } = yield* doubling({})
      const gone = yield* Effect.fork(submit(1))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(gone)
      assert.strictEqual(yield* submit(2), 4)
      assert.deepStrictEqual(batches.flat(), [1, 2])
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("an offer is committed without anybody waiting; only a lost one is told", () =>
    Effect.gen(function*() {
      let down = false
      let lost = 0
      const { batches, offer, submit } = yield* doubling({
        before: () => Effect.suspend(() => down ? Effect.fail("down") : Effect.void)
      })
      assert.isTrue(offer(1, () => lost++))
      assert.strictEqual(yield* submit(2), 4)
      assert.deepStrictEqual(batches, [[1, 2]])
      assert.strictEqual(lost, 0)
      down = true
      assert.isTrue(offer(3, () => lost++))
      assert.isTrue(offer(1_000, () => lost++))
      yield* Effect.either(submit(4))
      assert.strictEqual(lost, 2)
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("after a crowd the next batch waits for the pace, unless it is full; after a few it does not", () =>
    Effect.gen(function*() {
      const { batches, submit } = yield* doubling({ maxBatch: 10, pace: { crowd: 4, interval: 600_000 } })
      yield* Effect.forEach(numbers(0, 3), submit, all)
      yield* Effect.forEach(numbers(3, 7), submit, all)
      const waits = yield* Effect.fork(Effect.forEach(numbers(7, 16), submit, all))
      yield* remains("the next batch waits", Effect.sync(() => batches.length), (_) => _ === 2)
      assert.strictEqual(yield* submit(16), 32)
      yield* Fiber.join(waits)
      assert.deepStrictEqual(batches, [numbers(0, 3), numbers(3, 7), numbers(7, 17)])
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("a pace that is over lets the next batch go", () =>
    Effect.gen(function*() {
      const { batches, submit } = yield* doubling({ pace: { crowd: 1, interval: 20 } })
      assert.strictEqual(yield* submit(1), 2)
      assert.strictEqual(yield* submit(2), 4)
      assert.deepStrictEqual(batches, [[1], [2]])
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("the end of its scope lets the commit in hand end and fails those who still wait", () =>
    Effect.gen(function*() {
      const open = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const { batches, submit } = yield* Scope.extend(
        doubling({ maxBatch: 1, before: () => Deferred.await(open) }),
        scope
      )
      const inHand = yield* Effect.fork(submit(1))
      yield* eventually("the commit runs", Effect.sync(() => batches.length), (_) => _ === 1)
      const waiting = yield* Effect.fork(submit(2))
      yield* Effect.yieldNow()
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.replicateEffect(Effect.yieldNow(), 10)
      yield* Deferred.succeed(open, void 0)
      assert.strictEqual(yield* Fiber.join(inHand), 2)
      yield* Fiber.join(closing)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(waiting)))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(submit(3))))
      assert.deepStrictEqual(batches, [[1]])
    }).pipe(Effect.provide(Daemons.Default)))
})
