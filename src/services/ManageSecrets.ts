import { Clock, Data, Duration, Effect, Option, type Redacted } from "effect"
import { type AccountId, instantOf, makeSecretId, type SecretId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"
import { makeSecret, type SecretScope } from "../domain/Secret.ts"
import { AccountRepository, type StoredSecret } from "./AccountRepository.ts"
import { Authenticate, isLive } from "./Authenticate.ts"
import { KeyedDigests } from "./KeyedDigests.ts"
import { Randomness } from "./Randomness.ts"

export class AccountMissing extends Data.TaggedError("AccountMissing") {}
export class SecretMissing extends Data.TaggedError("SecretMissing") {}
/** The account has as many live secrets of this scope as it may. */
export class TooManySecrets extends Data.TaggedError("TooManySecrets")<{ readonly most: number }> {}
/** Without it the account could do nothing any more. */
export class LastSecret extends Data.TaggedError("LastSecret") {}

/** Live secrets of an account: two full ones for a rotation. */
export const mostSecrets: Readonly<Record<SecretScope, number>> = { full: 2, read_only: 5 }

export interface IssuedSecret {
  readonly stored: StoredSecret
  /** Told once; only its digest is kept. */
  readonly secret: Redacted.Redacted
}

/**
 * Gives an account secrets and takes them away. Each write can be run again, and what must hold of all secrets together is
 * looked at after the write: who comes too late takes its own back.
 */
export class ManageSecrets extends Effect.Service<ManageSecrets>()("gateway/ManageSecrets", {
  dependencies: [Authenticate.Default],
  effect: Effect.gen(function*() {
    const accounts = yield* AccountRepository
    const { forget } = yield* Authenticate
    const digests = yield* KeyedDigests
    const randomness = yield* Randomness

    const liveSecrets = Effect.fnUntraced(function*(id: AccountId) {
      const now = yield* Clock.currentTimeMillis
      return Option.map(yield* accounts.findCredentials(id), ({ account, secrets }) => ({
        account,
        secrets: secrets.filter((_) => isLive(_, now))
      }))
    })

    /** The account and its live secrets. */
    const read = Effect.fnUntraced(function*(id: AccountId) {
      const found = yield* liveSecrets(id)
      return Option.isNone(found) ? yield* new AccountMissing() : found.value
    })

    /** A new full secret lets the present ones expire after `expireCurrentIn`; it is counted as if they had, when that is now. */
    const issue = Effect.fnUntraced(
      function*(accountId: AccountId, scope: SecretScope, expireCurrentIn: Duration.Duration) {
        const present = yield* read(accountId)
        const createdAt = yield* Clock.currentTimeMillis
        const secret = makeSecret(randomness.bytes(32))
        // the newest, also by a clock that was set back
        const idAt = Math.max(createdAt, ...present.secrets.map((_) => instantOf(_.id) + 1))
        const stored: StoredSecret = {
          id: makeSecretId(idAt, randomness.bytes(10)),
          accountId,
          digest: digests.secret(secret),
          scope,
          createdAt,
          expiresAt: null,
          lastUsedAt: null
        }
        const most = mostSecrets[scope]
        const replaces = scope === "full" && Duration.equals(expireCurrentIn, Duration.zero)
        const before = (secrets: ReadonlyArray<StoredSecret>) =>
          secrets.filter((_) => _.scope === scope && _.id < stored.id).length
        const refused = new TooManySecrets({ most })
        if (!replaces && before(present.secrets) >= most) return yield* refused
        yield* accounts.insertSecret(stored)
        // others may have been issued meanwhile: the first ones stay
        if (!replaces && before((yield* read(accountId)).secrets) >= most) {
          yield* accounts.revoke(accountId, stored.id, createdAt)
          return yield* refused
        }
        if (scope === "full") {
          yield* accounts.expireOlder(stored, createdAt + Duration.toMillis(expireCurrentIn))
        }
        yield* forget(accountId)
        return { stored, secret } satisfies IssuedSecret
      }
    )

    const hasFull = (secrets: ReadonlyArray<StoredSecret>) => secrets.some((_) => _.scope === "full")

    const revoke = Effect.fnUntraced(function*(accountId: AccountId, id: SecretId) {
      const { secrets } = yield* read(accountId)
      const found = secrets.find((_) => _.id === id)
      if (found === undefined) return yield* new SecretMissing()
      if (!hasFull(secrets.filter((_) => _.id !== id))) return yield* new LastSecret()
      const revokedAt: Instant = yield* Clock.currentTimeMillis
      yield* accounts.revoke(accountId, id, revokedAt)
      // another one may have been revoked meanwhile
      if (!hasFull((yield* read(accountId)).secrets)) {
        yield* accounts.restore(accountId, id, revokedAt)
        return yield* new LastSecret()
      }
      yield* forget(accountId)
    })

    return { read, issue, revoke } as const
  })
}) {}
