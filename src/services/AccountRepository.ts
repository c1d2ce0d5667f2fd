import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { Account } from "../domain/Account.ts"
import type { AccountId, SecretId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"
import type { SecretScope } from "../domain/Secret.ts"
import type { StorageUnavailable, Unstorable } from "./Failure.ts"
import type { Listed } from "./SubmissionRepository.ts"

export interface StoredSecret {
  readonly id: SecretId
  readonly accountId: AccountId
  /** `KeyedDigests.secret` of the secret; the secret itself is nowhere. */
  readonly digest: string
  readonly scope: SecretScope
  readonly createdAt: Instant
  /** From then on it opens nothing. */
  readonly expiresAt: Instant | null
  /** To the minute. */
  readonly lastUsedAt: Instant | null
}

export interface Credentials {
  readonly account: Account
  /** In the order of their ids, without those that were revoked; some may have expired. */
  readonly secrets: ReadonlyArray<StoredSecret>
}

export interface AccountPage {
  readonly limit: number
  /** Newest first: what is older than this id, or newer than that one. */
  readonly cursor: { readonly after: AccountId } | { readonly before: AccountId } | null
}

/** Accounts and their secrets, in the gateway's database. Every write can be run again. */
export class AccountRepository extends Context.Tag("gateway/AccountRepository")<AccountRepository, {
  readonly insert: (account: Account, secret: StoredSecret) => Effect.Effect<void, StorageUnavailable | Unstorable>
  readonly isEmpty: Effect.Effect<boolean, StorageUnavailable>
  readonly findCredentials: (id: AccountId) => Effect.Effect<Option.Option<Credentials>, StorageUnavailable>

  readonly list: (page: AccountPage) => Effect.Effect<Listed<Account, AccountId>, StorageUnavailable>

  /** Null enables it again. One that is disabled already keeps its instant. */
  readonly setDisabled: (id: AccountId, disabledAt: Instant | null) => Effect.Effect<void, StorageUnavailable>

  readonly insertSecret: (secret: StoredSecret) => Effect.Effect<void, StorageUnavailable | Unstorable>

  /** Lets the other full secrets of its account, older than this one, expire then, or when they would anyway if that is sooner. */
  readonly expireOlder: (secret: StoredSecret, expiresAt: Instant) => Effect.Effect<void, StorageUnavailable>

  /** One that is revoked already keeps its instant. */
  readonly revoke: (accountId: AccountId, id: SecretId, revokedAt: Instant) => Effect.Effect<void, StorageUnavailable>

  /** Takes back a revocation of that instant. */
  readonly restore: (accountId: AccountId, id: SecretId, revokedAt: Instant) => Effect.Effect<void, StorageUnavailable>

  /** Keeps the latest. */
  readonly markUsed: (
    uses: ReadonlyArray<{ readonly id: SecretId; readonly at: Instant }>
  ) => Effect.Effect<void, StorageUnavailable>
}>() {}
