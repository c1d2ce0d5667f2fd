import { Clock, Effect, type Redacted } from "effect"
import type { Account } from "../domain/Account.ts"
import { makeAccountId, makeSecretId } from "../domain/Ids.ts"
import { makeSecret } from "../domain/Secret.ts"
import { AccountRepository, type StoredSecret } from "./AccountRepository.ts"
import { KeyedDigests } from "./KeyedDigests.ts"
import { Randomness } from "./Randomness.ts"

export interface CreatedAccount {
  readonly account: Account
  /** Told once; only its digest is kept. */
  readonly secret: Redacted.Redacted
}

export class CreateAccount extends Effect.Service<CreateAccount>()("gateway/CreateAccount", {
  effect: Effect.gen(function*() {
    const accounts = yield* AccountRepository
    const digests = yield* KeyedDigests
    const randomness = yield* Randomness

    /** An account and a secret that nobody knows of yet. */
    const prepare = Effect.fnUntraced(function*(name: string) {
      const createdAt = yield* Clock.currentTimeMillis
      const account: Account = {
        id: makeAccountId(createdAt, randomness.bytes(10)),
        name,
        createdAt,
        disabledAt: null
      }
      const secret = makeSecret(randomness.bytes(32))
      const stored: StoredSecret = {
        id: makeSecretId(createdAt, randomness.bytes(10)),
        accountId: account.id,
        digest: digests.secret(secret),
        scope: "full",
        createdAt,
        expiresAt: null,
        lastUsedAt: null
      }
      return { account, secret, stored }
    })

    const create = Effect.fnUntraced(function*(name: string) {
      const { account, secret, stored } = yield* prepare(name)
      yield* accounts.insert(account, stored)
      return { account, secret } satisfies CreatedAccount
    })

    return { prepare, create } as const
  })
}) {}
