import { setTimeout as sleep } from "node:timers/promises"
import type { LogRecord } from "../../src/services/Log.ts"
import { accountAuthorization, operatorAuthorization, runAudit } from "./GatewayProcess.ts"
import { type Entry, readHistory, type Told } from "./History.ts"
import { connect } from "./Http.ts"
import { type DecisionRow, readDecisions, readSubmissions, readTopic, type SubmissionRow } from "./Stores.ts"

/** What must hold, whatever was killed. */
export const rules = {
  accepted: "every 202 is one submission, under the id that the client saw",
  decided: "every submission is decided and recorded once the resends are through",
  submitted: "no decision without a submission",
  unchanged: "no decision changes between two lives of the process, decided_at included",
  kept: "no decision vanishes",
  recorded: "the gateway's record of a decision equals the processor's",
  published: "no id is published with two decisions, nor with another than the stored one",
  appended: "no message without a submission",
  right: "every decision follows from the request",
  told: "what a client was told stays true, and never goes backwards",
  key: "one key, one transaction",
  intended: "no submission that no client intended",
  answered: "no answer but the expected ones",
  cleared: "nothing is left to be sent, shown as parked, or kept sealed of what is decided",
  dense: "offsets are dense",
  audit: "the audits hold and agree with the files",
  read: "the API reads what the files say"
} as const
export type Rule = keyof typeof rules

export interface Fault {
  readonly rule: Rule
  readonly what: string
}

const decisionOf = ({ decided_at, reason, status }: Pick<SubmissionRow, "status" | "reason" | "decided_at">) =>
  `${status} ${reason} ${decided_at}`

/** Compares the stored decisions with those of the looks before. */
export const watchDecisions = (dataDir: string, onFault: (fault: Fault) => void) => {
  const known = new Map<string, string>()
  return () => {
    const rows = new Map(readDecisions(dataDir).map((row) => [row.id, decisionOf(row)]))
    for (const [id, before] of known) {
      const now = rows.get(id)
      if (now === undefined) onFault({ rule: "kept", what: `${id} was ${before} and is gone` })
      else if (now !== before) onFault({ rule: "unchanged", what: `${id} was ${before} and is ${now}` })
    }
    for (const [id, now] of rows) known.set(id, now)
  }
}

type Of<Tag extends Entry["_tag"]> = Extract<Entry, { readonly _tag: Tag }>

const groupBy = <A>(values: Iterable<A>, key: (value: A) => string | null) => {
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

const messageOf = ({ value }: LogRecord): Readonly<Record<string, unknown>> | null => {
  try {
    const message: unknown = JSON.parse(Buffer.from(value).toString("utf8"))
    return typeof message === "object" && message !== null ? message as Readonly<Record<string, unknown>> : null
  } catch {
    return null
  }
}

const isDecided = ({ status }: Told) => status !== "processing"

interface World {
  readonly history: ReadonlyArray<Entry>
  readonly submissions: ReadonlyArray<SubmissionRow>
  readonly decisions: ReadonlyArray<DecisionRow>
}

/** The client's history against both databases. */
const checkHistory = function*({ decisions, history, submissions }: World): Iterable<Fault> {
  const submissionOf = new Map(submissions.map((row) => [row.id, row]))
  const decisionById = new Map(decisions.map((row) => [row.id, row]))
  const intents = new Map(
    history.filter((entry): entry is Of<"intent"> => entry._tag === "intent").map((entry) => [entry.transaction, entry])
  )
  const intentOf = new Map(Array.from(intents.values(), (intent) => [intent.reference, intent]))
  const idsOf = new Map<number, Set<string>>()
  const decidedAtLine = new Map<string, number>()

  for (const [line, entry] of history.entries()) {
    if (entry._tag === "unexpected") yield { rule: "answered", what: entry.what }
    if (entry._tag === "answer") {
      const intent = intents.get(entry.transaction)!
      const row = submissionOf.get(entry.id)
      if (row === undefined) yield { rule: "accepted", what: `${entry.id} (${intent.reference}) is no submission` }
      else if (row.reference !== intent.reference) {
        yield { rule: "accepted", what: `${entry.id} is ${row.reference}, not ${intent.reference}` }
      }
      const ids = idsOf.get(entry.transaction) ?? new Set()
      idsOf.set(entry.transaction, ids.add(entry.id))
      if (!decisionById.has(entry.id)) yield { rule: "decided", what: `${entry.id} was accepted and has no decision` }
    }
    if (entry._tag === "answer" || entry._tag === "read") {
      const { id, since, told } = entry
      if (!isDecided(told)) {
        if (since > (decidedAtLine.get(id) ?? Infinity)) yield { rule: "told", what: `${id} went back to processing` }
        continue
      }
      if (!decidedAtLine.has(id)) decidedAtLine.set(id, line)
      const row = decisionById.get(id)
      const stored = row === undefined
        ? "nothing"
        : `${row.status} ${row.reason} ${new Date(row.decided_at).toISOString()}`
      const heard = `${told.status} ${told.reason} ${told.decidedAt}`
      if (heard !== stored) yield { rule: "told", what: `${id} was told ${heard} and is ${stored}` }
    }
  }

  for (const [transaction, ids] of idsOf) {
    if (ids.size > 1) {
      yield { rule: "key", what: `${intents.get(transaction)!.reference} has the ids ${[...ids].join(", ")}` }
    }
  }
  for (const [reference, rows] of groupBy(submissions, (row) => row.reference)) {
    if (rows.length > 1) yield { rule: "key", what: `${reference} is ${rows.length} submissions` }
  }
  for (const row of submissions) {
    const intent = row.reference === null ? undefined : intentOf.get(row.reference)
    if (intent === undefined || intent.amount !== row.amount || intent.key !== row.idempotency_key) {
      yield { rule: "intended", what: `${row.id} (${row.reference}, ${row.amount}, ${row.idempotency_key})` }
      continue
    }
    const decision = decisionById.get(row.id)
    if (decision !== undefined && (decision.status !== intent.status || decision.reason !== intent.reason)) {
      yield {
        rule: "right",
        what: `${row.id} is ${decision.status} ${decision.reason}, not ${intent.status} ${intent.reason}`
      }
    }
  }
}

/** Both databases against each other. */
const checkDatabases = function*({ decisions, submissions }: World): Iterable<Fault> {
  const submissionOf = new Map(submissions.map((row) => [row.id, row]))
  const decisionById = new Map(decisions.map((row) => [row.id, row]))
  for (const row of decisions) {
    const submission = submissionOf.get(row.id)
    if (submission === undefined) yield { rule: "submitted", what: `${row.id} is decided and no submission` }
    else if (submission.amount !== row.amount || submission.account_id !== row.account_id) {
      yield { rule: "recorded", what: `${row.id} was decided for ${row.amount} of ${row.account_id}` }
    }
  }
  for (const row of submissions) {
    const decision = decisionById.get(row.id)
    if (decision === undefined || row.status === null) {
      yield {
        rule: "decided",
        what: `${row.id} is ${
          decision === undefined ? "not decided" : "decided and not recorded"
        } after ${row.resends} resends`
      }
      continue
    }
    if (decisionOf(row) !== decisionOf(decision)) {
      yield { rule: "recorded", what: `${row.id} is recorded ${decisionOf(row)} and decided ${decisionOf(decision)}` }
    }
    if (row.sealed_card !== null || row.resend_at !== null || row.parked_at !== null) {
      yield {
        rule: "cleared",
        what: `${row.id}: sealed ${row.sealed_card !== null}, resend_at ${row.resend_at}, parked_at ${row.parked_at}`
      }
    }
  }
}

const checkLog = function*(dataDir: string, { decisions, history, submissions }: World): Iterable<Fault> {
  const foreign = new Set(history.flatMap((entry) => entry._tag === "poison" ? entry.foreignIds : []))
  const isSubmission = new Set(submissions.map(({ id }) => id))
  const decisionById = new Map(decisions.map((row) => [row.id, decisionOf(row)]))
  for (const topic of ["transactions", "transactions_result", "transactions_dead"] as const) {
    const batches = readTopic(dataDir, topic)
    let next = 0
    for (const { base, count, records } of batches) {
      if (base !== next || records.length !== count) {
        yield { rule: "dense", what: `${topic}: ${records.length} of ${count} records at ${base}, expected at ${next}` }
      }
      next = base + count
    }
    if (topic === "transactions_dead") continue
    const published = new Map<string, string>()
    for (const message of batches.flatMap(({ records }) => records.map(messageOf))) {
      if (message === null || message.v !== 1) continue
      const id = String(message.id)
      if (foreign.has(id)) continue
      if (topic === "transactions") {
        if (!isSubmission.has(id)) yield { rule: "appended", what: `${id} is in the log and no submission` }
        continue
      }
      const { reason, status } = message.decision as { readonly status: string; readonly reason: string | null }
      const result = decisionOf({ status, reason, decided_at: message.decided_at as number })
      const before = published.get(id)
      if (before === undefined) {
        published.set(id, result)
        const stored = decisionById.get(id) ?? "nothing"
        if (stored !== result) yield { rule: "published", what: `${id} is published ${result} and stored ${stored}` }
      } else if (before !== result) {
        yield { rule: "published", what: `${id} is published ${before}, then ${result}` }
      }
    }
  }
}

interface ListedTransaction {
  readonly id: string
  readonly status: string
  readonly amount: number
  readonly reference: string | null
  readonly error: { readonly code: string } | null
  readonly decided_at: string | null
}

const listed = ({ amount, decided_at, error, reference, status }: ListedTransaction) =>
  `${reference} ${amount} ${status} ${error?.code ?? null} ${decided_at}`

const stored = ({ amount, decided_at, reason, reference, status }: SubmissionRow) =>
  `${reference} ${amount} ${status ?? "processing"} ${reason} ${
    decided_at === null ? null : new Date(decided_at).toISOString()
  }`

const checkApi = async (port: number, dataDir: string, { submissions }: World): Promise<ReadonlyArray<Fault>> => {
  const faults: Array<Fault> = []
  const left = new Map(submissions.map((row) => [row.id, stored(row)]))
  const account = connect(port, accountAuthorization(dataDir))
  for (let after: string | null = "";;) {
    const query: string = after === "" ? "" : `&starting_after=${after}`
    const { body, status } = await account.send("GET", `/v1/transactions?limit=100${query}`)
    if (status !== 200) {
      faults.push({ rule: "read", what: `the list was answered ${status} ${JSON.stringify(body)}` })
      break
    }
    const page = body as { readonly data: ReadonlyArray<ListedTransaction>; readonly next: string | null }
    for (const transaction of page.data) {
      const expected = left.get(transaction.id)
      left.delete(transaction.id)
      if (expected !== listed(transaction)) {
        faults.push({ rule: "read", what: `${transaction.id} is listed ${listed(transaction)}, stored ${expected}` })
      }
    }
    after = page.next
    if (after === null) break
  }
  for (const id of left.keys()) faults.push({ rule: "read", what: `${id} is not listed` })
  account.close()
  return faults
}

interface OperatorAudit {
  readonly accepted: number
  readonly decided: number
  readonly undecided: number
  readonly parked: number
  readonly holds: boolean
}

const readOperatorAudit = async (port: number, dataDir: string): Promise<OperatorAudit> => {
  const operator = connect(port, operatorAuthorization(dataDir))
  try {
    const { body, status } = await operator.send("GET", "/v1/operator/audit")
    if (status !== 200) throw new Error(`the audit was answered ${status} ${JSON.stringify(body)}`)
    return body as OperatorAudit
  } finally {
    operator.close()
  }
}

const counts = ({ accepted, decided, parked, undecided }: Omit<OperatorAudit, "holds">) =>
  `${accepted} accepted, ${decided} decided, ${undecided} undecided, ${parked} parked`

const checkAudits = async (
  auditor: string,
  port: number,
  dataDir: string,
  { decisions, submissions }: World
): Promise<ReadonlyArray<Fault>> => {
  const faults: Array<Fault> = []
  const decided = submissions.filter(({ status }) => status !== null).length
  const expected = counts({
    accepted: submissions.length,
    decided,
    undecided: submissions.length - decided,
    parked: submissions.filter(({ parked_at }) => parked_at !== null).length
  })
  const overHttp = await readOperatorAudit(port, dataDir)
  if (!overHttp.holds || counts(overHttp) !== expected) {
    faults.push({ rule: "audit", what: `over HTTP: ${counts(overHttp)}, holds ${overHttp.holds}; files: ${expected}` })
  }
  const { code, report, said } = await runAudit(auditor, dataDir)
  if (report === null) return [...faults, { rule: "audit", what: `the role audit ended with ${code}: ${said}` }]
  const { comparison, holds } = report
  const [difference] = comparison.differences
  if (
    code !== 0 || !holds || counts(report) !== expected || comparison.submissions !== submissions.length ||
    comparison.decisions !== decisions.length
  ) {
    faults.push({
      rule: "audit",
      what: `the role audit ended with ${code}: ${counts(report)}, compared ${comparison.submissions} with ` +
        `${comparison.decisions}, ${comparison.differences.length} differences ` +
        `(${difference === undefined ? "none" : `${difference.id} ${difference.what}`}); files: ${expected}`
    })
  }
  return faults
}

/** Waits until the gateway says that nothing is undecided or shown as parked; after `deadline` ms it stops waiting. */
const untilDecided = async (port: number, dataDir: string, deadline: number) => {
  const until = performance.now() + deadline
  for (;;) {
    const { parked, undecided } = await readOperatorAudit(port, dataDir)
    if ((undecided === 0 && parked === 0) || performance.now() > until) return
    await sleep(50)
  }
}

export interface Verdict {
  readonly faults: ReadonlyArray<Fault>
  readonly submissions: number
  readonly answers: number
}

/** Checks a gateway that runs and gets no more requests: its files, its API, its audits, and its client's history. */
export const check = async (options: {
  /** The bundle whose role `audit` is asked. */
  readonly auditor: string
  readonly port: number
  readonly dataDir: string
  readonly historyFile: string
  /** ms until everything has to be decided. */
  readonly deadline: number
}): Promise<Verdict> => {
  const { auditor, dataDir, deadline, historyFile, port } = options
  await untilDecided(port, dataDir, deadline)
  const world: World = {
    history: readHistory(historyFile),
    decisions: readDecisions(dataDir),
    submissions: readSubmissions(dataDir)
  }
  return {
    faults: [
      ...checkHistory(world),
      ...checkDatabases(world),
      ...checkLog(dataDir, world),
      ...await checkApi(port, dataDir, world),
      ...await checkAudits(auditor, port, dataDir, world)
    ],
    submissions: world.submissions.length,
    answers: world.history.filter(({ _tag }) => _tag === "answer").length
  }
}
