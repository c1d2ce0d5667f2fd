import { Effect } from "effect"

/** Tells how long it took when it succeeded, in seconds. */
export const timed = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  tell: (seconds: number) => void
): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) =>
    Effect.suspend(() => {
      const began = clock.unsafeCurrentTimeNanos()
      return Effect.map(effect, (answer) => {
        tell(Number(clock.unsafeCurrentTimeNanos() - began) / 1e9)
        return answer
      })
    })
  )
