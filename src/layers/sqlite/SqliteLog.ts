import { Clock, Effect, Either, Layer } from "effect"
import {
  type Group,
  isTooLarge,
  Log,
  type LogRecord,
  LogUnavailable,
  maxRecordBytes,
  RecordTooLarge,
  sizeOf,
  type Topic,
  topics
} from "../../services/Log.ts"
import { Metrics, type Reader } from "../../services/Metrics.ts"
import { Tracing } from "../../services/Tracing.ts"
import { refuseDatabase } from "../DatabaseRefusal.ts"
import { makeGroupCommit } from "../GroupCommit.ts"
import { LogSettings } from "../Settings.ts"
import { timed } from "../Timed.ts"
import { tracedAppend } from "../TracedAppend.ts"
import { consume, tail } from "./LogConsumer.ts"
import { makeLogStore, partition } from "./LogStore.ts"
import { logRemedy } from "./SqliteDatabase.ts"

const toUnavailable = (cause: unknown) => new LogUnavailable({ cause })

const unusable = (cause: unknown) => refuseDatabase("The log's database", cause, logRemedy)

/**
 * The log of the embedded profile: one process, one partition, a row for each append, as Kafka keeps record batches.
 * What arrives while an append is running shares the next one.
 */
export const SqliteLog = Layer.scoped(
  Log,
  Effect.gen(function*() {
    const metrics = yield* Metrics
    const tracer = yield* Tracing
    const { laneCapacity, pace } = yield* LogSettings
    const store = yield* Effect.mapError(makeLogStore, unusable)

    const makeLane = (topic: Topic) =>
      makeGroupCommit({
        name: `lane of ${topic}`,
        capacity: laneCapacity,
        maxBatch: 500,
        maxWeight: maxRecordBytes,
        weigh: (append: ReadonlyArray<LogRecord>) => append.reduce((bytes, _) => bytes + sizeOf(_), 0),
        commit: Effect.fnUntraced(function*(appends: ReadonlyArray<ReadonlyArray<LogRecord>>) {
          const records = appends.length === 1 ? appends[0]! : appends.flat()
          const positions = yield* store.append(topic, records).pipe(
            (_) => timed(_, (seconds) => metrics.batchWritten("append", seconds)),
            (_) => tracedAppend(tracer, topic, records, _),
            Effect.mapError(toUnavailable)
          )
          metrics.batch("append", records.length)
          let next = 0
          return appends.map((append) => Either.right(positions.slice(next, next += append.length)))
        })
      })
    const lanes = new Map(
      yield* Effect.forEach(topics, (topic) => Effect.map(makeLane(topic), (lane) => [topic, lane] as const))
    )

    const offsets = Effect.fnUntraced(function*(topic: Topic, group: Group) {
      const end = store.endOf(topic)
      const low = yield* store.low(topic)
      const committed = yield* store.readCommitted(topic, group)
      return [{ partition, low, end, committed }] as const
    }, Effect.mapError(toUnavailable))

    const lag = Effect.fnUntraced(function*(topic: Topic, group: Group) {
      const [found] = yield* offsets(topic, group)
      const next = Math.max(found.committed ?? found.low, found.low)
      const oldest = next >= found.end ? null : yield* Effect.mapError(store.appendedAt(topic, next), toUnavailable)
      const seconds = oldest === null ? 0 : Math.max(0, (yield* Clock.currentTimeMillis) - oldest) / 1000
      return [{ ...found, seconds }]
    })

    const reading = <R>(reader: Reader, reading: Effect.Effect<never, never, R>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => metrics.assigned(reader, 1)),
        () => reading,
        () => Effect.sync(() => metrics.assigned(reader, -1))
      )

    return Log.of({
      append: Effect.fnUntraced(function*(topic, records) {
        if (records.length === 0) return []
        const tooLarge = records.find(isTooLarge)
        if (tooLarge !== undefined) return yield* new RecordTooLarge({ bytes: tooLarge.value.length })
        return yield* Effect.catchTag(lanes.get(topic)!.submit(records), "Overloaded", (_) => toUnavailable(_))
      }),
      offer: (topic, record) =>
        Effect.sync(() => {
          const dropped = () => metrics.laneDropped(topic)
          if (isTooLarge(record) || !lanes.get(topic)!.offer([record], dropped)) dropped()
        }),
      consume: (options, handler) => reading(options, consume(store, pace, metrics)(options, handler)),
      tail: (topic, from, handler) => reading({ topic, group: "tail" }, tail(store)(topic, from, handler)),
      offsets,
      lag,
      expire: (topic, olderThan) => Effect.mapError(store.expire(topic, olderThan), toUnavailable)
    })
  })
)
