import type { Transaction, TransactionEvent } from "../api/types.ts"
import { type Filter, matches } from "./Filter.ts"

/** Rows that are kept; past it the oldest go, in chunks. */
export const capacity = 100_000
const chunk = 5_000
/** Decisions that are remembered of transactions that are not shown. */
const remembered = 10_000

export interface View {
  /** Changes with every change. */
  readonly version: number
  /** Rows that are shown. */
  readonly count: number
  /** Newer rows that wait until the list may move. */
  readonly waiting: number
}

/**
 * The transactions that a filter lets through, ordered by id. An append-only array whose first row has the number
 * `base`: a row keeps its number while others come, also when older ones are put before it. What is shown is replaced,
 * never changed, so that a row draws itself again only when it is another.
 */
export class TransactionStore {
  readonly filter: Filter
  readonly #ofAnyStatus: Filter
  #rows: Array<Transaction> = []
  #base = 0
  readonly #numberOf = new Map<string, number>()
  /** While frozen: what would have moved a row. The last state of each. */
  #waiting = new Map<string, Transaction>()
  /** While frozen: rows that the filter no longer lets through. */
  readonly #leaving = new Set<string>()
  /** Rows, shown or waiting, that had no decision when last heard of. */
  readonly #undecided = new Set<string>()
  #frozen = false
  /** Whether rows older than `#readTo` are with the gateway. */
  #hasOlder = true
  /** Where the page before begins: from here on all rows are known. Null before anything was listed. */
  #readTo: string | null = null
  /** Decisions of transactions that are not shown: whoever was listed before them is not shown without them. */
  #decided = new Map<string, Transaction>()
  #decidedBefore = new Map<string, Transaction>()
  /** Whether more came than could wait: what is shown has a gap that only the gateway can fill. */
  #overflowed = false
  #view: View = { version: 0, count: 0, waiting: 0 }
  readonly #listeners = new Set<() => void>()

  constructor(filter: Filter) {
    this.filter = filter
    this.#ofAnyStatus = { ...filter, status: null }
  }

  readonly subscribe = (listener: () => void): () => void => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly view = (): View => this.#view

  /** Tells who listens; called by the scheduler, never for each event. */
  readonly publish = (): void => {
    this.#view = { version: this.#view.version + 1, count: this.#rows.length, waiting: this.#waiting.size }
    for (const listener of this.#listeners) listener()
  }

  /** The `position`-th row that is shown, the newest first. */
  at(position: number): Transaction | undefined {
    return this.#rows[this.#rows.length - 1 - position]
  }

  /** Where a row is shown; -1 for one that is not. */
  positionOf(id: string): number {
    const number = this.#numberOf.get(id)
    return number === undefined ? -1 : this.#rows.length - 1 - (number - this.#base)
  }

  find(id: string): Transaction | undefined {
    const number = this.#numberOf.get(id)
    return number === undefined ? this.#waiting.get(id) : this.#rows[number - this.#base]
  }

  get hasOlder(): boolean {
    return this.#hasOlder
  }

  /** What the page before starts after. */
  get readTo(): string | null {
    return this.#readTo
  }

  /**
   * A few rows without a decision that were accepted before an instant (ms); each time others, so that those that stay
   * without one do not keep the rest from being asked for.
   */
  undecidedBefore(instant: number, most: number): ReadonlyArray<string> {
    const found: Array<string> = []
    for (const id of this.#undecided) {
      if (found.length === most) break
      const transaction = this.find(id)
      if (transaction !== undefined && Date.parse(transaction.created_at) < instant) found.push(id)
    }
    for (const id of found) {
      this.#undecided.delete(id)
      this.#undecided.add(id)
    }
    return found
  }

  /** What the gateway says of single transactions that are shown. */
  refresh(transactions: ReadonlyArray<Transaction>): void {
    for (const transaction of transactions) {
      if (this.find(transaction.id) !== undefined) this.#apply(transaction)
    }
  }

  get isFrozen(): boolean {
    return this.#frozen
  }

  get overflowed(): boolean {
    return this.#overflowed
  }

  /** While frozen no row moves; rows that are shown still change in place. */
  freeze(frozen: boolean): void {
    if (this.#frozen === frozen) return
    this.#frozen = frozen
    if (!frozen) this.release()
  }

  /** Lets in what waits, also while frozen. */
  release(): void {
    const waiting = Array.from(this.#waiting.values()).sort((a, b) => a.id < b.id ? -1 : 1)
    this.#waiting = new Map()
    for (const transaction of waiting) this.#insert(transaction)
    for (const id of this.#leaving) this.#remove(id)
    this.#leaving.clear()
    this.#trim()
  }

  apply(events: ReadonlyArray<TransactionEvent>): void {
    for (const { transaction } of events) this.#apply(transaction)
    this.#trim()
  }

  /**
   * The newest rows as the gateway lists them; what the stream told meanwhile stays, and a decision is never undone.
   * `next`: where the page before begins, if that is not the last row.
   */
  applyNewest(transactions: ReadonlyArray<Transaction>, hasOlder: boolean, next: string | null = null): void {
    const low = hasOlder ? next ?? transactions.at(-1)?.id ?? "" : ""
    const newest = this.#newestId()
    // between what is known and what was listed others may be missing: only the list is without a gap
    const hasGap = hasOlder && newest !== null && newest < low
    if (hasGap && this.#frozen && this.#readTo !== null) {
      this.#overflowed = true
      for (const transaction of transactions) if (this.#numberOf.has(transaction.id)) this.#apply(transaction)
      return
    }
    if (hasGap) this.clear()
    // an old one that was decided just now: what lies between is not known
    if (this.#readTo === null) this.#cut(low)
    if (this.#readTo === null || !hasOlder || low < this.#readTo) {
      this.#readTo = low
      this.#hasOlder = hasOlder
    }
    // the first rows that are shown at all move nothing
    const isFrozen = this.#frozen
    if (this.#rows.length === 0) {
      this.#frozen = false
      this.release()
    }
    for (const transaction of transactions) this.#apply(transaction)
    this.#frozen = isFrozen
    this.#trim()
  }

  /** The page that `after` (`readTo`, when it was asked for) began; one that came too late changes nothing. */
  applyOlder(
    transactions: ReadonlyArray<Transaction>,
    hasOlder: boolean,
    next: string | null = null,
    after: string | null = this.#readTo
  ): void {
    if (after === null || after !== this.#readTo) return
    const low = hasOlder ? next ?? transactions.at(-1)?.id ?? after : ""
    const ofPage = new Map(transactions.map((transaction) => [transaction.id, transaction]))
    for (const [id, transaction] of [...this.#decidedBefore, ...this.#decided]) {
      if (id >= low && id < after) ofPage.set(id, transaction)
    }
    const older = Array.from(ofPage.values())
      .filter((transaction) => !this.#numberOf.has(transaction.id) && matches(this.filter, transaction))
      .sort((a, b) => a.id < b.id ? -1 : 1)
    this.#base -= older.length
    this.#rows = older.concat(this.#rows)
    older.forEach(({ id, status }, index) => {
      this.#numberOf.set(id, this.#base + index)
      if (status === "processing") this.#undecided.add(id)
    })
    this.#readTo = low
    this.#hasOlder = hasOlder
  }

  /** What is known has a gap: it goes, or, while no row may move, it is said to be to go. */
  lose(): void {
    if (this.#frozen && this.#rows.length > 0) this.#overflowed = true
    else this.clear()
  }

  clear(): void {
    this.#rows = []
    this.#base = 0
    this.#numberOf.clear()
    this.#waiting.clear()
    this.#leaving.clear()
    this.#undecided.clear()
    this.#hasOlder = true
    this.#readTo = null
    this.#overflowed = false
  }

  #newestId(): string | null {
    let newest = this.#rows.at(-1)?.id ?? null
    for (const id of this.#waiting.keys()) if (newest === null || id > newest) newest = id
    return newest
  }

  #apply(heard: Transaction): void {
    // `processing` never overwrites a decision
    const transaction = heard.status === "processing"
      ? this.#decided.get(heard.id) ?? this.#decidedBefore.get(heard.id) ?? heard
      : heard
    const { id } = transaction
    const number = this.#numberOf.get(id)
    if (number !== undefined) return this.#replace(number, transaction)
    if (this.#waiting.has(id)) {
      if (transaction.status === "processing") return
      this.#undecided.delete(id)
      if (matches(this.filter, transaction)) this.#waiting.set(id, transaction)
      else {
        this.#waiting.delete(id)
        this.#remember(transaction)
      }
      return
    }
    // older than what was read: it comes with its page
    if (!matches(this.filter, transaction) || (this.#hasOlder && this.#readTo !== null && id < this.#readTo)) {
      return this.#remember(transaction)
    }
    if (this.#frozen && this.#waiting.size >= capacity) {
      this.#overflowed = true
      return
    }
    if (transaction.status === "processing") this.#undecided.add(id)
    if (this.#frozen) this.#waiting.set(id, transaction)
    else this.#insert(transaction)
  }

  #remember(transaction: Transaction): void {
    if (transaction.status === "processing" || !matches(this.#ofAnyStatus, transaction)) return
    this.#decided.set(transaction.id, transaction)
    if (this.#decided.size < remembered) return
    this.#decidedBefore = this.#decided
    this.#decided = new Map()
  }

  #replace(number: number, transaction: Transaction): void {
    const before = this.#rows[number - this.#base]!
    // `processing` never overwrites a decision, and a decision never changes
    if (before.status !== "processing" || transaction.status === "processing") return
    this.#rows[number - this.#base] = transaction
    this.#undecided.delete(transaction.id)
    if (matches(this.filter, transaction)) return
    this.#remember(transaction)
    if (this.#frozen) this.#leaving.add(transaction.id)
    else this.#remove(transaction.id)
  }

  #insert(transaction: Transaction): void {
    let index = this.#rows.length
    while (index > 0 && this.#rows[index - 1]!.id > transaction.id) index--
    if (index === this.#rows.length) this.#rows.push(transaction)
    else this.#rows.splice(index, 0, transaction)
    this.#number(index)
  }

  #remove(id: string): void {
    const number = this.#numberOf.get(id)
    if (number === undefined) return
    this.#numberOf.delete(id)
    this.#rows.splice(number - this.#base, 1)
    this.#number(number - this.#base)
  }

  /** Numbers the rows from an index on; nearly always the last ones. */
  #number(from: number): void {
    for (let index = from; index < this.#rows.length; index++) {
      this.#numberOf.set(this.#rows[index]!.id, this.#base + index)
    }
  }

  #trim(): void {
    if (this.#frozen || this.#rows.length <= capacity + chunk) return
    const low = this.#rows[this.#rows.length - capacity]!.id
    this.#cut(low)
    this.#readTo = low
    this.#hasOlder = true
  }

  /** Forgets what is older than an id. */
  #cut(low: string): void {
    const kept = this.#rows.findIndex(({ id }) => id >= low)
    const dropped = this.#rows.splice(0, kept < 0 ? this.#rows.length : kept)
    for (const transaction of dropped) {
      this.#numberOf.delete(transaction.id)
      this.#undecided.delete(transaction.id)
    }
    this.#base += dropped.length
    for (const [id, transaction] of this.#waiting) {
      if (id >= low) continue
      this.#waiting.delete(id)
      this.#undecided.delete(id)
      dropped.push(transaction)
    }
    for (const transaction of dropped.slice(-remembered)) this.#remember(transaction)
  }
}
