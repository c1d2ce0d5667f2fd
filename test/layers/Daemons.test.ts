import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Scope, TestClock } from "effect"
import { DaemonDied, Daemons } from "../../src/layers/Daemons.ts"
import { eventually, realTime, remains } from "../support/LayersEventually.ts"

const running = Effect.gen(function*() {
  const daemons = yield* Daemons
  const death = yield* Effect.fork(daemons.death)
  const died = Effect.sync(() => death.unsafePoll())
  return { daemons, died, isDead: eventually("a death is told", died, (_) => _ !== null, realTime, 3_000) }
})

const sentenceOf = (exit: Exit.Exit<never, DaemonDied> | null) => {
  assert.isTrue(exit !== null && Exit.isFailure(exit))
  const error = Cause.squash((exit as Exit.Failure<never, DaemonDied>).cause)
  assert.instanceOf(error, DaemonDied)
  return (error as DaemonDied).message
}

describe("Daemons", () => {
  const deaths = [
    ["fails", Effect.fail("the disk is full"), "the disk is full"],
    ["dies", Effect.die(new Error("a bug")), "a bug"],
    ["comes to an end", Effect.void, "it came to an end"],
    ["answers", Effect.succeed("done"), "it came to an end"]
  ] as const

  for (const [how, daemon, words] of deaths) {
    it.scoped(`one that ${how} is told with its name and why`, () =>
      Effect.gen(function*() {
        const { daemons, isDead } = yield* running
        yield* daemons.start("recorder", Effect.zipRight(Effect.yieldNow(), daemon))
        const sentence = sentenceOf(yield* isDead)
        assert.include(sentence, "The recorder stopped")
        assert.include(sentence, "so the process ends")
        assert.include(sentence, words)
      }).pipe(Effect.provide(Daemons.Default)))
  }

  it.scoped("one that was interrupted, but not by the end of its scope, is a death too", () =>
    Effect.gen(function*() {
      const { daemons, isDead } = yield* running
      yield* daemons.start("processor", Effect.zipRight(Effect.yieldNow(), Effect.interrupt))
      assert.include(sentenceOf(yield* isDead), "The processor stopped")
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("the end of its scope ends it, and is no death", () =>
    Effect.gen(function*() {
      const { daemons, died } = yield* running
      const scope = yield* Scope.make()
      let ended = false
      const started = yield* Deferred.make<void>()
      const daemon = Deferred.succeed(started, void 0).pipe(
        Effect.zipRight(Effect.never),
        Effect.onInterrupt(() => Effect.sync(() => (ended = true)))
      )
      yield* Scope.extend(daemons.start("tail", daemon), scope)
      yield* Deferred.await(started)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(ended)
      yield* remains("nobody died", died, (_) => _ === null)
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("those that run are left alone, whatever happens to another", () =>
    Effect.gen(function*() {
      const { daemons, died, isDead } = yield* running
      let beats = 0
      const beat = Effect.forever(Effect.zipRight(Effect.sync(() => beats++), Effect.sleep("1 second")))
      yield* daemons.start("beat", beat)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(beats, 11)
      assert.isNull(yield* died)
      yield* daemons.start("other", Effect.fail("no"))
      assert.include(sentenceOf(yield* isDead), "The other stopped")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(beats, 21)
    }).pipe(Effect.provide(Daemons.Default)))

  it.scoped("the first death is the one that is told", () =>
    Effect.gen(function*() {
      const { daemons, isDead } = yield* running
      yield* daemons.start("first", Effect.fail("one"))
      const first = yield* isDead
      yield* daemons.start("second", Effect.fail("two"))
      assert.include(sentenceOf(first), "The first stopped")
      const again = yield* Effect.flip(daemons.death)
      assert.strictEqual(again.name, "first")
    }).pipe(Effect.provide(Daemons.Default)))
})
