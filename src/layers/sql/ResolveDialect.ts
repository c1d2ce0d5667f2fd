import { SqlClient } from "@effect/sql"
import { Effect } from "effect"
import { mysqlDialect } from "../mysql/MysqlDialect.ts"
import type { Dialect } from "./Dialect.ts"
import { sqliteDialect } from "./SqliteDialect.ts"

/** Once, where a repository is made. */
export const resolveDialect: Effect.Effect<Dialect, never, SqlClient.SqlClient> = Effect.map(
  SqlClient.SqlClient,
  (sql) => sql.onDialectOrElse({ mysql: () => mysqlDialect(sql), orElse: () => sqliteDialect(sql) })
)
