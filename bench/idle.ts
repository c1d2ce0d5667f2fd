import { setTimeout as sleep } from "node:timers/promises"
import { withPlace } from "./lib/place.ts"
import { fixed, load, median, table } from "./lib/report.ts"
import { type Program, startRoles } from "./lib/roles.ts"
import { makeKeys, startServers } from "./lib/servers.ts"

export interface IdleOptions {
  readonly programs: ReadonlyArray<Program>
  readonly rounds: number
  /** Measured, after as much as they need to come to rest. */
  readonly seconds: number
}

const rest = 10_000

const roles = ["intake", "processor", "recorder"] as const

export interface IdleRound {
  readonly program: string
  readonly round: number
  /** Percent of one core. */
  readonly cpu: Readonly<Record<typeof roles[number], number>>
  readonly load: number
}

/** What processes cost that have nothing to do. */
export const idle = async (options: IdleOptions) => {
  const keys = makeKeys()
  const servers = await startServers()
  const rounds: Array<IdleRound> = []
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const program of options.programs) {
        const done = await withPlace(servers, keys, program.name, async (place): Promise<IdleRound> => {
          const running = await startRoles(program, place)
          try {
            await sleep(rest)
            const started = performance.now()
            const before = running.processes.map((process) => process.cpu())
            await sleep(options.seconds * 1_000)
            running.check()
            const seconds = (performance.now() - started) / 1_000
            const cpu = Object.fromEntries(
              running.processes.map((
                process,
                index
              ) => [process.role, (process.cpu() - before[index]!) * 100 / seconds])
            ) as IdleRound["cpu"]
            return { program: program.name, round, cpu, load: load() }
          } finally {
            await running.stop()
          }
        })
        rounds.push(done)
        console.log(
          `round ${round} ${done.program}: ${
            roles.map((role) => `${role} ${fixed(done.cpu[role])} %`).join(", ")
          } of a core, load ${fixed(done.load)}`
        )
      }
    }
  } finally {
    await servers.stop()
  }
  const medians = options.programs.map(({ name }) => {
    const own = rounds.filter((r) => r.program === name)
    return { name, cpu: roles.map((role) => median(own.map((r) => r.cpu[role]))) }
  })
  console.log(`\nidle: ${options.seconds} s, percent of a core`)
  console.log(table(["", ...roles], medians.map(({ cpu, name }) => [name, ...cpu.map((_) => fixed(_))])))
  return { rounds, medians }
}
