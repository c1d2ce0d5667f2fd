import { parseArgs } from "node:util"
import { accept } from "./accept.ts"
import { growth } from "./growth.ts"
import { machine, writeResult } from "./lib/report.ts"
import { subject } from "./lib/subject.ts"
import { pipeline } from "./pipeline.ts"

const usage = `npm run bench -- accept|pipeline|growth [options]

  --rounds N            rounds of each program (accept, pipeline; 5)
  --seconds S           measured seconds of a round (accept; 10)
  --warmup S            seconds of load before anything is measured (accept, pipeline; 3)
  --rate N              arrivals per second of the open load, 0 for none (accept; 2000)
  --count N             transactions (pipeline; 30000, growth; 1000000)
  --connections N       (64)
  --idempotency-keys    every request carries a key of its own
  --subjects A,B        the programs under test (gateway,bare; growth takes the first)
  --json FILE           write the result there too`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "10" },
    warmup: { type: "string", default: "3" },
    rate: { type: "string", default: "2000" },
    count: { type: "string" },
    connections: { type: "string", default: "64" },
    "idempotency-keys": { type: "boolean", default: false },
    subjects: { type: "string", default: "gateway,bare" },
    json: { type: "string" },
    help: { type: "boolean", default: false }
  }
})

const number = (name: string, value: string, least = 1) => {
  const parsed = Number(value)
  if (!Number.isFinite(parsed) || parsed < least) throw new Error(`--${name} takes a number of at least ${least}`)
  return parsed
}

const main = async () => {
  const [name] = positionals
  if (values.help || name === undefined || !["accept", "pipeline", "growth"].includes(name)) {
    console.log(usage)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const names = values.subjects.split(",")
  const [first, second = first] = names as [string, string?]
  const connections = number("connections", values.connections)
  const idempotencyKeys = values["idempotency-keys"]
  const rounds = number("rounds", values.rounds)
  const where = machine()
  console.log(`${where.cpu}, ${where.cores} cores, Node ${where.node}, load ${where.load[0]?.toFixed(2)}\n`)

  const measure = async () => {
    switch (name) {
      case "accept":
        return accept({
          subjects: [subject(first), subject(second)],
          rounds,
          seconds: number("seconds", values.seconds),
          warmup: number("warmup", values.warmup, 0),
          connections,
          rate: number("rate", values.rate, 0),
          idempotencyKeys
        })
      case "pipeline":
        return pipeline({
          subjects: [subject(first), subject(second)],
          rounds,
          count: number("count", values.count ?? "30000"),
          warmup: number("warmup", values.warmup, 0),
          connections,
          idempotencyKeys
        })
      default:
        return growth({
          subject: subject(first, { heap: true }),
          count: number("count", values.count ?? "1000000"),
          connections,
          idempotencyKeys
        })
    }
  }
  const result = await measure()
  const options = { ...values, subjects: names }
  const files = writeResult(name, { measure: name, machine: where, options, ...result }, values.json)
  console.log(`\nwritten to ${files.join(" and ")}`)
}

// the programs under test end with this process
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))

main().catch((cause) => {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exit(1)
})
