import { SqlError } from "@effect/sql/SqlError"
import { Clock, Effect } from "effect"
import { innermost } from "../../services/Failure.ts"
import { isLost } from "./SqlFailure.ts"

/** Milliseconds. */
const sayEvery = 10_000

/** Tries again while a database's server is not there, and says so: at once, and then every ten seconds. */
export const waitWhileLost =
  (name: string, annotations: Readonly<Record<string, string>> = {}) =>
  <A, E, R>(use: Effect.Effect<A, E | SqlError, R>): Effect.Effect<A, E | SqlError, R> =>
    Effect.suspend(() => {
      let said = -Infinity
      const attempt: Effect.Effect<A, E | SqlError, R> = Effect.catchAll(use, (error) =>
        error instanceof SqlError && isLost(error)
          ? Effect.zipRight(
            Effect.zipRight(say(error), Effect.sleep("1 second")),
            Effect.suspend(() =>
              attempt
            )
          )
          : Effect.fail(error))
      const say = Effect.fnUntraced(function*(error: SqlError) {
        const now = yield* Clock.currentTimeMillis
        if (now - said < sayEvery) return
        said = now
        yield* Effect.logWarning(`waits for the ${name} database`).pipe(
          Effect.annotateLogs({ ...annotations, cause: innermost(error) })
        )
      })
      return attempt
    })
