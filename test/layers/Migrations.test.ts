import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Effect } from "effect"
import * as path from "node:path"
import { describe } from "vitest"
import { temporaryFolder } from "../support/LayersSqlite.ts"
import { migrationsConformance } from "./Migrations.conformance.ts"

describe("SQLite", () =>
  migrationsConformance({
    dialect: "sqlite",
    database: () =>
      Effect.map(temporaryFolder, (folder) => {
        const client = SqliteClient.layer({ filename: path.join(folder, "database.sqlite") })
        const sql = (statement: string) =>
          Effect.flatMap(SqlClient.SqlClient, (_) => _.unsafe<Record<string, unknown>>(statement)).pipe(
            Effect.provide(client)
          )
        return {
          client,
          sql,
          dump: sql("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"),
          columns: (table) =>
            Effect.map(sql(`SELECT name FROM pragma_table_info('${table}')`), (_) => _.map(({ name }) => `${name}`))
        }
      }),
    breaks: {
      gateway: [
        "DROP INDEX secrets_by_account",
        "DROP INDEX submissions_by_account",
        "DROP INDEX submissions_by_key",
        "DROP INDEX submissions_waiting",
        "DROP TABLE accounts",
        "DROP TABLE secrets",
        "DROP TABLE submission_references",
        "DROP TABLE submissions"
      ],
      processor: [
        "DROP TRIGGER transactions_refuse_update",
        "DROP TRIGGER transactions_refuse_delete",
        "DROP TABLE transactions"
      ]
    }
  }))
