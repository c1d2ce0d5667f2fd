import { Clock, Duration, Effect, Option, Schema } from "effect"
import type { IncomingMessage } from "node:http"
import type { Card } from "../../domain/Card.ts"
import { containsCardNumber } from "../../domain/CardNumberInText.ts"
import { TransactionId } from "../../domain/Ids.ts"
import type { Principal } from "../../services/Authenticate.ts"
import { AwaitDecision } from "../../services/AwaitDecision.ts"
import { KeyedDigests } from "../../services/KeyedDigests.ts"
import {
  type IdempotencyClaim,
  type Page,
  type Scope,
  SubmissionRepository
} from "../../services/SubmissionRepository.ts"
import { SubmitTransaction } from "../../services/SubmitTransaction.ts"
import type { TransactionRequest } from "./Api.ts"
import { Problem, unavailable } from "./Problem.ts"
import type { Handlers } from "./Reply.ts"
import { preferredWait } from "./RequestHeaders.ts"
import { canonicalJson } from "./StrictJson.ts"
import { toResource, toTimeline } from "./TransactionResource.ts"

const collection = "/v1/transactions"

const missing = new Problem({ name: "resource_missing", detail: "There is no such transaction." })
const unknownCursor = new Problem({ name: "unknown_cursor", detail: "There is no such transaction to page from." })
const badQuery = (detail: string) => new Problem({ name: "invalid_query", detail })
const reused = new Problem({
  name: "idempotency_key_reused",
  detail: "This Idempotency-Key was used for another request: use a new one."
})
const refusedByDatabase = new Problem({ name: "invalid_request", detail: "The database cannot store this request." })
const cardInKey = new Problem({
  name: "card_number_in_text",
  detail: "The Idempotency-Key holds a card number: choose another key."
})

const isTransactionId = Schema.is(TransactionId)

const scopeOf = (principal: Principal): Scope => principal._tag === "Operator" ? "all" : principal.id

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
      claim
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
    return {
      status: 200,
      headers: {
        ...(body.status === "processing" ? { "retry-after": "1" } : {}),
        ...(wait === null ? {} : { "preference-applied": `wait=${wait}` })
      },
      body
    }
  })

  const readTimeline: Handlers["readTimeline"] = ({ path, principal }) =>
    Effect.map(find(path.id, scopeOf(principal)), (submission) => ({ status: 200, body: toTimeline(submission) }))

  const listTransactions: Handlers["listTransactions"] = Effect.fnUntraced(function*({ principal, query }) {
    const { account, ending_before: before, limit = 10, starting_after: after } = query
    if (account !== undefined && principal._tag !== "Operator") {
      return yield* badQuery("Only the operator filters by account.")
    }
    if (after !== undefined && before !== undefined) {
      return yield* badQuery("starting_after and ending_before cannot be given together.")
    }
    const scope = account ?? scopeOf(principal)
    const from = after ?? before
    const known = from === undefined
      ? null
      : yield* Effect.mapError(find(from, scope), (_) => _ === missing ? unknownCursor : _)
    const cursor: Page["cursor"] = known === null
      ? null
      : after !== undefined
      ? { after: known.id }
      : { before: known.id }
    // one more than asked for tells whether there are more
    const found = yield* Effect.mapError(submissions.list({ scope, limit: limit + 1, cursor }), unavailable)
    const has_more = found.length > limit
    const page = before === undefined ? found.slice(0, limit) : found.slice(-limit)
    const last = before === undefined ? page.at(-1) : page[0]
    return {
      status: 200,
      body: {
        object: "list" as const,
        data: page.map((_) => toResource(_, principal)),
        has_more,
        next: has_more && last !== undefined ? last.id : null,
        url: collection
      }
    }
  })

  return { submitTransaction, findTransaction, readTimeline, listTransactions } as const
})
