import { makeEventParser } from "../../src/layers/client/EventParser.ts"
import { paths } from "../api/paths.ts"
import { failureOf, now } from "../api/request.ts"
import type { TransactionEvent } from "../api/types.ts"

export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** `since`: when it was last heard, in ms; null when it never was. */
  | { readonly kind: "reconnecting"; readonly since: number | null }
  /** Closed on purpose, while nobody looks. */
  | { readonly kind: "asleep" }

export interface Hearer {
  readonly connection: (connection: Connection) => void
  /** The stream's position is known: what is read from now on, it goes on from. */
  readonly opened: () => void
  readonly events: (events: ReadonlyArray<TransactionEvent>) => void
  /** The position is lost: what is shown has to be read again. */
  readonly reset: () => void
  readonly signedOut: () => void
}

/** All in ms. */
export interface Waits {
  /** After which a stream is given up. */
  readonly silence: number
  /** That a hidden page keeps its stream: six connections are all a browser has for an origin (HTTP/1.1). */
  readonly hidden: number
  /** Before another attempt: after the first, and at most. */
  readonly first: number
  readonly longest: number
}

/** The gateway writes every 15 s at least. */
const usual: Waits = { silence: 25_000, hidden: 10_000, first: 250, longest: 5_000 }

/**
 * The event stream by `fetch`, for what EventSource cannot do: it is told why it was refused, and it resumes by
 * `Last-Event-ID` after a close of its own.
 */
export class EventStream {
  readonly #hearer: Hearer
  readonly #waits: Waits
  #position = ""
  #abort: AbortController | null = null
  #attempts = 0
  #heardAt: number | null = null
  /** Until the next attempt. */
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Until a hidden page closes its stream. */
  #bedtime: ReturnType<typeof setTimeout> | undefined
  #isStarted = false

  constructor(hearer: Hearer, waits: Waits = usual) {
    this.#hearer = hearer
    this.#waits = waits
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    document.addEventListener("visibilitychange", this.#onVisibility)
    addEventListener("online", this.#reconnectNow)
    this.#hearer.connection({ kind: "connecting" })
    void this.#connect()
    // no event says that a page was hidden from its beginning
    if (document.hidden) this.#onVisibility()
  }

  stop(): void {
    this.#isStarted = false
    document.removeEventListener("visibilitychange", this.#onVisibility)
    removeEventListener("online", this.#reconnectNow)
    this.#close()
  }

  readonly #reconnectNow = () => {
    if (!this.#isStarted || document.hidden || this.#abort !== null) return
    clearTimeout(this.#timer)
    this.#attempts = 0
    void this.#connect()
  }

  readonly #onVisibility = () => {
    clearTimeout(this.#bedtime)
    if (!document.hidden) return this.#reconnectNow()
    this.#bedtime = setTimeout(() => {
      this.#close()
      this.#hearer.connection({ kind: "asleep" })
    }, this.#waits.hidden)
  }

  #close(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#bedtime)
    this.#abort?.abort()
    this.#abort = null
  }

  async #connect(): Promise<void> {
    const abort = new AbortController()
    this.#abort = abort
    const wait = await this.#listen(abort).catch(() => null)
    // closed meanwhile, or replaced
    if (this.#abort !== abort) return
    this.#abort = null
    abort.abort()
    if (!this.#isStarted || wait === "signed out") return
    this.#hearer.connection({ kind: "reconnecting", since: this.#heardAt })
    const backOff = Math.min(this.#waits.first * 2 ** this.#attempts++, this.#waits.longest)
    this.#timer = setTimeout(() => void this.#connect(), Math.max(wait ?? 0, backOff * (0.75 + Math.random() / 2)))
  }

  /** Until the stream ends; how long to wait then, in ms, where the gateway says so. */
  async #listen(abort: AbortController): Promise<number | null | "signed out"> {
    let silence = setTimeout(() => abort.abort(), this.#waits.silence)
    try {
      const response = await fetch(paths.events, {
        signal: abort.signal,
        cache: "no-store",
        credentials: "same-origin",
        headers: {
          accept: "text/event-stream",
          ...(this.#position === "" ? {} : { "last-event-id": this.#position })
        }
      })
      if (!response.ok || response.body === null) {
        const failure = await failureOf(response)
        if (response.status === 401) {
          this.#hearer.signedOut()
          return "signed out"
        }
        return failure.kind === "problem" && failure.retryAfter !== null ? failure.retryAfter * 1000 : null
      }
      const parser = makeEventParser(this.#position)
      const reader = response.body.getReader()
      let isOpen = false
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return null
        clearTimeout(silence)
        silence = setTimeout(() => abort.abort(), this.#waits.silence)
        this.#heardAt = now()
        this.#attempts = 0
        const messages = parser.push(value)
        for (const { data, event } of messages) {
          if (event === "reset") this.#hearer.reset()
          else this.#hearer.events(JSON.parse(data) as ReadonlyArray<TransactionEvent>)
        }
        this.#position = parser.lastEventId()
        if (!isOpen && this.#position !== "") {
          isOpen = true
          this.#hearer.connection({ kind: "live" })
          this.#hearer.opened()
        }
      }
    } finally {
      clearTimeout(silence)
    }
  }
}
