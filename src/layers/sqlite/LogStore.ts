import { SqlClient } from "@effect/sql"
import { Clock, Duration, Effect, Either } from "effect"
import { Failpoints } from "../../services/Failpoints.ts"
import type { Group, LogRecord, StoredRecord, Topic } from "../../services/Log.ts"
import { topics } from "../../services/Log.ts"
import { nextTurn } from "../NextTurn.ts"
import { decodeBatch, encodeBatch } from "./RecordBatch.ts"

/** The one partition. */
export const partition = 0
/** A delivery has at most this many records, and this many bytes unless a single append is larger. */
export const maxRecords = 250
const maxBytes = 4_000_000
/** Bytes of the newest appends that are kept in memory for consumers that keep up. */
const recentBytes = 500_000

/** Batches: the event loop waits for each such statement, which overwrites what it deletes. */
const deletedAtOnce = 50

interface Appended {
  readonly records: ReadonlyArray<StoredRecord>
  readonly bytes: number
}

interface TopicState {
  /** Offset of the next record. */
  end: number
  /** The newest appends, without a gap up to the end: a consumer that keeps up need not ask the database. */
  readonly recent: Array<Appended>
  recentBytes: number
  /** The last append failed and may or may not have been carried out. */
  uncertain: boolean
  readonly sleepers: Set<() => void>
}

interface BatchRow {
  readonly base_offset: number
  readonly count: number
  readonly appended_at: number
  readonly records: Buffer
}

const schema = [
  `CREATE TABLE IF NOT EXISTS batches (
    topic       TEXT NOT NULL,
    base_offset INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    appended_at INTEGER NOT NULL,
    records     BLOB NOT NULL
  ) STRICT`,
  "CREATE UNIQUE INDEX IF NOT EXISTS batches_by_offset ON batches (topic, base_offset)",
  "CREATE INDEX IF NOT EXISTS batches_by_age ON batches (topic, appended_at)",
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

/** The statements of the embedded log, and the end of each topic, which this process alone moves. */
export const makeLogStore = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const failpoints = yield* Failpoints
  yield* Effect.forEach(schema, (statement) => sql.unsafe(statement), { discard: true })

  const readEnd = (topic: Topic) =>
    sql<{ readonly end: number }>`
      SELECT MAX(
        COALESCE((SELECT base_offset + count FROM batches WHERE topic = ${topic} ORDER BY base_offset DESC LIMIT 1), 0),
        COALESCE((SELECT end_offset FROM ends WHERE topic = ${topic}), 0)
      ) AS "end"`.pipe(Effect.map((_) => _[0]!.end))

  const stateOf = new Map<Topic, TopicState>()
  for (const topic of topics) {
    stateOf.set(topic, {
      end: yield* readEnd(topic),
      recent: [],
      recentBytes: 0,
      uncertain: false,
      sleepers: new Set()
    })
  }

  const remember = (state: TopicState, appended: Appended) => {
    state.recent.push(appended)
    state.recentBytes += appended.bytes
    while (state.recentBytes > recentBytes) state.recentBytes -= state.recent.shift()!.bytes
  }

  /** Null where the newest appends do not reach back to this offset. */
  const readRecent = ({ end, recent }: TopicState, from: number): ReadonlyArray<StoredRecord> | null => {
    const first = recent[0]?.records[0]!.position.offset
    if (first === undefined || from < first || from >= end) return null
    const read: Array<StoredRecord> = []
    for (const { records } of recent) {
      const base = records[0]!.position.offset
      if (base + records.length <= from) continue
      for (let i = Math.max(0, from - base); i < records.length; i++) {
        if (read.length === maxRecords) return read
        read.push(records[i]!)
      }
    }
    return read
  }

  /** Answers where each record stands, and wakes whoever waits for more. */
  const append = Effect.fnUntraced(function*(topic: Topic, records: ReadonlyArray<LogRecord>) {
    const state = stateOf.get(topic)!
    if (state.uncertain) {
      state.end = yield* readEnd(topic)
      state.recent.length = 0
      state.recentBytes = 0
      state.uncertain = false
    }
    const base = state.end
    const appendedAt = yield* Clock.currentTimeMillis
    yield* failpoints.reach("log.before_append")
    state.uncertain = true
    const encoded = encodeBatch(records)
    yield* sql`INSERT INTO batches (topic, base_offset, count, appended_at, records)
               VALUES (${topic}, ${base}, ${records.length}, ${appendedAt}, ${encoded})`
    state.uncertain = false
    state.end = base + records.length
    const stored = records.map((record, index): StoredRecord => ({
      topic,
      key: record.key,
      value: record.value,
      headers: record.headers,
      position: { partition, offset: base + index, appendedAt }
    }))
    remember(state, { records: stored, bytes: encoded.length })
    yield* failpoints.reach("log.after_append")
    for (const wake of Array.from(state.sleepers)) wake()
    return stored.map((_) => _.position)
  })

  const endOf = (topic: Topic): number => stateOf.get(topic)!.end

  /** The records from this offset on, within the bounds of one delivery, and the offset after them. */
  const readFrom = Effect.fnUntraced(function*(topic: Topic, from: number) {
    const recent = readRecent(stateOf.get(topic)!, from)
    if (recent !== null) return { records: recent, next: from + recent.length }
    const heads = yield* sql<{ readonly base_offset: number; readonly count: number; readonly bytes: number }>`
      SELECT base_offset, count, LENGTH(records) AS bytes FROM batches WHERE topic = ${topic} AND base_offset >= COALESCE(
        (SELECT MAX(base_offset) FROM batches WHERE topic = ${topic} AND base_offset <= ${from}), 0)
      ORDER BY base_offset LIMIT ${maxRecords}`
    let count = 0
    let bytes = 0
    let last = -1
    for (const head of heads) {
      if (last >= 0 && (count >= maxRecords || bytes + head.bytes > maxBytes)) break
      count += head.base_offset + head.count - Math.max(head.base_offset, from)
      bytes += head.bytes
      last = head.base_offset
    }
    const records: Array<StoredRecord> = []
    if (last < 0) return { records, next: from }
    const rows = yield* sql<BatchRow>`
      SELECT base_offset, count, appended_at, records FROM batches
      WHERE topic = ${topic} AND base_offset BETWEEN ${heads[0]!.base_offset} AND ${last} ORDER BY base_offset`
    let next = from
    for (const row of rows) {
      if (records.length === maxRecords) break
      const decoded = decodeBatch(row.records)
      if (Either.isLeft(decoded)) {
        // bad data is no reason to stop: what was in it and is undecided is sent again
        yield* Effect.logError("skipped a damaged batch of the log").pipe(
          Effect.annotateLogs({ topic, base_offset: row.base_offset, count: row.count })
        )
        next = Math.max(next, row.base_offset + row.count)
        continue
      }
      let offset = row.base_offset
      for (const record of decoded.right) {
        if (offset >= from && records.length < maxRecords) {
          records.push({ ...record, topic, position: { partition, offset, appendedAt: row.appended_at } })
          next = offset + 1
        }
        offset++
      }
      // past a batch with fewer records than it counts, too
      if (records.length < maxRecords) next = Math.max(next, row.base_offset + row.count)
    }
    return { records, next }
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
      Effect.map((_) => _[0]!.low ?? endOf(topic))
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
    return wanted === null || wanted < first || wanted > endOf(topic) ? first : wanted
  })

  /** When the record at this offset was appended, in ms since the epoch. */
  const appendedAt = (topic: Topic, offset: number) =>
    sql<{ readonly appended_at: number }>`
      SELECT appended_at FROM batches WHERE topic = ${topic} AND base_offset <= ${offset}
      ORDER BY base_offset DESC LIMIT 1`.pipe(Effect.map((_) => _[0]?.appended_at ?? null))

  /** The end first: it must outlive the last batch. */
  const expire = Effect.fnUntraced(function*(topic: Topic, olderThan: Duration.Duration) {
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(olderThan)
    yield* sql`INSERT INTO ends (topic, end_offset) VALUES (${topic}, ${endOf(topic)})
               ON CONFLICT (topic) DO UPDATE SET end_offset = excluded.end_offset`
    const some = sql`DELETE FROM batches WHERE rowid IN (
      SELECT rowid FROM batches WHERE topic = ${topic} AND appended_at < ${before} LIMIT ${deletedAtOnce})`
    let deleted = 0
    for (;;) {
      const { changes } = (yield* some.raw) as { readonly changes: number }
      deleted += changes
      if (changes < deletedAtOnce) break
      yield* nextTurn
    }
    // what was deleted still stands in the write-ahead log
    if (deleted > 0) yield* sql`PRAGMA wal_checkpoint(TRUNCATE)`
  })

  return {
    append,
    readFrom,
    untilAppended,
    endOf,
    low,
    clamp,
    readCommitted,
    writeCommitted,
    appendedAt,
    expire
  } as const
})

export type LogStore = Effect.Effect.Success<typeof makeLogStore>
