import { Clock, Duration, Effect, Option, Schema } from "effect"
import { createHash } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Card } from "../../domain/Card.ts"
import { containsCardNumber } from "../../domain/CardNumberInText.ts"
import { TransactionId } from "../../domain/Ids.ts"
import { AwaitDecision } from "../../services/AwaitDecision.ts"
import { KeyedDigests } from "../../services/KeyedDigests.ts"
import { type IdempotencyClaim, type Scope, SubmissionRepository } from "../../services/SubmissionRepository.ts"
import { SubmitTransaction } from "../../services/SubmitTransaction.ts"
import { Problem, refusedByDatabase, unavailable } from "./Problem.ts"
import type { Handlers } from "./Reply.ts"
import { matchesTag, preferredWait } from "./RequestHeaders.ts"
import { scopeOf } from "./Scopes.ts"
import { canonicalJson } from "./StrictJson.ts"
import type { TransactionRequest } from "./TransactionRequest.ts"
import { toResource, toTimeline } from "./TransactionResource.ts"

const collection = "/v1/transactions"

const missing = new Problem({ name: "resource_missing", detail: "There is no such transaction." })
const reused = new Problem({
  name: "idempotency_key_reused",
  detail: "This Idempotency-Key was used for another request: use a new one."
})
const cardInKey = new Problem({
  name: "card_number_in_text",
  detail: "The Idempotency-Key holds a card number: choose another key."
})

/** RFC 9110, 8.8.3. */
const entityTag = (body: string) => `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`

const isTransactionId = Schema.is(TransactionId)

/** The JSON as received without the CVV, which leaves no trace, not even in a digest. */
const withoutCvv = (json: unknown): unknown => {
  const { card, ...rest } = json as { readonly card: Readonly<Record<string, unknown>> }
  const { cvv: _, ...kept } = card
  return { ...rest, card: kept }
}

const toCard = ({ card }: TransactionRequest): Card => ({
  number: card.number,
  holder: card.holder,
  expMonth: card.exp_month,
  expYear: card.exp_year
})

export const transactionHandlers = Effect.gen(function*() {
  const { submit } = yield* SubmitTransaction
  const decisions = yield* AwaitDecision
  const submissions = yield* SubmissionRepository
  const digests = yield* KeyedDigests

  /** Null also where there is no room for another wait: then none is applied, and none is told of. */
  const waitOf = (message: IncomingMessage, scope: Scope): number | null =>
    decisions.hasRoom(scope) ? preferredWait(message.headers.prefer) : null

  /** As long as asked for, counted from the request's receipt. */
  const waitOut = Effect.fnUntraced(function*(id: TransactionId, scope: Scope, seconds: number, receivedAt: number) {
    const until = receivedAt + seconds * 1000
    const left = until - (yield* Clock.currentTimeMillis)
    return yield* decisions.await(id, scope, Duration.millis(Math.max(0, left)))
  })

  const find = (id: string, scope: Scope) =>
    isTransactionId(id)
      ? submissions.find(id, scope).pipe(
        Effect.mapError(unavailable),
        Effect.flatMap(Option.match({
          onNone: () => missing,
          onSome: Effect.succeed
        }))
      )
      : missing

  const submitTransaction: Handlers["submitTransaction"] = Effect.fnUntraced(function*(request) {
    const { json, key, message, payload, principal } = request
    // the contract lets accounts alone in
    if (principal._tag === "Operator") return yield* Effect.dieMessage("the operator submits nothing")
    if (key !== null && containsCardNumber(key)) return yield* cardInKey
    const claim: IdempotencyClaim | null = key === null
      ? null
      : { key, requestDigest: digests.request(canonicalJson(withoutCvv(json))) }

    const submitted = yield* submit({
      accountId: principal.id,
      amount: payload.amount,
      currency: "USD",
      card: toCard(payload),
      cvv: payload.card.cvv,
      reference: payload.reference ?? null,
      metadata: payload.metadata ?? {},
      claim,
      trace: request.trace
    }).pipe(
      // a client that goes away cancels its wait, never its transaction
      Effect.uninterruptible,
      Effect.mapError((error) =>
        error._tag === "IdempotencyKeyReused"
          ? reused
          : error._tag === "Unstorable"
          ? refusedByDatabase
          : unavailable(error)
      )
    )

    const wait = waitOf(message, principal.id)
    const current = wait === null || submitted.submission.recorded !== null
      ? submitted.submission
      : yield* waitOut(submitted.submission.id, principal.id, wait, request.receivedAt).pipe(
        Effect.orElseSucceed(Option.none),
        Effect.map(Option.getOrElse(() => submitted.submission))
      )
    const headers = {
      location: `${collection}/${current.id}`,
      ...(submitted.replayed ? { "idempotent-replayed": "true" } : {}),
      ...(wait === null ? {} : { "preference-applied": `wait=${wait}` })
    }
    const body = toResource(current, principal)
    return body.status === "processing"
      ? { status: 202, headers: { ...headers, "retry-after": "1" }, body }
      : { status: 201, headers, body }
  })

  const findTransaction: Handlers["findTransaction"] = Effect.fnUntraced(function*(request) {
    const { message, path, principal, receivedAt } = request
    const scope = scopeOf(principal)
    const now = yield* find(path.id, scope)
    const wait = waitOf(message, scope)
    const current = wait === null || now.recorded !== null
      ? now
      : yield* waitOut(now.id, scope, wait, receivedAt).pipe(
        Effect.mapError(unavailable),
        Effect.map(Option.getOrElse(() => now))
      )
    const body = toResource(current, principal)
    const etag = entityTag(JSON.stringify(body))
    const headers = {
      etag,
      // kept by the client itself, and asked for again every time
      "cache-control": "private, no-cache",
      vary: "authorization, cookie",
      ...(body.status === "processing" ? { "retry-after": "1" } : {}),
      ...(wait === null ? {} : { "preference-applied": `wait=${wait}` })
    }
    return matchesTag(message.headers["if-none-match"], etag)
      ? { status: 304, headers, body: undefined }
      : { status: 200, headers, body }
  })

  const readTimeline: Handlers["readTimeline"] = ({ path, principal }) =>
    Effect.map(find(path.id, scopeOf(principal)), (submission) => ({ status: 200, body: toTimeline(submission) }))

  return { submitTransaction, findTransaction, readTimeline } as const
})
