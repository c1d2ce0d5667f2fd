import { Effect } from "effect"
import {
  type Group,
  Log,
  type LogRecord,
  LogUnavailable,
  type PartitionLag,
  type Topic
} from "../../src/services/Log.ts"

export const lagOf = (part: Partial<PartitionLag>): PartitionLag => ({
  partition: 0,
  low: 0,
  end: 0,
  committed: null,
  seconds: 0,
  ...part
})

/** A log whose lag is what the test says, and that only remembers what was appended. */
export const fakeLog = () => {
  const state = {
    lag: { processor: [lagOf({})], recorder: [lagOf({})] } as Record<Group, ReadonlyArray<PartitionLag>>,
    asked: [] as Array<`${Topic} ${Group}`>,
    lagFails: false,
    appendFails: false,
    appends: [] as Array<ReadonlyArray<LogRecord>>
  }
  const down = new LogUnavailable({ cause: "down" })
  const log: Log["Type"] = {
    append: (_, records) =>
      Effect.suspend(() => {
        if (state.appendFails) return down
        state.appends.push(records)
        return Effect.succeed(records.map((_, offset) => ({ partition: 0, offset, appendedAt: 0 })))
      }),
    offer: () => Effect.void,
    consume: () => Effect.never,
    tail: () => Effect.never,
    offsets: (topic, group) =>
      Effect.suspend(() => {
        state.asked.push(`${topic} ${group}`)
        return state.lagFails ? down : Effect.succeed(state.lag[group])
      }),
    lag: (_, group) => Effect.succeed(state.lag[group]),
    expire: () => Effect.void
  }
  return { state, log }
}
