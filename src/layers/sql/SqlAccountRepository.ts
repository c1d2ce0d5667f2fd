import { SqlClient, SqlSchema } from "@effect/sql"
import { Effect, Layer, Option, Schema } from "effect"
import { Account } from "../../domain/Account.ts"
import { AccountId } from "../../domain/Ids.ts"
import { AccountRepository } from "../../services/AccountRepository.ts"
import { resolveDialect } from "./ResolveDialect.ts"
import { runAgain, toFailure, toUnavailable } from "./SqlFailure.ts"

const CredentialRow = Schema.Struct({
  id: Account.fields.id,
  name: Account.fields.name,
  created_at: Account.fields.createdAt,
  disabled_at: Account.fields.disabledAt,
  digest: Schema.String
})

export const SqlAccountRepository = Layer.effect(
  AccountRepository,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const { leaveTaken } = yield* resolveDialect

    const credentialRows = SqlSchema.findAll({
      Request: AccountId,
      Result: CredentialRow,
      execute: (id) =>
        sql`SELECT accounts.id, name, accounts.created_at, disabled_at, digest
          FROM accounts JOIN secrets ON secrets.account_id = accounts.id WHERE accounts.id = ${id}`
    })

    return AccountRepository.of({
      // the account last: a secret without one opens nothing, and a crash in between leaves no account
      insert: (account, secret) =>
        runAgain(
          sql`INSERT INTO secrets (id, account_id, digest, created_at)
              VALUES (${secret.id}, ${secret.accountId}, ${secret.digest}, ${secret.createdAt})
              ${leaveTaken("secrets")}`.pipe(
            Effect.zipRight(
              sql`INSERT INTO accounts (id, name, created_at, disabled_at)
                  VALUES (${account.id}, ${account.name}, ${account.createdAt}, ${account.disabledAt})
                  ${leaveTaken("accounts")}`
            )
          ),
          () => {}
        ).pipe(Effect.asVoid, Effect.mapError(toFailure)),

      isEmpty: sql`SELECT 1 FROM accounts LIMIT 1`.pipe(
        Effect.mapBoth({ onFailure: toUnavailable, onSuccess: (found) => found.length === 0 })
      ),

      findCredentials: (id) =>
        credentialRows(id).pipe(
          Effect.mapError(toUnavailable),
          Effect.map((rows) =>
            Option.map(Option.fromNullable(rows[0]), (row) => ({
              account: { id: row.id, name: row.name, createdAt: row.created_at, disabledAt: row.disabled_at },
              digests: rows.map((_) => _.digest)
            }))
          )
        )
    })
  })
)
