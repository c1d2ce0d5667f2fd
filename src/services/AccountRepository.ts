import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { Account } from "../domain/Account.ts"
import type { AccountId, SecretId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"
import type { StorageUnavailable, Unstorable } from "./Failure.ts"

export interface StoredSecret {
  readonly id: SecretId
  readonly accountId: AccountId
  /** `KeyedDigests.secret` of the secret; the secret itself is nowhere. */
  readonly digest: string
  readonly createdAt: Instant
}

export interface Credentials {
  readonly account: Account
  readonly digests: ReadonlyArray<string>
}

/** Accounts and their secrets, in the gateway's database. */
export class AccountRepository extends Context.Tag("gateway/AccountRepository")<AccountRepository, {
  /** Doing it again with the same ids changes nothing. */
  readonly insert: (account: Account, secret: StoredSecret) => Effect.Effect<void, StorageUnavailable | Unstorable>
  readonly isEmpty: Effect.Effect<boolean, StorageUnavailable>
  readonly findCredentials: (id: AccountId) => Effect.Effect<Option.Option<Credentials>, StorageUnavailable>
}>() {}
