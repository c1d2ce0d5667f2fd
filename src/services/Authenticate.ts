import { Clock, Context, Data, Duration, Effect, Option, Redacted, Schema } from "effect"
import { AccountId, makeAccountId, type SecretId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"
import { isSecret, type SecretScope } from "../domain/Secret.ts"
import { AccountRepository, type Credentials, type StoredSecret } from "./AccountRepository.ts"
import type { StorageUnavailable } from "./Failure.ts"
import { KeyedDigests } from "./KeyedDigests.ts"
import { SecretUses } from "./SecretUses.ts"
import type { SessionClaims } from "./SessionSeal.ts"

/** Who makes a request, and by which secret. */
export type Principal =
  | { readonly _tag: "Account"; readonly id: AccountId; readonly secretId: SecretId; readonly scope: SecretScope }
  | { readonly _tag: "Operator" }

/** Who was known from `since` on, and may be taken for known before `until`. */
export interface Recalled {
  readonly principal: Principal
  readonly since: Instant
  readonly until: Instant
}

/** Unknown account, wrong or expired secret, disabled account: one answer for all. */
export class Unauthenticated extends Data.TaggedError("Unauthenticated") {}

/** The operator's secret (`OPERATOR_SECRET`). */
export class OperatorSecret extends Context.Tag("gateway/OperatorSecret")<OperatorSecret, Redacted.Redacted>() {}

/** How long a credential that was read may be used without another look: what was revoked elsewhere is, within 5 s. */
const remembered = Duration.toMillis("4 seconds")
const capacity = 10_000

const operator: Principal = { _tag: "Operator" }

/** Compared with where there is nobody, so that it takes as long. */
const nobody: Credentials = {
  account: { id: makeAccountId(0, new Uint8Array(10)), name: "nobody", createdAt: 0, disabledAt: 0 },
  secrets: []
}

const isAccountId = Schema.is(AccountId)

export const isLive = ({ expiresAt }: StoredSecret, now: Instant): boolean => expiresAt === null || now < expiresAt

/**
 * Checks an account's or the operator's credential. Every failure of what could be an account's reads the database exactly
 * once, whether the account exists or not, so that the two cannot be told apart by time, and a secret made a moment ago
 * works at once.
 */
export class Authenticate extends Effect.Service<Authenticate>()("gateway/Authenticate", {
  dependencies: [SecretUses.Default],
  effect: Effect.gen(function*() {
    const accounts = yield* AccountRepository
    const digests = yield* KeyedDigests
    const uses = yield* SecretUses
    const operatorDigest = digests.secret(yield* OperatorSecret)
    let forgotten = 0
    const recent = new Map<string, { readonly credentials: Credentials; readonly readAt: number }>()

    const remember = (credentials: Credentials, readAt: number) => {
      const { id } = credentials.account
      recent.delete(id)
      if (recent.size >= capacity) recent.delete(recent.keys().next().value!)
      recent.set(id, { credentials, readAt })
    }

    const recalled = (id: string, now: Instant) => {
      const cached = recent.get(id)
      return cached !== undefined && Math.abs(now - cached.readAt) < remembered ? cached : null
    }

    const read = Effect.fnUntraced(function*(id: AccountId) {
      const readAt = yield* Clock.currentTimeMillis
      const found = yield* accounts.findCredentials(id)
      if (Option.isSome(found)) remember(found.value, readAt)
      return Option.getOrElse(found, () => nobody)
    })

    /** Every secret is compared, so that the time tells nothing. */
    const findLive = (
      { account, secrets }: Credentials,
      now: Instant,
      matches: (secret: StoredSecret) => boolean
    ): StoredSecret | null => {
      const matching = secrets.filter(matches).find((_) => isLive(_, now))
      if (matching === undefined || account.disabledAt !== null) return null
      uses.note(matching, now)
      return matching
    }

    const bySecret = (credentials: Credentials, secret: Redacted.Redacted, now: Instant): StoredSecret | null => {
      const digest = digests.secret(secret)
      // one comparison where there is none to compare with
      if (credentials.secrets.length === 0) digests.areEqual(digest, digest)
      return findLive(credentials, now, (_) => digests.areEqual(_.digest, digest))
    }

    const principalOf = ({ accountId, id, scope }: StoredSecret): Principal => ({
      _tag: "Account",
      id: accountId,
      secretId: id,
      scope
    })

    const orRefuse = (secret: StoredSecret | null): Effect.Effect<Principal, Unauthenticated> =>
      secret === null ? new Unauthenticated() : Effect.succeed(principalOf(secret))

    const operatorIf = (isRight: boolean): Effect.Effect<Principal, Unauthenticated> =>
      isRight ? Effect.succeed(operator) : new Unauthenticated()

    /** Null where nothing remembered says yes: that is no refusal, `authenticate` knows. */
    const recall = (username: string, secret: Redacted.Redacted, now: Instant): Recalled | null => {
      const known = recalled(username, now)
      const secretOf = bySecret(known?.credentials ?? nobody, secret, now)
      if (known === null || secretOf === null) return null
      return {
        principal: principalOf(secretOf),
        since: known.readAt,
        until: Math.min(known.readAt + remembered, secretOf.expiresAt ?? Infinity)
      }
    }

    const authenticate = (
      username: string,
      secret: Redacted.Redacted
    ): Effect.Effect<Principal, Unauthenticated | StorageUnavailable> => {
      if (username === "operator") {
        return operatorIf(digests.areEqual(digests.secret(secret), operatorDigest))
      }
      if (!isAccountId(username) || !isSecret(secret)) return new Unauthenticated()
      return Effect.flatMap(
        read(username),
        (credentials) => Effect.flatMap(Clock.currentTimeMillis, (now) => orRefuse(bySecret(credentials, secret, now)))
      )
    }

    /** Who a session is of, as long as its secret lives. */
    const resume = Effect.fnUntraced(function*({ expiresAt, subject }: SessionClaims) {
      const now = yield* Clock.currentTimeMillis
      if (now >= expiresAt) return yield* new Unauthenticated()
      if (subject._tag === "Operator") {
        return yield* operatorIf(digests.areEqual(subject.secretDigest, operatorDigest))
      }
      const credentials = recalled(subject.id, now)?.credentials ?? (yield* read(subject.id))
      return yield* orRefuse(findLive(credentials, now, (_) => _.id === subject.secretId))
    })

    /** What a session of this principal claims. */
    const claimsOf = (principal: Principal, expiresAt: Instant): SessionClaims => ({
      subject: principal._tag === "Operator"
        ? { _tag: "Operator", secretDigest: operatorDigest }
        : { _tag: "Account", id: principal.id, secretId: principal.secretId },
      expiresAt
    })

    /** Whether its secret still opens anything, asked of the database: for what lasts longer than a request. */
    const isStillAllowed = Effect.fnUntraced(function*(principal: Principal) {
      if (principal._tag === "Operator") return true
      const credentials = yield* read(principal.id)
      const now = yield* Clock.currentTimeMillis
      return findLive(credentials, now, (_) => _.id === principal.secretId) !== null
    })

    /** For who has just changed an account's credentials: this process holds to it at once, the others within 5 s. */
    const forget = (id: AccountId) =>
      Effect.sync(() => {
        recent.delete(id)
        forgotten++
      })

    return {
      authenticate,
      recall,
      resume,
      claimsOf,
      isStillAllowed,
      forget,
      /** How often something was forgotten: what was recalled before is worth nothing then. */
      generation: () => forgotten
    } as const
  })
}) {}
