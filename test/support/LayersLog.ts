import { it } from "@effect/vitest"
import { Effect, Fiber, Layer, type Scope } from "effect"
import { type Group, type Handler, Log, type StoredRecord, type Topic } from "../../src/services/Log.ts"
import type { Metrics } from "../../src/services/Metrics.ts"
import { eventually as eventuallyWithin, ownTime, realTime } from "./LayersEventually.ts"
import { type Counted, recordedMetrics } from "./LayersMetrics.ts"

type LogService = Log["Type"]

/** Where a log lives: it can be opened, closed, and opened again. */
export interface LogPlace {
  readonly open: (settings?: { readonly laneCapacity?: number }) => Layer.Layer<Log, unknown, Metrics>
  /** A program that runs `appendForever` on this place. */
  readonly appender: { readonly program: string; readonly args: ReadonlyArray<string> }
}

/** A layer of `Log` that the conformance suite runs on. */
export interface LogUnderTest {
  readonly name: string
  /** `real` where a server keeps time too. */
  readonly clock: "test" | "real"
  /** How long what must become true may take, in ms. */
  readonly patience: number
  /** An empty log of its own. */
  readonly place: Effect.Effect<LogPlace, unknown, Scope.Scope>
}

/** What a suite over one layer works with. */
export const logSuite = ({ clock, patience, place }: LogUnderTest) => {
  const time = clock === "test" ? ownTime() : realTime

  const test = (title: string, body: (place: LogPlace) => Effect.Effect<void, unknown, Scope.Scope>) =>
    clock === "test"
      ? it.scoped(title, () => Effect.flatMap(place, body), 6 * patience)
      : it.scopedLive(title, () => Effect.flatMap(place, body), 6 * patience)

  const eventually = <A, E, R>(what: string, look: Effect.Effect<A, E, R>, isSo: (found: A) => boolean) =>
    eventuallyWithin(what, look, isSo, time, patience)

  /** Runs it while time passes, for what waits for the clock to end. */
  const inTime = Effect.fnUntraced(function*<A, E, R>(what: string, effect: Effect.Effect<A, E, R>) {
    const fiber = yield* Effect.fork(effect)
    yield* eventually(what, Effect.sync(() => fiber.unsafePoll() !== null), (_) => _)
    return yield* Fiber.join(fiber)
  })

  /** One life of a process with this log, from opening to closing. */
  const life = <A, E>(
    where: LogPlace,
    body: (log: LogService, counted: Counted) => Effect.Effect<A, E, Scope.Scope>,
    settings?: Parameters<LogPlace["open"]>[0]
  ) =>
    Effect.suspend(() => {
      const { counted, layer } = recordedMetrics()
      return Effect.scoped(Effect.flatMap(Log, (log) => body(log, counted))).pipe(
        Effect.provide(Layer.provide(where.open(settings), layer))
      )
    })

  /** Everything that is kept, read by a tail from the first offset of each partition. */
  const readAll = (log: LogService, topic: Topic) =>
    Effect.scoped(Effect.gen(function*() {
      const partitions = yield* log.lag(topic, "processor")
      const kept = partitions.reduce((sum, { end, low }) => sum + end - low, 0)
      const seen: Array<StoredRecord> = []
      yield* Effect.forkScoped(
        log.tail(
          topic,
          new Map(partitions.map((_) => [_.partition, _.low])),
          (records) => Effect.sync(() => void seen.push(...records))
        )
      )
      yield* eventually(`${kept} records of ${topic} are read`, Effect.sync(() => seen.length), (_) => _ >= kept)
      return seen
    }))

  /** A consumer that runs beside the test; `seen` is what its handler finished, batch by batch. */
  const consumer = Effect.fnUntraced(function*(
    log: LogService,
    topic: Topic,
    group: Group,
    handler: Handler<unknown, never> = () => Effect.void
  ) {
    const seen: Array<ReadonlyArray<StoredRecord>> = []
    const fiber = yield* Effect.forkScoped(
      log.consume(
        { topic, group },
        (records) => Effect.zipRight(handler(records), Effect.sync(() => void seen.push(records)))
      )
    )
    return {
      fiber,
      seen,
      /** Answers when this many records were finished. */
      has: (count: number) =>
        eventually(`${group} has ${count} of ${topic}`, Effect.sync(() => seen.flat().length), (_) => _ >= count),
      /** Ends it in order. */
      end: inTime(`the consumer of ${topic} ends`, Fiber.interrupt(fiber))
    }
  })

  return { test, time, eventually, inTime, life, readAll, consumer } as const
}

/** Records of each partition in the order they were given. */
export const byPartition = <A>(items: ReadonlyArray<A>, partitionOf: (item: A) => number) => {
  const partitions = new Map<number, Array<A>>()
  for (const item of items) {
    const others = partitions.get(partitionOf(item))
    if (others === undefined) partitions.set(partitionOf(item), [item])
    else others.push(item)
  }
  return partitions
}

const toInt32 = (value: bigint) => BigInt.asIntN(32, value)

/** Kafka's default partitioner hash (org.apache.kafka.common.utils.Utils.murmur2), with arithmetic of unlimited width. */
export const murmur2 = (key: string): number => {
  const data = Buffer.from(key)
  const m = 0x5bd1e995n
  const mix = (k: bigint) => {
    const mixed = BigInt.asUintN(32, k * m)
    return BigInt.asUintN(32, (mixed ^ (mixed >> 24n)) * m)
  }
  let hash = BigInt.asUintN(32, 0x9747b28cn ^ BigInt(data.length))
  const whole = data.length - data.length % 4
  for (let at = 0; at < whole; at += 4) {
    hash = BigInt.asUintN(32, hash * m) ^ mix(BigInt(data.readUInt32LE(at)))
  }
  const rest = data.subarray(whole)
  if (rest.length > 0) {
    let tail = 0n
    for (let at = rest.length - 1; at >= 0; at--) tail = tail << 8n | BigInt(rest[at]!)
    hash = BigInt.asUintN(32, (hash ^ tail) * m)
  }
  hash = BigInt.asUintN(32, (hash ^ (hash >> 13n)) * m)
  return Number(toInt32(hash ^ (hash >> 15n)))
}
