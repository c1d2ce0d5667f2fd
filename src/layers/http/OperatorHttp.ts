import { Effect, Option, Redacted, Schema, SubscriptionRef } from "effect"
import { AccountId, TransactionId } from "../../domain/Ids.ts"
import { AccountRepository } from "../../services/AccountRepository.ts"
import { Audit } from "../../services/Audit.ts"
import { CreateAccount } from "../../services/CreateAccount.ts"
import type { StorageUnavailable } from "../../services/Failure.ts"
import { ManageAccounts } from "../../services/ManageAccounts.ts"
import { ManageParked, type ParkedMissing } from "../../services/ManageParked.ts"
import { Profile } from "../../services/Profile.ts"
import { type Simulated, Simulation } from "../../services/Simulation.ts"
import type { ParkedSubmission } from "../../services/SubmissionRepository.ts"
import { WatchPipeline } from "../../services/WatchPipeline.ts"
import { issueSecret, toProblem } from "./AccountHttp.ts"
import { toAccount } from "./AccountResource.ts"
import { toAuditResource } from "./AuditResource.ts"
import { toParked, toPipeline } from "./OperatorResource.ts"
import { cursorOf, limitOf, toList } from "./Paging.ts"
import { Problem, resourceMissing, unavailable } from "./Problem.ts"
import type { Handlers } from "./Reply.ts"

const isAccountId = Schema.is(AccountId)
const isTransactionId = Schema.is(TransactionId)

const notSimulated = new Problem({ name: "route_missing", detail: "Nothing is simulated in the distributed profile." })

const toSimulation = ({ decisionDelay, log, redeliver }: Simulated) => ({
  object: "simulation" as const,
  decision_delay_ms: decisionDelay,
  redeliver,
  log
})

export const operatorHandlers = Effect.gen(function*() {
  const { create } = yield* CreateAccount
  const accountRepository = yield* AccountRepository
  const accounts = yield* ManageAccounts
  const parked = yield* ManageParked
  const pipeline = yield* WatchPipeline
  const { report } = yield* Audit
  const profile = yield* Profile
  const simulation = yield* Simulation
  const issue = yield* issueSecret

  const createAccount: Handlers["createAccount"] = ({ payload }) =>
    create(payload.name).pipe(
      Effect.mapBoth({
        onFailure: toProblem,
        onSuccess: ({ account, secret }) => ({
          status: 201,
          body: { ...toAccount(account), secret: Redacted.value(secret) }
        })
      })
    )

  const listAccounts: Handlers["listAccounts"] = Effect.fnUntraced(function*({ query }) {
    const cursor = yield* cursorOf(query, isAccountId, accountRepository.findCredentials)
    const listed = yield* Effect.mapError(accounts.list({ limit: limitOf(query), cursor }), unavailable)
    return { status: 200, body: toList(listed, "/v1/accounts", toAccount) }
  })

  const changeAccount: Handlers["changeAccount"] = ({ path, payload }) =>
    isAccountId(path.id)
      ? accounts.setDisabled(path.id, payload.disabled).pipe(
        Effect.mapBoth({ onFailure: toProblem, onSuccess: (_) => ({ status: 200, body: toAccount(_) }) })
      )
      : resourceMissing

  const createAccountSecret: Handlers["createAccountSecret"] = ({ path, payload }) =>
    isAccountId(path.id) ? issue(path.id, payload) : resourceMissing

  const readPipeline: Handlers["readPipeline"] = () =>
    pipeline.report.pipe(
      Effect.mapBoth({ onFailure: unavailable, onSuccess: (_) => ({ status: 200, body: toPipeline(_, profile) }) })
    )

  const listParked: Handlers["listParked"] = Effect.fnUntraced(function*({ query }) {
    const cursor = yield* cursorOf(query, isTransactionId, (id) => parked.findAny(id))
    const listed = yield* Effect.mapError(parked.list({ limit: limitOf(query), cursor }), unavailable)
    return { status: 200, body: toList(listed, "/v1/operator/parked", toParked) }
  })

  const changeParked = (
    change: (id: TransactionId) => Effect.Effect<ParkedSubmission, ParkedMissing | StorageUnavailable>
  ) =>
  ({ path }: { readonly path: { readonly id: string } }) =>
    isTransactionId(path.id)
      ? change(path.id).pipe(
        Effect.mapBoth({
          onFailure: (error) => error._tag === "ParkedMissing" ? resourceMissing : unavailable(error),
          onSuccess: (_) => ({ status: 202, body: toParked(_) })
        })
      )
      : resourceMissing

  const readAudit: Handlers["readAudit"] = () =>
    report.pipe(
      Effect.mapBoth({
        onFailure: unavailable,
        onSuccess: (_) => ({ status: 200, body: toAuditResource(_) })
      })
    )

  const simulate = (change: (simulated: Simulated) => Simulated) =>
    Option.match(simulation, {
      onNone: () => notSimulated,
      onSome: (ref) =>
        Effect.map(SubscriptionRef.updateAndGet(ref, change), (_) => ({ status: 200, body: toSimulation(_) }))
    })

  const readSimulation: Handlers["readSimulation"] = () => simulate((_) => _)

  const changeSimulation: Handlers["changeSimulation"] = ({ payload }) =>
    simulate((now) => ({
      decisionDelay: payload.decision_delay_ms ?? now.decisionDelay,
      redeliver: payload.redeliver ?? now.redeliver,
      log: payload.log ?? now.log
    }))

  return {
    createAccount,
    listAccounts,
    changeAccount,
    createAccountSecret,
    readPipeline,
    listParked,
    replayParked: changeParked(parked.replay),
    giveUpParked: changeParked(parked.giveUp),
    readAudit,
    readSimulation,
    changeSimulation
  } as const
})
