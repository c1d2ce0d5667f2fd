import { Redacted, Schema } from "effect"
import { Account } from "../../domain/Account.ts"
import { SecretId } from "../../domain/Ids.ts"
import { SecretScope } from "../../domain/Secret.ts"
import type { StoredSecret } from "../../services/AccountRepository.ts"
import type { IssuedSecret } from "../../services/ManageSecrets.ts"
import { Timestamp, toTimestamp } from "./TransactionResource.ts"

const account = {
  id: Account.fields.id,
  object: Schema.Literal("account"),
  name: Account.fields.name,
  created_at: Timestamp,
  disabled_at: Schema.NullOr(Timestamp)
}

const secret = {
  id: SecretId,
  object: Schema.Literal("secret"),
  scope: SecretScope,
  created_at: Timestamp,
  last_used_at: Schema.NullOr(Timestamp).annotations({ description: "To the minute" }),
  expires_at: Schema.NullOr(Timestamp)
}

const told = Schema.String.annotations({ description: "Told here and never again" })

export const AccountResource = Schema.Struct(account).annotations({ identifier: "Account" })
export const CreatedAccount = Schema.Struct({ ...account, secret: told }).annotations({ identifier: "CreatedAccount" })
export const SecretResource = Schema.Struct(secret).annotations({ identifier: "Secret" })
export const CreatedSecret = Schema.Struct({ ...secret, secret: told }).annotations({ identifier: "CreatedSecret" })
export const AccountWithSecrets = Schema.Struct({ ...account, secrets: Schema.Array(SecretResource) })
  .annotations({ identifier: "AccountWithSecrets" })

const orNull = (instant: number | null) => instant === null ? null : toTimestamp(instant)

export const toAccount = ({ createdAt, disabledAt, id, name }: Account): typeof AccountResource.Type => ({
  id,
  object: "account",
  name,
  created_at: toTimestamp(createdAt),
  disabled_at: orNull(disabledAt)
})

export const toSecret = (
  { createdAt, expiresAt, id, scope }: StoredSecret,
  lastUsedAt: number | null
): typeof SecretResource.Type => ({
  id,
  object: "secret",
  scope,
  created_at: toTimestamp(createdAt),
  last_used_at: orNull(lastUsedAt),
  expires_at: orNull(expiresAt)
})

export const toCreatedSecret = ({ secret, stored }: IssuedSecret): typeof CreatedSecret.Type => ({
  ...toSecret(stored, null),
  secret: Redacted.value(secret)
})
