import { SqlClient } from "@effect/sql"
import type { SqlError } from "@effect/sql/SqlError"
import { Cause, Clock, Duration, Effect, Either, Fiber, Layer, Schedule } from "effect"
import { Failpoints } from "../../services/Failpoints.ts"
import {
  type Group,
  type Handler,
  Log,
  type LogRecord,
  LogUnavailable,
  maxRecordBytes,
  type Position,
  RecordTooLarge,
  type StoredRecord,
  type TailFrom,
  type Topic,
  topics
} from "../../services/Log.ts"
import { Metrics } from "../../services/Metrics.ts"
import { makeGroupCommit } from "../GroupCommit.ts"
import { LogSettings } from "../Settings.ts"
import { decodeBatch, encodeBatch } from "./RecordBatch.ts"

/** The one partition. */
const partition = 0
/** A handler is given at most this many records, and this many bytes unless a single append is larger. */
const maxRecords = 500
const maxBytes = 4_000_000
const commitInterval = Duration.seconds(1)
/** How long an interrupted consumer may take to end the batch it has in hand. */
const batchGrace = Duration.seconds(2)

const retry = Schedule.exponential("50 millis").pipe(Schedule.union(Schedule.spaced("5 seconds")))

interface TopicState {
  /** Offset of the next record. */
  end: number
  /** The last append failed and may or may not have been carried out. */
  uncertain: boolean
  readonly sleepers: Set<() => void>
}

interface BatchRow {
  readonly base_offset: number
  readonly appended_at: number
  readonly records: Buffer
}

const toUnavailable = (cause: unknown) => new LogUnavailable({ cause })

const schema = [
  `CREATE TABLE IF NOT EXISTS batches (
    topic       TEXT NOT NULL,
    base_offset INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    appended_at INTEGER NOT NULL,
    records     BLOB NOT NULL
  ) STRICT`,
  "CREATE UNIQUE INDEX IF NOT EXISTS batches_by_offset ON batches (topic, base_offset)",
  `CREATE TABLE IF NOT EXISTS offsets (
    topic       TEXT NOT NULL,
    consumer    TEXT NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, consumer)
  ) STRICT`,
  `CREATE TABLE IF NOT EXISTS ends (
    topic      TEXT NOT NULL PRIMARY KEY,
    end_offset INTEGER NOT NULL
  ) STRICT`
]

/**
 * The log of the embedded profile: one process, one partition, a row for each append, as Kafka keeps record batches.
 * Every write is one statement.
 */
export const SqliteLog = Layer.scoped(
  Log,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const metrics = yield* Metrics
    const failpoints = yield* Failpoints
    const { laneCapacity } = yield* LogSettings
    yield* Effect.forEach(schema, (statement) => sql.unsafe(statement), { discard: true })

    const readEnd = (topic: Topic) =>
      sql<{ readonly end: number }>`
        SELECT MAX(
          COALESCE((SELECT base_offset + count FROM batches WHERE topic = ${topic} ORDER BY base_offset DESC LIMIT 1), 0),
          COALESCE((SELECT end_offset FROM ends WHERE topic = ${topic}), 0)
        ) AS "end"`.pipe(Effect.map((_) => _[0]!.end))

    const stateOf = new Map<Topic, TopicState>()
    for (const topic of topics) {
      stateOf.set(topic, { end: yield* readEnd(topic), uncertain: false, sleepers: new Set() })
    }

    const appendBatch = (topic: Topic, state: TopicState) =>
      Effect.fnUntraced(function*(appends: ReadonlyArray<ReadonlyArray<LogRecord>>) {
        const records = appends.length === 1 ? appends[0]! : appends.flat()
        if (state.uncertain) {
          state.end = yield* readEnd(topic)
          state.uncertain = false
        }
        const base = state.end
        const appendedAt = yield* Clock.currentTimeMillis
        yield* failpoints.reach("log.before_append")
        state.uncertain = true
        yield* sql`INSERT INTO batches (topic, base_offset, count, appended_at, records)
                   VALUES (${topic}, ${base}, ${records.length}, ${appendedAt}, ${encodeBatch(records)})`
        state.uncertain = false
        state.end = base + records.length
        yield* failpoints.reach("log.after_append")
        metrics.batch("append", records.length)
        for (const wake of Array.from(state.sleepers)) wake()
        let next = base
        return appends.map((append) =>
          Either.right(append.map((): Position => ({ partition, offset: next++, appendedAt })))
        )
      }, Effect.mapError(toUnavailable))

    const lanes = new Map(
      yield* Effect.forEach(stateOf, ([topic, state]) =>
        Effect.map(
          makeGroupCommit({
            name: `lane of ${topic}`,
            capacity: laneCapacity,
            maxBatch: maxRecords,
            commit: appendBatch(topic, state)
          }),
          (lane) => [topic, lane] as const
        ))
    )

    /** The batches from this offset on, within the bounds of one delivery. */
    const readFrom = Effect.fnUntraced(function*(topic: Topic, from: number) {
      const heads = yield* sql<{ readonly base_offset: number; readonly count: number; readonly bytes: number }>`
        SELECT base_offset, count, LENGTH(records) AS bytes FROM batches WHERE topic = ${topic} AND base_offset >= COALESCE(
          (SELECT MAX(base_offset) FROM batches WHERE topic = ${topic} AND base_offset <= ${from}), 0)
        ORDER BY base_offset LIMIT ${maxRecords}`
      let records = 0
      let bytes = 0
      let last = -1
      for (const head of heads) {
        if (last >= 0 && (records >= maxRecords || bytes + head.bytes > maxBytes)) break
        records += head.base_offset + head.count - Math.max(head.base_offset, from)
        bytes += head.bytes
        last = head.base_offset
      }
      if (last < 0) return []
      const rows = yield* sql<BatchRow>`
        SELECT base_offset, appended_at, records FROM batches
        WHERE topic = ${topic} AND base_offset BETWEEN ${heads[0]!.base_offset} AND ${last} ORDER BY base_offset`
      const read: Array<StoredRecord> = []
      for (const row of rows) {
        let offset = row.base_offset
        for (const record of decodeBatch(row.records)) {
          if (offset >= from && read.length < maxRecords) {
            read.push({ ...record, topic, position: { partition, offset, appendedAt: row.appended_at } })
          }
          offset++
        }
      }
      return read
    })

    const untilAppended = (topic: Topic, from: number) =>
      Effect.async<void>((resume) => {
        const { end, sleepers } = stateOf.get(topic)!
        if (end > from) return resume(Effect.void)
        const wake = () => {
          sleepers.delete(wake)
          resume(Effect.void)
        }
        sleepers.add(wake)
        return Effect.sync(() => sleepers.delete(wake))
      })

    const low = (topic: Topic) =>
      sql<{ readonly low: number | null }>`SELECT MIN(base_offset) AS low FROM batches WHERE topic = ${topic}`.pipe(
        Effect.map((_) => _[0]!.low ?? stateOf.get(topic)!.end)
      )

    const readCommitted = (topic: Topic, group: Group) =>
      sql<{ readonly next_offset: number }>`
        SELECT next_offset FROM offsets WHERE topic = ${topic} AND consumer = ${group}`.pipe(
        Effect.map((_) => _[0]?.next_offset ?? null)
      )

    const writeCommitted = (topic: Topic, group: Group, next: number) =>
      failpoints.reach("log.before_commit").pipe(
        Effect.zipRight(
          sql`INSERT INTO offsets (topic, consumer, next_offset) VALUES (${topic}, ${group}, ${next})
              ON CONFLICT (topic, consumer) DO UPDATE SET next_offset = excluded.next_offset`
        ),
        Effect.zipRight(failpoints.reach("log.after_commit"))
      )

    /** An offset outside of what is kept starts at the beginning of it. */
    const clamp = Effect.fnUntraced(function*(topic: Topic, wanted: number | null) {
      const first = yield* low(topic)
      return wanted === null || wanted < first || wanted > stateOf.get(topic)!.end ? first : wanted
    })

    const insisting = <A, R>(what: string, effect: Effect.Effect<A, SqlError, R>) =>
      effect.pipe(
        Effect.tapError((error) => Effect.logWarning(`${what} failed, trying again`, error)),
        Effect.retry(retry),
        Effect.orDie
      )

    /** The batch in hand is ended before an interruption is; one that does not end is left to be given again. */
    const atBatchBoundary = <E, R>(handling: Effect.Effect<void, E, R>) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Effect.fork(restore(handling)), (fiber) =>
          restore(Fiber.join(fiber)).pipe(
            Effect.onInterrupt(() =>
              Effect.race(Fiber.await(fiber), Effect.sleep(batchGrace)).pipe(
                Effect.zipRight(Fiber.interrupt(fiber))
              )
            )
          ))
      )

    const deliver = Effect.fnUntraced(function*<E, R>(
      options: { readonly topic: Topic; readonly group: Group },
      handler: Handler<E, R>
    ) {
      const { group, topic } = options
      const started = yield* insisting("reading the committed offset", readCommitted(topic, group))
      let next = yield* insisting("reading the log", clamp(topic, started))
      let committed = started
      const commit = Effect.suspend(() => {
        const reached = next
        if (reached === committed) return Effect.void
        return Effect.map(writeCommitted(topic, group, reached), () => {
          committed = reached
        })
      })

      const give = Effect.fnUntraced(function*() {
        yield* untilAppended(topic, next)
        const records = yield* insisting("reading the log", readFrom(topic, next))
        if (records.length === 0) return yield* Effect.sleep(commitInterval)
        yield* atBatchBoundary(
          Effect.tap(handler(records), () =>
            Effect.sync(() => {
              next = records[records.length - 1]!.position.offset + 1
            }))
        ).pipe(
          Effect.tapErrorCause((cause) =>
            Cause.isInterruptedOnly(cause)
              ? Effect.void
              : Effect.logWarning(`handling ${topic} failed, trying again`, cause).pipe(
                Effect.annotateLogs({ group, records: records.length })
              )
          ),
          Effect.retry(retry),
          Effect.orDie
        )
      })

      const commitLazily = commit.pipe(
        Effect.catchAll((error) => Effect.logWarning("committing an offset failed, trying again", error)),
        Effect.repeat(Schedule.spaced(commitInterval))
      )
      return yield* Effect.raceFirst(Effect.forever(give()), commitLazily).pipe(
        Effect.ensuring(Effect.catchAll(commit, (error) => Effect.logWarning("committing an offset failed", error))),
        Effect.zipRight(Effect.never)
      )
    })

    const follow = Effect.fnUntraced(function*<R>(topic: Topic, from: TailFrom, handler: Handler<never, R>) {
      const { end } = stateOf.get(topic)!
      let next = from === "end" ? end : yield* insisting("reading the log", clamp(topic, from.get(partition) ?? end))
      for (;;) {
        yield* untilAppended(topic, next)
        const records = yield* insisting("reading the log", readFrom(topic, next))
        if (records.length === 0) {
          next = yield* insisting("reading the log", clamp(topic, next))
          yield* Effect.sleep(commitInterval)
          continue
        }
        yield* handler(records)
        next = records[records.length - 1]!.position.offset + 1
      }
    })

    const lag = Effect.fnUntraced(function*(topic: Topic, group: Group) {
      const { end } = stateOf.get(topic)!
      const first = yield* low(topic)
      const committed = yield* readCommitted(topic, group)
      const next = Math.max(committed ?? first, first)
      const oldest = next >= end ? [] : yield* sql<{ readonly appended_at: number }>`
        SELECT appended_at FROM batches WHERE topic = ${topic} AND base_offset <= ${next}
        ORDER BY base_offset DESC LIMIT 1`
      const now = yield* Clock.currentTimeMillis
      const seconds = oldest.length === 0 ? 0 : Math.max(0, now - oldest[0]!.appended_at) / 1000
      return [{ partition, low: first, end, committed, seconds }]
    }, Effect.mapError(toUnavailable))

    /** The end first: it must outlive the last batch. */
    const expire = Effect.fnUntraced(function*(topic: Topic, olderThan: Duration.Duration) {
      const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(olderThan)
      yield* sql`INSERT INTO ends (topic, end_offset) VALUES (${topic}, ${stateOf.get(topic)!.end})
                 ON CONFLICT (topic) DO UPDATE SET end_offset = excluded.end_offset`
      yield* sql`DELETE FROM batches WHERE topic = ${topic} AND appended_at < ${before}`
    }, Effect.mapError(toUnavailable))

    return Log.of({
      append: Effect.fnUntraced(function*(topic, records) {
        if (records.length === 0) return []
        const tooLarge = records.find((_) => _.value.length > maxRecordBytes)
        if (tooLarge !== undefined) return yield* new RecordTooLarge({ bytes: tooLarge.value.length })
        return yield* Effect.catchTag(lanes.get(topic)!.submit(records), "Overloaded", (_) => toUnavailable(_))
      }),
      offer: (topic, record) =>
        Effect.sync(() => {
          const dropped = () => metrics.laneDropped(topic)
          if (!lanes.get(topic)!.offer([record], dropped)) dropped()
        }),
      consume: deliver,
      tail: follow,
      lag,
      expire
    })
  })
)
