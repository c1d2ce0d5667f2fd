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
    const { appended, counts, find, load, of, processes, servers, tail } = pipeline
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
          await wait(12_000)
          await tail.catchUp(20_000)
          const again = [...appended].filter(([id, times]) => {
            const at = instantOf(id)
            return times > 1 && at > first && at < last
          })
          if (servers.troubled()) return
          for (const [id, times] of again) find(fault("backlog", `${id} is in transactions ${times} times`))
        })
    )
  }
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** The ms since the epoch in an id (a ULID after its prefix). */
const instantOf = (id: string) =>
  Array.from(id.slice(4, 14)).reduce((instant, character) => instant * 32 + alphabet.indexOf(character), 0)

export const others: ReadonlyArray<FaultKind> = [missingKey, stoppedProcessors]
