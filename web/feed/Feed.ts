import { paths, withQuery } from "../api/paths.ts"
import { endSession, type Failure, now, request } from "../api/request.ts"
import type { List, Summary, Transaction, TransactionEvent } from "../api/types.ts"
import { type Connection, EventStream } from "./EventStream.ts"
import { everything, type Filter, listPath } from "./Filter.ts"
import { Rates, type Second, window } from "./Rates.ts"
import { makeScheduler } from "./Scheduler.ts"
import { TransactionStore } from "./TransactionStore.ts"

export type Loading =
  | { readonly kind: "loading" }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly failure: Failure }

/** What the page knows besides the rows: another object whenever something of it changed. */
export interface FeedState {
  readonly connection: Connection
  /** By the person, until they go on. */
  readonly paused: boolean
  /** From what happened to its arrival here, ms; null until something was heard. */
  readonly lag: number | null
  readonly newest: Loading
  readonly older: Loading
}

const pageSize = 100
/** ms between two readings of the summary, which mends what was not heard. */
const summaryInterval = 15_000
/** ms after which a row without a decision is asked for: its event may have been lost. */
const overdue = 10_000
/** ms without an event after which the list is read again: what was accepted while the log is away is not heard of. */
const quiet = 10_000
/** Rows that are asked for at one time. */
const mostAsked = 10

/**
 * The live transactions of who is signed in: the stream first and the list then, so that nothing falls between them
 * (panel.md). One for the whole page; its store is another one for each filter.
 */
export class Feed {
  #store = new TransactionStore(everything)
  readonly #rates = new Rates()
  readonly #stream: EventStream
  readonly #scheduler = makeScheduler(() => this.#publish())
  readonly #listeners = new Set<() => void>()
  #state: FeedState = {
    connection: { kind: "connecting" },
    paused: false,
    lag: null,
    newest: { kind: "loading" },
    older: { kind: "ready" }
  }
  #seconds: { readonly at: number; readonly value: ReadonlyArray<Second> } = { at: 0, value: [] }
  /** Reasons why rows must not move. */
  readonly #holds = new Set<string>()
  #reading: AbortController | null = null
  #heardAt = 0
  #timers: Array<ReturnType<typeof setInterval>> = []

  constructor() {
    this.#stream = new EventStream({
      connection: (connection) => {
        this.#set({ connection })
        // what cannot be heard can still be read
        if (connection.kind === "reconnecting" && this.#state.newest.kind === "loading") void this.#readNewest()
      },
      opened: () => {
        void this.#readNewest()
        void this.#readSummary()
      },
      events: this.#hear,
      reset: () => {
        this.#store.lose()
        if (this.#store.readTo === null) this.readNewestAgain()
        else void this.#readNewest()
      },
      signedOut: endSession
    })
  }

  start(): void {
    this.#stream.start()
    document.addEventListener("visibilitychange", this.#scheduler.renew)
    this.#timers = [
      setInterval(() => void this.#readSummary(), summaryInterval),
      setInterval(() => void this.#askOverdue(), overdue),
      setInterval(() => void this.#readUnheard(), quiet / 2),
      // seconds pass also when nothing happens
      setInterval(this.#scheduler.ask, 1_000)
    ]
  }

  stop(): void {
    this.#stream.stop()
    this.#scheduler.stop()
    this.#reading?.abort()
    document.removeEventListener("visibilitychange", this.#scheduler.renew)
    for (const timer of this.#timers) clearInterval(timer)
  }

  readonly subscribe = (listener: () => void): () => void => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly state = (): FeedState => this.#state
  readonly store = (): TransactionStore => this.#store

  /** Of the last minutes, oldest first; made anew twice a second at most. */
  readonly seconds = (): ReadonlyArray<Second> => this.#seconds.value

  readonly setFilter = (filter: Filter): void => {
    if (listPath(filter) === listPath(this.#store.filter)) return
    this.#store = new TransactionStore(filter)
    this.#store.freeze(this.#holds.size > 0)
    this.#set({ newest: { kind: "loading" }, older: { kind: "ready" } })
    void this.#readNewest()
  }

  /** Rows do not move while there is a reason. */
  readonly hold = (reason: string): void => {
    this.#holds.add(reason)
    this.#store.freeze(true)
  }

  readonly release = (reason: string): void => {
    if (!this.#holds.delete(reason) || this.#holds.size > 0) return
    this.#thaw()
  }

  readonly setPaused = (paused: boolean): void => {
    if (paused) this.hold("pause")
    else this.release("pause")
    this.#set({ paused })
  }

  /** Shows what waits, whatever holds the rows. */
  readonly showWaiting = (): void => {
    this.setPaused(false)
    this.#thaw()
    this.#store.freeze(this.#holds.size > 0)
  }

  readonly readNewestAgain = (): void => {
    this.#set({ newest: { kind: "loading" } })
    void this.#readNewest()
  }

  readonly readOlder = async (): Promise<void> => {
    const store = this.#store
    const after = store.readTo
    if (this.#state.older.kind === "loading" || this.#state.newest.kind !== "ready") return
    if (after === null || !store.hasOlder) return
    this.#set({ older: { kind: "loading" } })
    const result = await this.#readPage(store, after)
    if (store !== this.#store) return
    if (!result.ok) return this.#set({ older: { kind: "failed", failure: result.failure } })
    store.applyOlder(result.value.data, result.value.has_more, result.value.next, after)
    this.#set({ older: { kind: "ready" } })
  }

  readonly #hear = (events: ReadonlyArray<TransactionEvent>): void => {
    this.#heardAt = performance.now()
    this.#store.apply(events)
    this.#rates.apply(events)
    const last = events.at(-1)
    if (last !== undefined) this.#set({ lag: Math.max(0, now() - Date.parse(last.created_at)) })
  }

  #thaw(): void {
    const { overflowed } = this.#store
    this.#store.freeze(false)
    if (overflowed) {
      this.#store.clear()
      this.readNewestAgain()
    }
    this.#scheduler.ask()
  }

  /** A page of the filter; one that a filter left empty is followed by the next. */
  async #readPage(store: TransactionStore, startingAfter: string | null, signal?: AbortSignal) {
    let after = startingAfter
    for (let looked = 0;; looked++) {
      const result = await request<List<Transaction>>(
        listPath(store.filter, { limit: pageSize, starting_after: after }),
        { signal }
      )
      if (!result.ok || result.value.data.length > 0 || !result.value.has_more || looked === 9) return result
      after = result.value.next
    }
  }

  async #readNewest(): Promise<void> {
    this.#reading?.abort()
    const reading = this.#reading = new AbortController()
    const store = this.#store
    const result = await this.#readPage(store, null, reading.signal)
    if (reading.signal.aborted) return
    if (!result.ok) return this.#set({ newest: { kind: "failed", failure: result.failure } })
    store.applyNewest(result.value.data, result.value.has_more, result.value.next)
    this.#set({ newest: { kind: "ready" } })
  }

  /** What is in the list and was not heard of; a failure says nothing that the connection does not say. */
  async #readUnheard(): Promise<void> {
    const store = this.#store
    if (document.hidden || this.#state.newest.kind !== "ready" || performance.now() - this.#heardAt < quiet) return
    const result = await this.#readPage(store, null)
    if (!result.ok || performance.now() - this.#heardAt < quiet) return
    store.applyNewest(result.value.data, result.value.has_more, result.value.next)
    this.#scheduler.ask()
  }

  async #readSummary(): Promise<void> {
    if (document.hidden) return
    const since = new Date(now() - window * 1000).toISOString()
    const result = await request<Summary>(withQuery(paths.summary, { interval: "second", since }))
    if (!result.ok) return
    this.#rates.applySummary(result.value.data)
    this.#scheduler.ask()
  }

  async #askOverdue(): Promise<void> {
    if (document.hidden || this.#state.connection.kind !== "live") return
    const store = this.#store
    const ids = store.undecidedBefore(now() - overdue, mostAsked)
    const answers = await Promise.all(ids.map((id) => request<Transaction>(paths.transaction(id))))
    store.refresh(answers.flatMap((answer) => answer.ok ? [answer.value] : []))
    this.#scheduler.ask()
  }

  #set(change: Partial<FeedState>): void {
    this.#state = { ...this.#state, ...change }
    this.#scheduler.ask()
  }

  #publish(): void {
    const at = performance.now()
    if (at - this.#seconds.at >= 500) this.#seconds = { at, value: this.#rates.seconds(now()) }
    this.#store.publish()
    for (const listener of this.#listeners) listener()
  }
}
