import { Clock, Effect, Option } from "effect"
import type { AccountId } from "../domain/Ids.ts"
import { AccountRepository } from "./AccountRepository.ts"
import { Authenticate } from "./Authenticate.ts"
import { AccountMissing } from "./ManageSecrets.ts"

/** What an operator does with accounts that are there. */
export class ManageAccounts extends Effect.Service<ManageAccounts>()("gateway/ManageAccounts", {
  dependencies: [Authenticate.Default],
  effect: Effect.gen(function*() {
    const accounts = yield* AccountRepository
    const { forget } = yield* Authenticate

    const find = Effect.fnUntraced(function*(id: AccountId) {
      const found = yield* accounts.findCredentials(id)
      return Option.isNone(found) ? yield* new AccountMissing() : found.value.account
    })

    /** A disabled account is refused everywhere within 5 s; what it had submitted is decided all the same. */
    const setDisabled = Effect.fnUntraced(function*(id: AccountId, disabled: boolean) {
      yield* accounts.setDisabled(id, disabled ? yield* Clock.currentTimeMillis : null)
      yield* forget(id)
      return yield* find(id)
    })

    return { list: accounts.list, setDisabled } as const
  })
}) {}
