import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Effect, Layer } from "effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { decisionOf, noon, submissionOf } from "../support/LayersSamples.ts"
import { sqliteGateway, sqliteProcessor, temporaryFolder } from "../support/LayersSqlite.ts"

const sealed = "sealed-card-that-must-go"

const holding = (folder: string) =>
  fs.readdirSync(folder).filter((name) =>
    name.startsWith("gateway") && fs.readFileSync(path.join(folder, name)).includes(sealed)
  )

const open = (folder: string) => Layer.provide(sqliteGateway(folder), recordedMetrics().layer)

const many = Arr.makeBy(100, (index) => submissionOf({ sealedCard: `1.k1.${sealed}.${index}` }))

const accept = Effect.gen(function*() {
  const submissions = yield* SubmissionRepository
  yield* Effect.forEach(many, (_) => submissions.insert(_, null), { concurrency: "unbounded" })
})

const record = Effect.gen(function*() {
  const submissions = yield* SubmissionRepository
  yield* submissions.record(many.map((_) => decisionOf(_.id)), noon)
})

describe("the gateway's SQLite file: a sealed card that was recorded is gone from the disk", () => {
  it.scoped("when the database is closed", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.provide(accept, open(folder))
      assert.deepStrictEqual(holding(folder), ["gateway.sqlite"], "the search finds it while it is there")
      yield* Effect.provide(record, open(folder))
      assert.deepStrictEqual(holding(folder), [])
    }))
})

describe("the files of the embedded profile", () => {
  it.scoped("flush each commit (the 202 and the decision), and overwrite what is deleted", () =>
    Effect.gen(function*() {
      const [gateway, processor] = [yield* temporaryFolder, yield* temporaryFolder]
      const pragmas = Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* sql`PRAGMA synchronous`, [{ synchronous: 2 }])
        assert.deepStrictEqual(yield* sql`PRAGMA secure_delete`, [{ secure_delete: 1 }])
        assert.deepStrictEqual(yield* sql`PRAGMA journal_mode`, [{ journal_mode: "wal" }])
      })
      yield* Effect.provide(pragmas, open(gateway))
      yield* Effect.provide(pragmas, Layer.provide(sqliteProcessor(processor), recordedMetrics().layer))
    }))
})
