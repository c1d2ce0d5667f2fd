import { assert } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { Submission } from "../../src/domain/Submission.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { databaseSuite, type GatewayUnderTest, type Submissions } from "../support/LayersDatabase.ts"
import { decisionOf, noon, position, submissionOf } from "../support/LayersSamples.ts"

const all = { concurrency: "unbounded" } as const

/** The default of ResendSettings: what an insert adds to the instant of acceptance. */
const backOff = 5_000
const ceiling = 600_000

let tokens = 0

const claimAt = (
  submissions: Submissions,
  now: number,
  part: Partial<Parameters<Submissions["claimOverdue"]>[0]> = {}
) => submissions.claimOverdue({ mark: now, now, token: `token ${++tokens}`, limit: 500, backOff, ceiling, ...part })

export const submissionResends = (layer: GatewayUnderTest) => {
  const { life, test } = databaseSuite(layer)

  const inserted = Effect.fnUntraced(function*(many: ReadonlyArray<Submission>) {
    const submissions = yield* SubmissionRepository
    yield* Effect.forEach(many, (_) => submissions.insert(_, null), all)
    return submissions
  })

  test("a submission is due five seconds after its acceptance, not before", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* inserted([submissionOf({ acceptedAt: noon })])
        assert.isFalse(yield* submissions.hasPastDue(noon + 4_999))
        assert.deepStrictEqual(yield* claimAt(submissions, noon + 4_999), [])
        assert.isTrue(yield* submissions.hasPastDue(noon + 5_000))
        assert.lengthOf(yield* claimAt(submissions, noon + 5_000), 1)
        assert.isFalse(yield* submissions.hasPastDue(noon + 5_000), "it was moved on")
      })))

  test("what is claimed is what was accepted, sealed card and all", (where) =>
    Effect.gen(function*() {
      const submission = submissionOf({ reference: "r", metadata: { a: "b" } })
      yield* life(where, () => inserted([submission]))
      yield* life(where, () =>
        Effect.gen(function*() {
          const submissions = yield* SubmissionRepository
          const claimed = yield* claimAt(submissions, noon + 6_000)
          assert.deepStrictEqual(claimed.map((_) => ({ recorded: null, ..._ })), [{ recorded: null, ...submission }])
          assert.deepStrictEqual(
            yield* submissions.find(submission.id, "all"),
            Option.some({ ...submission, recorded: null }),
            "and it stays as it was"
          )
        }))
    }))

  test("only what was due at the mark is claimed, however late it is now", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const [early, late] = [submissionOf({ acceptedAt: noon }), submissionOf({ acceptedAt: noon + 10 })]
        const submissions = yield* inserted([early, late])
        const claimed = yield* claimAt(submissions, noon + 100_000, { mark: noon + backOff + 5 })
        assert.deepStrictEqual(claimed.map((_) => _.id), [early.id])
        assert.deepStrictEqual(yield* claimAt(submissions, noon + 100_000, { mark: 0 }), [])
      })))

  test("at most the limit at a time, the longest overdue first, each once, until there are no more", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const many = Array.from({ length: 25 }, (_, index) => submissionOf({ acceptedAt: noon + index }))
        const submissions = yield* inserted(many.toReversed())
        const now = noon + 10_000
        const claims: Array<ReadonlyArray<string>> = []
        for (let i = 0; i < 4; i++) {
          claims.push((yield* claimAt(submissions, now, { limit: 10 })).map((_) => _.id).toSorted())
        }
        const ids = many.map((_) => _.id as string)
        assert.deepStrictEqual(claims, [ids.slice(0, 10), ids.slice(10, 20), ids.slice(20), []])
      })))

  test("each resend waits twice as long, up to the ceiling", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* inserted([submissionOf({ acceptedAt: noon })])
        const waits: Array<number> = []
        let now = noon + backOff
        for (let i = 0; i < 12; i++) {
          assert.lengthOf(yield* claimAt(submissions, now), 1, `claim ${i} at ${now - noon}`)
          // the smallest wait after which it is due again
          let [low, high] = [0, 2 * ceiling]
          while (low < high) {
            const middle = (low + high) >> 1
            if (yield* submissions.hasPastDue(now + middle)) high = middle
            else low = middle + 1
          }
          waits.push(low)
          now += low
        }
        const expected = Array.from({ length: 12 }, (_, index) => Math.min(backOff * 2 ** (index + 1), ceiling))
        assert.deepStrictEqual(waits, expected)
      })))

  test("after a hundred resends it still waits for the ceiling", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* inserted([submissionOf({ acceptedAt: noon })])
        let now = noon + ceiling
        for (let i = 0; i < 100; i++) {
          assert.lengthOf(yield* claimAt(submissions, now), 1, `claim ${i}`)
          now += ceiling
        }
        assert.isFalse(yield* submissions.hasPastDue(now - 1))
        assert.isTrue(yield* submissions.hasPastDue(now))
      })))

  test("two claims at once share nothing", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const many = Array.from({ length: 40 }, () => submissionOf({ acceptedAt: noon }))
        const submissions = yield* inserted(many)
        const claims = yield* Effect.replicateEffect(
          Effect.suspend(() => claimAt(submissions, noon + 6_000, { limit: 15 })),
          6,
          all
        )
        const claimed = claims.flat().map((_) => _.id)
        assert.strictEqual(new Set(claimed).size, claimed.length)
        const rest = yield* claimAt(submissions, noon + 6_000)
        assert.sameMembers([...claimed, ...rest.map((_) => _.id)], many.map((_) => _.id))
      })))

  test("nothing recorded is claimed; what is parked is", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const many = Array.from({ length: 4 }, () => submissionOf({ acceptedAt: noon }))
        const submissions = yield* inserted(many)
        yield* submissions.record([decisionOf(many[0]!.id), decisionOf(many[1]!.id)], noon + 100)
        yield* submissions.markParked([{ id: many[2]!.id, reason: "unknown_card_key", position: position(1) }])
        const claimed = yield* claimAt(submissions, noon + 6_000)
        assert.sameMembers(claimed.map((_) => _.id), [many[2]!.id, many[3]!.id])
        yield* submissions.record([decisionOf(many[2]!.id), decisionOf(many[3]!.id)], noon + 6_001)
        assert.deepStrictEqual(yield* claimAt(submissions, noon + 10_000_000), [])
      })))
}
