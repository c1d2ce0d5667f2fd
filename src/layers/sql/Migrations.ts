import { Migrator, SqlClient } from "@effect/sql"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Layer } from "effect"
import { CannotStart } from "../CannotStart.ts"
import { refuseDatabase } from "../DatabaseRefusal.ts"

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

export interface DatabaseSchema {
  readonly name: "gateway" | "processor"
  readonly migrations: ReadonlyArray<Migration>
  /** Each must succeed when the schema is what the code needs. */
  readonly probes: ReadonlyArray<Effect.Effect<unknown, SqlError, SqlClient.SqlClient>>
}

const recordedName = ({ name, worksWith }: Migration) => `${name}__works_with_${worksWith}`

const refuse = (sentence: string) => new CannotStart({ sentence })

/** Refuses a database that newer code has changed beyond what this code understands. */
const checkNotNewer = Effect.fnUntraced(function*({ migrations, name }: DatabaseSchema) {
  const sql = yield* SqlClient.SqlClient
  const mine = Math.max(...migrations.map((_) => _.id))
  const applied = yield* sql<{ readonly id: number; readonly name: string }>`
    SELECT migration_id AS id, name FROM effect_sql_migrations WHERE migration_id > ${mine}`
  for (const migration of applied) {
    const worksWith = Number(/__works_with_(\d+)$/.exec(migration.name)?.[1] ?? Infinity)
    if (worksWith > mine) {
      return yield* refuse(
        `The ${name} database was changed by a newer version (migration ${migration.id}): start that version, or restore a backup from before it.`
      )
    }
  }
})

const migrate = Effect.fnUntraced(function*({ migrations, name }: DatabaseSchema) {
  yield* Migrator.make({})({
    loader: Effect.succeed(migrations.map((_) => [_.id, recordedName(_), Effect.succeed(_.up)] as const))
  }).pipe(
    Effect.catchAllCause((cause) => refuseDatabase(`The ${name} database`, cause))
  )
})

const checkComplete = Effect.fnUntraced(function*({ name, probes }: DatabaseSchema) {
  yield* Effect.forEach(probes, (probe) => probe, { discard: true }).pipe(
    Effect.catchTag("SqlError", (error) =>
      Effect.zipRight(
        Effect.logDebug("schema probe failed", error),
        refuse(`The ${name} database does not have the schema this version needs: run the role migrate, or restore it.`)
      ))
  )
})

const checked = (schema: DatabaseSchema) =>
  checkNotNewer(schema).pipe(
    Effect.catchTag("SqlError", (error) =>
      Effect.zipRight(
        Effect.logDebug("reading the migrations failed", error),
        refuse(`The ${schema.name} database has no migrations: run the role migrate first.`)
      )),
    Effect.zipRight(checkComplete(schema))
  )

/** Brings the schema up to this code and checks that it is what the code needs. */
export const migrated = (schema: DatabaseSchema) =>
  Layer.effectDiscard(Effect.zipRight(migrate(schema), checked(schema)))

/** Checks only. */
export const alreadyMigrated = (schema: DatabaseSchema) => Layer.effectDiscard(checked(schema))
