import { Clock, Deferred, Duration, Effect, Layer, Schedule, Scope } from "effect"
import {
  type Handler,
  isTooLarge,
  Log,
  type LogRecord,
  LogUnavailable,
  type Position,
  RecordTooLarge,
  sizeOf,
  type TailFrom,
  type Topic
} from "../../services/Log.ts"
import { Metrics } from "../../services/Metrics.ts"
import { Randomness } from "../../services/Randomness.ts"
import { Daemons } from "../Daemons.ts"
import { LogSettings } from "../Settings.ts"
import { KafkaAdmin } from "./KafkaAdmin.ts"
import { KafkaClients } from "./KafkaClient.ts"
import { read } from "./KafkaConsumer.ts"
import { describeFailure } from "./KafkaFailure.ts"
import { groupId, makeLag } from "./KafkaLag.ts"
import { type Lane, makeLane, maxBytes, maxRecords } from "./KafkaLane.ts"
import { KafkaTopics } from "./KafkaTopics.ts"
import { partitionOfKey } from "./Murmur2.ts"

/** An append waits no longer, whatever queues before it. */
const appendLimit = Duration.seconds(30)

const insisting = Schedule.exponential("100 millis").pipe(Schedule.union(Schedule.spaced("2 seconds")))

/** In order, each small enough for one send. */
const pieces = (records: ReadonlyArray<LogRecord>): ReadonlyArray<ReadonlyArray<LogRecord>> => {
  const all: Array<Array<LogRecord>> = []
  let bytes = 0
  for (const record of records) {
    const piece = all.at(-1)
    bytes += sizeOf(record)
    if (piece === undefined || piece.length === maxRecords || bytes > maxBytes) {
      all.push([record])
      bytes = sizeOf(record)
    } else piece.push(record)
  }
  return all
}

/** The log of the distributed profile: Apache Kafka. It connects in the background, and anew after every failure. */
export const KafkaLog = Layer.scoped(
  Log,
  Effect.gen(function*() {
    const topics = yield* KafkaTopics
    const { ask } = yield* KafkaAdmin
    const { prefix } = yield* KafkaClients
    const metrics = yield* Metrics
    const randomness = yield* Randomness
    const { lag, offsets } = yield* makeLag
    const { laneCapacity } = yield* LogSettings
    const scope = yield* Effect.scope
    const context = yield* Effect.context<KafkaClients | KafkaAdmin | KafkaTopics | Metrics | Daemons>()

    /** Without a key they take turns. */
    let turn = 0
    const partitionOf = (key: string | null, partitions: number) =>
      key === null ? turn++ % partitions : partitionOfKey(key, partitions)

    const lanes = new Map<string, Lane>()
    const closing = yield* Deferred.make<void>()
    const oneAtATime = yield* Effect.makeSemaphore(1)
    const openLane = Effect.fnUntraced(function*(topic: Topic, partition: number, key: string) {
      const open = lanes.get(key)
      if (open !== undefined) return open
      const lane = yield* makeLane(topic, partition, closing).pipe(Scope.extend(scope), Effect.provide(context))
      lanes.set(key, lane)
      return lane
    }, oneAtATime.withPermits(1))

    const laneOf = (topic: Topic, partition: number) => {
      const key = `${topic}/${partition}`
      const open = lanes.get(key)
      return open === undefined ? openLane(topic, partition, key) : Effect.succeed(open)
    }

    /** What is offered before it is known how many partitions there are. */
    const early = new Map<Topic, Array<LogRecord>>()

    const offerTo = Effect.fnUntraced(function*(topic: Topic, record: LogRecord, partitions: number) {
      const dropped = () => metrics.laneDropped(topic)
      const lane = yield* laneOf(topic, partitionOf(record.key, partitions))
      if (!lane.offer([record], dropped)) dropped()
    })

    const offerEarly = Effect.fnUntraced(function*(topic: Topic, waiting: ReadonlyArray<LogRecord>) {
      const partitions = yield* topics.partitions(topic).pipe(Effect.retry(insisting), Effect.orDie)
      // grows while it is emptied, and nothing can come between its end and what follows
      for (let next = 0; next < waiting.length; next++) yield* offerTo(topic, waiting[next]!, partitions)
      early.delete(topic)
    })

    const append = Effect.fnUntraced(function*(topic: Topic, records: ReadonlyArray<LogRecord>) {
      const tooLarge = records.find(isTooLarge)
      if (tooLarge !== undefined) return yield* new RecordTooLarge({ bytes: tooLarge.value.length })
      const partitions = yield* topics.partitions(topic)
      const ofPartition = new Map<number, Array<number>>()
      records.forEach(({ key }, index) => {
        const partition = partitionOf(key, partitions)
        const others = ofPartition.get(partition)
        if (others === undefined) ofPartition.set(partition, [index])
        else others.push(index)
      })
      const positions = Array<Position>(records.length)
      yield* Effect.forEach(
        ofPartition,
        Effect.fnUntraced(function*([partition, indexes]) {
          const lane = yield* laneOf(topic, partition)
          const stored = yield* Effect.forEach(pieces(indexes.map((_) => records[_]!)), lane.submit, {
            concurrency: "unbounded"
          })
          stored.flat().forEach((position, at) => {
            positions[indexes[at]!] = position
          })
        }),
        { concurrency: "unbounded", discard: true }
      )
      return positions as ReadonlyArray<Position>
    })

    /** Where a tail begins in each partition: never beyond the end, from where kafkajs would jump to the start. */
    const startOf = (topic: Topic, from: TailFrom) =>
      topics.partitions(topic).pipe(
        Effect.zipRight(ask((admin) => admin.fetchTopicOffsets(topics.nameOf(topic)))),
        Effect.map((kept) =>
          new Map(kept.map(({ high, low, partition }) => {
            const wanted = from === "end" ? undefined : from.get(partition)
            return [
              partition,
              wanted === undefined ? Number(high) : Math.min(Math.max(wanted, Number(low)), Number(high))
            ]
          }))
        ),
        Effect.tapError(({ cause }) => Effect.logDebug(`a tail waits for Kafka (${describeFailure(cause)})`)),
        Effect.retry(insisting),
        Effect.orDie
      )

    return Log.of({
      append: (topic, records) =>
        records.length === 0 ? Effect.succeed([]) : append(topic, records).pipe(
          Effect.catchTag("Overloaded", (cause) => new LogUnavailable({ cause })),
          Effect.timeoutFail({
            duration: appendLimit,
            onTimeout: () =>
              new LogUnavailable({ cause: new Error(`not appended within ${Duration.format(appendLimit)}`) })
          })
        ),

      offer: Effect.fnUntraced(function*(topic, record) {
        if (isTooLarge(record)) return metrics.laneDropped(topic)
        const waiting = early.get(topic)
        if (waiting !== undefined) {
          return waiting.length < laneCapacity ? void waiting.push(record) : metrics.laneDropped(topic)
        }
        const partitions = topics.known(topic)
        if (partitions !== null) return yield* offerTo(topic, record, partitions)
        const first = [record]
        early.set(topic, first)
        yield* Effect.forkIn(Effect.interruptible(offerEarly(topic, first)), scope)
      }),

      consume: <E, R>(
        options: { readonly topic: Topic; readonly group: "processor" | "recorder" },
        handler: Handler<E, R>
      ) =>
        Effect.provide(
          read({ ...options, groupId: groupId(prefix, options.group, options.topic), handler }),
          context
        ),

      tail: <R>(topic: Topic, from: TailFrom, handler: Handler<never, R>) =>
        Effect.gen(function*() {
          const positions = yield* startOf(topic, from)
          const name = Buffer.from(randomness.bytes(8)).toString("hex")
          return yield* Effect.provide(
            read({ topic, group: "tail", groupId: `${prefix}tail.${name}`, handler, positions }),
            context
          )
        }),

      offsets,
      lag,
      // the brokers do so by themselves (`retention.ms`); this is for a person who cannot wait
      expire: Effect.fnUntraced(function*(topic, olderThan) {
        const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(olderThan)
        const name = topics.nameOf(topic)
        yield* topics.partitions(topic)
        yield* ask(async (admin) =>
          admin.deleteTopicRecords({ topic: name, partitions: await admin.fetchTopicOffsetsByTimestamp(name, before) })
        )
      })
    })
  })
).pipe(Layer.provide(KafkaTopics.Live), Layer.provide(KafkaAdmin.Live), Layer.provide(KafkaClients.Live))
