import { setTimeout as sleep } from "node:timers/promises"
import { check, readWorld, type World } from "./Checker.ts"
import { historyFiles, writeLines } from "./History.ts"
import { ask } from "./Http.ts"
import { searchLogs } from "./LogSearch.ts"
import type { Pipeline } from "./Pipeline.ts"
import { type Fault, fault } from "./Rules.ts"
import type { SubmissionRow } from "./Stores.ts"

const pollEvery = 250
const settleLimit = 60_000
const tailLimit = 60_000

interface AuditCounts {
  readonly accepted: number
  readonly decided: number
  readonly undecided: number
  readonly parked: number
  readonly holds: boolean
}

/**
 * Waits until nothing is undecided or shown as parked; answers after how many ms, or null when it did not come, within
 * `limit` or because nothing has moved for `still` ms.
 */
export const untilDecided = async ({ stores }: Pipeline, limit: number, still = limit): Promise<number | null> => {
  const started = performance.now()
  let moved = started
  let before = -1
  while (performance.now() - started < limit && performance.now() - moved < still) {
    const left = await stores.undecided().catch(() => null)
    if (left !== null && left.undecided === 0 && left.parked === 0) return performance.now() - started
    if (left !== null && left.undecided !== before) {
      before = left.undecided
      moved = performance.now()
    }
    await sleep(pollEvery)
  }
  return null
}

const countsText = ({ accepted, decided, parked, undecided }: Omit<AuditCounts, "holds">) =>
  `${accepted} accepted, ${decided} decided, ${undecided} undecided, ${parked} parked`

const checkAudits = async ({ of, operator, run }: Pipeline, submissions: ReadonlyArray<SubmissionRow>) => {
  const faults: Array<Fault> = []
  const decided = submissions.filter(({ status }) => status !== null).length
  const expected = countsText({
    accepted: submissions.length,
    decided,
    undecided: submissions.length - decided,
    parked: submissions.filter(({ parked_at }) => parked_at !== null).length
  })
  for (const { name, port } of of("intake")) {
    const answer = await ask({
      port,
      method: "GET",
      path: "/v1/operator/audit",
      headers: { authorization: operator },
      limit: 30_000
    }).catch(String)
    if (typeof answer === "string" || answer.status !== 200) {
      const how = typeof answer === "string" ? answer : answer.status
      faults.push(fault("audit", `${name}: the audit over HTTP was answered ${how}`))
      continue
    }
    const audit = answer.body as AuditCounts
    if (!audit.holds || countsText(audit) !== expected) {
      faults.push(fault("audit", `${name}: ${countsText(audit)}, holds ${audit.holds}; database: ${expected}`))
    }
  }
  const { code, said } = await run("audit")
  if (code !== 0) faults.push(fault("audit", `the role audit ended with ${code}: ${said.slice(-1_500)}`))
  return faults
}

interface Listed {
  readonly id: string
  readonly status: string
  readonly amount: number
  readonly reference: string | null
  readonly error: { readonly code: string } | null
  readonly decided_at: string | null
}

const listedText = ({ amount, decided_at, error, reference, status }: Listed) =>
  `${reference} ${amount} ${status} ${error?.code ?? null} ${decided_at}`

const storedText = ({ amount, decided_at, reason, reference, status }: SubmissionRow) =>
  `${reference} ${amount} ${status ?? "processing"} ${reason} ${
    decided_at === null ? null : new Date(decided_at).toISOString()
  }`

/** Reads every list to its end, through alternating intakes. */
const checkLists = async ({ credentials, of }: Pipeline, submissions: ReadonlyArray<SubmissionRow>) => {
  const faults: Array<Fault> = []
  const intakes = of("intake")
  let page = 0
  for (const { account, authorization } of credentials) {
    const left = new Map(
      submissions.filter(({ account_id }) => account_id === account).map((row) => [row.id, storedText(row)])
    )
    for (let after: string | null = "";;) {
      const query: string = after === "" ? "" : `&starting_after=${after}`
      const answer = await ask({
        port: intakes[page++ % intakes.length]!.port,
        method: "GET",
        path: `/v1/transactions?limit=100${query}`,
        headers: { authorization },
        limit: 30_000
      }).catch(String)
      if (typeof answer === "string" || answer.status !== 200) {
        const how = typeof answer === "string" ? answer : `${answer.status} ${JSON.stringify(answer.body)}`
        faults.push(fault("read", `a list was answered ${how}`))
        break
      }
      const { data, next } = answer.body as { readonly data: ReadonlyArray<Listed>; readonly next: string | null }
      for (const transaction of data) {
        const expected = left.get(transaction.id)
        left.delete(transaction.id)
        if (expected !== listedText(transaction)) {
          faults.push(fault("read", `${transaction.id} is listed ${listedText(transaction)}, stored ${expected}`))
        }
      }
      after = next
      if (after === null) break
    }
    for (const id of left.keys()) faults.push(fault("read", `${id} is not listed`))
  }
  return faults
}

export interface Verdict {
  readonly world: World
  readonly faults: ReadonlyArray<Fault>
  /** ms from the last fault to the last decision; null when it did not come in time. */
  readonly decidedAfter: number | null
}

/** After the last fault: ends the load, waits for every answer and decision, writes down both databases, checks all. */
export const finish = async (
  pipeline: Pipeline,
  options: {
    /** ms since the last fault. */
    readonly deadline: number
    /** ms after which nothing more is expected, when nothing moves. */
    readonly still?: number
    /** Whether the roles are asked as well: API, audits, logs. */
    readonly whole: boolean
    readonly since: number
  }
): Promise<Verdict> => {
  const { counts, find, folder, history, load, stores, tail, watch } = pipeline
  await load.stop()
  if (!await load.settle(settleLimit)) {
    history.append({ _tag: "unexpected", what: `${load.unknown()} requests had no answer within ${settleLimit} ms` })
  }
  const left = options.deadline - (performance.now() - options.since)
  const decidedAfter = await untilDecided(pipeline, Math.max(left, 1_000), options.still)
  if (!await tail.catchUp(tailLimit)) find(fault("published", "the campaign's own tail did not come to the end"))
  const submissions = await stores.submissions()
  await watch.last()
  const lines = writeLines<SubmissionRow>(historyFiles(folder).submissions)
  lines.appendAll(submissions)
  lines.close()
  if (options.whole) {
    for (const each of await checkLists(pipeline, submissions)) find(each)
    for (const each of await checkAudits(pipeline, submissions)) find(each)
  }
  const world = readWorld(folder)
  for (const each of await searchLogs(folder, world.history)) find(each)
  const decided = world.decisions.length
  counts.set("accepted (rows of submissions)", submissions.length)
  counts.set("decided (rows of transactions)", decided)
  counts.set("resends", submissions.reduce((sum, { resends }) => sum + resends, 0))
  counts.set("submissions sent again", submissions.filter(({ resends }) => resends > 0).length)
  counts.set(
    "submissions that were parked for a while",
    submissions.filter(({ parked_count }) => parked_count > 0).length
  )
  counts.set("parked records", world.seen.filter(({ topic }) => topic === "transactions_dead").length)
  if (decidedAfter !== null) counts.set("ms until everything was decided", Math.round(decidedAfter))
  const last = { ...world, findings: pipeline.findings }
  return { world: last, faults: check(last), decidedAfter }
}
