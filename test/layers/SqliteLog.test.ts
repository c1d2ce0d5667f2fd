import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, TestClock } from "effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { Log } from "../../src/services/Log.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { textRecord } from "../support/LayersSamples.ts"
import { lockedSqliteLog, temporaryFolder } from "../support/LayersSqlite.ts"

const sealed = "sealed-card-that-must-go"

/** The files of the log that hold the text, the write-ahead log among them. */
const holding = (folder: string) =>
  fs.readdirSync(folder).filter((name) =>
    name.startsWith("log") && fs.readFileSync(path.join(folder, name)).includes(sealed)
  )

const open = (folder: string) => Layer.provide(lockedSqliteLog(folder), recordedMetrics().layer)

const appendSealed = Effect.gen(function*() {
  const log = yield* Log
  for (let i = 0; i < 20; i++) {
    yield* log.append("transactions", Array.from({ length: 50 }, (_, of) => textRecord(`${sealed} ${i} ${of}`)))
  }
})

const expireAll = Effect.gen(function*() {
  const log = yield* Log
  yield* TestClock.adjust("1 minute")
  yield* log.expire("transactions", Duration.seconds(1))
})

describe("SqliteLog: what expired is gone from the disk", () => {
  it.scoped("when the log is closed", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.provide(appendSealed, open(folder))
      assert.deepStrictEqual(holding(folder), ["log.sqlite"], "the search finds it while it is there")
      yield* Effect.provide(expireAll, open(folder))
      assert.deepStrictEqual(holding(folder), [])
    }))

  it.scoped("while the log is open", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.gen(function*() {
        yield* appendSealed
        assert.isNotEmpty(holding(folder), "the search finds it while it is there")
        yield* expireAll
        assert.deepStrictEqual(holding(folder), [])
      }).pipe(Effect.provide(open(folder)))
    }))

  it.scoped("and what is younger stays", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const log = yield* Log
        yield* log.append("transactions", [textRecord("old"), textRecord("old too")])
        yield* TestClock.adjust("10 seconds")
        yield* log.append("transactions", [textRecord("young")])
        yield* log.expire("transactions", Duration.seconds(5))
        const [lag] = yield* log.lag("transactions", "processor")
        assert.deepStrictEqual({ low: lag!.low, end: lag!.end }, { low: 2, end: 3 })
      }).pipe(Effect.provide(open(folder)))
    }))
})

describe("SqliteLog: one process", () => {
  it.scoped("a second one is refused while the first one has the folder, and not after", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const second = yield* Effect.flip(Effect.provide(Log, open(folder)))
        assert.include(`${(second as { readonly sentence?: string }).sentence}`, "Another process uses DATA_DIR")
      }).pipe(Effect.provide(open(folder)))
      yield* Effect.provide(Log, open(folder))
    }))
})
