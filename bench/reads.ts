import { Effect } from "effect"
import { rmSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createDatabases, startMariaDb } from "../scripts/servers/databases.mjs"
import { type AccountId, firstTransactionId } from "../src/domain/Ids.ts"
import { type Page, type SubmissionFilter, SubmissionRepository } from "../src/services/SubmissionRepository.ts"
import { account, type Filled, filledMysql, filledSqlite, lastHour } from "./lib/filled.ts"
import { Histogram, type Quantiles } from "./lib/histogram.ts"
import { fixed, table, whole } from "./lib/report.ts"

export interface ReadsOptions {
  readonly database: "SQLite" | "MariaDB"
  /** How many submissions the large database has, at most a million. */
  readonly count: number
  /** How often each is asked of each database. */
  readonly rounds: number
}

/** As many as a page looks at, so that both have as much to look at. */
const small = 10_000

const minute = 60_000

type Read = (submissions: SubmissionRepository["Type"], total: number) => Effect.Effect<unknown, unknown>

/** What is read, of the same last hour in both databases. */
const readsUntil = (end: number): ReadonlyArray<readonly [string, Read]> => {
  const scope = account as AccountId
  const hour = { from: firstTransactionId(end - 60 * minute), before: firstTransactionId(end) }
  const recent = firstTransactionId(end - 30 * minute)
  const list = (filter: SubmissionFilter, page: Partial<Page> = {}): Read => (_) =>
    _.list({ scope, filter, limit: 50, cursor: null, ...page })
  const one = (page: Partial<Page> = {}): Read => (_, total) =>
    list({ reference: `order ${total - 17}` }, page)(_, total)
  return [
    ["list", list({})],
    ["list, after", list({}, { cursor: { after: recent } })],
    ["list, before", list({}, { cursor: { before: recent } })],
    ["list of all", list({}, { scope: "all" })],
    ["time", list({ acceptedFrom: end - 40 * minute, acceptedBefore: end - 20 * minute })],
    ["reference", one()],
    ["reference, none", list({ reference: "x" })],
    ["reference, of all", one({ scope: "all" })],
    ["status", list({ status: "rejected" })],
    ["processing", list({ status: "processing" })],
    ["amount", list({ leastAmount: 1_000, mostAmount: 2_000 })],
    ["brand, 2 of 10,000", list({ brand: "elo" })],
    ["brand, before", list({ brand: "elo" }, { cursor: { before: hour.from } })],
    ["last4, none", list({ last4: "0000" })],
    ["last4, none, of all", list({ last4: "0000" }, { scope: "all" })],
    [
      "status, amount, brand, time",
      list({ status: "approved", leastAmount: 1, brand: "elo", acceptedFrom: end - 60 * minute })
    ],
    [`outlines, ${whole(lastHour)}`, (_) => _.outlines(scope, hour, 10_000)],
    [`outlines of all, ${whole(lastHour)}`, (_) => _.outlines("all", hour, 10_000)],
    ["backlog", (_) => _.backlog],
    ["parked", (_) => _.listParked({ limit: 50, cursor: null })]
  ]
}

/** Where the two databases live. */
const place = async (database: ReadsOptions["database"]) => {
  const folder = await mkdtemp(join(tmpdir(), "bench-reads-"))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once("exit", remove)
  if (database === "SQLite") {
    return {
      open: async (total: number, end: number) => filledSqlite(await mkdtemp(join(folder, "data-")), total, end),
      close: async () => remove()
    }
  }
  const { adminUrl, stop } = await startMariaDb({ folder: join(folder, "mariadb"), log: console.error })
  return {
    open: async (total: number, end: number) => {
      const names = { gateway: `reads_${total}_g`, processor: `reads_${total}_p` }
      return filledMysql((await createDatabases(adminUrl, names)).gatewayUrl, total, end)
    },
    close: async () => {
      await stop()
      remove()
    }
  }
}

/** Milliseconds. */
const timed = async (filled: Filled, total: number, read: Read) => {
  const since = performance.now()
  await filled.runPromise(Effect.flatMap(SubmissionRepository, (_) => read(_, total)))
  return performance.now() - since
}

export const reads = async ({ count, database, rounds }: ReadsOptions) => {
  const { close, open } = await place(database)
  // whole seconds: the last hour is cut into equal steps
  const end = Math.floor(Date.now() / 1_000) * 1_000
  const filled: ReadonlyArray<readonly [number, Filled]> = [[small, await open(small, end)], [
    count,
    await open(count, end)
  ]]
  for (const [total, one] of filled) {
    const took = await timed(one, total, () => Effect.void)
    console.log(`${database}: ${whole(total)} submissions in ${fixed(took / 1_000, 1)} s`)
  }
  const results: Array<{ readonly read: string; readonly small: Quantiles; readonly large: Quantiles }> = []
  for (const [name, read] of readsUntil(end)) {
    const latencies = [new Histogram(), new Histogram()]
    for (let round = -5; round < rounds; round++) {
      for (const [index, [total, one]] of filled.entries()) {
        const took = await timed(one, total, read)
        if (round >= 0) latencies[index]!.record(took)
      }
    }
    results.push({ read: name, small: latencies[0]!.quantiles(), large: latencies[1]!.quantiles() })
  }
  for (const [, one] of filled) await one.dispose()
  await close()
  console.log(`\nreads: ${database}, ${whole(small)} and ${whole(count)} submissions, in turn, ${rounds} of each; ms`)
  console.log(table(
    ["", "p50", "p99", "p50", "p99", "p50 ratio", "p99 ratio"],
    results.map(({ large, read, small }) => [
      read,
      ...[small.p50, small.p99, large.p50, large.p99].map((_) => fixed(_, 3)),
      fixed(large.p50 / small.p50),
      fixed(large.p99 / small.p99)
    ])
  ))
  return { results }
}
