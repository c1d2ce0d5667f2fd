import { Clock, Effect } from "effect"
import type { AccountId } from "../domain/Ids.ts"
import type { FeedEvent, Hearer } from "./EventFeed.ts"
import type { Scope } from "./SubmissionRepository.ts"

/** Milliseconds between two deliveries at least, and at most where there are many hearers: each costs each of them a write. */
const shortestGap = 50
const longestGap = 100
const hearersPerMillisecond = 20

/**
 * Gives events to those who hear them now, some at a time: what comes to an idle feed is given at once, what follows is
 * gathered. All hearers of one scope are given the same array.
 */
export const makeFeedDelivery = Effect.gen(function*() {
  const clock = yield* Effect.clock
  const hearers = new Map<Scope, Set<Hearer>>()
  const gathered = yield* Effect.makeLatch(false)
  let waiting: Array<FeedEvent> = []
  let count = 0
  let deliveredAt = -Infinity

  const gap = () => Math.min(longestGap, shortestGap + count / hearersPerMillisecond)
  /** Never longer than the gap, should the clock be set back. */
  const early = (now: number) => Math.min(deliveredAt + gap() - now, gap())

  const give = (scope: Scope, events: ReadonlyArray<FeedEvent>) => {
    for (const hearer of hearers.get(scope) ?? []) hearer.hear(events)
  }

  const deliver = (): void => {
    if (waiting.length === 0) return
    const events = waiting
    waiting = []
    deliveredAt = clock.unsafeCurrentTimeMillis()
    const ofAccount = new Map<AccountId, Array<FeedEvent>>()
    for (const event of events) {
      const { accountId } = event.submission
      if (!hearers.has(accountId)) continue
      const own = ofAccount.get(accountId)
      if (own === undefined) ofAccount.set(accountId, [event])
      else own.push(event)
    }
    for (const [accountId, own] of ofAccount) give(accountId, own)
    give("all", events)
  }

  return {
    /** Whether anybody hears of this account; null is one that is not known. */
    isHeard: (account: AccountId | null): boolean =>
      count > 0 && (account === null || hearers.has("all") || hearers.has(account)),

    /** What was told before is not given to it any more. */
    join: (hearer: Hearer): void => {
      deliver()
      const others = hearers.get(hearer.scope)
      if (others === undefined) hearers.set(hearer.scope, new Set([hearer]))
      else others.add(hearer)
      count++
    },

    leave: (hearer: Hearer): void => {
      const all = hearers.get(hearer.scope)
      if (all?.delete(hearer) !== true) return
      count--
      if (all.size === 0) hearers.delete(hearer.scope)
    },

    add: (event: FeedEvent): void => {
      waiting.push(event)
    },

    /** Now, or when the gap is over. */
    deliverSoon: (): void => {
      if (waiting.length === 0) return
      if (early(clock.unsafeCurrentTimeMillis()) <= 0) deliver()
      else gathered.unsafeOpen()
    },

    /** Tells all who hear now that nothing is left before this position. */
    pass: (cursor: () => string): void => {
      if (count === 0) return
      deliver()
      const position = cursor()
      for (const all of hearers.values()) for (const hearer of all) hearer.pass(position)
    },

    run: Effect.gen(function*() {
      for (;;) {
        yield* gathered.await
        gathered.unsafeClose()
        const wait = early(yield* Clock.currentTimeMillis)
        if (wait > 0) yield* Effect.sleep(wait)
        deliver()
      }
    })
  } as const
})

export type FeedDelivery = Effect.Effect.Success<typeof makeFeedDelivery>
