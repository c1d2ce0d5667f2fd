import { SqlClient } from "@effect/sql"
import { Effect } from "effect"
import type { Tables } from "../sql/Migrations.ts"
import { MysqlError } from "./MysqlError.ts"
import { ascii, indexesExist, missing, statement } from "./MysqlTables.ts"

const changes = ["UPDATE", "DELETE"] as const

const triggerOf = (change: typeof changes[number]) => `transactions_refuse_${change.toLowerCase()}`

const appendOnly = (change: typeof changes[number]) =>
  statement(`CREATE TRIGGER IF NOT EXISTS ${triggerOf(change)} BEFORE ${change} ON transactions FOR EACH ROW
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a decision is never changed'`)

/** Of no row. */
const changeNothing = {
  UPDATE: "UPDATE transactions SET amount = amount WHERE 1 = 0",
  DELETE: "DELETE FROM transactions WHERE 1 = 0"
}

const accessDenied = 1142

/** The server shows a trigger to who may make one; whoever may not must not be able to change a row at all. */
const refusesChanges = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const triggers = yield* sql<{ readonly name: string; readonly does: string }>`
    SELECT trigger_name AS name, CONCAT(action_timing, ' ', event_manipulation, ' ', action_statement) AS does
    FROM information_schema.triggers WHERE event_object_schema = DATABASE() AND event_object_table = 'transactions'`
  for (const change of changes) {
    const refuses = new RegExp(`^BEFORE ${change} SIGNAL SQLSTATE '45000'`, "i")
    if (triggers.some((_) => _.name === triggerOf(change) && refuses.test(_.does))) continue
    yield* sql.unsafe(changeNothing[change]).pipe(
      Effect.matchEffect({
        onFailure: (error) =>
          error.cause instanceof MysqlError && error.cause.errno === accessDenied ? Effect.void : Effect.fail(error),
        onSuccess: () => missing(`trigger ${triggerOf(change)}`)
      })
    )
  }
})

/** As sqliteProcessorTables. */
export const mysqlProcessorTables: Tables = {
  migrations: [
    {
      id: 1,
      name: "create_transactions",
      worksWith: 1,
      up: statement(`CREATE TABLE IF NOT EXISTS transactions (
        id            ${ascii(40)} NOT NULL PRIMARY KEY,
        account_id    ${ascii(40)} NOT NULL,
        amount        BIGINT NOT NULL,
        currency      ${ascii(8)} NOT NULL,
        status        ${ascii(16)} NOT NULL CHECK (status IN ('approved', 'rejected')),
        reason        ${ascii(64)},
        accepted_at   BIGINT NOT NULL,
        decided_at    BIGINT NOT NULL,
        log_partition INT NOT NULL,
        log_offset    BIGINT NOT NULL,
        appended_at   BIGINT NOT NULL,
        CHECK ((reason IS NULL) = (status = 'approved'))
      ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4`)
    },
    { id: 2, name: "refuse_update_of_transactions", worksWith: 1, up: appendOnly("UPDATE") },
    { id: 3, name: "refuse_delete_of_transactions", worksWith: 1, up: appendOnly("DELETE") }
  ],
  probes: [
    statement(`SELECT id, account_id, amount, currency, status, reason, accepted_at, decided_at, log_partition,
      log_offset, appended_at FROM transactions LIMIT 0`),
    Effect.flatMap(SqlClient.SqlClient, indexesExist({ transactions: ["PRIMARY 0 id"] })),
    refusesChanges
  ]
}
