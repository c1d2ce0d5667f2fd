import { Duration, Effect, Schema } from "effect"
import { AccountId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"

const window = Duration.toMillis("1 minute")
/** Failures within the window that are answered as such. */
const most = 10
const capacity = 10_000

const isAccountId = Schema.is(AccountId)

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
      // what can be nobody's name needs no guard
      if (account !== "operator" && !isAccountId(account)) return null
      const key = `${account} ${address}`
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
