import { Duration, Effect, Schema } from "effect"
import { AccountId, SecretId } from "../../domain/Ids.ts"
import type { SecretScope } from "../../domain/Secret.ts"
import type { Principal } from "../../services/Authenticate.ts"
import type { StorageUnavailable, Unstorable } from "../../services/Failure.ts"
import {
  type AccountMissing,
  type LastSecret,
  ManageSecrets,
  type SecretMissing,
  type TooManySecrets
} from "../../services/ManageSecrets.ts"
import { SecretUses } from "../../services/SecretUses.ts"
import { toAccount, toCreatedSecret, toSecret } from "./AccountResource.ts"
import { Problem, refusedByDatabase, resourceMissing, unavailable } from "./Problem.ts"
import type { Handlers } from "./Reply.ts"

const isSecretId = Schema.is(SecretId)

const lastSecret = new Problem({
  name: "last_secret",
  detail: "Make another full secret before this one goes."
})

export const toProblem = (
  error: AccountMissing | SecretMissing | TooManySecrets | LastSecret | StorageUnavailable | Unstorable
): Problem => {
  switch (error._tag) {
    case "AccountMissing":
    case "SecretMissing":
      return resourceMissing
    case "TooManySecrets":
      return new Problem({
        name: "too_many_secrets",
        detail: `An account has at most ${error.most} live secrets of this scope: delete one, or wait until it expires.`
      })
    case "LastSecret":
      return lastSecret
    case "Unstorable":
      return refusedByDatabase
    case "StorageUnavailable":
      return unavailable(error)
  }
}

/** How long the present full secret lives on beside a new one. */
const expiresIn = Duration.days(1)

export const issueSecret = Effect.map(ManageSecrets, ({ issue }) =>
(
  id: AccountId,
  payload: { readonly scope?: SecretScope | undefined; readonly expire_current_in?: number | undefined }
) =>
  issue(
    id,
    payload.scope ?? "full",
    payload.expire_current_in === undefined ? expiresIn : Duration.seconds(payload.expire_current_in)
  ).pipe(
    Effect.mapBoth({ onFailure: toProblem, onSuccess: (issued) => ({ status: 201, body: toCreatedSecret(issued) }) })
  ))

/** The contract lets accounts alone in. */
const accountOf = (principal: Principal): Effect.Effect<AccountId> =>
  principal._tag === "Account" ? Effect.succeed(principal.id) : Effect.dieMessage("the operator has no account")

export const accountHandlers = Effect.gen(function*() {
  const { read, revoke } = yield* ManageSecrets
  const { lastUsedAt } = yield* SecretUses
  const issue = yield* issueSecret

  const readAccount: Handlers["readAccount"] = Effect.fnUntraced(function*({ principal }) {
    const { account, secrets } = yield* Effect.mapError(read(yield* accountOf(principal)), toProblem)
    return {
      status: 200,
      body: { ...toAccount(account), secrets: secrets.map((_) => toSecret(_, lastUsedAt(_))) }
    }
  })

  const createSecret: Handlers["createSecret"] = ({ payload, principal }) =>
    Effect.flatMap(accountOf(principal), (id) => issue(id, payload))

  const deleteSecret: Handlers["deleteSecret"] = Effect.fnUntraced(function*({ path, principal }) {
    if (!isSecretId(path.id)) return yield* resourceMissing
    yield* Effect.mapError(revoke(yield* accountOf(principal), path.id), toProblem)
    return { status: 204, body: undefined }
  })

  return { readAccount, createSecret, deleteSecret } as const
})
