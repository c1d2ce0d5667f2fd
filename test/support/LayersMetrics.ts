import { Layer } from "effect"
import type { Topic } from "../../src/services/Log.ts"
import { Metrics } from "../../src/services/Metrics.ts"

type Stage = Parameters<Metrics["Type"]["batch"]>[0]

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
    storageRetried: new Map<string, number>(),
    acceptToDecision: [] as Array<number>,
    batches: { accept: [], append: [], process: [], record: [] } as Record<Stage, Array<number>>
  }
  const more = <Key>(of: Map<Key, number>, key: Key) => of.set(key, (of.get(key) ?? 0) + 1)
  const layer = Layer.succeed(Metrics, {
    httpStarted: () => {},
    httpFinished: () => {},
    idempotency: (outcome) => more(counted.idempotency, outcome),
    accepted: () => counted.accepted++,
    decided: (status, reason) => more(counted.decided, reason ?? status),
    acceptToDecision: (seconds) => counted.acceptToDecision.push(seconds),
    laneDropped: (topic) => more(counted.laneDropped, topic),
    resent: (count) => (counted.resent += count),
    parked: (topic, reason) => more(counted.parked, `${topic} ${reason}`),
    batch: (stage, size) => counted.batches[stage].push(size),
    storageRetried: (stage) => more(counted.storageRetried, stage),
    waiting: (count) => (counted.waiting = count),
    streams: (open) => (counted.streams = open),
    streamClosed: (reason) => more(counted.streamsClosed, reason)
  })
  return { layer, counted }
}

export type Counted = ReturnType<typeof recordedMetrics>["counted"]
