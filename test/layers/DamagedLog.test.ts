import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect } from "effect"
import * as path from "node:path"
import type { StoredRecord, Topic } from "../../src/services/Log.ts"
import { type LogPlace, logSuite } from "../support/LayersLog.ts"
import { textOf, textRecord } from "../support/LayersSamples.ts"
import { lockedSqliteLog, temporaryFolder } from "../support/LayersSqlite.ts"

const topic: Topic = "transactions"

const placeOf = (folder: string): LogPlace => ({
  open: () => lockedSqliteLog(folder),
  appender: { program: "test/support/LayersSqliteAppender.ts", args: [folder] }
})

const { consumer, eventually, life } = logSuite({
  name: "SqliteLog",
  clock: "test",
  patience: 10_000,
  place: Effect.map(temporaryFolder, placeOf)
})

/** What a broken disk would leave, at the end of the topic; for a log that is closed. */
const damage = (folder: string, count: number) =>
  Effect.sync(() => {
    const database = new Sqlite(path.join(folder, "log.sqlite"))
    try {
      database.prepare(
        `INSERT INTO batches (topic, base_offset, count, appended_at, records)
          SELECT @topic, COALESCE(MAX(base_offset + count), 0), @count, 0, x'ffff' FROM batches WHERE topic = @topic`
      ).run({ topic, count })
    } finally {
      database.close()
    }
  })

const appended = (where: LogPlace, ...texts: ReadonlyArray<string>) =>
  life(where, (log) => log.append(topic, texts.map((_) => textRecord(_))))

const placed = (records: ReadonlyArray<StoredRecord>) => records.map((_) => [_.position.offset, textOf(_)])

/** Damage at the beginning, twice in the middle, and at the end. */
const damaged = Effect.gen(function*() {
  const folder = yield* temporaryFolder
  const where = placeOf(folder)
  yield* life(where, () => Effect.void)
  yield* damage(folder, 2)
  yield* appended(where, "a", "b")
  yield* damage(folder, 3)
  yield* damage(folder, 1)
  yield* appended(where, "c")
  yield* damage(folder, 1)
  return where
})
const before = [[2, "a"], [3, "b"], [8, "c"]]
const after = [...before, [10, "d"]]

describe("SqliteLog: a damaged batch", () => {
  it.scoped("is skipped by a consumer, which is given the others in order, also in its next life", () =>
    Effect.gen(function*() {
      const where = yield* damaged
      yield* life(where, (log) =>
        Effect.gen(function*() {
          const processor = yield* consumer(log, topic, "processor")
          yield* processor.has(3)
          assert.deepStrictEqual(placed(processor.seen.flat()), before)
          yield* log.append(topic, [textRecord("d")])
          yield* processor.has(4)
          assert.deepStrictEqual(placed(processor.seen.flat()), after)
          assert.isTrue(processor.seen.every((_) => _.length > 0))
          assert.isNull(processor.fiber.unsafePoll(), "it goes on")
          yield* processor.end
        }))
      yield* life(where, (log) =>
        Effect.gen(function*() {
          const [lag] = yield* log.lag(topic, "processor")
          assert.deepStrictEqual({ end: lag!.end, committed: lag!.committed }, { end: 11, committed: 11 })
          const processor = yield* consumer(log, topic, "processor")
          yield* log.append(topic, [textRecord("e")])
          yield* processor.has(1)
          assert.deepStrictEqual(placed(processor.seen.flat()), [[11, "e"]])
        }))
    }))

  it.scoped("is passed by a tail", () =>
    Effect.gen(function*() {
      const where = yield* damaged
      yield* life(where, (log) =>
        Effect.gen(function*() {
          const seen: Array<StoredRecord> = []
          const has = (count: number) =>
            eventually(`${count} records are read`, Effect.sync(() => seen.length), (_) => _ >= count)
          yield* Effect.forkScoped(
            log.tail(topic, new Map([[0, 0]]), (records) => Effect.sync(() => void seen.push(...records)))
          )
          yield* has(3)
          yield* log.append(topic, [textRecord("d")])
          yield* has(4)
          assert.deepStrictEqual(placed(seen), after)
        }))
    }))
})
