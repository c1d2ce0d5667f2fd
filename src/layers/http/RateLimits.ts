import type { Principal } from "../../services/Authenticate.ts"

interface Bucket {
  tokens: number
  /** Milliseconds since the epoch. */
  filledAt: number
}

export interface RateLimit {
  /** Seconds until it is worth to try again; null while there is room. */
  readonly retryAfter: number | null
  /** draft-ietf-httpapi-ratelimit-headers-10 */
  readonly headers: Readonly<Record<string, string>>
}

const capacity = 10_000

/**
 * A token bucket for each account, and one for the operator: `rate` requests a second, and a burst of one second's worth.
 * Those that are full are forgotten when there are too many.
 */
export const makeRateLimits = (rate: number) => {
  const buckets = new Map<string, Bucket>()
  const policy = `"account";q=${rate};w=1`

  const bucketOf = (key: string, now: number): Bucket => {
    const known = buckets.get(key)
    if (known !== undefined) return known
    if (buckets.size >= capacity) buckets.delete(buckets.keys().next().value!)
    const made = { tokens: rate, filledAt: now }
    buckets.set(key, made)
    return made
  }

  return (principal: Principal, now: number): RateLimit => {
    const bucket = bucketOf(principal._tag === "Operator" ? "operator" : principal.id, now)
    bucket.tokens = Math.min(rate, bucket.tokens + Math.max(0, now - bucket.filledAt) * rate / 1000)
    bucket.filledAt = now
    const hasRoom = bucket.tokens >= 1
    if (hasRoom) bucket.tokens--
    const untilNext = Math.max(1, Math.ceil((1 - bucket.tokens) / rate))
    return {
      retryAfter: hasRoom ? null : untilNext,
      headers: {
        "ratelimit-policy": policy,
        ratelimit: `"account";r=${Math.floor(bucket.tokens)};t=${hasRoom ? 1 : untilNext}`
      }
    }
  }
}

export type RateLimits = ReturnType<typeof makeRateLimits>
