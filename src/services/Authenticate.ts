import { Clock, Context, Data, Duration, Effect, Option, Redacted, Schema } from "effect"
import { AccountId, makeAccountId } from "../domain/Ids.ts"
import { isSecret } from "../domain/Secret.ts"
import { AccountRepository, type Credentials } from "./AccountRepository.ts"
import type { StorageUnavailable } from "./Failure.ts"
import { KeyedDigests } from "./KeyedDigests.ts"

/** Who makes a request. */
export type Principal = { readonly _tag: "Account"; readonly id: AccountId } | { readonly _tag: "Operator" }

/** Unknown account, wrong secret, disabled account: one answer for all. */
export class Unauthenticated extends Data.TaggedError("Unauthenticated") {}

/** The operator's secret (`OPERATOR_SECRET`). */
export class OperatorSecret extends Context.Tag("gateway/OperatorSecret")<OperatorSecret, Redacted.Redacted>() {}

/** How long a credential that was read may be used without another look. */
const remembered = Duration.toMillis("5 seconds")
const capacity = 10_000

/** Compared with where there is nobody, so that it takes as long. */
const nobody: Credentials = {
  account: { id: makeAccountId(0, new Uint8Array(10)), name: "nobody", createdAt: 0, disabledAt: 0 },
  digests: []
}

const isAccountId = Schema.is(AccountId)

/**
 * Checks an account's or the operator's credential. Every failure of what could be an account's reads the database exactly
 * once, whether the account exists or not, so that the two cannot be told apart by time, and a secret made a moment ago
 * works at once.
 */
export class Authenticate extends Effect.Service<Authenticate>()("gateway/Authenticate", {
  effect: Effect.gen(function*() {
    const accounts = yield* AccountRepository
    const digests = yield* KeyedDigests
    const operatorDigest = digests.secret(yield* OperatorSecret)
    const recent = new Map<string, { readonly credentials: Credentials; readonly readAt: number }>()

    const remember = (credentials: Credentials, readAt: number) => {
      const { id } = credentials.account
      recent.delete(id)
      if (recent.size >= capacity) recent.delete(recent.keys().next().value!)
      recent.set(id, { credentials, readAt })
    }

    const matches = (secret: Redacted.Redacted, credentials: Credentials) =>
      digests.secretMatches(secret, credentials.digests) && credentials.account.disabledAt === null

    /** Null where nothing remembered says yes: that is no refusal, `authenticate` knows. `now` in ms since the epoch. */
    const recall = (username: string, secret: Redacted.Redacted, now: number): Principal | null => {
      const cached = recent.get(username)
      const known = cached !== undefined && Math.abs(now - cached.readAt) < remembered ? cached.credentials : nobody
      return matches(secret, known) ? { _tag: "Account", id: known.account.id } : null
    }

    const authenticateAccount = Effect.fnUntraced(function*(id: AccountId, secret: Redacted.Redacted) {
      const now = yield* Clock.currentTimeMillis
      const found = yield* accounts.findCredentials(id)
      if (Option.isSome(found)) remember(found.value, now)
      if (!matches(secret, Option.getOrElse(found, () => nobody))) return yield* new Unauthenticated()
      return { _tag: "Account", id } satisfies Principal
    })

    const authenticate = (
      username: string,
      secret: Redacted.Redacted
    ): Effect.Effect<Principal, Unauthenticated | StorageUnavailable> => {
      if (username === "operator") {
        return digests.secretMatches(secret, [operatorDigest])
          ? Effect.succeed({ _tag: "Operator" })
          : new Unauthenticated()
      }
      return isAccountId(username) && isSecret(secret) ? authenticateAccount(username, secret) : new Unauthenticated()
    }

    return { authenticate, recall } as const
  })
}) {}
