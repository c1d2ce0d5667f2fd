import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Layer } from "effect"
import * as path from "node:path"
import { gatewaySchema } from "../../src/layers/sql/GatewaySchema.ts"
import { alreadyMigrated, type DatabaseSchema, migrated } from "../../src/layers/sql/Migrations.ts"
import { processorSchema } from "../../src/layers/sql/ProcessorSchema.ts"
import { temporaryFolder } from "../support/LayersSqlite.ts"

const database = Effect.map(temporaryFolder, (folder) => {
  const filename = path.join(folder, "database.sqlite")
  const client = SqliteClient.layer({ filename })
  const refused = <E>(check: Layer.Layer<never, E, SqlClient.SqlClient>) =>
    Effect.map(
      Effect.either(Effect.scoped(Layer.build(Layer.provide(check, client)))),
      (_) => Either.isLeft(_) ? `${(_.left as { readonly sentence?: string }).sentence}` : null
    )
  const sql = (statement: string) =>
    Effect.flatMap(SqlClient.SqlClient, (_) => _.unsafe<Record<string, unknown>>(statement)).pipe(
      Effect.provide(client)
    )
  return { refused, sql }
})

const newest = (schema: DatabaseSchema) => Math.max(...schema.migrations.map((_) => _.id))

for (const schema of [gatewaySchema, processorSchema]) {
  describe(`the migrations of the ${schema.name}'s database`, () => {
    it.scoped("run twice are the same as once", () =>
      Effect.gen(function*() {
        const { refused, sql } = yield* database
        const dump = sql("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
        assert.isNull(yield* refused(migrated(schema)))
        const once = yield* dump
        const recorded = yield* sql("SELECT migration_id, name FROM effect_sql_migrations ORDER BY migration_id")
        assert.isNull(yield* refused(migrated(schema)))
        assert.isNull(yield* refused(alreadyMigrated(schema)))
        assert.deepStrictEqual(yield* dump, once)
        assert.deepStrictEqual(
          yield* sql("SELECT migration_id, name FROM effect_sql_migrations ORDER BY migration_id"),
          recorded
        )
        assert.deepStrictEqual(recorded.map((_) => _["migration_id"]), schema.migrations.map((_) => _.id))
      }))

    it.scoped("each can run again by itself, as after a crash before it was recorded", () =>
      Effect.gen(function*() {
        const { refused, sql } = yield* database
        assert.isNull(yield* refused(migrated(schema)))
        for (const { id } of schema.migrations) {
          yield* sql(`DELETE FROM effect_sql_migrations WHERE migration_id >= ${id}`)
          assert.isNull(yield* refused(migrated(schema)), `from ${id} on`)
        }
      }))

    it.scoped("an empty database is refused by who may only check", () =>
      Effect.gen(function*() {
        const { refused } = yield* database
        assert.match(`${yield* refused(alreadyMigrated(schema))}`, /has no migrations: run the role migrate first\.$/)
      }))

    it.scoped("a database that newer code changed beyond this code is refused with a sentence", () =>
      Effect.gen(function*() {
        const { refused, sql } = yield* database
        yield* refused(migrated(schema))
        const id = newest(schema) + 2
        yield* sql(`INSERT INTO effect_sql_migrations (migration_id, name) VALUES (${id}, 'x__works_with_${id}')`)
        for (const check of [migrated(schema), alreadyMigrated(schema)]) {
          const sentence = `${yield* refused(check)}`
          assert.include(sentence, `The ${schema.name} database was changed by a newer version (migration ${id})`)
          assert.include(sentence, "start that version, or restore a backup")
        }
      }))

    it.scoped("a newer database that still works with this code is accepted", () =>
      Effect.gen(function*() {
        const { refused, sql } = yield* database
        yield* refused(migrated(schema))
        const mine = newest(schema)
        yield* sql(`INSERT INTO effect_sql_migrations (migration_id, name) VALUES
          (${mine + 1}, 'x__works_with_1'), (${mine + 2}, 'y__works_with_${mine}')`)
        assert.isNull(yield* refused(migrated(schema)))
        assert.isNull(yield* refused(alreadyMigrated(schema)))
        yield* sql(`INSERT INTO effect_sql_migrations (migration_id, name) VALUES (${mine + 3}, 'says nothing')`)
        assert.isNotNull(yield* refused(migrated(schema)), "what says nothing is not trusted")
      }))

    it.scoped("a schema that was made by half is refused", () =>
      Effect.gen(function*() {
        const made = schema.name === "gateway"
          ? ["INDEX secrets_by_account", "INDEX submissions_by_account", "INDEX submissions_by_key"]
            .concat(["INDEX submissions_by_resend", "TABLE accounts", "TABLE secrets", "TABLE submissions"])
          : ["TRIGGER transactions_refuse_update", "TRIGGER transactions_refuse_delete", "TABLE transactions"]
        for (const thing of made) {
          const { refused, sql } = yield* database
          yield* refused(migrated(schema))
          yield* sql(`DROP ${thing}`)
          for (const check of [migrated(schema), alreadyMigrated(schema)]) {
            assert.include(`${yield* refused(check)}`, "does not have the schema this version needs", thing)
          }
        }
      }))

    it.scoped("a column that is missing is refused, whichever it is", () =>
      Effect.gen(function*() {
        const { refused, sql } = yield* database
        yield* refused(migrated(schema))
        const tables = yield* sql(`SELECT name, sql FROM sqlite_master
          WHERE type = 'table' AND name IN ('accounts', 'secrets', 'submissions', 'transactions')`)
        assert.isNotEmpty(tables)
        for (const table of tables) {
          const name = `${table["name"]}`
          const columns = yield* sql(`SELECT name FROM pragma_table_info('${name}')`)
          assert.isAbove(columns.length, 3)
          for (const column of columns.map((_) => `${_["name"]}`)) {
            yield* sql(`ALTER TABLE ${name} RENAME COLUMN ${column} TO gone`)
            assert.isNotNull(yield* refused(alreadyMigrated(schema)), `${name}.${column}`)
            yield* sql(`ALTER TABLE ${name} RENAME COLUMN gone TO ${column}`)
          }
        }
        assert.isNull(yield* refused(alreadyMigrated(schema)))
      }))
  })
}

describe("an upgrade", () => {
  const adds = (id: number): DatabaseSchema => ({
    ...processorSchema,
    migrations: [
      ...processorSchema.migrations,
      {
        id,
        name: "add_note",
        worksWith: 1,
        up: Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE TABLE IF NOT EXISTS notes (id TEXT) STRICT`)
      }
    ]
  })

  it.scoped("brings an older database up to the newer code, which the older code still accepts", () =>
    Effect.gen(function*() {
      const { refused, sql } = yield* database
      const newer = adds(newest(processorSchema) + 1)
      assert.isNull(yield* refused(migrated(processorSchema)))
      assert.isNull(yield* refused(migrated(newer)))
      assert.deepStrictEqual(yield* sql("SELECT * FROM notes"), [])
      assert.isNull(yield* refused(migrated(processorSchema)))
    }))

  it.scoped("that fails is a sentence, and nothing is recorded as done", () =>
    Effect.gen(function*() {
      const { refused, sql } = yield* database
      const id = newest(processorSchema) + 1
      const broken: DatabaseSchema = {
        ...processorSchema,
        migrations: [...processorSchema.migrations, {
          id,
          name: "broken",
          worksWith: 1,
          up: Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE NONSENSE`)
        }]
      }
      assert.isNull(yield* refused(migrated(processorSchema)))
      assert.match(`${yield* refused(migrated(broken))}`, /^The processor database .*: .+\.$/)
      assert.deepStrictEqual(yield* sql(`SELECT 1 FROM effect_sql_migrations WHERE migration_id = ${id}`), [])
      assert.isNull(yield* refused(migrated(processorSchema)))
    }))
})
