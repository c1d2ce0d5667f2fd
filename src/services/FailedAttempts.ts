import { Duration, Effect, Schema } from "effect"
import { AccountId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"

/** Failures within the window that are answered as such; those beyond are throttled. */
export const mostFailures = 10
export const failureWindow = Duration.minutes(1)
const window = Duration.toMillis(failureWindow)
const capacity = 10_000

const isAccountId = Schema.is(AccountId)

/** Counts who fails to authenticate. A correct credential is never held up by it: it is checked first. */
export class FailedAttempts extends Effect.Service<FailedAttempts>()("gateway/FailedAttempts", {
  sync: () => {
    /** The last failures that were not throttled, the oldest first. */
    const failures = new Map<string, Array<Instant>>()

    /** Of an account at an address: the ms for which further failures are throttled, null while they are not. */
    const fail = (account: string, address: string, now: Instant): number | null => {
      // what can be nobody's name needs no guard
      if (account !== "operator" && !isAccountId(account)) return null
      const key = `${account} ${address}`
      const recent = (failures.get(key) ?? []).filter((at) => Math.abs(now - at) < window)
      if (recent.length >= mostFailures) return recent[0]! + window - now
      recent.push(now)
      failures.delete(key)
      if (failures.size >= capacity) failures.delete(failures.keys().next().value!)
      failures.set(key, recent)
      return null
    }

    return { fail } as const
  }
}) {}
