import { Effect } from "effect"
import type { AccountId } from "../../domain/Ids.ts"
import type { Principal } from "../../services/Authenticate.ts"
import type { Scope } from "../../services/SubmissionRepository.ts"
import { Problem } from "./Problem.ts"

/** What a principal may see. */
export const scopeOf = (principal: Principal): Scope => principal._tag === "Operator" ? "all" : principal.id

const notTheOperator = new Problem({ name: "invalid_query", detail: "Only the operator filters by account." })

/** The same, narrowed to one account when the operator asks for it. */
export const narrowedScope = (
  principal: Principal,
  account: AccountId | undefined
): Effect.Effect<Scope, Problem> =>
  account === undefined
    ? Effect.succeed(scopeOf(principal))
    : principal._tag === "Operator"
    ? Effect.succeed(account)
    : notTheOperator
