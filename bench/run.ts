import { parseArgs } from "node:util"
import { accept } from "./accept.ts"
import { distributed } from "./distributed.ts"
import { drain } from "./drain.ts"
import { feed } from "./feed.ts"
import { growth } from "./growth.ts"
import { idle } from "./idle.ts"
import { machine, writeResult } from "./lib/report.ts"
import { program } from "./lib/roles.ts"
import { subject } from "./lib/subject.ts"
import { panel } from "./panel.ts"
import { pipeline } from "./pipeline.ts"
import { reads, type ReadsOptions } from "./reads.ts"

const usage = `npm run bench -- MEASURE [options]

One process on SQLite: accept, pipeline, growth, feed, panel (in a Chromium). On Kafka and MariaDB: "pipeline distributed", drain, idle. The
repository alone: reads (SQLite), "reads distributed" (MariaDB).

  --rounds N            rounds of each program (accept, pipeline, drain; 5, idle; 3, reads; 200)
  --seconds S           measured seconds of a round (accept; 10, panel; 20, feed and idle; 30)
  --warmup S            seconds of load before anything is measured (accept, pipeline, feed, panel; 3)
  --rate N              arrivals per second of the open load, 0 for none (accept; 2000); events per second (feed, panel;
                        1000)
  --count N             transactions (pipeline; 30000, drain and panel; 100000, growth and reads; 1000000)
  --singles N           the same for programs that handle one at a time (pipeline distributed, drain; 5000)
  --connections N       (64)
  --streams N           event streams of 20 accounts (feed; 1000)
  --idempotency-keys    every request carries a key of its own
  --subjects A,B        the programs under test (gateway,bare; distributed: gateway,bare,single, and single6; growth
                        takes the first)
  --patience S          for how long a round waits until nothing else runs on the machine, and is done again when
                        something did; 0 takes it as it is (pipeline distributed, drain; 0)
  --json FILE           write the result there too`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    warmup: { type: "string", default: "3" },
    rate: { type: "string" },
    streams: { type: "string", default: "1000" },
    count: { type: "string" },
    singles: { type: "string", default: "5000" },
    connections: { type: "string", default: "64" },
    "idempotency-keys": { type: "boolean", default: false },
    subjects: { type: "string" },
    patience: { type: "string", default: "0" },
    json: { type: "string" },
    help: { type: "boolean", default: false }
  }
})

const number = (name: string, value: string, least = 1) => {
  const parsed = Number(value)
  if (!Number.isFinite(parsed) || parsed < least) throw new Error(`--${name} takes a number of at least ${least}`)
  return parsed
}

const names = (byDefault: string) => (values.subjects ?? byDefault).split(",")

const pair = () => {
  const [first, second = first] = names("gateway,bare") as [string, string?]
  return [subject(first), subject(second)] as const
}

const rounds = (byDefault = "5") => number("rounds", values.rounds ?? byDefault)
const connections = () => number("connections", values.connections)
const warmup = () => number("warmup", values.warmup, 0)
const idempotencyKeys = values["idempotency-keys"]

const onServers = (count: string) => ({
  programs: names("gateway,bare,single").map(program),
  rounds: rounds(),
  count: number("count", values.count ?? count),
  countOfSingles: number("singles", values.singles),
  patience: number("patience", values.patience, 0)
})

const readsOn = (database: ReadsOptions["database"]) =>
  reads({
    database,
    count: number("count", values.count ?? "1000000", 10_000),
    rounds: rounds("200")
  })

const measures: Readonly<Record<string, () => Promise<object>>> = {
  accept: () =>
    accept({
      subjects: pair(),
      rounds: rounds(),
      seconds: number("seconds", values.seconds ?? "10"),
      warmup: warmup(),
      connections: connections(),
      rate: number("rate", values.rate ?? "2000", 0),
      idempotencyKeys
    }),
  pipeline: () =>
    pipeline({
      subjects: pair(),
      rounds: rounds(),
      count: number("count", values.count ?? "30000"),
      warmup: warmup(),
      connections: connections(),
      idempotencyKeys
    }),
  "pipeline distributed": () =>
    distributed({
      ...onServers("30000"),
      warmup: warmup(),
      connections: connections(),
      idempotencyKeys
    }),
  drain: () => drain(onServers("100000")),
  idle: () =>
    idle({
      programs: names("gateway,bare").map(program),
      rounds: rounds("3"),
      seconds: number("seconds", values.seconds ?? "30")
    }),
  reads: () => readsOn("SQLite"),
  "reads distributed": () => readsOn("MariaDB"),
  growth: () =>
    growth({
      subject: subject(names("gateway")[0]!, { heap: true }),
      count: number("count", values.count ?? "1000000"),
      connections: connections(),
      idempotencyKeys
    }),
  feed: () =>
    feed({
      subject: subject(names("gateway")[0]!),
      accounts: 20,
      streams: number("streams", values.streams, 20),
      rate: number("rate", values.rate ?? "1000"),
      seconds: number("seconds", values.seconds ?? "30"),
      warmup: warmup()
    }),
  panel: () =>
    panel({
      subject: subject(names("gateway")[0]!),
      count: number("count", values.count ?? "100000"),
      rate: number("rate", values.rate ?? "1000", 2),
      seconds: number("seconds", values.seconds ?? "20"),
      warmup: warmup(),
      connections: connections()
    })
}

const main = async () => {
  const name = positionals.join(" ")
  const measure = measures[name]
  if (values.help || measure === undefined) {
    console.log(usage)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const where = machine()
  console.log(`${where.cpu}, ${where.cores} cores, Node ${where.node}, load ${where.load[0]?.toFixed(2)}\n`)
  const result = await measure()
  const files = writeResult(
    name.replace(" ", "-"),
    { measure: name, machine: where, options: values, ...result },
    values.json
  )
  console.log(`\nwritten to ${files.join(" and ")}`)
}

// the programs under test end with this process
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))

main().catch((cause) => {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exit(1)
})
