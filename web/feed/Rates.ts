import type { Bucket, TransactionEvent } from "../api/types.ts"

/** Seconds that are kept. */
export const window = 300
/** Latencies that are kept of one second: enough for a p95. */
const samples = 500
/** Events that are remembered: after a resume the same may come again under the same id. */
const remembered = 20_000

/** What became of the transactions that were accepted in one second. */
export interface Second {
  /** Seconds since the epoch. */
  readonly at: number
  readonly accepted: number
  readonly approved: number
  readonly rejected: number
  /** From acceptance to decision, ms; null where nothing was decided. */
  readonly p95: number | null
}

interface Counted {
  accepted: number
  approved: number
  rejected: number
  latencies: Array<number>
  /** Undefined until somebody asks again. */
  p95: number | null | undefined
}

const nothing = (): Counted => ({ accepted: 0, approved: 0, rejected: 0, latencies: [], p95: undefined })

/** By nearest rank, as the gateway's summary has it. */
const p95Of = (counted: Counted): number | null => {
  if (counted.p95 === undefined) {
    const sorted = [...counted.latencies].sort((a, b) => a - b)
    counted.p95 = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null
  }
  return counted.p95
}

/**
 * Counts per second over the last minutes: those of the gateway's summary as far as it was read, and what the stream has
 * told since. Each is a lower bound of the same number, so the larger one holds.
 */
export class Rates {
  readonly #heard = new Map<number, Counted>()
  #read = new Map<number, Bucket>()
  #recent = new Set<string>()
  #before = new Set<string>()

  apply(events: ReadonlyArray<TransactionEvent>): void {
    for (const { id, transaction, type } of events) {
      if (this.#recent.has(id) || this.#before.has(id)) continue
      this.#recent.add(id)
      if (this.#recent.size >= remembered) {
        this.#before = this.#recent
        this.#recent = new Set()
      }
      const acceptedAt = Date.parse(transaction.created_at)
      const second = Math.floor(acceptedAt / 1000)
      let counted = this.#heard.get(second)
      if (counted === undefined) this.#heard.set(second, counted = nothing())
      if (type === "transaction.accepted") {
        counted.accepted++
        continue
      }
      if (transaction.status === "approved") counted.approved++
      else counted.rejected++
      counted.p95 = undefined
      const { length } = counted.latencies
      const latency = Date.parse(transaction.decided_at!) - acceptedAt
      if (length < samples) counted.latencies.push(latency)
      // every one has the same chance to stay
      else {
        const place = Math.floor(Math.random() * (counted.approved + counted.rejected))
        if (place < samples) counted.latencies[place] = latency
      }
    }
  }

  /** Buckets of a second each. */
  applySummary(buckets: ReadonlyArray<Bucket>): void {
    this.#read = new Map(buckets.map((bucket) => [Math.floor(Date.parse(bucket.at) / 1000), bucket]))
  }

  /** The seconds up to an instant (ms), oldest first, each of them, also where nothing happened. */
  seconds(until: number): ReadonlyArray<Second> {
    const last = Math.floor(until / 1000)
    const first = last - window + 1
    for (const second of this.#heard.keys()) {
      if (second < first) this.#heard.delete(second)
    }
    return Array.from({ length: window }, (_, index) => {
      const at = first + index
      const heard = this.#heard.get(at)
      const read = this.#read.get(at)
      const approved = Math.max(heard?.approved ?? 0, read?.approved ?? 0)
      const rejected = Math.max(heard?.rejected ?? 0, read?.rejected ?? 0)
      const knowsMore = heard !== undefined &&
        heard.approved + heard.rejected > (read === undefined ? 0 : read.approved + read.rejected)
      return {
        at,
        // who was decided was accepted, whichever of the two was heard
        accepted: Math.max(heard?.accepted ?? 0, read?.accepted ?? 0, approved + rejected),
        approved,
        rejected,
        p95: knowsMore ? p95Of(heard) : read?.p95_ms ?? null
      }
    })
  }
}
