import type { SqlClient } from "@effect/sql"
import { refuseDatabase } from "../DatabaseRefusal.ts"
import type { Migrating } from "./Migrations.ts"

export const sqliteMigrating = (sql: SqlClient.SqlClient): Migrating => ({
  records: sql`CREATE TABLE IF NOT EXISTS effect_sql_migrations (
    migration_id integer PRIMARY KEY NOT NULL,
    created_at datetime NOT NULL DEFAULT current_timestamp,
    name VARCHAR(255) NOT NULL
  )`,
  // one process has the file
  alone: (_, migrate) => migrate,
  isMissing: () => true,
  refuse: (name, error) => refuseDatabase(`The ${name} database`, error)
})
