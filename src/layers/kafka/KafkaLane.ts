import { Clock, Deferred, Duration, Effect, Either, type Scope } from "effect"
import type { Producer, RecordMetadata } from "kafkajs"
import { Failpoints } from "../../services/Failpoints.ts"
import {
  type LogRecord,
  LogUnavailable,
  type Position,
  RecordTooLarge,
  sizeOf,
  type Topic
} from "../../services/Log.ts"
import { Metrics } from "../../services/Metrics.ts"
import { Tracing } from "../../services/Tracing.ts"
import type { Daemons } from "../Daemons.ts"
import { type GroupCommit, makeGroupCommit } from "../GroupCommit.ts"
import { LogSettings } from "../Settings.ts"
import { timed } from "../Timed.ts"
import { tracedAppend } from "../TracedAppend.ts"
import { type KafkaClient, KafkaClients } from "./KafkaClient.ts"
import { brokerCodeOf, call, describeFailure } from "./KafkaFailure.ts"
import { KafkaTopics } from "./KafkaTopics.ts"

/** One send is one record batch of a partition, which the broker bounds (`max.message.bytes`). */
export const maxRecords = 500
export const maxBytes = 900_000

/** For how long one batch is tried; then it is lost here, and sent again from its rows. */
const patience = Duration.seconds(20)
/** One of several brokers may hang, and the next client tries another one first. */
const connectLimit = Duration.seconds(7)
/** How long a send may still take when the process ends. */
const closingGrace = Duration.seconds(1)
/** Appends of one send from which on the next one may wait for the pace: what a send costs is mostly the same for any size. */
const crowd = 4
const shortestPause = 50
const longestPause = 1000

export type Lane = GroupCommit<ReadonlyArray<LogRecord>, ReadonlyArray<Position>, LogUnavailable | RecordTooLarge>

const toMessages = (records: ReadonlyArray<LogRecord>, partition: number, appendedAt: number) =>
  records.map(({ headers, key, value }) => ({
    key,
    value: Buffer.from(value.buffer, value.byteOffset, value.length),
    headers,
    partition,
    timestamp: `${appendedAt}`
  }))

/** `send` also resolves where nothing was stored: only this one row says that it was. */
const baseOffsetOf = (rows: ReadonlyArray<RecordMetadata>, partition: number): number | null => {
  const [row, ...others] = rows
  if (row === undefined || others.length > 0 || row.partition !== partition || row.errorCode !== 0) return null
  const offset = Number(row.baseOffset ?? -1)
  return offset >= 0 ? offset : null
}

/**
 * The one writer of a partition: one send at a time, and what queued meanwhile is the next batch. Several sends in flight
 * would change the order of a key when one is retried, and a send that spans partitions may lose one of them.
 */
export const makeLane = (
  topic: Topic,
  partition: number,
  /** One for all lanes, so that they end side by side. */
  closing: Deferred.Deferred<void>
): Effect.Effect<Lane, never, Scope.Scope | Daemons | KafkaClients | KafkaTopics | Metrics> =>
  Effect.gen(function*() {
    const clients = yield* KafkaClients
    const topics = yield* KafkaTopics
    const metrics = yield* Metrics
    const tracer = yield* Tracing
    const failpoints = yield* Failpoints
    const { laneCapacity, pace } = yield* Effect.orDie(LogSettings)
    const name = topics.nameOf(topic)
    let current: { readonly producer: Producer; readonly client: KafkaClient } | undefined

    const discard = Effect.sync(() => {
      current?.client.cut()
      current = undefined
    })

    const connected = Effect.suspend(() => {
      if (current !== undefined) return Effect.succeed(current.producer)
      const client = clients.make()
      const producer = client.kafka.producer({
        allowAutoTopicCreation: false,
        idempotent: false,
        retry: { retries: 0 },
        createPartitioner: () => ({ message }) => message.partition ?? partition
      })
      current = { producer, client }
      return Effect.as(call(() => producer.connect(), connectLimit), producer)
    })

    const send = Effect.fnUntraced(function*(records: ReadonlyArray<LogRecord>) {
      const producer = yield* Effect.tapError(connected, () => discard)
      const appendedAt = yield* Clock.currentTimeMillis
      yield* failpoints.reach("log.before_append")
      const rows = yield* Effect.tapError(
        call(
          // the broker's own limit comes first, and its answer says more than ours
          () =>
            producer.send({
              topic: name,
              acks: -1,
              timeout: 4000,
              messages: toMessages(records, partition, appendedAt)
            }),
          "8 seconds"
        ),
        () => discard
      )
      yield* failpoints.reach("log.after_append")
      const base = baseOffsetOf(rows, partition)
      if (base === null) {
        yield* discard
        return yield* new LogUnavailable({ cause: new Error("the broker did not say that it stored the records") })
      }
      return records.map((_, index): Position => ({ partition, offset: base + index, appendedAt }))
    })

    /** The same batch until it is stored, refused or out of time; its outcome may be unknown, so it may be there twice. */
    const insist = Effect.fnUntraced(function*(
      records: ReadonlyArray<LogRecord>
    ): Effect.fn.Return<ReadonlyArray<Position>, LogUnavailable | RecordTooLarge> {
      const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(patience)
      for (let pause = shortestPause;; pause = Math.min(pause * 2, longestPause)) {
        const sent = yield* Effect.either(send(records))
        if (Either.isRight(sent)) return sent.right
        const { cause } = sent.left
        if (brokerCodeOf(cause) === "MESSAGE_TOO_LARGE") {
          if (records.length === 1) return yield* new RecordTooLarge({ bytes: records[0]!.value.length })
          const half = records.length >> 1
          return [...yield* insist(records.slice(0, half)), ...yield* insist(records.slice(half))]
        }
        topics.forget(topic)
        // nobody else may ask for it, and asking makes it anew; when that fails, so does the next attempt, which is told
        if (brokerCodeOf(cause) === "UNKNOWN_TOPIC_OR_PARTITION") yield* Effect.ignore(topics.partitions(topic))
        yield* Effect.logDebug("an append failed").pipe(
          Effect.annotateLogs({ topic: name, partition, records: records.length, cause: describeFailure(cause) })
        )
        if ((yield* Clock.currentTimeMillis) + pause >= until || (yield* Deferred.isDone(closing))) {
          yield* topics.complain(
            `gave up an append to ${name}, which is made good by sending again (${describeFailure(cause)})`
          ).pipe(Effect.annotateLogs({ partition, records: records.length }))
          return yield* sent.left
        }
        yield* Effect.sleep(pause)
      }
    })

    yield* Effect.addFinalizer(() => discard)
    const lane = yield* makeGroupCommit({
      name: `lane ${name}/${partition}`,
      capacity: laneCapacity,
      maxBatch: maxRecords,
      maxWeight: maxBytes,
      pace: { crowd, interval: Duration.toMillis(pace) },
      weigh: (append: ReadonlyArray<LogRecord>) => append.reduce((bytes, record) => bytes + sizeOf(record), 0),
      commit: Effect.fnUntraced(function*(appends: ReadonlyArray<ReadonlyArray<LogRecord>>) {
        const records = appends.flat()
        const append = timed(insist(records), (seconds) => metrics.batchWritten("append", seconds))
        const positions = yield* tracedAppend(tracer, topic, records, append)
        metrics.batch("append", records.length)
        let next = 0
        return appends.map((append) => Either.right(positions.slice(next, next += append.length)))
      })
    })
    // a writer that is interrupted waits for the batch that it sends, so it is told before
    yield* Effect.addFinalizer(() => Deferred.succeed(closing, void 0))
    yield* Effect.forkDaemon(Effect.zipRight(Deferred.await(closing), Effect.delay(discard, closingGrace)))
    return lane
  })
