import { setTimeout as sleep } from "node:timers/promises"
import { appendBacklog, makeBacklog, type Waiting } from "./lib/backlog.ts"
import { alternate, compare, countOf, type Measured, type Rounds } from "./lib/compare.ts"
import { measureOthers } from "./lib/machine.ts"
import { type Place, recordsIn, withPlace } from "./lib/place.ts"
import { reconcileBacklog } from "./lib/reconcileServers.ts"
import { load, whole } from "./lib/report.ts"
import { type Process, type Program, startRole } from "./lib/roles.ts"
import { makeKeys, startServers } from "./lib/servers.ts"

export interface DrainRound extends Measured {
  /** From the first decision until the last row was stored and the last result appended. */
  readonly seconds: number
  /** Before that: from the start of the process to its first decision, in seconds. */
  readonly start: number
  /** Microseconds for one message, of the broker and of the database. */
  readonly kafka: number
  readonly database: number
}

const limit = 300_000

interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly cpu: number
  readonly kafka: number
  readonly database: number
}

/** Looks seldom while much is left: what watches shares the machine. */
const watch = async (place: Place, process: Process, count: number) => {
  const deadline = Date.now() + limit
  const samples: Array<Sample> = []
  while (true) {
    const published = await recordsIn(place, "transactions_result")
    samples.push({ at: performance.timeOrigin + performance.now(), cpu: process.cpu(), ...place.servers.cpu() })
    if (published >= count) return samples
    process.check()
    if (Date.now() > deadline) throw new Error(`${process.name}: ${published} of ${count} after ${limit / 1_000} s`)
    await sleep(published > count * 0.97 ? 10 : 100)
  }
}

const drainOnce = async (
  program: Program,
  place: Place,
  backlog: ReadonlyArray<Waiting>,
  round: number
): Promise<DrainRound> => {
  const count = backlog.length
  await appendBacklog(place, backlog)
  // what the servers still write of it
  await sleep(1_000)
  const startedAt = Date.now()
  const othersSince = measureOthers()
  const process = await startRole(program, "processor", place)
  const samples = await watch(place, process, count).catch(async (cause) => {
    await process.stop()
    throw cause
  })
  const [start, end] = [samples[0]!, samples.at(-1)!]
  const others = othersSince(end.cpu + end.kafka - start.kafka + end.database - start.database)
  await process.stop()
  await reconcileBacklog(program.name, place, backlog)
  const [row] = await place.query(`SELECT MIN(decided_at) AS first FROM ${place.processor}.transactions`)
  const first = Number(row!.first)
  const before = samples.findLast(({ at }) => at <= first) ?? start
  const seconds = (end.at - first) / 1_000
  const each = (of: (sample: Sample) => number) => (of(end) - of(before)) * 1_000_000 / count
  return {
    program: program.name,
    round,
    count,
    seconds,
    rate: count / seconds,
    start: (first - startedAt) / 1_000,
    cpu: each((_) => _.cpu),
    kafka: each((_) => _.kafka),
    database: each((_) => _.database),
    others,
    load: load()
  }
}

/** A backlog, and one processor alone. */
export const drain = async (options: Rounds) => {
  const keys = makeKeys()
  const backlog = await makeBacklog(Math.max(options.count, options.countOfSingles), keys)
  const servers = await startServers()
  try {
    const once = (program: Program, round: number) =>
      withPlace(
        servers,
        keys,
        program.name,
        (place) => drainOnce(program, place, backlog.slice(0, countOf(options, program)), round)
      )
    // the broker's code is compiled while it runs: the first rounds would pay for all
    for (const program of options.programs.slice(0, 2)) await once(program, 0)
    return compare(
      `drain: ${whole(options.count)} messages (${whole(options.countOfSingles)} one by one)`,
      options.programs,
      await alternate(options, once),
      [
        { head: "s", of: (r) => r.seconds, digits: 2 },
        { head: "start s", of: (r) => r.start, digits: 2 },
        { head: "CPU µs", of: (r) => r.cpu },
        { head: "Kafka µs", of: (r) => r.kafka },
        { head: "MariaDB µs", of: (r) => r.database }
      ]
    )
  } finally {
    await servers.stop()
  }
}
