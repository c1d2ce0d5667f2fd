import { Clock, Effect } from "effect"
import { firstTransactionId, instantOf, type TransactionId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"
import { type Scope, type SubmissionOutline, SubmissionRepository } from "./SubmissionRepository.ts"

export type Interval = "second" | "minute"

export interface Bucket {
  readonly at: Instant
  readonly accepted: number
  readonly approved: number
  readonly rejected: number
  /** Cents, of the approved. */
  readonly amount: number
  /** Milliseconds from acceptance to decision; null while nothing is decided. */
  readonly p50: number | null
  readonly p95: number | null
}

const hour = 3_600_000
const widths: Readonly<Record<Interval, number>> = { second: 1_000, minute: 60_000 }
/** Rows of one query; others come in between. */
const step = 10_000
/** What was accepted longer ago than this is in the database, whichever intake's clock it was dated by. */
const settling = 30_000
/** Accounts and intervals whose past buckets are kept. */
const capacity = 50

/** By the nearest rank. */
const percentile = (sorted: ReadonlyArray<number>, share: number): number | null =>
  sorted.length === 0 ? null : sorted[Math.ceil(share * sorted.length) - 1]!

const bucketOf = (at: Instant, outlines: ReadonlyArray<SubmissionOutline>): Bucket => {
  let [approved, rejected, amount] = [0, 0, 0]
  const times: Array<number> = []
  for (const outline of outlines) {
    if (outline.status === null) continue
    if (outline.status === "approved") {
      approved++
      amount += outline.amount
    } else rejected++
    times.push(outline.decidedAt! - outline.acceptedAt)
  }
  times.sort((a, b) => a - b)
  return {
    at,
    accepted: outlines.length,
    approved,
    rejected,
    amount,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95)
  }
}

/**
 * Counts the last hour by second or minute, from the rows themselves: a counter that is added to could not be run again.
 * Buckets that can change no more are kept, so that the cost does not grow with what happened before.
 */
export class Summarize extends Effect.Service<Summarize>()("gateway/Summarize", {
  effect: Effect.gen(function*() {
    const submissions = yield* SubmissionRepository
    /** Null for a bucket in which nothing was accepted. */
    const kept = new Map<string, Map<Instant, Bucket | null>>()

    const keptOf = (scope: Scope, interval: Interval) => {
      const key = `${interval} ${scope}`
      const buckets = kept.get(key) ?? new Map<Instant, Bucket | null>()
      kept.delete(key)
      if (kept.size >= capacity) kept.delete(kept.keys().next().value!)
      kept.set(key, buckets)
      return buckets
    }

    /** Those of a stretch of time, bucket after bucket: they come in the order of time. */
    const readStretch = Effect.fnUntraced(function*(
      scope: Scope,
      width: number,
      from: Instant,
      before: Instant,
      done: (at: Instant, outlines: ReadonlyArray<SubmissionOutline>) => void
    ) {
      const end = firstTransactionId(before)
      let next = firstTransactionId(from)
      let at = from
      let outlines: Array<SubmissionOutline> = []
      const finish = (until: Instant) => {
        for (; at < until; at += width) {
          done(at, outlines)
          outlines = []
        }
      }
      for (;;) {
        const found = yield* submissions.outlines(scope, { from: next, before: end }, step)
        for (const outline of found) {
          const instant = instantOf(outline.id)
          finish(instant - instant % width)
          outlines.push(outline)
        }
        if (found.length < step) return finish(before)
        // the least text that sorts after it
        next = `${found.at(-1)!.id}0` as TransactionId
        yield* Effect.sleep(0)
      }
    })

    /** All buckets from the one that holds `since` to the present one, the empty ones too; an hour at most. */
    const summarize = Effect.fnUntraced(function*(scope: Scope, interval: Interval, since: Instant) {
      const now = yield* Clock.currentTimeMillis
      const width = widths[interval]
      const floor = (instant: Instant) => instant - instant % width
      const first = Math.max(floor(since), floor(now) - hour + width)
      const buckets = keptOf(scope, interval)
      for (const at of buckets.keys()) if (at < now - hour - width) buckets.delete(at)

      const unknown: Array<Instant> = []
      for (let at = first; at <= now; at += width) if (!buckets.has(at)) unknown.push(at)
      const made = new Map<Instant, Bucket>()
      // neighbours are read together, each stretch as far as it goes
      for (let i = 0; i < unknown.length;) {
        const from = unknown[i]!
        let to = from + width
        for (i++; unknown[i] === to; i++) to += width
        yield* readStretch(scope, width, from, to, (at, outlines) => {
          const bucket = bucketOf(at, outlines)
          made.set(at, bucket)
          if (at + width < now - settling && outlines.every((_) => _.status !== null)) {
            buckets.set(at, outlines.length === 0 ? null : bucket)
          }
        })
      }
      const all: Array<Bucket> = []
      for (let at = first; at <= now; at += width) all.push(made.get(at) ?? buckets.get(at) ?? bucketOf(at, []))
      return all
    })

    return { summarize } as const
  })
}) {}
