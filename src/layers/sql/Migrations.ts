import { SqlClient } from "@effect/sql"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Layer } from "effect"
import { CannotStart } from "../CannotStart.ts"
import { mysqlMigrating } from "../mysql/MysqlMigrating.ts"
import { sqliteMigrating } from "./SqliteMigrating.ts"
import { waitWhileLost } from "./WaitWhileLost.ts"

/**
 * One idempotent statement. Its record in the database is its name and the oldest code (by that code's last migration)
 * that still works with it, so that a rollback of the code is refused only when it must be.
 */
export interface Migration {
  readonly id: number
  readonly name: string
  readonly worksWith: number
  readonly up: Effect.Effect<unknown, SqlError, SqlClient.SqlClient>
}

export interface Tables {
  readonly migrations: ReadonlyArray<Migration>
  /** Each must succeed when the schema is what the code needs. */
  readonly probes: ReadonlyArray<Effect.Effect<unknown, SqlError | CannotStart, SqlClient.SqlClient>>
}

/** Each database has its own statements, numbered by themselves. */
export interface DatabaseSchema {
  readonly name: "gateway" | "processor"
  readonly sqlite: Tables
  readonly mysql: Tables
}

/** What a database needs for its migrations besides the statements. */
export interface Migrating {
  /** Makes the table where what was done is recorded. */
  readonly records: Effect.Effect<unknown, SqlError>
  /** Runs it while no other process runs the same for this database. */
  readonly alone: <A, E>(
    name: DatabaseSchema["name"],
    migrate: Effect.Effect<A, E, SqlClient.SqlClient>
  ) => Effect.Effect<A, E | SqlError | CannotStart, SqlClient.SqlClient>
  /** Whether the error says that a table, a column or an index is not there. */
  readonly isMissing: (error: SqlError) => boolean
  /** Why the database cannot be migrated or looked at, in one sentence. */
  readonly refuse: (name: DatabaseSchema["name"], error: SqlError) => CannotStart
}

const resolve = (schema: DatabaseSchema) =>
  Effect.map(SqlClient.SqlClient, (sql) =>
    sql.onDialectOrElse({
      mysql: () => ({ sql, ...mysqlMigrating(sql), ...schema.mysql, name: schema.name }),
      orElse: () => ({ sql, ...sqliteMigrating(sql), ...schema.sqlite, name: schema.name })
    }))

type Resolved = Effect.Effect.Success<ReturnType<typeof resolve>>

const recordedName = ({ name, worksWith }: Migration) => `${name}__works_with_${worksWith}`

const refuse = (sentence: string) => new CannotStart({ sentence })

/** A statement, then its record: a crash in between runs the statement again, which is harmless. */
const migrate = ({ alone, migrations, name, records, sql }: Resolved) =>
  alone(
    name,
    Effect.gen(function*() {
      yield* records
      const recorded = yield* sql<{ readonly id: number }>`SELECT migration_id AS id FROM effect_sql_migrations`
      const done = new Set(recorded.map((_) => _.id))
      for (const migration of migrations) {
        if (done.has(migration.id)) continue
        yield* Effect.logDebug(`migrates the ${name} database`).pipe(Effect.annotateLogs({ migration: migration.name }))
        yield* migration.up
        yield* sql`INSERT INTO effect_sql_migrations (migration_id, name)
          VALUES (${migration.id}, ${recordedName(migration)})`
      }
    })
  )

/** Tells what is not there from an error that says nothing about it. */
const whenMissing =
  ({ isMissing }: Resolved, sentence: string) => (error: SqlError): Effect.Effect<never, SqlError | CannotStart> =>
    isMissing(error)
      ? Effect.zipRight(Effect.logDebug("the database lacks something", error), refuse(sentence))
      : Effect.fail(error)

/** Refuses a database that newer code has changed beyond what this code understands. */
const checkNotNewer = Effect.fnUntraced(function*(resolved: Resolved) {
  const { migrations, name, sql } = resolved
  const mine = Math.max(...migrations.map((_) => _.id))
  const applied = yield* sql<{ readonly id: number; readonly name: string }>`
    SELECT migration_id AS id, name FROM effect_sql_migrations WHERE migration_id > ${mine}`.pipe(
    Effect.catchAll(whenMissing(resolved, `The ${name} database has no migrations: run the role migrate first.`))
  )
  for (const migration of applied) {
    const worksWith = Number(/__works_with_(\d+)$/.exec(migration.name)?.[1] ?? Infinity)
    if (worksWith > mine) {
      return yield* refuse(
        `The ${name} database was changed by a newer version (migration ${migration.id}): start that version, or restore a backup from before it.`
      )
    }
  }
})

const checkComplete = (resolved: Resolved) =>
  Effect.forEach(resolved.probes, (probe) => probe, { discard: true }).pipe(
    Effect.catchTag(
      "SqlError",
      whenMissing(
        resolved,
        `The ${resolved.name} database does not have the schema this version needs: run the role migrate, or restore it.`
      )
    )
  )

const checked = (resolved: Resolved) =>
  checkNotNewer(resolved).pipe(
    Effect.zipRight(checkComplete(resolved)),
    Effect.zipRight(Effect.logDebug(`the ${resolved.name} database has the schema of this version`))
  )

/** A server that goes away meanwhile is waited for. */
const atStart = (
  schema: DatabaseSchema,
  steps: (resolved: Resolved) => Effect.Effect<void, SqlError | CannotStart, SqlClient.SqlClient>
) =>
  Layer.effectDiscard(
    Effect.flatMap(resolve(schema), (resolved) =>
      steps(resolved).pipe(
        waitWhileLost(schema.name),
        Effect.catchTag("SqlError", (error) => resolved.refuse(schema.name, error))
      ))
  )

/** Brings the schema up to this code and checks that it is what the code needs. */
export const migrated = (schema: DatabaseSchema) => atStart(schema, (_) => Effect.zipRight(migrate(_), checked(_)))

/** Checks only. */
export const alreadyMigrated = (schema: DatabaseSchema) => atStart(schema, checked)
