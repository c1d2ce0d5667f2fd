import { SqlClient } from "@effect/sql"
import { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { Tables } from "./Migrations.ts"

const statement = (text: string) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(text))

const appendOnly = (change: "UPDATE" | "DELETE") =>
  statement(`CREATE TRIGGER IF NOT EXISTS transactions_refuse_${change.toLowerCase()} BEFORE ${change} ON transactions
    BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END`)

const triggersExist = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const triggers = yield* sql`SELECT name FROM sqlite_master WHERE type = 'trigger'
    AND name IN ('transactions_refuse_update', 'transactions_refuse_delete')`
  if (triggers.length !== 2) {
    return yield* new SqlError({ cause: undefined, message: "transactions is not append-only" })
  }
})

export const sqliteProcessorTables: Tables = {
  migrations: [
    {
      id: 1,
      name: "create_transactions",
      worksWith: 1,
      up: statement(`CREATE TABLE IF NOT EXISTS transactions (
        id            TEXT NOT NULL PRIMARY KEY,
        account_id    TEXT NOT NULL,
        amount        INTEGER NOT NULL,
        currency      TEXT NOT NULL,
        status        TEXT NOT NULL CHECK (status IN ('approved', 'rejected')),
        reason        TEXT CHECK ((reason IS NULL) = (status = 'approved')),
        accepted_at   INTEGER NOT NULL,
        decided_at    INTEGER NOT NULL,
        log_partition INTEGER NOT NULL,
        log_offset    INTEGER NOT NULL,
        appended_at   INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`)
    },
    { id: 2, name: "refuse_update_of_transactions", worksWith: 1, up: appendOnly("UPDATE") },
    { id: 3, name: "refuse_delete_of_transactions", worksWith: 1, up: appendOnly("DELETE") }
  ],
  probes: [
    statement(`SELECT id, account_id, amount, currency, status, reason, accepted_at, decided_at, log_partition,
      log_offset, appended_at FROM transactions LIMIT 0`),
    triggersExist
  ]
}
