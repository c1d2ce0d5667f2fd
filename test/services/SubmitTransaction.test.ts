import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Option, Redacted, TestClock } from "effect"
import { Card, toPlaintext } from "../../src/domain/Card.ts"
import { instantOf } from "../../src/domain/Ids.ts"
import { CardVault } from "../../src/services/CardVault.ts"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import {
  IdempotencyKeyReused,
  SubmitTransaction,
  type TransactionRequest
} from "../../src/services/SubmitTransaction.ts"
import { eventually } from "../support/LayersEventually.ts"
import { pipeline, recordsOf } from "../support/LayersPipeline.ts"
import { cardOf, decisionOf, newAccountId, noon, textOf } from "../support/LayersSamples.ts"

const requestOf = (part: Partial<TransactionRequest> = {}): TransactionRequest => ({
  accountId: newAccountId(),
  amount: 1999,
  currency: "USD",
  card: cardOf(),
  cvv: Redacted.make("123"),
  reference: "order 17",
  metadata: { colour: "blue" },
  claim: null,
  ...part
})

const appended = (count: number) => eventually("it is in the log", recordsOf("transactions"), (_) => _.length >= count)

describe("SubmitTransaction", () => {
  it.effect("answers when the submission is stored, and offers its message", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      const { submit } = yield* SubmitTransaction
      const submissions = yield* SubmissionRepository
      const request = requestOf()
      const { replayed, submission } = yield* submit(request)
      assert.isFalse(replayed)
      assert.deepStrictEqual(yield* submissions.find(submission.id, request.accountId), Option.some(submission))
      assert.strictEqual(submission.acceptedAt, noon)
      assert.strictEqual(instantOf(submission.id), noon, "one reading of the clock")
      assert.isNull(submission.recorded)
      assert.deepStrictEqual(submission.metadata, { colour: "blue" })
      assert.strictEqual(submission.reference, "order 17")
      const { bin, brand, expMonth, expYear, last4 } = submission.card
      assert.deepStrictEqual([brand, bin, last4, expMonth, expYear], ["visa", "424242", "4242", 12, 2030])

      const [record] = yield* appended(1)
      const message = Either.getOrThrow((yield* Presenter).readSubmission(record!))
      const { accountId, acceptedAt, amount, currency, cvvShape, id, sealedCard } = submission
      assert.deepStrictEqual(message, {
        id,
        accountId,
        amount,
        currency,
        acceptedAt,
        cvvShape,
        sealedCard: sealedCard!,
        giveUpToken: null
      })
      const opened: Card = Either.getOrThrow((yield* CardVault).open(message.sealedCard, message))
      assert.deepStrictEqual(toPlaintext(opened), toPlaintext(request.card))
      assert.strictEqual(counted.accepted, 1)
      assert.strictEqual(counted.idempotency.size, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("of the CVV only its shape is left, and the client's texts stay in the database", () =>
    Effect.gen(function*() {
      const { submit } = yield* SubmitTransaction
      for (const [cvv, shape] of [["8362", "4"], ["cvv marked", "invalid"]] as const) {
        const { submission } = yield* submit(requestOf({ cvv: Redacted.make(cvv) }))
        assert.strictEqual(submission.cvvShape, shape)
        const opened = Either.getOrThrow((yield* CardVault).open(submission.sealedCard!, submission))
        const records = yield* eventually(
          "it is in the log",
          recordsOf("transactions"),
          (_) => _.some(({ key }) => key === submission.id)
        )
        const sent = records.map((_) => textOf(_) + JSON.stringify(_.headers)).join("\n")
        for (const text of [JSON.stringify(submission), sent, JSON.stringify(toPlaintext(opened))]) {
          assert.notInclude(text, cvv)
        }
        assert.notInclude(sent, "order 17")
        assert.notInclude(sent, "blue")
      }
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("a key that comes again answers the first transaction, as it is by now", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      const { submit } = yield* SubmitTransaction
      const submissions = yield* SubmissionRepository
      const request = requestOf({ claim: { key: "key", requestDigest: "digest" } })
      const first = yield* submit(request)
      const again = yield* submit(request)
      assert.deepStrictEqual(again, { submission: first.submission, replayed: true })
      yield* submissions.record([decisionOf(first.submission.id)], noon)
      const later = yield* submit(request)
      assert.strictEqual(later.submission.id, first.submission.id)
      assert.strictEqual(later.submission.recorded?.decision.status, "approved")
      assert.deepStrictEqual(Object.fromEntries(counted.idempotency), { first: 1, replayed: 2 })
      assert.strictEqual(counted.accepted, 1)
      assert.lengthOf(yield* appended(1), 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a key that comes with another request is refused, and tells nothing", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      const { submit } = yield* SubmitTransaction
      const request = requestOf({ claim: { key: "key", requestDigest: "digest" } })
      yield* submit(request)
      const error = yield* Effect.flip(submit({ ...request, claim: { key: "key", requestDigest: "other" } }))
      assert.instanceOf(error, IdempotencyKeyReused)
      assert.deepStrictEqual(Object.keys(error).filter((_) => _ !== "_tag"), [])
      assert.strictEqual(counted.idempotency.get("reused"), 1)
      const other = yield* submit({
        ...request,
        accountId: newAccountId(),
        claim: { key: "key", requestDigest: "other" }
      })
      assert.isFalse(other.replayed)
      assert.lengthOf(yield* appended(2), 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("hundreds at once with one key make one transaction", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      const { submit } = yield* SubmitTransaction
      const request = requestOf({ claim: { key: "key", requestDigest: "digest" } })
      const answers = yield* Effect.replicateEffect(submit(request), 300, { concurrency: "unbounded" })
      assert.lengthOf(answers.filter((_) => !_.replayed), 1)
      assert.strictEqual(new Set(answers.map((_) => _.submission.id)).size, 1)
      assert.strictEqual(counted.accepted, 1)
      assert.strictEqual((yield* (yield* SubmissionRepository).counts).accepted, 1)
      assert.lengthOf(yield* appended(1), 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a database that cannot be asked is told, and nothing is offered", () => {
    const { counted, layer } = pipeline({
      submissions: (of) => ({ ...of, insert: () => new StorageUnavailable({ cause: "down" }) })
    })
    return Effect.gen(function*() {
      const { submit } = yield* SubmitTransaction
      const error = yield* Effect.flip(submit(requestOf({ claim: { key: "key", requestDigest: "digest" } })))
      assert.strictEqual(error._tag, "StorageUnavailable")
      assert.strictEqual(counted.accepted, 0)
      assert.deepStrictEqual(yield* recordsOf("transactions"), [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("accepting needs no log: what the lane loses is accepted all the same", () =>
    Effect.gen(function*() {
      const { submit } = yield* SubmitTransaction
      const { submission } = yield* submit(requestOf())
      assert.isTrue(Option.isSome(yield* (yield* SubmissionRepository).find(submission.id, "all")))
      assert.deepStrictEqual(yield* recordsOf("transactions"), [])
    }).pipe(Effect.provide(pipeline({ log: (of) => ({ ...of, offer: () => Effect.void }) }).layer)))
})
