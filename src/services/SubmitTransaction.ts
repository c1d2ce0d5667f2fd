import { Clock, Data, Effect, Exit, Option, Redacted } from "effect"
import { type Card, cvvShape, summarize } from "../domain/Card.ts"
import { type AccountId, makeTransactionId } from "../domain/Ids.ts"
import type { Submission } from "../domain/Submission.ts"
import { CardVault, type SealedFacts } from "./CardVault.ts"
import { Failpoints } from "./Failpoints.ts"
import { KeyedDigests } from "./KeyedDigests.ts"
import { Log } from "./Log.ts"
import { Metrics } from "./Metrics.ts"
import { Presenter } from "./Presenter.ts"
import { Randomness } from "./Randomness.ts"
import { type IdempotencyClaim, type StoredSubmission, SubmissionRepository } from "./SubmissionRepository.ts"
import { type Traceparent, Tracing } from "./Tracing.ts"

export interface TransactionRequest {
  readonly accountId: AccountId
  /** Cents. */
  readonly amount: number
  readonly currency: "USD"
  readonly card: Card
  readonly cvv: Redacted.Redacted
  readonly reference: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly claim: IdempotencyClaim | null
  /** The request's, which its message carries on. */
  readonly trace?: Traceparent | null
}

export interface Submitted {
  readonly submission: StoredSubmission
  /** The key's first request had made this transaction. */
  readonly replayed: boolean
}

/** The account has used this key for another request. */
export class IdempotencyKeyReused extends Data.TaggedError("IdempotencyKeyReused") {}

/** Accepts a transaction: durable when it answers, and on its way to the processor. */
export class SubmitTransaction extends Effect.Service<SubmitTransaction>()("gateway/SubmitTransaction", {
  effect: Effect.gen(function*() {
    const submissions = yield* SubmissionRepository
    const vault = yield* CardVault
    const digests = yield* KeyedDigests
    const log = yield* Log
    const presenter = yield* Presenter
    const randomness = yield* Randomness
    const metrics = yield* Metrics
    const failpoints = yield* Failpoints
    const tracer = yield* Tracing

    const insert = (submission: StoredSubmission, { claim, trace = null }: TransactionRequest) => {
      const context = tracer === null || trace === null ? null : tracer.begin(trace)
      if (context === null) return submissions.insert(submission, claim)
      const startedAt = tracer!.now()
      return Effect.onExit(submissions.insert(submission, claim), (exit) =>
        Effect.sync(() =>
          tracer!.end({
            context,
            parent: trace,
            name: "commit submission",
            kind: "internal",
            startedAt,
            attributes: { "gateway.transaction_id": submission.id },
            failed: Exit.isFailure(exit)
          })
        ))
    }

    const replay = Effect.fnUntraced(function*(request: TransactionRequest, id: Submission["id"], digest: string) {
      if (digest !== request.claim?.requestDigest) {
        metrics.idempotency("reused")
        return yield* new IdempotencyKeyReused()
      }
      metrics.idempotency("replayed")
      const first = yield* submissions.find(id, request.accountId)
      return { submission: Option.getOrThrow(first), replayed: true } satisfies Submitted
    })

    const submit = Effect.fnUntraced(function*(request: TransactionRequest) {
      const { accountId, amount, card, claim, currency } = request
      const acceptedAt = yield* Clock.currentTimeMillis
      const id = makeTransactionId(acceptedAt, randomness.bytes(10))
      const facts: SealedFacts = {
        id,
        accountId,
        amount,
        currency,
        acceptedAt,
        cvvShape: cvvShape(Redacted.value(request.cvv))
      }
      const { keyId, sealed } = yield* vault.seal(card, facts)
      const submission: StoredSubmission = {
        id,
        accountId,
        amount,
        currency,
        acceptedAt,
        cvvShape: facts.cvvShape,
        card: summarize(card, digests.cardNumber),
        sealedCard: sealed,
        keyId,
        reference: request.reference,
        metadata: request.metadata,
        giveUpToken: null,
        recorded: null
      }

      yield* failpoints.reach("submission.before_insert")
      const outcome = yield* insert(submission, request)
      if (outcome._tag === "KeyTaken") return yield* replay(request, outcome.id, outcome.requestDigest)
      yield* failpoints.reach("submission.after_insert")

      metrics.accepted()
      if (claim !== null) metrics.idempotency("first")
      yield* log.offer("transactions", presenter.submission(submission, request.trace))
      yield* failpoints.reach("submission.after_offer")
      return { submission, replayed: false } satisfies Submitted
    })

    return { submit } as const
  })
}) {}
