import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Either, FastCheck, Schema } from "effect"
import { Card, CvvShape, validateCard } from "../../src/domain/Card.ts"
import { makeAccountId, makeTransactionId } from "../../src/domain/Ids.ts"
import { Amount, maximumAmount, minimumAmount } from "../../src/domain/Money.ts"
import { RejectionReason } from "../../src/domain/Rejection.ts"
import {
  addCard,
  create,
  decide,
  decideCard,
  DecidedTransaction,
  Decision,
  record,
  reject,
  TransactionFacts,
  TransactionStatus
} from "../../src/domain/Transaction.ts"
import { brandNumber, cardOf } from "./numbers.ts"

const acceptedAt = Date.parse("2026-11-15T12:00:00.000Z")

const factsOf = (amount: number): TransactionFacts => ({
  id: makeTransactionId(acceptedAt, new Uint8Array(10)),
  accountId: makeAccountId(acceptedAt, new Uint8Array(10)),
  amount,
  currency: "USD",
  acceptedAt
})

const visa = cardOf("4242424242424242")
const approved = { status: "approved", reason: null } as const

describe("the way of a transaction", () => {
  it.effect("create, add the card, decide, record", () =>
    Effect.gen(function*() {
      const facts = factsOf(4_200)
      const transaction = yield* addCard(create(facts), visa, "3")
      assert.strictEqual(transaction.card, visa)
      const decision = decide(transaction)
      assert.deepStrictEqual(decision, approved)
      const recorded = record(transaction, decision, acceptedAt + 7)
      assert.deepStrictEqual(recorded, { ...facts, decidedAt: acceptedAt + 7, decision: approved })
      assert.deepStrictEqual(yield* Schema.decodeUnknown(DecidedTransaction)(recorded), recorded)
    }))

  it.effect("a card that is refused ends it", () =>
    Effect.gen(function*() {
      const facts = factsOf(4_200)
      const reason = yield* Effect.flip(addCard(create(facts), cardOf("4242424242424242", 10, 2026), "3"))
      assert.strictEqual(reason, "expired_card")
      assert.deepStrictEqual(record(facts, reject(reason), acceptedAt).decision, { status: "rejected", reason })
    }))
})

describe("decide", () => {
  it("approves both limits and nothing beyond", () => {
    assert.deepStrictEqual([minimumAmount, maximumAmount], [100, 100_000])
    const cases: ReadonlyArray<readonly [number, RejectionReason | null]> = [
      [Number.MIN_SAFE_INTEGER, "amount_too_small"],
      [-100, "amount_too_small"],
      [0, "amount_too_small"],
      [99, "amount_too_small"],
      [100, null],
      [101, null],
      [99_999, null],
      [100_000, null],
      [100_001, "amount_too_large"],
      [Number.MAX_SAFE_INTEGER, "amount_too_large"]
    ]
    for (const [amount, reason] of cases) {
      const decision = decideCard(factsOf(amount), visa, "3")
      assert.deepStrictEqual(decision, reason === null ? approved : { status: "rejected", reason }, `${amount}`)
    }
  })

  it("judges the card before the amount", () => {
    assert.strictEqual(decideCard(factsOf(1), visa, "invalid").reason, "invalid_cvv")
    assert.strictEqual(decideCard(factsOf(100_001), cardOf("1"), "invalid").reason, "invalid_number")
  })

  it("judges the card when the transaction was accepted", () => {
    const november = cardOf("4242424242424242", 11, 26)
    const lastInstant = Date.parse("2026-11-30T23:59:59.999Z")
    assert.deepStrictEqual(decideCard({ ...factsOf(100), acceptedAt: lastInstant }, november, "3"), approved)
    assert.strictEqual(
      decideCard({ ...factsOf(100), acceptedAt: lastInstant + 1 }, november, "3").reason,
      "expired_card"
    )
  })

  it.prop("approves if and only if the card is valid and the amount within the limits", {
    facts: TransactionFacts,
    card: FastCheck.oneof(
      Arbitrary.make(Card),
      FastCheck.tuple(brandNumber, FastCheck.integer({ min: 0, max: 13 }), FastCheck.integer({ min: 20, max: 50 }))
        .map(([number, month, year]) => cardOf(number, month, year))
    ),
    amount: FastCheck.oneof(Arbitrary.make(Amount), FastCheck.integer({ min: 90, max: 100_010 })),
    at: FastCheck.integer({ min: acceptedAt, max: acceptedAt + 1e12 }),
    cvvShape: CvvShape
  }, ({ amount, at, card, cvvShape, facts }) => {
    const decision = decideCard({ ...facts, acceptedAt: at, amount }, card, cvvShape)
    const cardReason = validateCard(card, cvvShape, at)
    assert.strictEqual(
      decision.status === "approved",
      cardReason === undefined && amount >= 100 && amount <= 100_000
    )
    if (cardReason !== undefined) assert.strictEqual(decision.reason, cardReason)
    assert.isTrue(Schema.is(Decision)(decision))
  }, { fastCheck: { numRuns: 2000 } })

  it.prop("carries neither the card nor more than the decision", [TransactionFacts, Decision], ([facts, decision]) => {
    const carried = Either.getOrThrow(addCard(create({ ...facts, acceptedAt }), visa, "3"))
    assert.deepStrictEqual(record(carried, decision, 5), { ...facts, acceptedAt, decidedAt: 5, decision })
  })
})

describe("Decision", () => {
  it("has two statuses, and a reason if and only if it rejects", () => {
    assert.deepStrictEqual(TransactionStatus.literals, ["approved", "rejected"])
    const is = Schema.is(Decision)
    assert.isTrue(is(approved))
    for (const reason of RejectionReason.literals) {
      assert.isTrue(is(reject(reason)))
      assert.isFalse(is({ status: "approved", reason }))
    }
    const others = [
      { status: "rejected", reason: null },
      { status: "rejected", reason: "bad_luck" },
      { status: "processing", reason: null },
      { status: "approved" }
    ]
    for (const value of others) assert.isFalse(is(value), JSON.stringify(value))
  })
})
