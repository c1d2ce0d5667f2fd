import { assert } from "@effect/vitest"
import { Effect, TestClock } from "effect"

/** Lets the event loop turn, for real, whatever the clock of the test says. */
export const turn = Effect.async<void>((resume) => {
  const timer = setTimeout(() => resume(Effect.void), 1)
  return Effect.sync(() => clearTimeout(timer))
})

/** Whose time passes while a test waits. */
export interface Time {
  /** Lets a little time pass. */
  readonly pass: Effect.Effect<void>
}

/** The test's own clock moves on by this much with every look. */
export const ownTime = (step: `${number} ${"millis" | "second" | "seconds"}` = "50 millis"): Time => ({
  pass: Effect.zipRight(TestClock.adjust(step), turn)
})

/** The real clock, for layers whose server has a clock of its own; also where nothing waits for time at all. */
export const realTime: Time = { pass: turn }

/** Looks until it is true. The deadline is real time, so that a test that cannot succeed ends. */
export const eventually = Effect.fnUntraced(function*<A, E, R>(
  what: string,
  look: Effect.Effect<A, E, R>,
  isSo: (found: A) => boolean,
  { pass }: Time = realTime,
  deadlineMs = 10_000
) {
  const until = performance.now() + deadlineMs
  for (;;) {
    const found = yield* look
    if (isSo(found)) return found
    if (performance.now() > until) return assert.fail(`after ${deadlineMs} ms not yet: ${what} (${show(found)})`)
    yield* pass
  }
})

const show = (found: unknown) =>
  JSON.stringify(found, (_, value) => typeof value === "bigint" ? `${value}n` : value)?.slice(0, 500)

/** Looks for some turns and while time passes: it must be so every time. */
export const remains = Effect.fnUntraced(function*<A, E, R>(
  what: string,
  look: Effect.Effect<A, E, R>,
  isSo: (found: A) => boolean,
  { pass }: Time = realTime,
  looks = 20
) {
  for (let i = 0; i < looks; i++) {
    const found = yield* look
    assert.isTrue(isSo(found), `no longer: ${what} (${show(found)})`)
    yield* pass
  }
})
