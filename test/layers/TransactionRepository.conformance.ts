import { SqlClient } from "@effect/sql"
import { assert } from "@effect/vitest"
import { Array as Arr, Effect, Either } from "effect"
import type { TransactionId } from "../../src/domain/Ids.ts"
import { RejectionReason } from "../../src/domain/Rejection.ts"
import { reject } from "../../src/domain/Transaction.ts"
import { type StoredTransaction, TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { databaseSuite, type ProcessorUnderTest } from "../support/LayersDatabase.ts"
import { expired, noon, position, transactionIdAt, transactionOf } from "../support/LayersSamples.ts"

const byId = (rows: ReadonlyArray<StoredTransaction>) => rows.toSorted((a, b) => a.id < b.id ? -1 : 1)

export const transactionRepositoryConformance = (layer: ProcessorUnderTest) => {
  const { life, test } = databaseSuite(layer)

  test("what was inserted is found, every field of it, also after reopening", (where) =>
    Effect.gen(function*() {
      const many = [
        transactionOf(),
        ...RejectionReason.literals.map((reason) => transactionOf({ decision: reject(reason) })),
        transactionOf({ amount: Number.MAX_SAFE_INTEGER }),
        transactionOf({ amount: Number.MIN_SAFE_INTEGER }),
        transactionOf({ amount: 0, decidedAt: Date.UTC(2500, 0, 1) }),
        transactionOf({ position: { partition: 11, offset: 2 ** 52, appendedAt: 0 } })
      ]
      yield* life(where, () => Effect.flatMap(TransactionRepository, (_) => _.insert(many)))
      yield* life(where, () =>
        Effect.gen(function*() {
          const transactions = yield* TransactionRepository
          const found = yield* transactions.find([transactionIdAt(noon), ...many.map((_) => _.id)])
          assert.deepStrictEqual(byId(found), byId(many))
          assert.deepStrictEqual(yield* transactions.find([]), [])
          assert.deepStrictEqual(yield* transactions.find([transactionIdAt(noon)]), [])
        }))
    }))

  test("a batch of 500 is one insert", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const transactions = yield* TransactionRepository
        const many = Array.from({ length: 500 }, (_, offset) => transactionOf({ position: position(offset) }))
        yield* transactions.insert(many)
        assert.deepStrictEqual(byId(yield* transactions.find(many.map((_) => _.id))), byId(many))
      })))

  test("an id that is decided already fails the whole batch, and changes nothing", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const transactions = yield* TransactionRepository
        const first = transactionOf()
        yield* transactions.insert([first])
        const other = { ...first, decision: expired, decidedAt: first.decidedAt + 1 }
        const fresh = Array.from({ length: 4 }, () => transactionOf())
        for (const batch of [[other], [first], [...fresh.slice(0, 2), other, ...fresh.slice(2)], [...fresh, first]]) {
          const error = yield* Effect.flip(transactions.insert(batch))
          assert.strictEqual(error._tag, "AlreadyDecided")
        }
        assert.deepStrictEqual(yield* transactions.list(null, 10), [first])
        yield* transactions.insert(fresh)
        assert.lengthOf(yield* transactions.list(null, 10), 5)
      })))

  test("one id twice in a batch is refused like any other duplicate", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const transactions = yield* TransactionRepository
        const one = transactionOf()
        const error = yield* Effect.flip(transactions.insert([one, transactionOf(), one]))
        assert.strictEqual(error._tag, "AlreadyDecided")
        assert.deepStrictEqual(yield* transactions.list(null, 10), [])
      })))

  test("of processors that decide one id at once, one wins", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const transactions = yield* TransactionRepository
        const one = transactionOf()
        const rivals = Array.from({ length: 8 }, (_, index) => ({ ...one, decidedAt: noon + index }))
        const answers = yield* Effect.forEach(rivals, (_) => Effect.either(transactions.insert([_])), {
          concurrency: "unbounded"
        })
        const winners = rivals.filter((_, index) => Either.isRight(answers[index]!))
        assert.lengthOf(winners, 1)
        for (const answer of answers) if (Either.isLeft(answer)) assert.strictEqual(answer.left._tag, "AlreadyDecided")
        assert.deepStrictEqual(yield* transactions.find([one.id]), winners)
      })))

  test("what the database refuses for what it says is Unstorable, and nothing of the batch is stored", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const transactions = yield* TransactionRepository
        const bad: ReadonlyArray<Partial<StoredTransaction>> = [
          { decision: { status: "processing", reason: null } as never },
          { decision: { status: "approved", reason: "expired_card" } as never },
          { decision: { status: "rejected", reason: null } as never },
          { accountId: null as never },
          { decidedAt: "soon" as never }
        ]
        for (const part of bad) {
          const error = yield* Effect.flip(transactions.insert([transactionOf(), transactionOf(part), transactionOf()]))
          assert.strictEqual(error._tag, "Unstorable", JSON.stringify(part))
        }
        assert.deepStrictEqual(yield* transactions.list(null, 10), [])
      })))

  test("list is in the order of ids, page after page, each once", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const transactions = yield* TransactionRepository
        const many = Array.from({ length: 11 }, (_, index) => transactionOf({ acceptedAt: noon + index }))
        yield* transactions.insert(Arr.reverse(many))
        const pages: Array<ReadonlyArray<StoredTransaction>> = []
        let after: TransactionId | null = null
        for (;;) {
          const page: ReadonlyArray<StoredTransaction> = yield* transactions.list(after, 4)
          if (page.length === 0) break
          pages.push(page)
          after = page.at(-1)!.id
        }
        assert.deepStrictEqual(pages, [many.slice(0, 4), many.slice(4, 8), many.slice(8)])
      })))

  test("the database itself refuses to change or to delete a decision", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const transactions = yield* TransactionRepository
        const sql = yield* SqlClient.SqlClient
        const many = [transactionOf(), transactionOf({ decision: expired })]
        yield* transactions.insert(many)
        const changes = [
          sql`UPDATE transactions SET status = 'approved', reason = NULL`,
          sql`UPDATE transactions SET decided_at = decided_at + 1 WHERE id = ${many[0]!.id}`,
          sql`UPDATE transactions SET amount = amount`,
          sql`DELETE FROM transactions`,
          sql`DELETE FROM transactions WHERE id = ${many[1]!.id}`
        ]
        for (const change of changes) assert.isTrue(Either.isLeft(yield* Effect.either(change)))
        assert.deepStrictEqual(yield* transactions.list(null, 10), byId(many))
      })))
}
