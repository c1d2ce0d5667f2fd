import { SqlClient, SqlSchema } from "@effect/sql"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Layer, Option, Schema } from "effect"
import { Account } from "../../domain/Account.ts"
import { AccountId, SecretId } from "../../domain/Ids.ts"
import { Instant } from "../../domain/Instant.ts"
import { SecretScope } from "../../domain/Secret.ts"
import { type AccountPage, AccountRepository, type StoredSecret } from "../../services/AccountRepository.ts"
import { isUpwards, toListed } from "./Listed.ts"
import { resolveDialect } from "./ResolveDialect.ts"
import { runAgain, toFailure, toUnavailable } from "./SqlFailure.ts"

const AccountRow = Schema.Struct({
  id: Account.fields.id,
  name: Account.fields.name,
  created_at: Account.fields.createdAt,
  disabled_at: Account.fields.disabledAt
})

const fromRow = (row: typeof AccountRow.Type): Account => ({
  id: row.id,
  name: row.name,
  createdAt: row.created_at,
  disabledAt: row.disabled_at
})

/** An account with one of its secrets, or with none. */
const CredentialRow = Schema.Struct({
  ...AccountRow.fields,
  secret_id: Schema.NullOr(SecretId),
  digest: Schema.NullOr(Schema.String),
  scope: Schema.NullOr(SecretScope),
  secret_created_at: Schema.NullOr(Instant),
  expires_at: Schema.NullOr(Instant),
  last_used_at: Schema.NullOr(Instant)
})

const secretOf = (row: typeof CredentialRow.Type): ReadonlyArray<StoredSecret> =>
  row.secret_id === null ? [] : [{
    id: row.secret_id,
    accountId: row.id,
    digest: row.digest!,
    scope: row.scope!,
    createdAt: row.secret_created_at!,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at
  }]

export const SqlAccountRepository = Layer.effect(
  AccountRepository,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const { along, least, leaveTaken, updateFrom } = yield* resolveDialect

    const again = (statement: Effect.Effect<unknown, SqlError>) => Effect.asVoid(runAgain(statement, () => {}))

    const change = (statement: Effect.Effect<unknown, SqlError>) => Effect.mapError(again(statement), toUnavailable)

    const writeSecret = (secret: StoredSecret) =>
      sql`INSERT INTO secrets (id, account_id, digest, scope, created_at, expires_at, last_used_at)
          VALUES (${secret.id}, ${secret.accountId}, ${secret.digest}, ${secret.scope}, ${secret.createdAt},
            ${secret.expiresAt}, ${secret.lastUsedAt})
          ${leaveTaken("secrets")}`

    const credentialRows = SqlSchema.findAll({
      Request: AccountId,
      Result: CredentialRow,
      execute: (id) =>
        sql`SELECT accounts.id, name, accounts.created_at, disabled_at, secrets.id AS secret_id, digest, scope,
            secrets.created_at AS secret_created_at, expires_at, last_used_at
          FROM accounts LEFT JOIN secrets ON secrets.account_id = accounts.id AND revoked_at IS NULL
          WHERE accounts.id = ${id} ORDER BY secrets.id`
    })

    const decodeAccounts = Schema.decodeUnknown(Schema.Array(AccountRow))

    const listRows = ({ cursor, limit }: AccountPage) => {
      const from = sql`SELECT id, name, created_at, disabled_at FROM accounts${along("PRIMARY")}`
      const most = limit + 1
      if (cursor === null) return sql`${from} ORDER BY id DESC LIMIT ${most}`
      return "after" in cursor
        ? sql`${from} WHERE id < ${cursor.after} ORDER BY id DESC LIMIT ${most}`
        : sql`${from} WHERE id > ${cursor.before} ORDER BY id ASC LIMIT ${most}`
    }

    return AccountRepository.of({
      // the account last: a secret without one opens nothing, and a crash in between leaves no account
      insert: (account, secret) =>
        again(
          writeSecret(secret).pipe(
            Effect.zipRight(
              sql`INSERT INTO accounts (id, name, created_at, disabled_at)
                  VALUES (${account.id}, ${account.name}, ${account.createdAt}, ${account.disabledAt})
                  ${leaveTaken("accounts")}`
            )
          )
        ).pipe(Effect.mapError(toFailure)),

      isEmpty: sql`SELECT 1 FROM accounts LIMIT 1`.pipe(
        Effect.mapBoth({ onFailure: toUnavailable, onSuccess: (found) => found.length === 0 })
      ),

      findCredentials: (id) =>
        credentialRows(id).pipe(
          Effect.mapBoth({
            onFailure: toUnavailable,
            onSuccess: (rows) =>
              Option.map(Option.fromNullable(rows[0]), (row) => ({
                account: fromRow(row),
                secrets: rows.flatMap(secretOf)
              }))
          })
        ),

      list: (page) =>
        listRows(page).pipe(
          Effect.flatMap(decodeAccounts),
          Effect.mapBoth({
            onFailure: toUnavailable,
            onSuccess: (rows) =>
              toListed<Account, AccountId>(rows.slice(0, page.limit).map(fromRow), {
                isMore: rows.length > page.limit,
                upwards: isUpwards(page.cursor)
              })
          })
        ),

      setDisabled: (id, disabledAt) =>
        change(
          disabledAt === null
            ? sql`UPDATE accounts SET disabled_at = NULL WHERE id = ${id}`
            : sql`UPDATE accounts SET disabled_at = ${disabledAt} WHERE id = ${id} AND disabled_at IS NULL`
        ),

      insertSecret: (secret) => Effect.mapError(again(writeSecret(secret)), toFailure),

      expireOlder: ({ accountId, id }, expiresAt) =>
        change(
          sql`UPDATE secrets SET expires_at = ${least}(COALESCE(expires_at, ${expiresAt}), ${expiresAt})
              WHERE account_id = ${accountId} AND scope = 'full' AND id < ${id}`
        ),

      revoke: (accountId, id, revokedAt) =>
        change(
          sql`UPDATE secrets SET revoked_at = ${revokedAt}
              WHERE id = ${id} AND account_id = ${accountId} AND revoked_at IS NULL`
        ),

      restore: (accountId, id, revokedAt) =>
        change(
          sql`UPDATE secrets SET revoked_at = NULL
              WHERE id = ${id} AND account_id = ${accountId} AND revoked_at = ${revokedAt}`
        ),

      markUsed: (uses) => {
        const latest = new Map<SecretId, Instant>()
        for (const { at, id } of uses) latest.set(id, Math.max(at, latest.get(id) ?? at))
        return change(
          updateFrom("secrets", [...latest], (item) => ({
            set: sql`last_used_at = ${item(1)}`,
            where: sql`(last_used_at IS NULL OR last_used_at < ${item(1)})`
          }))
        )
      }
    })
  })
)
