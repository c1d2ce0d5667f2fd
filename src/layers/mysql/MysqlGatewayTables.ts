import { SqlClient } from "@effect/sql"
import { Effect } from "effect"
import type { Tables } from "../sql/Migrations.ts"
import { addColumn, addIndex, ascii, dropIndex, indexesExist, statement, text } from "./MysqlTables.ts"

/** As sqliteGatewayTables, with the first indexes in the statements of their tables. */
export const mysqlGatewayTables: Tables = {
  migrations: [
    {
      id: 1,
      name: "create_accounts",
      worksWith: 1,
      up: statement(`CREATE TABLE IF NOT EXISTS accounts (
        id          ${ascii(40)} NOT NULL PRIMARY KEY,
        name        ${text(255)} NOT NULL,
        created_at  BIGINT NOT NULL,
        disabled_at BIGINT
      ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4`)
    },
    {
      id: 2,
      name: "create_secrets",
      worksWith: 1,
      up: statement(`CREATE TABLE IF NOT EXISTS secrets (
        id         ${ascii(40)} NOT NULL PRIMARY KEY,
        account_id ${ascii(40)} NOT NULL,
        digest     ${ascii(128)} NOT NULL,
        created_at BIGINT NOT NULL,
        INDEX secrets_by_account (account_id)
      ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4`)
    },
    {
      id: 3,
      name: "create_submissions",
      worksWith: 1,
      up: statement(`CREATE TABLE IF NOT EXISTS submissions (
        id              ${ascii(40)} NOT NULL PRIMARY KEY,
        account_id      ${ascii(40)} NOT NULL,
        amount          BIGINT NOT NULL,
        currency        ${ascii(8)} NOT NULL,
        brand           ${ascii(40)},
        bin             ${ascii(16)},
        last4           ${ascii(8)},
        exp_month       INT NOT NULL,
        exp_year        INT NOT NULL,
        fingerprint     ${ascii(128)},
        cvv_shape       ${ascii(16)} NOT NULL,
        sealed_card     TEXT CHARACTER SET ascii COLLATE ascii_bin,
        key_id          ${ascii(64)} NOT NULL,
        reference       ${text(255)},
        metadata        MEDIUMTEXT COLLATE utf8mb4_bin,
        idempotency_key ${ascii(255)},
        request_digest  ${ascii(128)},
        accepted_at     BIGINT NOT NULL,
        resend_at       BIGINT,
        resends         INT NOT NULL DEFAULT 0,
        resend_claim    ${ascii(64)},
        status          ${ascii(16)},
        reason          ${ascii(64)},
        decided_at      BIGINT,
        recorded_at     BIGINT,
        log_partition   INT,
        log_offset      BIGINT,
        appended_at     BIGINT,
        parked_at       BIGINT,
        parked_reason   ${ascii(64)},
        parked_count    INT NOT NULL DEFAULT 0,
        parked_offset   BIGINT,
        INDEX submissions_by_account (account_id, id),
        UNIQUE INDEX submissions_by_key (account_id, idempotency_key),
        INDEX submissions_by_resend (resend_at)
      ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4`)
    },
    {
      id: 4,
      name: "add_scope_of_secrets",
      worksWith: 3,
      up: addColumn("secrets", "scope", `${ascii(16)} NOT NULL DEFAULT 'full'`)
    },
    { id: 5, name: "add_expiry_of_secrets", worksWith: 3, up: addColumn("secrets", "expires_at", "BIGINT") },
    { id: 6, name: "add_last_use_of_secrets", worksWith: 3, up: addColumn("secrets", "last_used_at", "BIGINT") },
    { id: 7, name: "add_revocation_of_secrets", worksWith: 3, up: addColumn("secrets", "revoked_at", "BIGINT") },
    { id: 8, name: "add_given_up_at", worksWith: 3, up: addColumn("submissions", "given_up_at", "BIGINT") },
    { id: 9, name: "add_give_up_token", worksWith: 3, up: addColumn("submissions", "give_up_token", ascii(255)) },
    {
      id: 10,
      name: "add_submissions_by_reference",
      worksWith: 3,
      up: addIndex("submissions", "submissions_by_reference", "account_id, reference, id")
    },
    {
      id: 11,
      name: "add_submissions_waiting",
      worksWith: 3,
      up: addIndex("submissions", "submissions_waiting", "resend_at, accepted_at, parked_at")
    },
    {
      id: 12,
      name: "drop_submissions_by_resend",
      worksWith: 12,
      up: dropIndex("submissions", "submissions_by_resend")
    }
  ],
  probes: [
    statement("SELECT id, name, created_at, disabled_at FROM accounts LIMIT 0"),
    statement(`SELECT id, account_id, digest, created_at, scope, expires_at, last_used_at, revoked_at
      FROM secrets LIMIT 0`),
    statement(`SELECT id, account_id, amount, currency, brand, bin, last4, exp_month, exp_year, fingerprint, cvv_shape,
      sealed_card, key_id, reference, metadata, idempotency_key, request_digest, accepted_at, resend_at, resends,
      resend_claim, status, reason, decided_at, recorded_at, log_partition, log_offset, appended_at, parked_at,
      parked_reason, parked_count, parked_offset, given_up_at, give_up_token FROM submissions LIMIT 0`),
    Effect.flatMap(
      SqlClient.SqlClient,
      indexesExist({
        accounts: ["PRIMARY 0 id"],
        secrets: ["PRIMARY 0 id", "secrets_by_account 1 account_id"],
        submissions: [
          "PRIMARY 0 id",
          "submissions_by_account 1 account_id,id",
          "submissions_by_key 0 account_id,idempotency_key",
          "submissions_by_reference 1 account_id,reference,id",
          "submissions_waiting 1 resend_at,accepted_at,parked_at"
        ]
      })
    )
  ]
}
