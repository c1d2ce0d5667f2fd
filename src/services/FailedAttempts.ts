import { Duration, Effect } from "effect"
import type { Instant } from "../domain/Instant.ts"

const window = Duration.toMillis("1 minute")
/** Failures within the window that are answered as such. */
const most = 10
const capacity = 10_000

interface Attempts {
  readonly since: Instant
  failures: number
}

/** Counts who fails to authenticate. A correct credential is never held up by it: it is checked first. */
export class FailedAttempts extends Effect.Service<FailedAttempts>()("gateway/FailedAttempts", {
  sync: () => {
    const attempts = new Map<string, Attempts>()

    /** Of an account at an address: the ms for which further failures are throttled, null while they are not. */
    const fail = (account: string, address: string, now: Instant): number | null => {
      const key = `${account.slice(0, 64)} ${address}`
      const known = attempts.get(key)
      if (known !== undefined && now - known.since < window && now >= known.since) {
        known.failures++
        return known.failures > most ? known.since + window - now : null
      }
      attempts.delete(key)
      if (attempts.size >= capacity) attempts.delete(attempts.keys().next().value!)
      attempts.set(key, { since: now, failures: 1 })
      return null
    }

    return { fail } as const
  }
}) {}
