import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Effect, Layer, TestClock } from "effect"
import type { AccountId, TransactionId } from "../../src/domain/Ids.ts"
import type { Submission } from "../../src/domain/Submission.ts"
import { Daemons } from "../../src/layers/Daemons.ts"
import { gatewaySchema } from "../../src/layers/sql/GatewaySchema.ts"
import { alreadyMigrated, migrated } from "../../src/layers/sql/Migrations.ts"
import { sqliteReferences } from "../../src/layers/sql/SqliteReferences.ts"
import { DataDir } from "../../src/layers/sqlite/DataDir.ts"
import { ReferenceIndexing } from "../../src/layers/sqlite/ReferenceIndexing.ts"
import { sqliteDatabase } from "../../src/layers/sqlite/SqliteDatabase.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { newAccountId, noon, submissionOf } from "../support/LayersSamples.ts"
import { gatewayRepositories, on, sqliteGateway, temporaryFolder } from "../support/LayersSqlite.ts"

const open = (folder: string) => Layer.provide(sqliteGateway(folder), recordedMetrics().layer)

const sizes = { step: 5, part: 12, tail: 20_000 }

const indexAll = Effect.gen(function*() {
  const { index } = sqliteReferences(yield* SqlClient.SqlClient, sizes)
  while (yield* index);
})

const entries = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ part: number; account_id: string; reference: string; id: string }>`SELECT * FROM submission_references`,
    (_) => _.map((row) => ({ ...row }))
  ))

const indexed = Effect.map(entries, (_) => _.filter(({ part }) => part > 0).map(({ id }) => id))

const accountId = newAccountId()

/** Each third has the reference that is looked for, a few have none. */
const some = (count: number): ReadonlyArray<Submission> =>
  Arr.makeBy(count, (at) => {
    return submissionOf({
      accountId,
      acceptedAt: noon + at,
      reference: at % 3 === 0 ? "r" : at % 7 === 0 ? null : `${at}`
    })
  })

const accept = (many: ReadonlyArray<Submission>) =>
  Effect.flatMap(SubmissionRepository, (_) => Effect.forEach(many, (one) => _.insert(one, null), { discard: true }))

/** By pages of three. */
const found = (scope: AccountId = accountId) =>
  Effect.gen(function*() {
    const submissions = yield* SubmissionRepository
    const ids: Array<TransactionId> = []
    for (let after: TransactionId | null = null;;) {
      const page: Effect.Effect.Success<ReturnType<typeof submissions.list>> = yield* submissions.list({
        scope,
        filter: { reference: "r" },
        limit: 3,
        cursor: after === null ? null : { after }
      })
      ids.push(...page.found.map((_) => _.id))
      after = page.next
      if (after === null) return ids
    }
  })

const expected = (many: ReadonlyArray<Submission>) =>
  many.filter((_) => _.reference === "r").map((_) => _.id).toSorted().toReversed()

describe("the index of references", () => {
  it.scoped("has each row once, in parts that are in the order of ids, whenever a row came", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const many = some(60)
      yield* Effect.gen(function*() {
        // each seventh comes when all others have come
        const late = many.filter((_, index) => index % 7 === 3)
        for (const one of [...many.filter((_) => !late.includes(_)), ...late]) {
          yield* accept([one])
          yield* indexAll
          assert.deepStrictEqual((yield* found()).length, new Set(yield* found()).size)
        }
        assert.deepStrictEqual(yield* found(), expected(many))
        assert.deepStrictEqual(yield* found(newAccountId()), [])
        const rows = (yield* entries).filter((_) => _.part > 0)
        assert.sameMembers(
          rows.map((_) => _.id),
          many.filter((_) => _.reference !== null).map((_) => _.id)
        )
        const byPart = Object.values(Arr.groupBy(rows, (_) => `${_.part}`))
        assert.lengthOf(byPart, 4)
        const inOrder = byPart.flatMap((of) => of.map((_) => _.id).toSorted())
        assert.deepStrictEqual(inOrder, inOrder.toSorted(), "a part has all ids between its first and the next one's")
      }).pipe(Effect.provide(open(folder)))
    }))

  it.scoped("a step that was done already changes nothing", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const many = some(60)
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* accept(many)
        yield* indexAll
        const once = yield* entries
        for (const upTo of ["0000000000000005", "0000000000000030"]) {
          yield* sql`DELETE FROM submission_references WHERE part = -1 AND reference > ${upTo}`
          assert.deepStrictEqual(yield* found(), expected(many), "what is indexed and looked at is found once")
          yield* indexAll
          assert.deepStrictEqual(yield* entries, once)
        }
      }).pipe(Effect.provide(open(folder)))
    }))

  it.scoped("a killed process, and code that does not index, leave what the next one goes on from", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const many = some(90)
      const [before, between, after] = [many.slice(0, 32), many.slice(32, 60), many.slice(60)]
      yield* Effect.provide(Effect.zipRight(accept(before), indexAll), open(folder))
      yield* Effect.provide(accept(between), open(folder))
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(yield* found(), expected([...before, ...between]))
        yield* accept(after)
        assert.deepStrictEqual(yield* found(), expected(many))
        yield* indexAll
        assert.deepStrictEqual(yield* found(), expected(many))
        assert.sameMembers(yield* indexed, many.filter((_) => _.reference !== null).map((_) => _.id))
      }).pipe(Effect.provide(open(folder)))
    }))

  it.scoped("without its contents everything is found, and it comes again", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const many = some(60)
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* accept(many)
        yield* indexAll
        const once = yield* entries
        yield* sql`DELETE FROM submission_references`
        assert.deepStrictEqual(yield* found(), expected(many))
        yield* indexAll
        assert.deepStrictEqual(yield* entries, once)
      }).pipe(Effect.provide(open(folder)))
    }))

  it.scoped("of more rows than there are, it is thrown away", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const [gone, many] = [some(60), some(30)]
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* accept(gone)
        yield* indexAll
        yield* sql`DELETE FROM submissions`
        yield* accept(many)
        yield* indexAll
        assert.deepStrictEqual(yield* found(), expected(many))
        assert.sameMembers(yield* indexed, many.filter((_) => _.reference !== null).map((_) => _.id))
      }).pipe(Effect.provide(open(folder)))
    }))

  const database = (folder: string) =>
    Layer.provide(
      sqliteDatabase("gateway", { synchronous: "FULL" }),
      Layer.succeed(DataDir, { path: folder, hasDatabases: false })
    )

  it.scoped("a database that was there before has its rows found at once, page by page, and indexed step by step", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const older = {
        ...gatewaySchema,
        sqlite: { migrations: gatewaySchema.sqlite.migrations.filter((_) => _.id <= 16), probes: [] }
      }
      const count = 23_000
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count - 1})
          INSERT INTO submissions (id, account_id, amount, currency, exp_month, exp_year, cvv_shape, key_id, reference,
            accepted_at)
          SELECT printf('txn_%026d', n), ${accountId}, n, 'USD', 1, 2030, '3', 'k1',
            CASE WHEN n % 7000 = 0 THEN 'r' ELSE 'order ' || n END, ${noon} FROM numbers`
      }).pipe(Effect.provide(Layer.provideMerge(migrated(older), database(folder))))
      const ids = [21_000, 14_000, 7_000, 0].map((n) => `txn_${`${n}`.padStart(26, "0")}`)
      const daemons = ReferenceIndexing.pipe(Layer.provide(Daemons.Default))
      const Gateway = on(Layer.mergeAll(gatewayRepositories, daemons)).pipe(
        Layer.provide(migrated(gatewaySchema)),
        Layer.provideMerge(database(folder)),
        Layer.provide(Daemons.Default),
        Layer.provide(recordedMetrics().layer)
      )
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const submissions = yield* SubmissionRepository
        assert.deepStrictEqual(yield* sql`SELECT 1 FROM sqlite_master WHERE name = 'submissions_by_reference'`, [])
        const page = { scope: accountId, filter: { reference: "r" }, limit: 10, cursor: null } as const
        const first = yield* submissions.list(page)
        assert.deepStrictEqual(first.found.map((_) => `${_.id}`), ids.slice(0, 2))
        assert.isNotNull(first.next, "10,000 were looked at")
        assert.deepStrictEqual((yield* found()).map(String), ids)

        yield* TestClock.adjust("1 second")
        const sofar = (yield* indexed).length
        assert.isAbove(sofar, 0)
        assert.deepStrictEqual(
          yield* submissions.list({ ...page, limit: 2 }).pipe(Effect.map((_) => _.found.length)),
          2
        )
        assert.deepStrictEqual((yield* found()).map(String), ids)

        yield* sql`ALTER TABLE submission_references RENAME TO elsewhere`
        yield* TestClock.adjust("1 minute")
        yield* sql`ALTER TABLE elsewhere RENAME TO submission_references`
        yield* TestClock.adjust("1 minute")
        assert.isAtLeast((yield* indexed).length, count - 2_048, "a failure was no end")
        assert.deepStrictEqual((yield* found()).map(String), ids)
      }).pipe(Effect.provide(Gateway))
      yield* Layer.build(Layer.provide(alreadyMigrated(gatewaySchema), database(folder)))
    }))
})
