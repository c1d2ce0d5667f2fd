import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { host } from "./lib/child.ts"
import { type Load, runLoad } from "./lib/load.ts"
import { type Place, withPlace } from "./lib/place.ts"
import { reconcilePipeline, recorded } from "./lib/reconcileServers.ts"
import { fixed, load, median, table, whole } from "./lib/report.ts"
import { type Program, startRoles } from "./lib/roles.ts"
import { assertAccepted, settleLimit } from "./lib/round.ts"
import { makeKeys, type Servers, startServers } from "./lib/servers.ts"

export interface DistributedOptions {
  /** The gateway first; each of the others is what it is compared with. */
  readonly programs: ReadonlyArray<Program>
  readonly rounds: number
  readonly count: number
  /** The same for programs that handle one message at a time. */
  readonly countOfSingles: number
  /** Seconds of load that are decided and recorded before the measured transactions begin. */
  readonly warmup: number
  readonly connections: number
  readonly idempotencyKeys: boolean
}

export interface DistributedRound {
  readonly program: string
  readonly round: number
  readonly count: number
  /** From the first request until the last decision was recorded. */
  readonly seconds: number
  readonly rate: number
  /** The part of it until the last 202. */
  readonly acceptSeconds: number
  /** Microseconds for one transaction, of each process. */
  readonly cpu: Readonly<Record<"intake" | "processor" | "recorder" | "kafka" | "database", number>>
  /** Of the machine, when the round began. */
  readonly load: number
}

const parts = ["intake", "processor", "recorder", "kafka", "database"] as const

const runOnce = async (
  options: DistributedOptions,
  program: Program,
  servers: Servers,
  place: Place,
  round: number
): Promise<DistributedRound> => {
  const single = program.name.startsWith("single")
  const count = single ? options.countOfSingles : options.count
  const loadBefore = load()
  const roles = await startRoles(program, place)
  try {
    const files: Array<string> = []
    const send = async (name: string, model: Load["model"]) => {
      const idsFile = join(place.folder, `${name}.ids`)
      files.push(idsFile)
      const result = await runLoad({
        host,
        port: roles.intake.port,
        authorization: roles.authorization,
        connections: options.connections,
        idempotencyKeys: options.idempotencyKeys,
        idsFile,
        model
      })
      assertAccepted({ name: program.name, check: roles.check }, result)
      return result
    }
    const settled = () => recorded(place, roles.check, settleLimit)

    if (options.warmup > 0) {
      await send("warmup", { kind: "closed", warmup: 0, seconds: options.warmup })
      await settled()
    }
    const cpu = () => ({
      ...Object.fromEntries(roles.processes.map((process) => [process.role, process.cpu()])),
      ...servers.cpu()
    } as Record<typeof parts[number], number>)
    const before = cpu()
    const counted = await send("count", { kind: "count", count })
    const end = await settled()
    const after = cpu()
    if (counted.accepted !== count) throw new Error(`${program.name}: ${counted.accepted} accepted, not ${count}`)
    // a result may still be on its way to whoever reads it a second time
    await sleep(200)
    await roles.stop()
    await reconcilePipeline(program.name, place, files)
    const seconds = (end - counted.startedAt) / 1_000
    return {
      program: program.name,
      round,
      count,
      seconds,
      rate: count / seconds,
      acceptSeconds: (counted.endedAt - counted.startedAt) / 1_000,
      cpu: Object.fromEntries(
        parts.map((part) => [part, (after[part] - before[part]) * 1_000_000 / count])
      ) as DistributedRound["cpu"],
      load: loadBefore
    }
  } finally {
    await roles.stop()
  }
}

type Figures = Pick<DistributedRound, "rate" | "seconds" | "acceptSeconds" | "cpu" | "load">

const own = ({ cpu }: Figures) => cpu.intake + cpu.processor + cpu.recorder

const figures = (r: Figures) => [
  whole(r.rate),
  fixed(r.seconds),
  fixed(r.acceptSeconds),
  ...parts.map((part) => fixed(r.cpu[part], 1)),
  fixed(r.load)
]

const middle = (rounds: ReadonlyArray<DistributedRound>): Figures => {
  const of = (figure: (r: DistributedRound) => number) => median(rounds.map(figure))
  return {
    rate: of((r) => r.rate),
    seconds: of((r) => r.seconds),
    acceptSeconds: of((r) => r.acceptSeconds),
    cpu: Object.fromEntries(parts.map((part) => [part, of((r) => r.cpu[part])])) as DistributedRound["cpu"],
    load: of((r) => r.load)
  }
}

/** `pipeline` on Kafka and MariaDB, with three processes of each program. */
export const distributed = async (options: DistributedOptions) => {
  const keys = makeKeys()
  const servers = await startServers()
  const rounds: Array<DistributedRound> = []
  try {
    const once = (program: Program, number: number) =>
      withPlace(servers, keys, program.name, (place) => runOnce(options, program, servers, place, number))
    // the broker's code is compiled while it runs: the first round would pay for all
    await once(options.programs[1] ?? options.programs[0]!, 0)
    for (let number = 1; number <= options.rounds; number++) {
      for (const program of options.programs) {
        const done = await once(program, number)
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
    const ofThis = rounds.filter((r) => r.program === name)
    return { name, rounds: ofThis, median: middle(ofThis) }
  })
  const [gateway, ...others] = sides as [typeof sides[number], ...typeof sides]
  const ratios = others.map((other) => ({
    name: `${gateway.name} / ${other.name}`,
    rate: gateway.median.rate / other.median.rate,
    /** Of the three processes together. */
    cpu: own(gateway.median) / own(other.median),
    pairs: gateway.rounds.map((r, index) => r.rate / other.rounds[index]!.rate)
  }))
  console.log(
    `\npipeline distributed: ${whole(options.count)} transactions (${
      whole(options.countOfSingles)
    } one by one), ${options.connections} connections`
  )
  console.log(
    table(["", "decided/s", "s", "s to last 202", ...parts.map((part) => `${part} µs`), "load"], [
      ...sides.flatMap((side) => side.rounds.map((r) => [`${r.program} ${r.round}`, ...figures(r)])),
      ...sides.map((side) => [`${side.name} median`, ...figures(side.median)]),
      ...ratios.map(({ cpu, name, rate }) => [name, fixed(rate), "", "", fixed(cpu), "", "", "", "", ""])
    ])
  )
  for (const { name, pairs } of ratios) {
    console.log(`rate of each round, ${name}: ${pairs.map((pair) => fixed(pair)).join("  ")}`)
  }
  return { rounds, medians: Object.fromEntries(sides.map((side) => [side.name, side.median])), ratios }
}
