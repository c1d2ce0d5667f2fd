import { setTimeout as sleep } from "node:timers/promises"
import type { Random } from "../crash/Random.ts"
import { readyAgain, withProcesses } from "./Fault.ts"
import type { Locks } from "./Locks.ts"
import type { Pipeline } from "./Pipeline.ts"
import type { RoleProcess } from "./RoleProcess.ts"
import { fault } from "./Rules.ts"
import { databaseNames } from "./Servers.ts"

interface Habit {
  /** ms between two kills. */
  readonly between: readonly [least: number, most: number]
  readonly victims: (pipeline: Pipeline, random: Random) => ReadonlyArray<RoleProcess>
}

/** A group stands still for 10 s after one of its members was killed: intakes, which have none, are killed more often. */
const habits: ReadonlyArray<Habit> = [
  {
    between: [100, 1_500],
    victims: ({ of }, random) => {
      const free = of("intake").filter((process) => process.isFree())
      return random.shuffle(free).slice(0, random.chance(0.15) ? 2 : 1)
    }
  },
  {
    between: [3_000, 15_000],
    victims: ({ of }, random) => {
      const both = of(random.pick(["processor", "recorder"] as const)).slice(0, random.chance(0.8) ? 2 : 1)
      return both.every((process) => process.isFree()) ? both : []
    }
  }
]

/** Once a minute. */
const killDatabases = async ({ counts, servers }: Pipeline, locks: Locks, random: Random, isOver: () => boolean) => {
  while (!isOver()) {
    for (let left = random.int(40, 80); left > 0 && !isOver(); left--) await sleep(1_000)
    if (isOver()) return
    const name = random.pick(databaseNames)
    await locks.holding([`${name} database`], () =>
      servers.inTrouble(async () => {
        const { server } = servers.databases[name]
        await server.kill()
        counts.add("kills of databases")
        await server.start()
      }))
  }
}

/** Kills what nobody else has in hand, again and again, beside the other faults of a long run. */
export const assassinate = async (
  pipeline: Pipeline,
  locks: Locks,
  random: Random,
  isOver: () => boolean
): Promise<void> => {
  const databases = killDatabases(pipeline, locks, random.fork("databases"), isOver).catch((error: unknown) =>
    pipeline.find(fault("alive", `a database did not come back: ${String(error)}`))
  )
  await Promise.all(habits.map(async ({ between: [least, most], victims: draw }, index) => {
    const own = random.fork(String(index))
    while (!isOver()) {
      await sleep(own.int(least, most))
      const pause = own.pick([0, 0, 0, 300, 1_500])
      const victims = draw(pipeline, own)
      if (victims.length === 0) continue
      await withProcesses(victims, async () => {
        await Promise.all(victims.map((victim) => victim.kill()))
        await sleep(pause)
        for (const victim of victims) victim.start()
        await readyAgain(victims)
      }).catch((error: unknown) => pipeline.find(fault("alive", `after the assassin: ${String(error)}`)))
    }
  }))
  await databases
}
