import Database from "better-sqlite3"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Running } from "./subject.ts"

interface Row {
  readonly id: string
  readonly status: string | null
  readonly recorded_at: unknown
}

interface Decision {
  readonly id: string
  readonly status: string
  readonly reason: string | null
}

const open = (subject: Running, name: string) => {
  const database = new Database(join(subject.dataDir, name), { readonly: true, fileMustExist: true })
  database.pragma("busy_timeout = 5000")
  return database
}

/** Waits until every submission is decided and recorded, and answers the instant (ms since the epoch) it was seen. */
export const settled = async (subject: Running, limit: number): Promise<number> => {
  const gateway = open(subject, "gateway.sqlite")
  try {
    // rows before the first unsettled one never become unsettled again, so one pass over the table is enough in all
    const first = gateway.prepare<[string], string>(
      "SELECT id FROM submissions WHERE id >= ? AND (status IS NULL OR recorded_at IS NULL) ORDER BY id LIMIT 1"
    ).pluck()
    const deadline = Date.now() + limit
    let from = ""
    while (true) {
      const unsettled = first.get(from)
      const now = performance.timeOrigin + performance.now()
      if (unsettled === undefined) return now
      subject.check()
      if (now > deadline) {
        const count = gateway.prepare<[], number>(
          "SELECT count(*) FROM submissions WHERE status IS NULL OR recorded_at IS NULL"
        ).pluck().get()
        throw new Error(`${subject.name}: ${count} submissions without a recorded decision after ${limit / 1_000} s`)
      }
      from = unsettled
      await sleep(20)
    }
  } finally {
    gateway.close()
  }
}

export interface Reconciliation {
  readonly accepted: number
  readonly approved: number
  readonly rejected: number
}

/** Collects what does not agree, and throws it with one example of each kind. */
export const disagreements = (name: string) => {
  const wrong = new Map<string, { count: number; readonly example: string }>()
  return {
    say: (what: string, id: string) => {
      const entry = wrong.get(what)
      if (entry === undefined) wrong.set(what, { count: 1, example: id })
      else entry.count += 1
    },
    throwAny: () => {
      if (wrong.size === 0) return
      const lines = [...wrong].map(([what, { count, example }]) => `  ${count} x ${what}, for example ${example}`)
      throw new Error(`${name} does not reconcile:\n${lines.join("\n")}`)
    }
  }
}

/** What the clients were told, and what has to be decided about it. */
export const readIds = (idsFiles: ReadonlyArray<string>, say: (what: string, id: string) => void) => {
  const expected = new Map<string, string>()
  for (const file of idsFiles) {
    for (const line of readFileSync(file, "latin1").split("\n")) {
      if (line === "") continue
      const space = line.indexOf(" ")
      const id = line.slice(0, space)
      if (expected.has(id)) say("told twice by a 202", id)
      expected.set(id, line.slice(space + 1))
    }
  }
  return expected
}

/**
 * Compares what the clients were told with what is stored, by id: each accepted id has exactly one submission, recorded,
 * and exactly one decision, the one its card and amount ask for; nothing else is there. Throws what does not agree.
 */
export const reconcile = (
  subject: Running,
  idsFiles: ReadonlyArray<string>
): Reconciliation => {
  const { say, throwAny } = disagreements(subject.name)
  const expected = readIds(idsFiles, say)
  const statuses = new Map<string, string | null>()
  const gateway = open(subject, "gateway.sqlite")
  for (const row of gateway.prepare<[], Row>("SELECT id, status, recorded_at FROM submissions").iterate()) {
    if (statuses.has(row.id)) say("more than one submission", row.id)
    if (!expected.has(row.id)) say("a submission that no 202 told", row.id)
    if (row.status === null || row.recorded_at === null) say("a submission without a recorded decision", row.id)
    statuses.set(row.id, row.status)
  }
  gateway.close()

  let approved = 0
  const decided = new Set<string>()
  const processor = open(subject, "processor.sqlite")
  for (const row of processor.prepare<[], Decision>("SELECT id, status, reason FROM transactions").iterate()) {
    if (decided.has(row.id)) say("decided more than once", row.id)
    decided.add(row.id)
    const wanted = expected.get(row.id)
    if (wanted === undefined) say("a decision that no 202 told", row.id)
    else if (wanted !== (row.reason ?? row.status)) say("decided otherwise than the rules say", row.id)
    if (statuses.get(row.id) !== row.status) say("recorded otherwise than decided", row.id)
    if (row.status === "approved") approved += 1
  }
  processor.close()

  for (const id of expected.keys()) {
    if (!statuses.has(id)) say("a 202 without a submission", id)
    if (!decided.has(id)) say("a 202 without a decision", id)
  }
  throwAny()
  return { accepted: expected.size, approved, rejected: expected.size - approved }
}
