import { Clock, Effect, Option } from "effect"
import type { Account } from "../domain/Account.ts"
import type { AccountId } from "../domain/Ids.ts"
import { type AccountPage, AccountRepository } from "./AccountRepository.ts"
import { Authenticate } from "./Authenticate.ts"
import { AccountMissing } from "./ManageSecrets.ts"
import type { Listed } from "./SubmissionRepository.ts"

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

    const list = Effect.fnUntraced(function*({ cursor, limit }: AccountPage) {
      // one more than asked for tells whether there are more
      const found = yield* accounts.list({ cursor, limit: limit + 1 })
      const backwards = cursor !== null && "before" in cursor
      const page = backwards ? found.slice(-limit) : found.slice(0, limit)
      const last = backwards ? page[0] : page.at(-1)
      return {
        found: page,
        next: found.length > limit && last !== undefined ? last.id : null
      } satisfies Listed<Account, AccountId>
    })

    /** A disabled account is refused everywhere within 5 s; what it had submitted is decided all the same. */
    const setDisabled = Effect.fnUntraced(function*(id: AccountId, disabled: boolean) {
      yield* accounts.setDisabled(id, disabled ? yield* Clock.currentTimeMillis : null)
      yield* forget(id)
      return yield* find(id)
    })

    return { find, list, setDisabled } as const
  })
}) {}
