import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Random, TestClock } from "effect"
import { type GatewayError, retryAfterOf, timedOut } from "../../src/layers/client/GatewayError.ts"
import { retryPolicy, withRetries } from "../../src/layers/client/Retry.ts"

const failure = timedOut(1)

const fixed = (value: number) => Effect.withRandom(Random.fixed([value]))

/** When each attempt began, in ms, with attempts that fail at once. */
const attempts = (
  options: Parameters<typeof retryPolicy>[0],
  { error = failure, mayRepeat = true, random = 1 }: {
    readonly error?: GatewayError
    readonly mayRepeat?: boolean
    readonly random?: number
  } = {}
) =>
  Effect.gen(function*() {
    const began: Array<number> = []
    const fiber = yield* withRetries(
      retryPolicy(options),
      () => Effect.flatMap(Clock.currentTimeMillis, (_) => Effect.zipRight(Effect.sync(() => began.push(_)), error)),
      () => mayRepeat
    ).pipe(Effect.flip, fixed(random), Effect.fork)
    yield* TestClock.adjust("10 minutes")
    assert.strictEqual(yield* Fiber.join(fiber), error)
    return began
  })

const retryAfter = (milliseconds: number): GatewayError => Object.assign(timedOut(1), { retryAfter: milliseconds })

describe("retries", () => {
  it.effect("wait twice as long each time, up to the longest", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* attempts({ attempts: 6, first: 100, longest: 500, total: "1 hour" }),
        [0, 100, 300, 700, 1200, 1700]
      )
    }))

  it.effect("spread from half of it to all of it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* attempts({ attempts: 3, first: 100 }, { random: 0 }), [0, 50, 150])
    }))

  it.effect("wait as long as the gateway asks, when that is longer", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* attempts({ attempts: 3, first: 100 }, { error: retryAfter(2000) }), [0, 2000, 4000])
      assert.deepStrictEqual(yield* attempts({ attempts: 3, first: 100 }, { error: retryAfter(10) }), [
        600000,
        600100,
        600300
      ])
    }))

  it.effect("begin no attempt after the total", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* attempts({ attempts: 100, first: 100, longest: 100, total: 250 }), [0, 100, 200])
      // rather than wait for what would be in vain
      assert.lengthOf(yield* attempts({ attempts: 100, total: "1 second" }, { error: retryAfter(5000) }), 1)
    }))

  it.effect("are not made where they may not", () =>
    Effect.gen(function*() {
      assert.lengthOf(yield* attempts({ attempts: 5 }, { mayRepeat: false }), 1)
      assert.lengthOf(yield* attempts({ attempts: 1 }), 1)
    }))

  it.effect("tell an attempt how much is left", () =>
    Effect.gen(function*() {
      const left: Array<number> = []
      const fiber = yield* withRetries(
        retryPolicy({ attempts: 3, first: 100, total: 1000 }),
        (_) => Effect.zipRight(Effect.sync(() => left.push(_)), Effect.delay(failure, 50)),
        () => true
      ).pipe(Effect.flip, fixed(1), Effect.fork)
      yield* TestClock.adjust(Duration.minutes(1))
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(left, [1000, 850, 600])
    }))

  it("read Retry-After as seconds and as a date", () => {
    assert.strictEqual(retryAfterOf("2", 0), 2000)
    assert.strictEqual(retryAfterOf("Thu, 01 Jan 1970 00:00:10 GMT", 4000), 6000)
    assert.strictEqual(retryAfterOf("Thu, 01 Jan 1970 00:00:10 GMT", 40_000), 0)
    assert.isNull(retryAfterOf("soon", 0))
    assert.isNull(retryAfterOf(undefined, 0))
  })
})
