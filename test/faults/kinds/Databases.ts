import { type FaultKind, type Stage, wait } from "../Fault.ts"
import type { DatabaseName } from "../Servers.ts"
import { databaseNames } from "../Servers.ts"

const whileTroubled = (
  { locks, pipeline }: Stage,
  name: DatabaseName,
  work: () => Promise<void>
) => locks.holding([`${name} database`], () => pipeline.servers.inTrouble(work))

const kill = (name: DatabaseName): FaultKind => ({
  name: `kill the ${name}'s database`,
  run: (stage) =>
    whileTroubled(stage, name, async () => {
      const { length, pipeline: { counts, servers }, random } = stage
      const { server } = servers.databases[name]
      for (let i = length === "short" ? 1 : random.int(2, 3); i > 0; i--) {
        await server.kill()
        counts.add("kills of databases")
        await wait(random.pick([0, 0, 1_000, 4_000]))
        await server.start()
        await wait(random.int(500, 2_000))
      }
    })
})

const pause = (name: DatabaseName): FaultKind => ({
  name: `pause the ${name}'s database`,
  run: (stage) =>
    whileTroubled(stage, name, async () => {
      const { length, pipeline: { counts, servers }, random } = stage
      const { server } = servers.databases[name]
      server.pause()
      counts.add("pauses of databases")
      await wait(length === "short" ? random.int(4_000, 7_000) : random.int(2_000, 15_000))
      server.resume()
      await wait(500)
    })
})

const fill = (name: DatabaseName): FaultKind => ({
  name: `fill the disk of the ${name}'s database`,
  refusal: ({ servers }) => servers.databases[name].disk === null ? "this user may not mount a small disk" : null,
  run: (stage) =>
    whileTroubled(stage, name, async () => {
      const { pipeline: { counts, servers }, random } = stage
      const { disk, server } = servers.databases[name]
      disk!.fill()
      counts.add("full disks")
      await wait(random.int(5_000, 9_000))
      disk!.free()
      // one that gives up takes its time for it
      for (let second = 0; second < 12 && server.running; second++) await wait(1_000)
      if (server.running) return
      counts.add("databases that ended on a full disk")
      await server.start()
    })
})

export const databases: ReadonlyArray<FaultKind> = databaseNames.flatMap((
  name
) => [kill(name), pause(name), fill(name)])
