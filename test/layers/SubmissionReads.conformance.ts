import { assert } from "@effect/vitest"
import { Array as Arr, Effect, Option } from "effect"
import { firstTransactionId } from "../../src/domain/Ids.ts"
import type { Submission } from "../../src/domain/Submission.ts"
import { type SubmissionOutline, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { databaseSuite, type GatewayUnderTest } from "../support/LayersDatabase.ts"
import { decisionOf, expired, newAccountId, noon, submissionOf, transactionIdAt } from "../support/LayersSamples.ts"

const all = { concurrency: "unbounded" } as const

const idsOf = (rows: ReadonlyArray<{ readonly id: string }>) => rows.map((_) => _.id)

export const submissionReads = (layer: GatewayUnderTest) => {
  const { life, test } = databaseSuite(layer)

  const inserted = Effect.fnUntraced(function*(many: ReadonlyArray<Submission>) {
    const submissions = yield* SubmissionRepository
    yield* Effect.forEach(many, (_) => submissions.insert(_, null), all)
    return submissions
  })

  test("find sees what the scope may see", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submission = submissionOf()
        const submissions = yield* inserted([submission, submissionOf()])
        assert.isTrue(Option.isSome(yield* submissions.find(submission.id, "all")))
        assert.isTrue(Option.isSome(yield* submissions.find(submission.id, submission.accountId)))
        assert.isTrue(Option.isNone(yield* submissions.find(submission.id, newAccountId())))
        assert.isTrue(Option.isNone(yield* submissions.find(transactionIdAt(noon), "all")))
      })))

  test("findMany answers those of the ids that are there, decided or not", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const many = Array.from({ length: 6 }, (_, index) => submissionOf({ acceptedAt: noon + index }))
        const submissions = yield* inserted(many)
        yield* submissions.record(many.slice(0, 3).map((_) => decisionOf(_.id)), noon + 50)
        assert.deepStrictEqual(yield* submissions.findMany([]), [])
        const asked = [...many.slice(1).map((_) => _.id), transactionIdAt(noon)]
        const found = yield* submissions.findMany(asked)
        assert.sameMembers(idsOf(found), idsOf(many.slice(1)))
        for (const row of found) {
          assert.deepStrictEqual(Option.some(row), yield* submissions.find(row.id, "all"))
        }
      })))

  test("outlines are what a summary counts, of a scope and a range of ids, in their order", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accountId = newAccountId()
        const mine = Array.from(
          { length: 6 },
          (_, index) => submissionOf({ accountId, acceptedAt: noon + index, amount: 2 ** 40 + index })
        )
        const other = submissionOf({ acceptedAt: noon + 3 })
        const submissions = yield* inserted([...Arr.reverse(mine), other])
        const decisions = [
          decisionOf(mine[1]!.id, { decidedAt: noon + 77 }),
          decisionOf(mine[4]!.id, { decision: expired })
        ]
        yield* submissions.record(decisions, noon + 90)
        const expected: ReadonlyArray<SubmissionOutline> = mine.map(({ acceptedAt, amount, id }, index) => ({
          id,
          amount,
          acceptedAt,
          status: index === 1 ? "approved" : index === 4 ? "rejected" : null,
          decidedAt: index === 1 ? noon + 77 : index === 4 ? noon + 20 : null
        }))
        const everything = { from: firstTransactionId(noon), before: firstTransactionId(noon + 6) }
        const outlines = yield* submissions.outlines(accountId, everything, 10_000)
        assert.deepStrictEqual(outlines, expected)
        const idsIn = (...asked: Parameters<typeof submissions.outlines>) =>
          Effect.map(submissions.outlines(...asked), idsOf)
        const mineIds = idsOf(mine)
        assert.deepStrictEqual(yield* idsIn("all", everything, 10_000), idsOf([...mine, other]).toSorted())
        assert.deepStrictEqual(yield* idsIn(accountId, everything, 4), mineIds.slice(0, 4))
        const within = { from: mine[2]!.id, before: mine[4]!.id }
        assert.deepStrictEqual(yield* idsIn(accountId, within, 10), mineIds.slice(2, 4))
        assert.deepStrictEqual(yield* idsIn(accountId, { from: within.before, before: within.from }, 10), [])
        assert.deepStrictEqual(yield* idsIn(newAccountId(), everything, 10), [])
      })))

  test("counts tell what was accepted, decided, undecided and parked, by key", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        assert.deepStrictEqual(yield* submissions.counts, {
          accepted: 0,
          decided: 0,
          undecided: 0,
          oldestUndecidedAt: null,
          parked: 0,
          undecidedByKey: []
        })
        const old = Array.from({ length: 3 }, (_, index) => submissionOf({ keyId: "old", acceptedAt: noon + index }))
        const young = Array.from({ length: 4 }, (_, index) => submissionOf({ acceptedAt: noon + 100 + index }))
        yield* inserted([...old, ...young])
        yield* submissions.record([old[0]!, young[3]!].map((_) => decisionOf(_.id)), noon + 500)
        yield* submissions.markParked([
          { id: old[1]!.id, reason: "unknown_card_key", position: { partition: 0, offset: 1, appendedAt: noon } },
          { id: old[2]!.id, reason: "unknown_card_key", position: { partition: 0, offset: 2, appendedAt: noon } }
        ])
        const { undecidedByKey, ...counts } = yield* submissions.counts
        assert.deepStrictEqual(counts, {
          accepted: 7,
          decided: 2,
          undecided: 5,
          oldestUndecidedAt: noon + 1,
          parked: 2
        })
        assert.sameDeepMembers([...undecidedByKey], [{ keyId: "old", count: 2 }, { keyId: "k1", count: 3 }])
        yield* submissions.record([...old, ...young].map((_) => decisionOf(_.id)), noon + 600)
        assert.deepStrictEqual(yield* submissions.counts, {
          accepted: 7,
          decided: 7,
          undecided: 0,
          oldestUndecidedAt: null,
          parked: 0,
          undecidedByKey: []
        })
      })))

  test("outcomes come in the order of ids, page after page, each once", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const many = Array.from({ length: 11 }, (_, index) => submissionOf({ acceptedAt: noon + index }))
        const submissions = yield* inserted(Arr.reverse(many))
        yield* submissions.record([decisionOf(many[4]!.id, { decision: expired, decidedAt: noon + 77 })], noon + 80)
        const pages: Array<ReadonlyArray<string>> = []
        let after: Submission["id"] | null = null
        for (;;) {
          const page: ReadonlyArray<{ readonly id: Submission["id"] }> = yield* submissions.outcomes(after, 4)
          if (page.length === 0) break
          pages.push(idsOf(page))
          after = page.at(-1)!.id
        }
        assert.deepStrictEqual(pages, [0, 4, 8].map((from) => idsOf(many).slice(from, from + 4)))
        const outcomes = yield* submissions.outcomes(null, 100)
        const expected = many.map(({ acceptedAt, accountId, amount, id }, index) => ({
          id,
          accountId,
          amount,
          acceptedAt,
          recorded: index === 4 ? { decision: expired, decidedAt: noon + 77 } : null
        }))
        assert.deepStrictEqual(outcomes, expected)
      })))
}
