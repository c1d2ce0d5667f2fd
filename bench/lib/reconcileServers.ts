import { setTimeout as sleep } from "node:timers/promises"
import type { Waiting } from "./backlog.ts"
import { type Place, readTopic } from "./place.ts"
import { disagreements, readIds } from "./reconcile.ts"

interface Decided {
  readonly id: string
  readonly status: string
  readonly reason: string | null
  readonly decided_at: number
}

const decisionsOf = async (place: Place) =>
  await place.query(
    `SELECT id, status, reason, decided_at FROM ${place.processor}.transactions`
  ) as unknown as ReadonlyArray<Decided>

/**
 * Compares by id: each expected id has exactly one decision, the right one, and its results, exactly one, say the same;
 * nothing is there besides, and nothing is parked. Answers the stored decisions.
 */
const compareDecisions = async (
  place: Place,
  expected: ReadonlyMap<string, string>,
  say: (what: string, id: string) => void
) => {
  const decided = new Map<string, Decided>()
  for (const row of await decisionsOf(place)) {
    if (decided.has(row.id)) say("decided more than once", row.id)
    decided.set(row.id, row)
    const wanted = expected.get(row.id)
    if (wanted === undefined) say("a decision that nobody asked for", row.id)
    else if (wanted !== (row.reason ?? row.status)) say("decided otherwise than the rules say", row.id)
  }
  const published = new Set<string>()
  for (const { value } of await readTopic(place, "transactions_result")) {
    const { decided_at, decision, id } = JSON.parse(value) as {
      readonly id: string
      readonly decision: { readonly status: string; readonly reason: string | null }
      readonly decided_at: number
    }
    if (published.has(id)) say("published more than once", id)
    published.add(id)
    const stored = decided.get(id)
    if (stored === undefined) say("published without a decision", id)
    else if (
      stored.status !== decision.status || stored.reason !== decision.reason || stored.decided_at !== decided_at
    ) {
      say("published otherwise than decided", id)
    }
  }
  for (const { key } of await readTopic(place, "transactions_dead")) say("parked", String(key))
  for (const id of expected.keys()) {
    if (!decided.has(id)) say("without a decision", id)
    if (!published.has(id)) say("without a result", id)
  }
  return decided
}

/** Of a drained backlog. */
export const reconcileBacklog = async (name: string, place: Place, backlog: ReadonlyArray<Waiting>) => {
  const { say, throwAny } = disagreements(name)
  await compareDecisions(place, new Map(backlog.map(({ expected, id }) => [id, expected])), say)
  throwAny()
}

interface Submitted extends Decided {
  readonly recorded_at: number | null
  readonly resend_at: number | null
  readonly sealed_card: string | null
}

/** Of what clients were told by a 202. */
export const reconcilePipeline = async (name: string, place: Place, idsFiles: ReadonlyArray<string>) => {
  const { say, throwAny } = disagreements(name)
  const expected = readIds(idsFiles, say)
  const decided = await compareDecisions(place, expected, say)
  const submitted = new Set<string>()
  const rows = await place.query(
    `SELECT id, status, reason, decided_at, recorded_at, resend_at, sealed_card FROM ${place.gateway}.submissions`
  ) as unknown as ReadonlyArray<Submitted>
  for (const row of rows) {
    if (submitted.has(row.id)) say("more than one submission", row.id)
    submitted.add(row.id)
    if (!expected.has(row.id)) say("a submission that no 202 told", row.id)
    if (row.status === null || row.recorded_at === null) say("a submission without a recorded decision", row.id)
    if (row.resend_at !== null || row.sealed_card !== null) say("recorded, and its card is kept", row.id)
    const stored = decided.get(row.id)
    if (stored?.status !== row.status || stored?.reason !== row.reason || stored?.decided_at !== row.decided_at) {
      say("recorded otherwise than decided", row.id)
    }
  }
  for (const id of expected.keys()) if (!submitted.has(id)) say("a 202 without a submission", id)
  throwAny()
}

/** Waits until every submission is recorded, and answers the instant (ms since the epoch) it was seen. */
export const recorded = async (place: Place, check: () => void, limit: number): Promise<number> => {
  const deadline = Date.now() + limit
  // rows before the first unrecorded one never become unrecorded again, so one pass over the table is enough in all
  let from = ""
  while (true) {
    const [first] = await place.query(
      `SELECT id FROM ${place.gateway}.submissions WHERE id >= ? AND recorded_at IS NULL ORDER BY id LIMIT 1`,
      [from]
    )
    const now = performance.timeOrigin + performance.now()
    if (first === undefined) return now
    check()
    if (now > deadline) throw new Error(`something is not recorded after ${limit / 1_000} s, for example ${first.id}`)
    from = String(first.id)
    await sleep(20)
  }
}
