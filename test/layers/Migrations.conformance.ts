import { SqlClient } from "@effect/sql"
import { assert, it } from "@effect/vitest"
import { Effect, Either, Exit, Layer, type Scope } from "effect"
import { gatewaySchema } from "../../src/layers/sql/GatewaySchema.ts"
import { alreadyMigrated, type DatabaseSchema, migrated, type Tables } from "../../src/layers/sql/Migrations.ts"
import { processorSchema } from "../../src/layers/sql/ProcessorSchema.ts"

type Rows = ReadonlyArray<Readonly<Record<string, unknown>>>

/** An empty database of its own. */
export interface EmptyDatabase {
  readonly client: Layer.Layer<SqlClient.SqlClient, unknown>
  readonly sql: (statement: string) => Effect.Effect<Rows, unknown>
  /** Everything that was made in it. */
  readonly dump: Effect.Effect<unknown, unknown>
  readonly columns: (table: string) => Effect.Effect<ReadonlyArray<string>, unknown>
}

/** The migrations of one kind of database. */
export interface MigrationsUnderTest {
  readonly dialect: "sqlite" | "mysql"
  readonly database: (of: DatabaseSchema["name"]) => Effect.Effect<EmptyDatabase, unknown, Scope.Scope>
  /** Each takes away something that the schema needs. */
  readonly breaks: Readonly<Record<DatabaseSchema["name"], ReadonlyArray<string>>>
}

/** Why it was refused, in a sentence; null when it was not. */
export const refused = <E>(
  { client }: Pick<EmptyDatabase, "client">,
  check: Layer.Layer<never, E, SqlClient.SqlClient>
) =>
  Effect.map(
    Effect.either(Effect.scoped(Layer.build(Layer.provide(check, client)))),
    (_) => Either.isLeft(_) ? `${(_.left as { readonly sentence?: string }).sentence}` : null
  )

export const newest = ({ migrations }: Tables) => Math.max(...migrations.map((_) => _.id))

const idsBelow = ({ migrations }: Tables, id: number) => migrations.map((_) => _.id).filter((_) => _ < id)

/** As it was when this was the last migration, or as it is while that one is carried out. */
const upTo = (
  schema: DatabaseSchema,
  dialect: MigrationsUnderTest["dialect"],
  last: number,
  change = (up: Tables["migrations"][number]["up"]) => up
): DatabaseSchema => ({
  ...schema,
  [dialect]: {
    migrations: schema[dialect].migrations.filter((_) => _.id <= last)
      .map((_) => _.id === last ? { ..._, up: change(_.up) } : _),
    probes: []
  }
})

/** The last migration of version 0.1.0's first tables. */
const firstTables = { sqlite: 7, mysql: 3 } as const

export const migrationsConformance = ({ breaks, database, dialect }: MigrationsUnderTest) => {
  for (const schema of [gatewaySchema, processorSchema]) {
    const test = (title: string, body: Effect.Effect<void, unknown, Scope.Scope>) =>
      it.scopedLive(`${schema.name}: ${title}`, () => body)
    const mine = schema[dialect]

    test(
      "migrations run twice are the same as once",
      Effect.gen(function*() {
        const empty = yield* database(schema.name)
        assert.isNull(yield* refused(empty, migrated(schema)))
        const once = yield* empty.dump
        const records = empty.sql("SELECT migration_id AS id, name FROM effect_sql_migrations ORDER BY migration_id")
        const recorded = yield* records
        assert.isNull(yield* refused(empty, migrated(schema)))
        assert.isNull(yield* refused(empty, alreadyMigrated(schema)))
        assert.deepStrictEqual(yield* empty.dump, once)
        assert.deepStrictEqual(yield* records, recorded)
        assert.deepStrictEqual(recorded.map((_) => _["id"]), mine.migrations.map((_) => _.id))
      })
    )

    test(
      "each can run again by itself, as after a crash before it was recorded",
      Effect.gen(function*() {
        const empty = yield* database(schema.name)
        assert.isNull(yield* refused(empty, migrated(schema)))
        const once = yield* empty.dump
        for (const { id } of mine.migrations) {
          yield* empty.sql(`DELETE FROM effect_sql_migrations WHERE migration_id >= ${id}`)
          assert.isNull(yield* refused(empty, migrated(schema)), `from ${id} on`)
          assert.deepStrictEqual(yield* empty.dump, once)
        }
      })
    )

    test(
      "a crash before a migration is recorded is harmless, at each of them",
      Effect.gen(function*() {
        const [crashed, whole] = [yield* database(schema.name), yield* database(schema.name)]
        const recorded = crashed.sql("SELECT migration_id AS id FROM effect_sql_migrations ORDER BY migration_id")
        for (const { id } of mine.migrations) {
          const crashing = upTo(schema, dialect, id, (up) => Effect.zipRight(up, Effect.dieMessage("a crash")))
          assert.isTrue(Exit.isFailure(yield* Effect.exit(refused(crashed, migrated(crashing)))))
          assert.deepStrictEqual((yield* recorded).map((_) => _["id"]), idsBelow(mine, id))
          assert.isNull(yield* refused(crashed, migrated(upTo(schema, dialect, id))), `${id}`)
        }
        assert.isNull(yield* refused(crashed, migrated(schema)))
        assert.isNull(yield* refused(whole, migrated(schema)))
        assert.deepStrictEqual(yield* crashed.dump, yield* whole.dump)
      })
    )

    test(
      "an empty database is refused by who may only check",
      Effect.gen(function*() {
        const empty = yield* database(schema.name)
        assert.strictEqual(
          yield* refused(empty, alreadyMigrated(schema)),
          `The ${schema.name} database has no migrations: run the role migrate first.`
        )
      })
    )

    test(
      "a database that newer code changed beyond this code is refused with a sentence",
      Effect.gen(function*() {
        const empty = yield* database(schema.name)
        yield* refused(empty, migrated(schema))
        const id = newest(mine) + 2
        yield* empty.sql(`INSERT INTO effect_sql_migrations (migration_id, name) VALUES (${id}, 'x__works_with_${id}')`)
        for (const check of [migrated(schema), alreadyMigrated(schema)]) {
          const sentence = `${yield* refused(empty, check)}`
          assert.include(sentence, `The ${schema.name} database was changed by a newer version (migration ${id})`)
          assert.include(sentence, "start that version, or restore a backup")
        }
      })
    )

    test(
      "a newer database that still works with this code is accepted",
      Effect.gen(function*() {
        const empty = yield* database(schema.name)
        yield* refused(empty, migrated(schema))
        const last = newest(mine)
        yield* empty.sql(`INSERT INTO effect_sql_migrations (migration_id, name) VALUES
          (${last + 1}, 'x__works_with_1'), (${last + 2}, 'y__works_with_${last}')`)
        assert.isNull(yield* refused(empty, migrated(schema)))
        assert.isNull(yield* refused(empty, alreadyMigrated(schema)))
        yield* empty.sql(
          `INSERT INTO effect_sql_migrations (migration_id, name) VALUES (${last + 3}, 'says nothing')`
        )
        assert.isNotNull(yield* refused(empty, migrated(schema)), "what says nothing is not trusted")
      })
    )

    for (const change of breaks[schema.name]) {
      test(
        `after ${change} the schema is refused`,
        Effect.gen(function*() {
          const empty = yield* database(schema.name)
          yield* refused(empty, migrated(schema))
          yield* empty.sql(change)
          for (const check of [migrated(schema), alreadyMigrated(schema)]) {
            assert.include(`${yield* refused(empty, check)}`, "does not have the schema this version needs")
          }
        })
      )
    }

    test(
      "a column that is missing is refused, whichever it is",
      Effect.gen(function*() {
        const empty = yield* database(schema.name)
        yield* refused(empty, migrated(schema))
        let kept = 0
        for (const name of schema.name === "gateway" ? ["accounts", "secrets", "submissions"] : ["transactions"]) {
          const columns = yield* empty.columns(name)
          assert.isAbove(columns.length, 3)
          for (const column of columns) {
            const renamed = yield* Effect.either(empty.sql(`ALTER TABLE ${name} RENAME COLUMN ${column} TO gone`))
            // MySQL renames none that a CHECK is about
            if (Either.isLeft(renamed)) kept++
            else {
              assert.include(
                `${yield* refused(empty, alreadyMigrated(schema))}`,
                "does not have the schema this version needs",
                `${name}.${column}`
              )
              yield* empty.sql(`ALTER TABLE ${name} RENAME COLUMN gone TO ${column}`)
            }
          }
        }
        assert.isAtMost(kept, dialect === "mysql" && schema.name === "processor" ? 2 : 0)
        assert.isNull(yield* refused(empty, alreadyMigrated(schema)))
      })
    )
  }

  it.scopedLive("a gateway's database with the first tables is upgraded, and keeps everything", () =>
    Effect.gen(function*() {
      const old = yield* database("gateway")
      const first = upTo(gatewaySchema, dialect, firstTables[dialect])
      const taking = gatewaySchema[dialect].migrations.find((_) => _.worksWith > firstTables[dialect])!.id
      assert.isNull(yield* refused(old, migrated(first)))
      yield* old.sql("INSERT INTO accounts (id, name, created_at) VALUES ('acct_a', 'Ada', 1)")
      yield* old.sql(`INSERT INTO secrets (id, account_id, digest, created_at) VALUES
        ('sec_a', 'acct_a', 'one', 1), ('sec_b', 'acct_a', 'two', 2)`)
      yield* old.sql(`INSERT INTO submissions (id, account_id, amount, currency, exp_month, exp_year, cvv_shape, key_id,
          reference, accepted_at, resend_at, status, parked_at, parked_count)
        VALUES ('txn_a', 'acct_a', 100, 'USD', 1, 2030, '3', 'k1', 'r', 5, NULL, 'approved', NULL, 0),
          ('txn_b', 'acct_a', 200, 'USD', 1, 2030, '3', 'k1', NULL, 6, 7, NULL, 8, 1)`)
      const tables = ["accounts", "secrets", "submissions"]
      const rows = Effect.forEach(tables, (table) => old.sql(`SELECT * FROM ${table} ORDER BY id`))
      const before = yield* rows
      assert.deepStrictEqual(before.map((_) => _.length), [1, 2, 2])

      assert.isNull(yield* refused(old, migrated(upTo(gatewaySchema, dialect, taking - 1))))
      assert.isNull(yield* refused(old, alreadyMigrated(first)), "the older code works with what was added")
      assert.isNull(yield* refused(old, migrated(gatewaySchema)))
      assert.include(
        `${yield* refused(old, alreadyMigrated(first))}`,
        `(migration ${taking})`,
        "and not without an index"
      )

      const secrets = { scope: "full", expires_at: null, last_used_at: null, revoked_at: null }
      const submissions = { given_up_at: null, give_up_token: null }
      const added = [{}, secrets, submissions]
      const plain = (_: ReadonlyArray<Rows>) => _.map((rows) => rows.map((row) => ({ ...row })))
      assert.deepStrictEqual(
        plain(yield* rows),
        plain(before.map((rows, table) => rows.map((row) => ({ ...row, ...added[table] }))))
      )
      // what the older code writes, while both run
      yield* old.sql("INSERT INTO secrets (id, account_id, digest, created_at) VALUES ('sec_c', 'acct_a', 'three', 3)")
      const [written] = yield* old.sql("SELECT scope FROM secrets WHERE id = 'sec_c'")
      assert.strictEqual(written?.["scope"], "full")
    }))

  const upgraded = (up: Tables["migrations"][number]["up"]): DatabaseSchema => {
    const tables = processorSchema[dialect]
    const id = newest(tables) + 1
    const more = { ...tables, migrations: [...tables.migrations, { id, name: "one_more", worksWith: 1, up }] }
    return { ...processorSchema, [dialect]: more }
  }
  it.scopedLive("an upgrade that fails is a sentence, and nothing is recorded as done", () =>
    Effect.gen(function*() {
      const empty = yield* database("processor")
      assert.isNull(yield* refused(empty, migrated(processorSchema)))
      // as if a table were missing that an upgrade counts on
      const broken = upgraded(Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe("DROP TABLE nothing")))
      assert.match(`${yield* refused(empty, migrated(broken))}`, /^The processor database .*: .+\.$/)
      const last = newest(processorSchema[dialect])
      assert.deepStrictEqual(
        yield* empty.sql(`SELECT 1 FROM effect_sql_migrations WHERE migration_id > ${last}`),
        []
      )
      assert.isNull(yield* refused(empty, migrated(processorSchema)))
    }))

  it.scopedLive("an upgrade brings an older database up to the newer code, which the older code still accepts", () =>
    Effect.gen(function*() {
      const empty = yield* database("processor")
      let runs = 0
      const newer = upgraded(Effect.sync(() => void runs++))
      assert.isNull(yield* refused(empty, migrated(processorSchema)))
      assert.isNull(yield* refused(empty, migrated(newer)))
      assert.isNull(yield* refused(empty, migrated(newer)))
      assert.strictEqual(runs, 1)
      assert.isNull(yield* refused(empty, migrated(processorSchema)))
      assert.isNull(yield* refused(empty, alreadyMigrated(processorSchema)))
    }))
}
