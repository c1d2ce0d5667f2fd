import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { WrittenCard } from "./Expected.ts"
import type { Topic } from "./Seen.ts"

/** What a decision is, or that there was none yet, as a client read it. */
export interface Told {
  readonly status: string
  readonly reason: string | null
  /** RFC 3339. */
  readonly decidedAt: string | null
}

/** One line of the history. `since` is how many lines there were when the request went out. */
export type Entry =
  /** Before the first request of a transaction: all that the decision follows from. */
  | {
    readonly _tag: "intent"
    readonly transaction: number
    readonly account: string
    readonly reference: string
    readonly key: string | null
    readonly amount: number
    readonly card: WrittenCard
  }
  /** Before each request. */
  | { readonly _tag: "send"; readonly transaction: number; readonly intake: number; readonly at: number }
  /** It was accepted: the client has this id. */
  | {
    readonly _tag: "answer"
    readonly transaction: number
    readonly since: number
    readonly id: string
    readonly replayed: boolean
    readonly told: Told
  }
  /** No answer, or 503: it may have been accepted or not. */
  | { readonly _tag: "lost"; readonly transaction: number; readonly why: string }
  /** Another body under a key that is taken. */
  | { readonly _tag: "reuse"; readonly transaction: number; readonly status: number; readonly code: string }
  | { readonly _tag: "read"; readonly since: number; readonly id: string; readonly told: Told }
  /** A record that nobody can decide, before it is appended. `id` is what it names, if no submission has that name. */
  | {
    readonly _tag: "poison"
    readonly number: number
    readonly kind: string
    readonly topic: Topic
    readonly foreignId: string | null
  }
  /** It is in the topic, and must be parked: with a submission's id it may be taken for that submission instead. */
  | { readonly _tag: "poisoned"; readonly number: number; readonly mustBeParked: boolean }
  /** A topic was deleted, or its group moved on: what was in it, and was not read by then, is gone. */
  | { readonly _tag: "gone"; readonly topic: Topic }
  | { readonly _tag: "fault"; readonly what: string; readonly at: number }
  | { readonly _tag: "unexpected"; readonly what: string }

export type Of<Tag extends Entry["_tag"]> = Extract<Entry, { readonly _tag: Tag }>

/** JSON lines, each on disk before anything else is done. */
export interface Lines<A> {
  readonly append: (line: A) => void
  readonly appendAll: (lines: ReadonlyArray<A>) => void
  /** Lines so far. */
  readonly length: () => number
  readonly close: () => void
}

export const writeLines = <A>(file: string): Lines<A> => {
  const descriptor = openSync(file, "a")
  let count = 0
  const appendAll = (lines: ReadonlyArray<A>) => {
    if (lines.length === 0) return
    writeSync(descriptor, lines.map((line) => `${JSON.stringify(line)}\n`).join(""))
    count += lines.length
  }
  return {
    append: (line) => appendAll([line]),
    appendAll,
    length: () => count,
    close: () => closeSync(descriptor)
  }
}

/** Empty when there is no such file; a last line that was cut is left out. */
export const readLines = <A>(file: string): ReadonlyArray<A> =>
  existsSync(file)
    ? readFileSync(file, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line) as A)
    : []

export type History = Lines<Entry>

/** The files of one run. */
export const historyFiles = (folder: string) => ({
  history: join(folder, "history.jsonl"),
  /** What the tails saw in the topics. */
  seen: join(folder, "seen.jsonl"),
  /** Decisions as they were found in the processor's database, whenever one is new or has changed. */
  decisions: join(folder, "decisions.jsonl"),
  /** The gateway's submissions at the end. */
  submissions: join(folder, "submissions.jsonl"),
  /** What was found beside these: a process that died by itself, a number in a log, the audit, the API. */
  findings: join(folder, "findings.jsonl")
})
