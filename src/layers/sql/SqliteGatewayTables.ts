import { SqlClient } from "@effect/sql"
import { Effect } from "effect"
import type { Tables } from "./Migrations.ts"

const statement = (text: string) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(text))

const hasColumn = (table: string, column: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql`SELECT 1 FROM pragma_table_info(${table}) WHERE name = ${column}`,
      (found) => found.length > 0
    ))

/** Unless it is there already. */
const addColumn = (table: string, column: string, type: string) =>
  Effect.unlessEffect(statement(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`), hasColumn(table, column))

export const sqliteGatewayTables: Tables = {
  migrations: [
    {
      id: 1,
      name: "create_accounts",
      worksWith: 1,
      up: statement(`CREATE TABLE IF NOT EXISTS accounts (
        id          TEXT NOT NULL PRIMARY KEY,
        name        TEXT NOT NULL,
        created_at  INTEGER NOT NULL,
        disabled_at INTEGER
      ) STRICT`)
    },
    {
      id: 2,
      name: "create_secrets",
      worksWith: 1,
      up: statement(`CREATE TABLE IF NOT EXISTS secrets (
        id         TEXT NOT NULL PRIMARY KEY,
        account_id TEXT NOT NULL,
        digest     TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT`)
    },
    {
      id: 3,
      name: "create_secrets_by_account",
      worksWith: 1,
      up: statement("CREATE INDEX IF NOT EXISTS secrets_by_account ON secrets (account_id)")
    },
    {
      id: 4,
      name: "create_submissions",
      worksWith: 1,
      up: statement(`CREATE TABLE IF NOT EXISTS submissions (
        id              TEXT NOT NULL PRIMARY KEY,
        account_id      TEXT NOT NULL,
        amount          INTEGER NOT NULL,
        currency        TEXT NOT NULL,
        brand           TEXT,
        bin             TEXT,
        last4           TEXT,
        exp_month       INTEGER NOT NULL,
        exp_year        INTEGER NOT NULL,
        fingerprint     TEXT,
        cvv_shape       TEXT NOT NULL,
        sealed_card     TEXT,
        key_id          TEXT NOT NULL,
        reference       TEXT,
        metadata        TEXT,
        idempotency_key TEXT,
        request_digest  TEXT,
        accepted_at     INTEGER NOT NULL,
        resend_at       INTEGER,
        resends         INTEGER NOT NULL DEFAULT 0,
        resend_claim    TEXT,
        status          TEXT,
        reason          TEXT,
        decided_at      INTEGER,
        recorded_at     INTEGER,
        log_partition   INTEGER,
        log_offset      INTEGER,
        appended_at     INTEGER,
        parked_at       INTEGER,
        parked_reason   TEXT,
        parked_count    INTEGER NOT NULL DEFAULT 0,
        parked_offset   INTEGER
      ) STRICT`)
    },
    {
      id: 5,
      name: "create_submissions_by_account",
      worksWith: 1,
      up: statement("CREATE UNIQUE INDEX IF NOT EXISTS submissions_by_account ON submissions (account_id, id)")
    },
    {
      id: 6,
      name: "create_submissions_by_key",
      worksWith: 1,
      up: statement(`CREATE UNIQUE INDEX IF NOT EXISTS submissions_by_key ON submissions (account_id, idempotency_key)
        WHERE idempotency_key IS NOT NULL`)
    },
    {
      id: 7,
      name: "create_submissions_by_resend",
      worksWith: 1,
      up: statement(`CREATE INDEX IF NOT EXISTS submissions_by_resend ON submissions (resend_at)
        WHERE resend_at IS NOT NULL`)
    },
    {
      id: 8,
      name: "add_scope_of_secrets",
      worksWith: 7,
      up: addColumn("secrets", "scope", "TEXT NOT NULL DEFAULT 'full'")
    },
    { id: 9, name: "add_expiry_of_secrets", worksWith: 7, up: addColumn("secrets", "expires_at", "INTEGER") },
    { id: 10, name: "add_last_use_of_secrets", worksWith: 7, up: addColumn("secrets", "last_used_at", "INTEGER") },
    { id: 11, name: "add_revocation_of_secrets", worksWith: 7, up: addColumn("secrets", "revoked_at", "INTEGER") },
    { id: 12, name: "add_given_up_at", worksWith: 7, up: addColumn("submissions", "given_up_at", "INTEGER") },
    { id: 13, name: "add_give_up_token", worksWith: 7, up: addColumn("submissions", "give_up_token", "TEXT") },
    {
      id: 14,
      name: "create_submissions_by_reference",
      worksWith: 7,
      up: statement(`CREATE INDEX IF NOT EXISTS submissions_by_reference ON submissions (account_id, reference, id)
        WHERE reference IS NOT NULL`)
    },
    {
      id: 15,
      name: "create_submissions_waiting",
      worksWith: 7,
      // the id too, which an index of MySQL always has
      up: statement(`CREATE INDEX IF NOT EXISTS submissions_waiting
        ON submissions (resend_at, accepted_at, parked_at, id) WHERE resend_at IS NOT NULL`)
    },
    {
      id: 16,
      name: "drop_submissions_by_resend",
      worksWith: 16,
      up: statement("DROP INDEX IF EXISTS submissions_by_resend")
    },
    {
      id: 17,
      name: "create_submission_references",
      worksWith: 16,
      // SqliteReferences.ts fills it
      up: statement(`CREATE TABLE IF NOT EXISTS submission_references (
        part       INTEGER NOT NULL,
        account_id TEXT NOT NULL,
        reference  TEXT NOT NULL,
        id         TEXT NOT NULL,
        PRIMARY KEY (part, account_id, reference, id)
      ) STRICT, WITHOUT ROWID`)
    },
    {
      id: 18,
      name: "drop_submissions_by_reference",
      worksWith: 18,
      up: statement("DROP INDEX IF EXISTS submissions_by_reference")
    }
  ],
  probes: [
    statement("SELECT id, name, created_at, disabled_at FROM accounts LIMIT 0"),
    statement(`SELECT id, account_id, digest, created_at, scope, expires_at, last_used_at, revoked_at
      FROM secrets INDEXED BY secrets_by_account LIMIT 0`),
    statement(`SELECT id, account_id, amount, currency, brand, bin, last4, exp_month, exp_year, fingerprint, cvv_shape,
      sealed_card, key_id, reference, metadata, idempotency_key, request_digest, accepted_at, resend_at, resends,
      resend_claim, status, reason, decided_at, recorded_at, log_partition, log_offset, appended_at, parked_at,
      parked_reason, parked_count, parked_offset, given_up_at, give_up_token
      FROM submissions INDEXED BY submissions_by_account LIMIT 0`),
    statement("SELECT id FROM submissions INDEXED BY submissions_by_key WHERE idempotency_key IS NOT NULL LIMIT 0"),
    statement("SELECT part, account_id, reference, id FROM submission_references LIMIT 0"),
    statement("SELECT id FROM submissions INDEXED BY submissions_waiting WHERE resend_at IS NOT NULL LIMIT 0")
  ]
}
