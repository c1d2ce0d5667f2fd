import { Layer } from "effect"
import type { PartitionLag, Topic } from "../../src/services/Log.ts"
import { type MeasuredBacklog, Metrics, type PoolState, type Reader, type Stage } from "../../src/services/Metrics.ts"

const nameOf = (what: string, { group, topic }: Reader) => `${what} ${topic} ${group}`

/** Metrics that remember what was counted. */
export const recordedMetrics = () => {
  const counted = {
    accepted: 0,
    resent: 0,
    waiting: 0,
    streams: 0,
    streamsClosed: new Map<string, number>(),
    decided: new Map<string, number>(),
    idempotency: new Map<string, number>(),
    parked: new Map<string, number>(),
    laneDropped: new Map<Topic, number>(),
    recorded: 0,
    backlogs: [] as Array<MeasuredBacklog>,
    storageRetried: new Map<string, number>(),
    retriedBecause: new Map<string, number>(),
    acquired: [] as Array<number>,
    lags: [] as Array<{ readonly topic: Topic; readonly partitions: ReadonlyArray<PartitionLag> }>,
    readers: new Map<string, number>(),
    pools: new Map<string, () => PoolState>(),
    spans: new Map<string, number>(),
    acceptToDecision: [] as Array<number>,
    batches: { accept: [], append: [], process: [], record: [] } as Record<Stage, Array<number>>
  }
  const more = <Key>(of: Map<Key, number>, key: Key, by = 1) => of.set(key, (of.get(key) ?? 0) + by)
  const layer = Layer.succeed(Metrics, {
    httpStarted: () => {},
    httpFinished: () => {},
    problem: () => {},
    idempotency: (outcome) => more(counted.idempotency, outcome),
    accepted: () => counted.accepted++,
    decided: (status, reason) => more(counted.decided, reason ?? status),
    acceptToDecision: (seconds) => counted.acceptToDecision.push(seconds),
    laneDropped: (topic) => more(counted.laneDropped, topic),
    resent: (count) => (counted.resent += count),
    parked: (topic, reason) => more(counted.parked, `${topic} ${reason}`),
    batch: (stage, size) => counted.batches[stage].push(size),
    recorded: (count) => (counted.recorded += count),
    batchWritten: () => {},
    storageRetried: (stage, cause) => {
      more(counted.storageRetried, stage)
      more(counted.retriedBecause, cause)
    },
    backlog: (measured) => counted.backlogs.push(measured),
    lag: (topic, _, partitions) => counted.lags.push({ topic, partitions }),
    assigned: (reader, by) => more(counted.readers, nameOf("assigned", reader), by),
    paused: (reader, by) => more(counted.readers, nameOf("paused", reader), by),
    rebalanced: (reader) => more(counted.readers, nameOf("rebalanced", reader)),
    consumerRestarted: (reader) => more(counted.readers, nameOf("restarted", reader)),
    batchFailed: (reader) => more(counted.readers, nameOf("failed", reader)),
    pool: (database, now) => {
      counted.pools.set(database, now)
      return () => counted.pools.delete(database)
    },
    acquired: (_, seconds) => counted.acquired.push(seconds),
    spans: (outcome, count) => more(counted.spans, outcome, count),
    ready: () => {},
    waiting: (count) => (counted.waiting = count),
    streams: (open) => (counted.streams = open),
    streamClosed: (reason) => more(counted.streamsClosed, reason)
  })
  return { layer, counted }
}

export type Counted = ReturnType<typeof recordedMetrics>["counted"]
