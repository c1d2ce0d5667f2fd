import { SqlClient } from "@effect/sql"
import { TransactionConnection } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Duration, Effect } from "effect"
import { CannotStart } from "../CannotStart.ts"
import type { Migrating } from "../sql/Migrations.ts"
import { MysqlError } from "./MysqlError.ts"
import { type DatabaseName, refuseStatement } from "./MysqlRefusal.ts"

const patience = Duration.minutes(5)
const poll = Duration.millis(500)
const sayEvery = Duration.toMillis("10 seconds")

/** No such table, column, index. */
const absences = new Set([1146, 1054, 1176])

/** The locks of a server have names of at most 64 characters, whichever database they are about. */
const lock = "SHA2(CONCAT('gateway migrations ', DATABASE()), 224)"

/** Takes the lock for the session that asks; its end frees it. */
const takeLock = Effect.fnUntraced(function*(name: DatabaseName) {
  const sql = yield* SqlClient.SqlClient
  const asked = yield* Clock.currentTimeMillis
  for (let said = -Infinity;;) {
    const [answer] = yield* sql<{ readonly got: number | null; readonly holder: number | null }>`
      SELECT GET_LOCK(${sql.literal(lock)}, 0) AS got, IS_USED_LOCK(${sql.literal(lock)}) AS holder`
    if (answer?.got === 1) return
    const now = yield* Clock.currentTimeMillis
    const held = `another process (connection ${answer?.holder ?? "unknown"} of its server)`
    if (now - asked >= Duration.toMillis(patience)) {
      return yield* new CannotStart({
        sentence: `The ${name} database has been migrated by ${held} for ${
          Duration.format(patience)
        }: wait until that is done, or end it, and run the role migrate again.`
      })
    }
    if (now - said >= sayEvery) {
      said = now
      yield* Effect.logInfo(`waits until ${held} has migrated the ${name} database`)
    }
    yield* Effect.sleep(poll)
  }
})

const alone: Migrating["alone"] = (name, migrate) =>
  Effect.scoped(
    Effect.flatMap(SqlClient.SqlClient, (sql) =>
      Effect.flatMap(sql.reserve, (connection) =>
        Effect.zipRight(takeLock(name), migrate).pipe(
          Effect.provideService(TransactionConnection, [connection, 0])
        )))
  )

export const mysqlMigrating = (sql: SqlClient.SqlClient): Migrating => ({
  records: sql`CREATE TABLE IF NOT EXISTS effect_sql_migrations (
    migration_id INTEGER UNSIGNED NOT NULL PRIMARY KEY,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    name VARCHAR(255) NOT NULL
  ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4`.unprepared,
  alone,
  isMissing: ({ cause }: SqlError) => cause === undefined || (cause instanceof MysqlError && absences.has(cause.errno)),
  refuse: refuseStatement
})
