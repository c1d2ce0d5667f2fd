import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import { TransactionQuery } from "../../src/layers/http/TransactionQuery.ts"
import type { Transaction } from "../../web/api/types.ts"
import { everything, type Filter, isEverything, listPath, matches } from "../../web/feed/Filter.ts"
import { begin, type Status, transactionOf } from "./Samples.ts"

const decode = Schema.decodeUnknownEither(TransactionQuery)

const queryOf = (filter: Filter) =>
  decode(Object.fromEntries(new URL(listPath(filter, { limit: 100 }), "http://gateway").searchParams))

/** What the gateway's list does with the query that the page sends it (SubmissionFilter, ListSubmissions). */
const listed = (filter: Filter, transaction: Transaction): boolean => {
  const query = Either.getOrThrow(queryOf(filter))
  const acceptedAt = Date.parse(transaction.created_at)
  return (query.status === undefined || query.status === transaction.status) &&
    (query["created[gte]"] === undefined || acceptedAt >= query["created[gte]"]) &&
    (query["created[lt]"] === undefined || acceptedAt < query["created[lt]"]) &&
    (query["amount[gte]"] === undefined || transaction.amount >= query["amount[gte]"]) &&
    (query["amount[lte]"] === undefined || transaction.amount <= query["amount[lte]"]) &&
    (query.brand === undefined || transaction.card.brand === query.brand) &&
    (query.last4 === undefined || transaction.card.last4 === query.last4) &&
    (query.reference === undefined || transaction.reference === query.reference)
}

const nullOr = <A>(arbitrary: FastCheck.Arbitrary<A>) => FastCheck.option(arbitrary, { freq: 3 })

const instant = FastCheck.tuple(
  FastCheck.integer({ min: begin - 3, max: begin + 1_003 }),
  FastCheck.constantFrom("Z", "0Z", "0001Z", "999999Z", "z")
).map(([at, rest]) => new Date(at).toISOString().slice(0, -1) + rest)

const filter: FastCheck.Arbitrary<Filter> = FastCheck.record({
  status: nullOr(FastCheck.constantFrom("processing", "approved", "rejected")),
  from: nullOr(instant),
  to: nullOr(instant),
  min: nullOr(FastCheck.integer({ min: -1, max: 5 })),
  max: nullOr(FastCheck.integer({ min: -1, max: 5 })),
  brand: nullOr(FastCheck.constantFrom("visa", "mastercard")),
  last4: nullOr(FastCheck.constantFrom("4242", "0000")),
  reference: nullOr(FastCheck.constantFrom("order-1", "Order-1", "order-1 ", "ordér")),
  account: FastCheck.constant(null)
})

const transaction: FastCheck.Arbitrary<Transaction> = FastCheck.record({
  at: FastCheck.integer({ min: begin, max: begin + 1_000 }),
  status: FastCheck.constantFrom<Status>("processing", "approved", "rejected"),
  amount: FastCheck.integer({ min: -1, max: 5 }),
  brand: FastCheck.constantFrom("visa", "mastercard", null),
  last4: FastCheck.constantFrom("4242", "0000", null),
  reference: FastCheck.constantFrom("order-1", "Order-1", "order-1 ", "ordér", null)
}).map(({ amount, at, brand, last4, reference, status }) => {
  const sample = transactionOf(1, status, { amount })
  return {
    ...sample,
    reference,
    card: { ...sample.card, brand, last4 },
    created_at: new Date(at).toISOString()
  } as Transaction
})

describe("a filter", () => {
  it("decides as the gateway does", () =>
    FastCheck.assert(
      FastCheck.property(filter, transaction, (filter, transaction) =>
        assert.strictEqual(matches(filter, transaction), listed(filter, transaction), JSON.stringify(filter))),
      { numRuns: 3_000 }
    ))

  it("includes its lower bounds and the highest amount, not the latest instant", () => {
    const sample = transactionOf(0, "processing", { amount: 100 })
    const of = (over: Partial<Filter>) => matches({ ...everything, ...over }, sample)
    assert.isTrue(of({ min: 100, max: 100, from: sample.created_at }))
    assert.isFalse(of({ to: sample.created_at }))
    assert.isFalse(of({ min: 101 }))
    assert.isFalse(of({ max: 99 }))
  })

  it("lets nothing through of what it cannot know", () => {
    const unread = { ...transactionOf(0), reference: null }
    assert.isFalse(matches({ ...everything, reference: "null" }, unread))
    assert.isFalse(matches({ ...everything, account: "acct_1" }, unread))
  })

  it("is everything until something is asked for", () => {
    assert.isTrue(isEverything(everything))
    assert.isFalse(isEverything({ ...everything, min: 0 }))
    assert.strictEqual(listPath(everything), "/v1/transactions")
    assert.strictEqual(listPath({ ...everything, min: 0 }), "/v1/transactions?amount%5Bgte%5D=0")
  })

  it("is sent so that nothing in it is taken for another parameter", () => {
    const reference = "a&status=approved#+ %"
    const { searchParams } = new URL(listPath({ ...everything, reference }), "http://gateway")
    assert.deepStrictEqual([...searchParams], [["reference", reference]])
  })
})
