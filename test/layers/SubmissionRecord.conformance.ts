import { SqlClient } from "@effect/sql"
import { assert } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { TransactionId } from "../../src/domain/Ids.ts"
import type { Submission } from "../../src/domain/Submission.ts"
import { type ParkedMark, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { databaseSuite, type GatewayUnderTest } from "../support/LayersDatabase.ts"
import {
  approved,
  decisionOf,
  expired,
  noon,
  position,
  submissionOf,
  transactionIdAt
} from "../support/LayersSamples.ts"

const all = { concurrency: "unbounded" } as const

const markOf = (id: TransactionId, offset: number, reason: ParkedMark["reason"] = "unknown_card_key"): ParkedMark => ({
  id,
  reason,
  position: position(offset)
})

export const submissionRecords = (layer: GatewayUnderTest) => {
  const { life, test } = databaseSuite(layer)

  const inserted = Effect.fnUntraced(function*(many: ReadonlyArray<Submission>) {
    const submissions = yield* SubmissionRepository
    yield* Effect.forEach(many, (_) => submissions.insert(_, null), all)
    return submissions
  })

  test("a decision is set with where its message stood, and the sealed card is cleared, also after reopening", (where) =>
    Effect.gen(function*() {
      const submission = submissionOf()
      const recorded = {
        decision: expired,
        decidedAt: noon + 30,
        recordedAt: noon + 40,
        position: { partition: 3, offset: 2 ** 40, appendedAt: noon + 10 }
      }
      yield* life(where, () =>
        Effect.gen(function*() {
          const submissions = yield* inserted([submission])
          const { recordedAt, ...decision } = recorded
          assert.deepStrictEqual(yield* submissions.record([{ id: submission.id, ...decision }], recordedAt), [])
        }))
      yield* life(where, () =>
        Effect.gen(function*() {
          const submissions = yield* SubmissionRepository
          assert.deepStrictEqual(
            yield* submissions.find(submission.id, "all"),
            Option.some({ ...submission, sealedCard: null, recorded })
          )
        }))
    }))

  test("a decision is set once and never changes, not even by another one", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submission = submissionOf()
        const submissions = yield* inserted([submission])
        yield* submissions.record([decisionOf(submission.id, { decision: approved })], noon + 40)
        const before = yield* submissions.find(submission.id, "all")
        const other = decisionOf(submission.id, { decision: expired, decidedAt: noon + 99, position: position(99) })
        assert.deepStrictEqual(yield* submissions.record([other], noon + 100), [])
        assert.deepStrictEqual(yield* submissions.record([other, other], noon + 101), [])
        assert.deepStrictEqual(yield* submissions.insert(submission, null), { _tag: "Accepted" })
        assert.deepStrictEqual(yield* submissions.find(submission.id, "all"), before)
      })))

  test("ids that are no submission's are answered, and the others recorded", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const many = Array.from({ length: 50 }, () => submissionOf())
        const submissions = yield* inserted(many)
        const foreign = Array.from({ length: 3 }, () => transactionIdAt(noon))
        const ids = [foreign[0]!, ...many.map((_) => _.id), ...foreign.slice(1)]
        const first = yield* submissions.record(ids.map((id) => decisionOf(id)), noon + 40)
        assert.sameMembers([...first], foreign)
        // and the same is answered when it is done again
        const second = yield* submissions.record(ids.map((id) => decisionOf(id)), noon + 41)
        assert.sameMembers([...second], foreign)
        assert.strictEqual((yield* submissions.counts).decided, 50)
        const rows = yield* submissions.findMany(many.map((_) => _.id))
        assert.isTrue(rows.every((_) => _.recorded?.recordedAt === noon + 40))
        assert.deepStrictEqual(yield* submissions.record([], noon), [])
      })))

  test("a decision the database refuses fails its batch as such, and nothing of the batch is stored", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const many = Array.from({ length: 4 }, () => submissionOf())
        const submissions = yield* inserted(many)
        const decisions = many.map(({ id }, index) => decisionOf(id, index === 2 ? { decidedAt: "soon" as never } : {}))
        const error = yield* Effect.flip(submissions.record(decisions, noon + 40))
        assert.strictEqual(error._tag, "Unstorable")
        assert.strictEqual((yield* submissions.counts).decided, 0)
      })))

  test("what is recorded is sent again no more", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const many = Array.from({ length: 3 }, () => submissionOf())
        const submissions = yield* inserted(many)
        assert.isTrue(yield* submissions.hasPastDue(noon + 5_000))
        yield* submissions.record(many.map((_) => decisionOf(_.id)), noon + 40)
        assert.isFalse(yield* submissions.hasPastDue(noon + 1_000_000))
      })))

  test("a mark is counted once per position, and again at another", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submission = submissionOf()
        const submissions = yield* inserted([submission, submissionOf()])
        const sql = yield* SqlClient.SqlClient
        const marks = sql<Record<string, unknown>>`
          SELECT parked_at, parked_reason, parked_count FROM submissions WHERE id = ${submission.id}`
        const marked = (offset: number, reason: ParkedMark["reason"], count: number) =>
          Effect.gen(function*() {
            const mark = { id: submission.id, reason, position: position(offset, { appendedAt: noon + offset }) }
            for (let again = 0; again < 2; again++) {
              assert.deepStrictEqual(yield* submissions.markParked([mark]), [])
              const at = { parked_at: noon + offset, parked_reason: reason, parked_count: count }
              assert.deepStrictEqual(yield* marks, [at])
            }
            assert.strictEqual((yield* submissions.counts).parked, 1)
          })
        yield* marked(0, "unknown_card_key", 1)
        yield* marked(5, "card_not_authentic", 2)
        yield* marked(6, "unknown_card_key", 3)
        assert.isTrue(yield* submissions.hasPastDue(noon + 5_000), "it stays in the resend loop")
        const found = Option.getOrThrow(yield* submissions.find(submission.id, "all"))
        assert.deepStrictEqual(found, { ...submission, recorded: null }, "the sealed card stays")
      })))

  test("a mark of a log that was made anew is counted, once: its offset is lower, and it was appended later", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submission = submissionOf()
        const submissions = yield* inserted([submission])
        const sql = yield* SqlClient.SqlClient
        const marks = sql<Record<string, unknown>>`
          SELECT parked_at, parked_count FROM submissions WHERE id = ${submission.id}`
        const marked = (
          offset: number,
          appendedAt: number,
          expected: { readonly at: number; readonly count: number }
        ) =>
          Effect.gen(function*() {
            const mark = { ...markOf(submission.id, offset), position: position(offset, { appendedAt }) }
            assert.deepStrictEqual(yield* submissions.markParked([mark]), [])
            assert.deepStrictEqual(yield* marks, [{ parked_at: expected.at, parked_count: expected.count }])
          })
        yield* marked(500, noon + 10, { at: noon + 10, count: 1 })
        yield* marked(3, noon + 20, { at: noon + 20, count: 2 })
        yield* marked(3, noon + 20, { at: noon + 20, count: 2 })
        yield* marked(4, noon + 20, { at: noon + 20, count: 3 })
        yield* marked(500, noon + 10, { at: noon + 20, count: 3 })
      })))

  test("recording clears the mark, and what is recorded is not marked", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const [one, other] = [submissionOf(), submissionOf()]
        const submissions = yield* inserted([one, other])
        yield* submissions.markParked([markOf(one.id, 3), markOf(other.id, 4)])
        assert.strictEqual((yield* submissions.counts).parked, 2)
        yield* submissions.record([decisionOf(one.id)], noon + 40)
        assert.strictEqual((yield* submissions.counts).parked, 1)
        assert.deepStrictEqual(yield* submissions.markParked([markOf(one.id, 9)]), [])
        assert.strictEqual((yield* submissions.counts).parked, 1)
      })))

  test("marks for ids that are no submission's are answered, also when done again", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submission = submissionOf()
        const submissions = yield* inserted([submission])
        const foreign = transactionIdAt(noon)
        for (let i = 0; i < 2; i++) {
          const unknown = yield* submissions.markParked([markOf(foreign, 1), markOf(submission.id, 2)])
          assert.deepStrictEqual(unknown, [foreign])
        }
        assert.deepStrictEqual(yield* submissions.markParked([]), [])
        assert.strictEqual((yield* submissions.counts).parked, 1)
      })))
}
