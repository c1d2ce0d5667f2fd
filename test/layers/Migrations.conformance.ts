import { SqlClient } from "@effect/sql"
import { assert, it } from "@effect/vitest"
import { Effect, Either, Layer, type Scope } from "effect"
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
          yield* empty.sql(`DELETE FROM effect_sql_migrations WHERE migration_id = ${id}`)
          assert.isNull(yield* refused(empty, migrated(schema)), `${id} alone`)
          assert.deepStrictEqual(yield* empty.dump, once)
        }
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
