import { Clock, Duration, Effect, Either, Random } from "effect"
import type { GatewayError } from "./GatewayError.ts"

export interface RetryOptions {
  /** How often a request is sent at most; 1 retries nothing. 6 unless told otherwise. */
  readonly attempts?: number
  /** No attempt begins, and none goes on, after this. 1 minute unless told otherwise. */
  readonly total?: Duration.DurationInput
  /** Before the first retry; each later one doubles it. 200 ms unless told otherwise. */
  readonly first?: Duration.DurationInput
  /** No wait is longer, except where the gateway asks for it. 10 s unless told otherwise. */
  readonly longest?: Duration.DurationInput
}

/** In milliseconds. */
export interface RetryPolicy {
  readonly attempts: number
  readonly total: number
  readonly first: number
  readonly longest: number
}

export const retryPolicy = (options: RetryOptions = {}): RetryPolicy => ({
  attempts: options.attempts ?? 6,
  total: Duration.toMillis(options.total ?? "1 minute"),
  first: Duration.toMillis(options.first ?? "200 millis"),
  longest: Duration.toMillis(options.longest ?? "10 seconds")
})

/** Half of it to all of it, so that those who were cut off together do not come back together. */
export const jittered = (milliseconds: number): Effect.Effect<number> =>
  Effect.map(Random.next, (_) => milliseconds * (0.5 + _ / 2))

/** Milliseconds to wait after so many failures, which is never less than the gateway asked for. */
export const backOff = (
  { first, longest }: Pick<RetryPolicy, "first" | "longest">,
  failures: number,
  retryAfter: number | null
): Effect.Effect<number> =>
  Effect.map(jittered(Math.min(longest, first * 2 ** (failures - 1))), (_) => Math.max(_, retryAfter ?? 0))

/** @param attempt is given the milliseconds that are left */
export const withRetries = Effect.fnUntraced(function*<A>(
  policy: RetryPolicy,
  attempt: (left: number) => Effect.Effect<A, GatewayError>,
  mayRepeat: (error: GatewayError) => boolean
) {
  const until = (yield* Clock.currentTimeMillis) + policy.total
  for (let attempts = 1;; attempts++) {
    const now = yield* Clock.currentTimeMillis
    const result = yield* Effect.either(attempt(until - now))
    if (Either.isRight(result)) return result.right
    const error = result.left
    if (attempts >= policy.attempts || !mayRepeat(error)) return yield* error
    const wait = yield* backOff(policy, attempts, error.retryAfter)
    if ((yield* Clock.currentTimeMillis) + wait >= until) return yield* error
    yield* Effect.sleep(wait)
  }
})
