import { appendFileSync, existsSync, openSync, readFileSync } from "node:fs"

/** What a decision is, or that there was none yet, as the client read it. */
export interface Told {
  readonly status: string
  readonly reason: string | null
  /** RFC 3339. */
  readonly decidedAt: string | null
}

/** One line of the history. `since` is how many lines there were when the request went out. */
export type Entry =
  /** Before the first request of a transaction: what is sent, and what has to become of it. */
  | {
    readonly _tag: "intent"
    readonly transaction: number
    readonly reference: string
    readonly key: string | null
    readonly amount: number
    readonly status: "approved" | "rejected"
    readonly reason: string | null
  }
  /** It was accepted: the client has this id. */
  | {
    readonly _tag: "answer"
    readonly transaction: number
    readonly since: number
    readonly id: string
    readonly told: Told
  }
  /** No answer, or 503: it may have been accepted or not. */
  | { readonly _tag: "lost"; readonly transaction: number }
  | { readonly _tag: "read"; readonly since: number; readonly id: string; readonly told: Told }
  /** Ids that a poison record names and no client ever got. */
  | { readonly _tag: "poison"; readonly foreignIds: ReadonlyArray<string> }
  | { readonly _tag: "unexpected"; readonly what: string }

export interface History {
  readonly append: (entry: Entry) => void
  /** Lines so far. */
  readonly length: () => number
}

/** What a client knows, on disk as soon as it knows it. */
export const makeHistory = (file: string): History => {
  const descriptor = openSync(file, "a")
  let lines = 0
  return {
    append: (entry) => {
      appendFileSync(descriptor, `${JSON.stringify(entry)}\n`)
      lines++
    },
    length: () => lines
  }
}

export const readHistory = (file: string): ReadonlyArray<Entry> =>
  existsSync(file)
    ? readFileSync(file, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line) as Entry)
    : []
