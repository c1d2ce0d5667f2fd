import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { host } from "./lib/child.ts"
import { alternate, compare, countOf, type Measured, type Rounds } from "./lib/compare.ts"
import { type Load, runLoad } from "./lib/load.ts"
import { measureOthers } from "./lib/machine.ts"
import { type Place, withPlace } from "./lib/place.ts"
import { reconcilePipeline, recorded } from "./lib/reconcileServers.ts"
import { load, whole } from "./lib/report.ts"
import { type Program, startRoles } from "./lib/roles.ts"
import { assertAccepted, settleLimit } from "./lib/round.ts"
import { makeKeys, type Servers, startServers } from "./lib/servers.ts"

export interface DistributedOptions extends Rounds {
  /** Seconds of load that are decided and recorded before the measured transactions begin. */
  readonly warmup: number
  readonly connections: number
  readonly idempotencyKeys: boolean
}

export interface DistributedRound extends Measured {
  /** From the first request until the last decision was recorded. */
  readonly seconds: number
  /** The part of it until the last 202. */
  readonly acceptSeconds: number
  /** Microseconds for one transaction. */
  readonly cpuOf: Readonly<Record<typeof parts[number], number>>
}

const parts = ["intake", "processor", "recorder", "kafka", "database"] as const
const roles = ["intake", "processor", "recorder"] as const

const runOnce = async (
  options: DistributedOptions,
  program: Program,
  servers: Servers,
  place: Place,
  round: number
): Promise<DistributedRound> => {
  const count = countOf(options, program)
  const running = await startRoles(program, place)
  try {
    const files: Array<string> = []
    const send = async (name: string, model: Load["model"]) => {
      const idsFile = join(place.folder, `${name}.ids`)
      files.push(idsFile)
      const result = await runLoad({
        host,
        port: running.intake.port,
        authorization: running.authorization,
        connections: options.connections,
        idempotencyKeys: options.idempotencyKeys,
        idsFile,
        model
      })
      assertAccepted({ name: program.name, check: running.check }, result)
      return result
    }
    const settled = () => recorded(place, running.check, settleLimit)

    if (options.warmup > 0) {
      await send("warmup", { kind: "closed", warmup: 0, seconds: options.warmup })
      await settled()
    }
    const cpu = () => ({
      ...Object.fromEntries(running.processes.map((process) => [process.role, process.cpu()])),
      ...servers.cpu()
    } as Record<typeof parts[number], number>)
    const othersSince = measureOthers()
    const before = cpu()
    const counted = await send("count", { kind: "count", count })
    const end = await settled()
    const after = cpu()
    const used = parts.map((part) => after[part] - before[part])
    const others = othersSince(used.reduce((sum, seconds) => sum + seconds, counted.cpu))
    if (counted.accepted !== count) throw new Error(`${program.name}: ${counted.accepted} accepted, not ${count}`)
    // a result may still be on its way to whoever reads it a second time
    await sleep(200)
    await running.stop()
    await reconcilePipeline(program.name, place, files)
    const seconds = (end - counted.startedAt) / 1_000
    const each = Object.fromEntries(parts.map((part, index) => [part, used[index]! * 1_000_000 / count]))
    const cpuOf = each as DistributedRound["cpuOf"]
    return {
      program: program.name,
      round,
      count,
      seconds,
      rate: count / seconds,
      acceptSeconds: (counted.endedAt - counted.startedAt) / 1_000,
      cpu: roles.reduce((sum, role) => sum + cpuOf[role], 0),
      cpuOf,
      others,
      load: load()
    }
  } finally {
    await running.stop()
  }
}

/** `pipeline` on Kafka and MariaDB, with three processes of each program. */
export const distributed = async (options: DistributedOptions) => {
  const keys = makeKeys()
  const servers = await startServers()
  try {
    const once = (program: Program, round: number) =>
      withPlace(servers, keys, program.name, (place) => runOnce(options, program, servers, place, round))
    // the broker's code is compiled while it runs: the first rounds would pay for all
    for (const program of options.programs.slice(0, 2)) await once(program, 0)
    return compare(
      `pipeline distributed: ${whole(options.count)} transactions (${
        whole(options.countOfSingles)
      } one by one), ${options.connections} connections`,
      options.programs,
      await alternate(options, once),
      [
        { head: "s", of: (r) => r.seconds, digits: 2 },
        { head: "s to last 202", of: (r) => r.acceptSeconds, digits: 2 },
        ...parts.map((part) => ({ head: `${part} µs`, of: (r: DistributedRound) => r.cpuOf[part] }))
      ]
    )
  } finally {
    await servers.stop()
  }
}
