import { assert } from "@effect/vitest"
import { Array as Arr, Effect, Option } from "effect"
import type { TransactionId } from "../../src/domain/Ids.ts"
import type { Submission } from "../../src/domain/Submission.ts"
import { type Page, type ParkedMark, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { databaseSuite, type GatewayUnderTest, type Submissions } from "../support/LayersDatabase.ts"
import { decisionOf, noon, position, submissionOf, transactionIdAt } from "../support/LayersSamples.ts"

const all = { concurrency: "unbounded" } as const

/** Everything that can be written can be written again. */
const twice = <A, E, R>(write: Effect.Effect<A, E, R>) => Effect.zipRight(write, write)

const markOf = (id: TransactionId, offset: number, reason: ParkedMark["reason"] = "unknown_card_key"): ParkedMark => ({
  id,
  reason,
  position: position(offset, { appendedAt: noon + offset })
})

const claimAt = (submissions: Submissions, now: number) =>
  submissions.claimOverdue({ mark: now, now, token: `at ${now}`, limit: 500, backOff: 5_000, ceiling: 600_000 })

export const parkedSubmissions = (layer: GatewayUnderTest) => {
  const { life, test } = databaseSuite(layer)

  const inserted = Effect.fnUntraced(function*(many: ReadonlyArray<Submission>) {
    const submissions = yield* SubmissionRepository
    yield* Effect.forEach(many, (_) => submissions.insert(_, null), all)
    return submissions
  })

  test("the backlog counts what waits, how long, and what of it is parked", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const none = { undecided: 0, oldestAcceptedAt: null, parked: 0 }
        const many = Arr.makeBy(9, (index) => submissionOf({ acceptedAt: noon + index }))
        const ids = many.map((_) => _.id)
        const submissions = yield* inserted([])
        assert.deepStrictEqual(yield* submissions.backlog, none)
        yield* inserted(many)
        assert.deepStrictEqual(yield* submissions.backlog, { undecided: 9, oldestAcceptedAt: noon, parked: 0 })
        yield* submissions.markParked([markOf(ids[0]!, 1), markOf(ids[1]!, 2), markOf(ids[8]!, 3)])
        yield* submissions.record([decisionOf(ids[0]!), decisionOf(ids[2]!), decisionOf(ids[7]!)], noon + 50)
        assert.deepStrictEqual(yield* submissions.backlog, { undecided: 6, oldestAcceptedAt: noon + 1, parked: 2 })
        yield* submissions.markParked([markOf(ids[3]!, 4, "card_not_authentic")])
        const reasons = [["card_not_authentic", 1], ["unknown_card_key", 2]]
        assert.deepStrictEqual(Array.from(yield* submissions.parkedReasonCounts).toSorted(), reasons)
        yield* submissions.record([decisionOf(ids[3]!)], noon + 50)
        assert.deepStrictEqual(Array.from(yield* submissions.parkedReasonCounts), [["unknown_card_key", 2]])
        // what is sent again, replayed or given up still waits
        yield* claimAt(submissions, noon + 10_000)
        yield* submissions.resendNow(ids[4]!, noon + 20_000)
        yield* submissions.giveUp(ids[1]!, noon + 20_000, "token")
        assert.deepStrictEqual(yield* submissions.backlog, { undecided: 5, oldestAcceptedAt: noon + 1, parked: 2 })
        const { decided, undecided } = yield* submissions.counts
        assert.deepStrictEqual([decided, undecided], [4, 5])
        yield* submissions.record(ids.map((_) => decisionOf(_)), noon + 60)
        assert.deepStrictEqual(yield* submissions.backlog, none)
        assert.strictEqual((yield* submissions.parkedReasonCounts).size, 0)
      })))

  test("what is parked is found with its reason, its count and its instant, as long as it waits", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const [marked, free] = [submissionOf(), submissionOf()]
        const submissions = yield* inserted([marked, free])
        const list = Effect.map(submissions.listParked({ limit: 10, cursor: null }), (_) => _.found)
        const parked = {
          id: marked.id,
          accountId: marked.accountId,
          reason: "card_not_authentic",
          count: 2,
          parkedAt: noon + 9
        } as const
        yield* submissions.markParked([markOf(marked.id, 3)])
        yield* twice(submissions.markParked([markOf(marked.id, 9, "card_not_authentic")]))
        assert.deepStrictEqual(yield* submissions.findParked(marked.id), Option.some(parked))
        assert.deepStrictEqual(yield* list, [parked])
        assert.deepStrictEqual(yield* submissions.findParked(free.id), Option.none())
        assert.deepStrictEqual(yield* submissions.findParked(transactionIdAt(noon)), Option.none())
        yield* submissions.record([decisionOf(marked.id)], noon + 40)
        assert.deepStrictEqual(yield* submissions.findParked(marked.id), Option.none())
        assert.deepStrictEqual(yield* list, [])
      })))

  test("the parked are listed newest first, bounded, both ways without a gap", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const many = Arr.makeBy(30, (index) => submissionOf({ acceptedAt: noon + index }))
        const submissions = yield* inserted(many)
        const parked = many.filter((_, index) => index % 3 === 0)
        // the last to be parked is the oldest
        yield* submissions.markParked(parked.map(({ id }, index) => markOf(id, 100 - index)))
        yield* submissions.record([decisionOf(parked[4]!.id)], noon + 50)
        const newest = parked.filter((_, index) => index !== 4).map((_) => _.id).toReversed()
        const at = (index: number) => newest[index]!
        const list = (cursor: Page["cursor"], limit = 4) =>
          Effect.map(
            submissions.listParked({ limit, cursor }),
            ({ found, next }) => [found.map((_) => _.id), next] as const
          )
        assert.deepStrictEqual(yield* list(null), [newest.slice(0, 4), at(3)])
        assert.deepStrictEqual(yield* list(null, 9), [newest, null])
        assert.deepStrictEqual(yield* list({ after: at(3) }), [newest.slice(4, 8), at(7)])
        assert.deepStrictEqual(yield* list({ after: at(7) }), [newest.slice(8), null])
        assert.deepStrictEqual(yield* list({ after: at(8) }), [[], null])
        assert.deepStrictEqual(yield* list({ before: at(7) }), [newest.slice(3, 7), at(3)])
        assert.deepStrictEqual(yield* list({ before: at(3) }), [newest.slice(0, 3), null])
        assert.deepStrictEqual(yield* list({ before: at(0) }), [[], null])
        assert.deepStrictEqual(yield* list({ after: many[10]!.id }), [newest.filter((_) => _ < many[10]!.id), null])
      })))

  test("what is replayed is due at once, and nothing happens to what is decided or unknown", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const [one, decided] = [submissionOf(), submissionOf()]
        const submissions = yield* inserted([one, decided])
        yield* submissions.markParked([markOf(one.id, 1)])
        yield* submissions.record([decisionOf(decided.id)], noon + 1)
        const now = noon + 6_000
        assert.lengthOf(yield* claimAt(submissions, now), 1)
        assert.deepStrictEqual(yield* claimAt(submissions, now), [], "it waits for its next time")
        const before = yield* submissions.findMany([one.id, decided.id])
        for (const { id } of [one, decided, submissionOf()]) yield* twice(submissions.resendNow(id, now))
        assert.deepStrictEqual(yield* submissions.findMany([one.id, decided.id]), before)
        assert.isFalse(yield* submissions.hasPastDue(now - 1))
        assert.deepStrictEqual((yield* claimAt(submissions, now)).map((_) => _.id), [one.id])
        assert.strictEqual(Option.getOrThrow(yield* submissions.findParked(one.id)).count, 1, "it is parked still")
      })))

  test("what is given up is due at once, and its message carries the token", (where) =>
    Effect.gen(function*() {
      const [one, decided] = [submissionOf(), submissionOf()]
      const now = noon + 6_000
      yield* life(where, () =>
        Effect.gen(function*() {
          const submissions = yield* inserted([one, decided])
          yield* submissions.record([decisionOf(decided.id)], noon + 1)
          yield* claimAt(submissions, now)
          for (const { id } of [one, decided, submissionOf()]) yield* twice(submissions.giveUp(id, now, "first"))
          yield* submissions.giveUp(one.id, now + 1, "t".repeat(255))
        }))
      yield* life(where, () =>
        Effect.gen(function*() {
          const submissions = yield* SubmissionRepository
          const expected = { ...one, giveUpToken: "t".repeat(255) }
          assert.deepStrictEqual(
            yield* submissions.find(one.id, "all"),
            Option.some({ ...expected, recorded: null }),
            "the last token counts, and nothing else changed"
          )
          assert.isNull(Option.getOrThrow(yield* submissions.find(decided.id, "all")).giveUpToken)
          assert.isFalse(yield* submissions.hasPastDue(now))
          const [claimed] = yield* claimAt(submissions, now + 1)
          assert.deepStrictEqual({ recorded: null, ...claimed! }, { recorded: null, ...expected })
          yield* submissions.record([decisionOf(one.id)], now + 2)
          assert.isFalse(yield* submissions.hasPastDue(now * 2))
        }))
    }))
}
