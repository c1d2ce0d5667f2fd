import { type FaultKind, readyAgain, wait, withProcesses } from "../Fault.ts"
import { firstKeyOnly } from "../Pipeline.ts"
import { fault } from "../Rules.ts"

/** The processors lose one of two keys: what it has sealed is parked, the rest goes on, and its return heals. */
const missingKey: FaultKind = {
  name: "a card key is missing and comes back",
  run: async ({ pipeline, random }) => {
    const { counts, of, servers, stores } = pipeline
    const processors = of("processor")
    await withProcesses(processors, async () => {
      await Promise.all(processors.map((process) => random.chance(0.5) ? process.stop() : process.kill()))
      for (const process of processors) process.start({ CARD_KEYS: firstKeyOnly })
      await readyAgain(processors)
      let parked = 0
      // time counts while the servers are well
      for (let left = 45_000; left > 0 && parked < 30; left -= servers.troubled() ? 0 : 500) {
        await wait(500)
        parked = (await stores.undecided().catch(() => ({ parked: 0 }))).parked
      }
      if (parked === 0) throw new Error("nothing was parked without the key")
      await wait(random.int(1_000, 4_000))
      counts.most("parked at one time without the key", parked)
      await Promise.all(processors.map((process) => process.stop()))
      for (const process of processors) process.start()
      await readyAgain(processors)
    })
  }
}

/** A backlog is not lost: nobody may append it again while it waits. */
const stoppedProcessors: FaultKind = {
  name: "processors stopped under load",
  run: ({ length, locks, pipeline }) => {
    const { appended, counts, find, load, of, processes, stores, tail } = pipeline
    const processors = of("processor")
    return locks.holding(
      ["kafka", "topics", "gateway database", "processor database"],
      () =>
        withProcesses(processes, async () => {
          // what is overdue of other faults has been sent again before
          await wait(length === "short" ? 1_000 : 15_000)
          await Promise.all(processors.map((process) => process.stop()))
          const first = Date.now()
          const before = load.accepted()
          await wait(length === "short" ? 15_000 : 60_000)
          for (const process of processors) process.start()
          await readyAgain(processors)
          const backlog = load.accepted() - before
          counts.add("accepted while the processors were stopped", backlog)
          const last = Date.now()
          await wait(length === "short" ? 3_000 : 12_000)
          await tail.catchUp(20_000)
          const twice = [...appended].filter(([id, times]) => {
            const at = instantOf(id)
            return times > 1 && at > first && at < last
          })
          if (twice.length === 0) return
          // a broker that answers too late has a record twice as well: that is the lane's, and not because of the backlog
          const resends = new Map((await stores.submissions()).map((row) => [row.id, row.resends]))
          for (const [id, times] of twice) {
            if (resends.get(id) === 0) counts.add("appends that were tried again while the processors were stopped")
            else find(fault("backlog", `${id} is in transactions ${times} times, after ${resends.get(id)} resends`))
          }
        })
    )
  }
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** The ms since the epoch in an id (a ULID after its prefix). */
const instantOf = (id: string) =>
  Array.from(id.slice(4, 14)).reduce((instant, character) => instant * 32 + alphabet.indexOf(character), 0)

export const others: ReadonlyArray<FaultKind> = [missingKey, stoppedProcessors]
