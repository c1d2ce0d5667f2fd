import { setTimeout as sleep } from "node:timers/promises"
import { appendBacklog, makeBacklog, type Waiting } from "./lib/backlog.ts"
import { type Place, recordsIn, withPlace } from "./lib/place.ts"
import { reconcileBacklog } from "./lib/reconcileServers.ts"
import { fixed, load, median, table, whole } from "./lib/report.ts"
import { type Process, type Program, startRole } from "./lib/roles.ts"
import { makeKeys, startServers } from "./lib/servers.ts"

export interface DrainOptions {
  /** The gateway first; each of the others is what it is compared with. */
  readonly programs: ReadonlyArray<Program>
  readonly rounds: number
  /** Messages that wait. */
  readonly count: number
  /** The same for programs that handle one message at a time. */
  readonly countOfSingles: number
}

export interface DrainRound {
  readonly program: string
  readonly round: number
  readonly count: number
  /** From the first decision until the last row was stored and the last result appended. */
  readonly seconds: number
  readonly rate: number
  /** Before that: from the start of the process to its first decision, in seconds. */
  readonly start: number
  /** Microseconds for one message: of the processor, of the broker, of the database. */
  readonly cpu: number
  readonly kafka: number
  readonly database: number
  /** Of the machine, when the round began. */
  readonly load: number
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

const drainOnce = (
  program: Program,
  place: Place,
  backlog: ReadonlyArray<Waiting>,
  round: number
): Promise<DrainRound> =>
  (async () => {
    await appendBacklog(place, backlog)
    // what the servers still write of it
    await sleep(1_000)
    const count = backlog.length
    const loadBefore = load()
    const startedAt = Date.now()
    const process = await startRole(program, "processor", place)
    const samples = await watch(place, process, count).finally(() => process.stop())
    await reconcileBacklog(program.name, place, backlog)
    const [row] = await place.query(`SELECT MIN(decided_at) AS first FROM ${place.processor}.transactions`)
    const first = Number(row!.first)
    const end = samples.at(-1)!
    const before = samples.findLast(({ at }) => at <= first) ?? samples[0]!
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
      load: loadBefore
    }
  })()

type Figures = Pick<DrainRound, "rate" | "seconds" | "start" | "cpu" | "kafka" | "database" | "load">

const figures = (r: Figures) => [
  whole(r.rate),
  fixed(r.seconds),
  fixed(r.start),
  fixed(r.cpu, 1),
  fixed(r.kafka, 1),
  fixed(r.database, 1),
  fixed(r.load)
]

const middle = (rounds: ReadonlyArray<DrainRound>): Figures => {
  const of = (figure: (r: DrainRound) => number) => median(rounds.map(figure))
  return {
    rate: of((r) => r.rate),
    seconds: of((r) => r.seconds),
    start: of((r) => r.start),
    cpu: of((r) => r.cpu),
    kafka: of((r) => r.kafka),
    database: of((r) => r.database),
    load: of((r) => r.load)
  }
}

export const drain = async (options: DrainOptions) => {
  const keys = makeKeys()
  const backlog = await makeBacklog(options.count, keys)
  const few = backlog.slice(0, options.countOfSingles)
  const servers = await startServers()
  const rounds: Array<DrainRound> = []
  try {
    const once = (program: Program, messages: ReadonlyArray<Waiting>, number: number) =>
      withPlace(servers, keys, program.name, (place) => drainOnce(program, place, messages, number))
    // the broker's code is compiled while it runs: the first round would pay for all
    await once(options.programs.at(-1)!, few, 0)
    await once(options.programs[1] ?? options.programs[0]!, backlog, 0)
    for (let number = 1; number <= options.rounds; number++) {
      for (const program of options.programs) {
        const done = await once(program, program.name.startsWith("single") ? few : backlog, number)
        rounds.push(done)
        console.log(
          `round ${number} ${done.program}: ${whole(done.rate)}/s, ${whole(done.count)} reconciled, load ${
            fixed(done.load)
          }`
        )
      }
    }
  } finally {
    await servers.stop()
  }

  const sides = options.programs.map(({ name }) => {
    const own = rounds.filter((r) => r.program === name)
    return { name, rounds: own, median: middle(own) }
  })
  const [gateway, ...others] = sides as [typeof sides[number], ...typeof sides]
  const ratios = others.map(({ median: other, name, rounds: own }) => ({
    name: `${gateway.name} / ${name}`,
    rate: gateway.median.rate / other.rate,
    cpu: gateway.median.cpu / other.cpu,
    pairs: gateway.rounds.map((r, index) => r.rate / own[index]!.rate)
  }))
  console.log(`\ndrain: ${whole(options.count)} messages (${whole(options.countOfSingles)} one by one)`)
  console.log(table(["", "decided/s", "s", "start s", "CPU µs", "Kafka µs", "MariaDB µs", "load"], [
    ...sides.flatMap((side) => side.rounds.map((r) => [`${r.program} ${r.round}`, ...figures(r)])),
    ...sides.map((side) => [`${side.name} median`, ...figures(side.median)]),
    ...ratios.map(({ cpu, name, rate }) => [name, fixed(rate), "", "", fixed(cpu), "", "", ""])
  ]))
  for (const { name, pairs } of ratios) {
    console.log(`rate of each round, ${name}: ${pairs.map((pair) => fixed(pair)).join("  ")}`)
  }
  return { rounds, medians: Object.fromEntries(sides.map((side) => [side.name, side.median])), ratios }
}
