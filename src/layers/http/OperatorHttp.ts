import { Effect, Redacted } from "effect"
import { Audit } from "../../services/Audit.ts"
import { CreateAccount } from "../../services/CreateAccount.ts"
import { toAuditResource } from "./AuditResource.ts"
import { Problem, unavailable } from "./Problem.ts"
import type { Handlers } from "./Reply.ts"
import { toTimestamp } from "./TransactionResource.ts"

const refusedByDatabase = new Problem({ name: "invalid_request", detail: "The database cannot store this request." })

export const operatorHandlers = Effect.gen(function*() {
  const { create } = yield* CreateAccount
  const { report } = yield* Audit

  const createAccount: Handlers["createAccount"] = ({ payload }) =>
    create(payload.name).pipe(
      Effect.mapBoth({
        onFailure: (error) => error._tag === "Unstorable" ? refusedByDatabase : unavailable(error),
        onSuccess: ({ account, secret }) => ({
          status: 201,
          body: {
            id: account.id,
            object: "account" as const,
            name: account.name,
            secret: Redacted.value(secret),
            created_at: toTimestamp(account.createdAt),
            disabled_at: null
          }
        })
      })
    )

  const readAudit: Handlers["readAudit"] = () =>
    report.pipe(
      Effect.mapBoth({
        onFailure: unavailable,
        onSuccess: (_) => ({ status: 200, body: toAuditResource(_) })
      })
    )

  return { createAccount, readAudit } as const
})
