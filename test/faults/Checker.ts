import { expectedReason } from "./Expected.ts"
import { type Entry, historyFiles, type Of, readLines, type Told } from "./History.ts"
import { type Fault, fault, type Rule } from "./Rules.ts"
import { decisionText, type Seen, type Topic } from "./Seen.ts"
import type { DecisionRow, SubmissionRow } from "./Stores.ts"

/** All that a run knows at its end. */
export interface World {
  readonly history: ReadonlyArray<Entry>
  readonly submissions: ReadonlyArray<SubmissionRow>
  /** Every decision as it was found, again and again: the same id twice where it changed. */
  readonly watched: ReadonlyArray<Watched>
  readonly decisions: ReadonlyArray<DecisionRow>
  readonly seen: ReadonlyArray<Seen>
  readonly findings: ReadonlyArray<Fault>
}

export interface Watched extends DecisionRow {
  /** Which look at the table found it. */
  readonly look: number
}

/** What stands in a folder of histories; the last look at the decisions is the end. */
export const readWorld = (folder: string): World => {
  const files = historyFiles(folder)
  const watched = readLines<Watched>(files.decisions)
  const final = watched.filter(({ look }) => look === -1)
  return {
    history: readLines(files.history),
    submissions: readLines(files.submissions),
    watched: watched.filter(({ look }) => look !== -1),
    decisions: final,
    seen: readLines(files.seen),
    findings: readLines(files.findings)
  }
}

export const groupBy = <A>(values: Iterable<A>, key: (value: A) => string | null): Map<string, Array<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const value of values) {
    const name = key(value)
    if (name === null) continue
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [value])
    else group.push(value)
  }
  return groups
}

const entriesOf = <Tag extends Entry["_tag"]>(history: ReadonlyArray<Entry>, tag: Tag): ReadonlyArray<Of<Tag>> =>
  history.filter((entry): entry is Of<Tag> => entry._tag === tag)

const isDecided = ({ status }: Told) => status !== "processing"

/** What clients were told, against both databases. */
const checkClients = function*({ decisions, history, submissions }: World): Iterable<Fault> {
  const rowsOf = groupBy(submissions, ({ id }) => id)
  const decisionOf = new Map(decisions.map((row) => [row.id, row]))
  const intents = new Map(entriesOf(history, "intent").map((entry) => [entry.transaction, entry]))
  const idsOf = new Map<number, Set<string>>()
  const decidedAtLine = new Map<string, number>()

  for (const [line, entry] of history.entries()) {
    if (entry._tag === "unexpected") yield fault("answered", entry.what)
    if (entry._tag === "reuse" && (entry.status !== 422 || entry.code !== "idempotency_key_reused")) {
      yield fault("refused", `another body under the key of ${entry.transaction}: ${entry.status} ${entry.code}`)
    }
    if (entry._tag === "answer") {
      const intent = intents.get(entry.transaction)!
      const rows = rowsOf.get(entry.id) ?? []
      if (rows.length !== 1) yield fault("accepted", `${entry.id} (${intent.reference}) is ${rows.length} submissions`)
      else if (rows[0]!.reference !== intent.reference) {
        yield fault("accepted", `${entry.id} is ${rows[0]!.reference}, not ${intent.reference}`)
      }
      idsOf.set(entry.transaction, (idsOf.get(entry.transaction) ?? new Set()).add(entry.id))
      if (!decisionOf.has(entry.id)) yield fault("decided", `${entry.id} was accepted and has no decision`)
    }
    if (entry._tag === "answer" || entry._tag === "read") {
      const { id, since, told } = entry
      if (!isDecided(told)) {
        if (since > (decidedAtLine.get(id) ?? Infinity)) yield fault("told", `${id} went back to processing`)
        continue
      }
      if (!decidedAtLine.has(id)) decidedAtLine.set(id, line)
      const row = decisionOf.get(id)
      const stored = row === undefined
        ? "nothing"
        : `${row.status} ${row.reason} ${new Date(row.decided_at).toISOString()}`
      const heard = `${told.status} ${told.reason} ${told.decidedAt}`
      if (heard !== stored) yield fault("told", `${id} was told ${heard} and is ${stored}`)
    }
  }

  for (const [transaction, ids] of idsOf) {
    if (ids.size > 1) yield fault("key", `${intents.get(transaction)!.reference} has the ids ${[...ids].join(", ")}`)
  }
  const intentOf = new Map(Array.from(intents.values(), (intent) => [intent.reference, intent]))
  for (const [reference, rows] of groupBy(submissions, (row) => row.reference)) {
    if (rows.length > 1) yield fault("key", `${reference} is ${rows.length} submissions`)
  }
  for (const row of submissions) {
    const intent = row.reference === null ? undefined : intentOf.get(row.reference)
    if (
      intent === undefined || intent.amount !== row.amount || intent.key !== row.idempotency_key ||
      intent.account !== row.account_id
    ) {
      yield fault("intended", `${row.id} (${row.reference}, ${row.amount}, ${row.idempotency_key}, ${row.account_id})`)
      continue
    }
    const decision = decisionOf.get(row.id)
    if (decision === undefined) continue
    const reason = expectedReason(intent.card, intent.amount, row.accepted_at)
    const expected = `${reason === null ? "approved" : "rejected"} ${reason}`
    const found = `${decision.status} ${decision.reason}`
    if (found !== expected) yield fault("right", `${row.id} is ${found}, not ${expected}`)
  }
}

/** Both databases against each other. */
const checkDatabases = function*({ decisions, submissions }: World): Iterable<Fault> {
  const submissionOf = new Map(submissions.map((row) => [row.id, row]))
  const decisionOf = new Map(decisions.map((row) => [row.id, row]))
  for (const [id, rows] of groupBy(decisions, (row) => row.id)) {
    if (rows.length > 1) {
      yield fault("once", `${id} is decided ${rows.length} times: ${rows.map(decisionText).join(", ")}`)
    }
    const submission = submissionOf.get(id)
    if (submission === undefined) {
      yield fault("submitted", `${id} is decided and no submission`)
      continue
    }
    const facts = (row: DecisionRow | SubmissionRow) =>
      `${row.amount} ${row.currency} of ${row.account_id} at ${row.accepted_at}`
    for (const row of rows) {
      if (facts(row) !== facts(submission)) {
        yield fault("recorded", `${id} was decided for ${facts(row)}, accepted for ${facts(submission)}`)
      }
    }
  }
  for (const row of submissions) {
    const decision = decisionOf.get(row.id)
    if (decision === undefined || row.status === null) {
      const state = decision === undefined ? "not decided" : "decided and not recorded"
      yield fault("decided", `${row.id} is ${state} after ${row.resends} resends`)
      continue
    }
    const recorded = `${row.status} ${row.reason} ${row.decided_at}`
    if (recorded !== decisionText(decision)) {
      yield fault("recorded", `${row.id} is recorded ${recorded} and decided ${decisionText(decision)}`)
    }
    if (row.sealed_card !== null || row.resend_at !== null || row.parked_at !== null) {
      yield fault(
        "cleared",
        `${row.id}: sealed ${row.sealed_card !== null}, resend_at ${row.resend_at}, parked_at ${row.parked_at}`
      )
    }
  }
}

/** What was found in the processor's table at any time, against what is there at the end. */
const checkWatched = function*({ decisions, watched }: World): Iterable<Fault> {
  const last = groupBy(decisions, ({ id }) => id)
  for (const [id, looks] of groupBy(watched, ({ id }) => id)) {
    const texts = new Set(looks.map(decisionText))
    const now = last.get(id)
    if (now === undefined) yield fault("kept", `${id} was ${[...texts].join(", ")} and is gone`)
    else for (const row of now) texts.add(decisionText(row))
    if (texts.size > 1) yield fault("unchanged", `${id} was ${[...texts].join(", then ")}`)
  }
}

/** The topics, as the campaign's tail saw them. */
const checkTopics = function*({ decisions, history, seen, submissions }: World): Iterable<Fault> {
  const foreign = new Set(entriesOf(history, "poison").flatMap(({ foreignId }) => foreignId ?? []))
  const isSubmission = new Set(submissions.map(({ id }) => id))
  const decisionOf = new Map(decisions.map((row) => [row.id, decisionText(row)]))
  const published = new Map<string, string>()
  const parked = new Set<number>()
  for (const record of seen) {
    const { id } = record
    if (record.topic === "transactions_dead" && record.poison !== null) parked.add(record.poison)
    if (id === null || foreign.has(id)) continue
    if (!isSubmission.has(id)) {
      if (record.topic !== "transactions_dead") yield fault("appended", `${id} is in ${record.topic} and no submission`)
      continue
    }
    if (record.topic !== "transactions_result" || record.decision === null) continue
    const before = published.get(id)
    if (before === undefined) {
      published.set(id, record.decision)
      const stored = decisionOf.get(id) ?? "nothing"
      if (stored !== record.decision) {
        yield fault("published", `${id} is published ${record.decision}, stored ${stored}`)
      }
    } else if (before !== record.decision) {
      yield fault("published", `${id} is published ${before}, then ${record.decision}`)
    }
  }
  yield* checkPoison(history, parked)
}

/** Each poison is parked, unless its topic, or that of the parked, was made anew or skipped before somebody had read it. */
const checkPoison = function*(history: ReadonlyArray<Entry>, parked: ReadonlySet<number>): Iterable<Fault> {
  const poisons = new Map(entriesOf(history, "poison").map((entry) => [entry.number, entry]))
  // of the records of one id in a batch, one is looked at
  const parkedIds = new Set(Array.from(poisons.values()).flatMap((_) => parked.has(_.number) ? _.foreignId ?? [] : []))
  const goneAt = new Map<Topic, number>()
  for (const [line, entry] of history.entries()) if (entry._tag === "gone") goneAt.set(entry.topic, line)
  for (const [line, entry] of history.entries()) {
    if (entry._tag !== "poisoned" || !entry.mustBeParked || parked.has(entry.number)) continue
    const { foreignId, kind, topic } = poisons.get(entry.number)!
    if (foreignId !== null && parkedIds.has(foreignId)) continue
    const mayBeGone = [topic, "transactions_dead" as const].some((_) => (goneAt.get(_) ?? -1) > line)
    if (!mayBeGone) yield fault("parked", `poison ${entry.number} (${kind}) is nowhere`)
  }
}

/** Every fault, in the order of the rules. */
export const check = (world: World): ReadonlyArray<Fault> => [
  ...checkClients(world),
  ...checkDatabases(world),
  ...checkWatched(world),
  ...checkTopics(world),
  ...world.findings
]

export const byRule = (faults: ReadonlyArray<Fault>, rule: Rule): ReadonlyArray<string> =>
  faults.filter((_) => _.rule === rule).map(({ what }) => what)
