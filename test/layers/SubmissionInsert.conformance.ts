import { assert } from "@effect/vitest"
import { Effect, Either, Option } from "effect"
import type { Submission } from "../../src/domain/Submission.ts"
import { type IdempotencyClaim, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { databaseSuite, type GatewayUnderTest } from "../support/LayersDatabase.ts"
import { newAccountId, noon, submissionOf } from "../support/LayersSamples.ts"

const claimOf = (key: string, requestDigest = "digest"): IdempotencyClaim => ({ key, requestDigest })

const undecided = (submission: Submission) => Option.some({ ...submission, recorded: null })

const all = { concurrency: "unbounded" } as const

export const submissionInserts = (layer: GatewayUnderTest) => {
  const { life, test } = databaseSuite(layer)

  test("a submission is there when its insert answered, also after reopening", (where) =>
    Effect.gen(function*() {
      const submission = submissionOf({ reference: "order 17", metadata: { a: "b" } })
      yield* life(where, () =>
        Effect.gen(function*() {
          const submissions = yield* SubmissionRepository
          assert.deepStrictEqual(yield* submissions.insert(submission, null), { _tag: "Accepted" })
          assert.deepStrictEqual(yield* submissions.find(submission.id, "all"), undecided(submission))
        }))
      yield* life(where, () =>
        Effect.gen(function*() {
          const submissions = yield* SubmissionRepository
          assert.deepStrictEqual(yield* submissions.find(submission.id, submission.accountId), undecided(submission))
        }))
    }))

  test("doing it again with the same id is success and changes nothing", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const submission = submissionOf()
        const claim = claimOf("key")
        for (let i = 0; i < 3; i++) {
          assert.deepStrictEqual(yield* submissions.insert(submission, claim), { _tag: "Accepted" })
        }
        assert.deepStrictEqual(yield* submissions.insert({ ...submission, amount: 5 }, claim), { _tag: "Accepted" })
        assert.deepStrictEqual(yield* submissions.find(submission.id, "all"), undecided(submission))
        assert.strictEqual((yield* submissions.counts).accepted, 1)
      })))

  test("the same id several times in one batch is one submission", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const submission = submissionOf()
        const answers = yield* Effect.replicateEffect(submissions.insert(submission, claimOf("key")), 10, all)
        assert.isTrue(answers.every((_) => _._tag === "Accepted"))
        assert.strictEqual((yield* submissions.counts).accepted, 1)
      })))

  test("a key is taken by the first of its account, in one batch and later", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const accountId = newAccountId()
        const mine = Array.from({ length: 20 }, () => submissionOf({ accountId }))
        const answers = yield* Effect.forEach(mine, (_, index) => submissions.insert(_, claimOf("k", `d${index}`)), all)
        const winners = answers.flatMap((answer, index) => answer._tag === "Accepted" ? [index] : [])
        assert.lengthOf(winners, 1)
        const taken = { _tag: "KeyTaken", id: mine[winners[0]!]!.id, requestDigest: `d${winners[0]}` } as const
        for (const [index, answer] of answers.entries()) {
          if (index !== winners[0]) assert.deepStrictEqual(answer, taken)
        }
        assert.deepStrictEqual(yield* submissions.insert(submissionOf({ accountId }), claimOf("k")), taken)
        assert.deepStrictEqual(yield* submissions.insert(mine[3]!, claimOf("k")), taken)
        assert.strictEqual((yield* submissions.counts).accepted, 1)
        assert.isTrue(Option.isNone(yield* submissions.find(mine[winners[0] === 0 ? 1 : 0]!.id, "all")))
      })))

  test("a key of another account is another key, and so is one that differs in case", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const accountId = newAccountId()
        const accepted = { _tag: "Accepted" }
        const inserts = [
          [submissionOf({ accountId }), "Key"],
          [submissionOf(), "Key"],
          [submissionOf({ accountId }), "key"],
          [submissionOf({ accountId }), "17"],
          [submissionOf({ accountId }), "17.0"],
          [submissionOf({ accountId }), "~".repeat(255)],
          [submissionOf({ accountId }), `'"\\`]
        ] as const
        for (const [submission, key] of inserts) {
          assert.deepStrictEqual(yield* submissions.insert(submission, claimOf(key)), accepted, key)
        }
        assert.deepStrictEqual(yield* submissions.insert(submissionOf({ accountId }), null), accepted)
        assert.deepStrictEqual(yield* submissions.insert(submissionOf({ accountId }), null), accepted)
        for (const [{ accountId, id }, key] of inserts) {
          const again = yield* submissions.insert(submissionOf({ accountId }), claimOf(key, "other"))
          assert.deepStrictEqual(again, { _tag: "KeyTaken", id, requestDigest: "digest" }, key)
        }
      })))

  test("inserts that come together share their statements", (where) =>
    life(where, (counted) =>
      Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const many = Array.from({ length: 64 }, () => submissionOf())
        const answers = yield* Effect.forEach(many, (_) => submissions.insert(_, null), all)
        assert.isTrue(answers.every((_) => _._tag === "Accepted"))
        assert.strictEqual(counted.batches.accept.reduce((sum, _) => sum + _, 0), 64)
        assert.isAtMost(counted.batches.accept.length, 8)
        for (const submission of many) {
          assert.deepStrictEqual(yield* submissions.find(submission.id, "all"), undecided(submission))
        }
      })))

  test("a row the database refuses costs the others of its batch nothing", (where) =>
    life(where, (counted) =>
      Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const many = Array.from({ length: 31 }, (_, index) =>
          submissionOf(index % 10 === 7 ? { keyId: null as never } : {}))
        const answers = yield* Effect.forEach(many, (_) =>
          Effect.either(submissions.insert(_, claimOf("k"))), all)
        assert.isAtMost(counted.batches.accept.length, 8)
        for (const [index, answer] of answers.entries()) {
          const found = yield* submissions.find(many[index]!.id, "all")
          if (index % 10 === 7) {
            assert.strictEqual(Either.isLeft(answer) ? answer.left._tag : "", "Unstorable", `${index}`)
            assert.isTrue(Option.isNone(found))
          } else {
            assert.deepStrictEqual(answer, Either.right({ _tag: "Accepted" } as const), `${index}`)
            assert.deepStrictEqual(found, undecided(many[index]!))
          }
        }
        assert.strictEqual((yield* submissions.counts).accepted, 28)
      })))

  test("more than may wait is refused at once, and what was accepted is stored", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const many = Array.from({ length: 100 }, () => submissionOf())
        const answers = yield* Effect.forEach(many, (_) => Effect.either(submissions.insert(_, null)), all)
        const accepted = answers.filter(Either.isRight).length
        assert.isAtLeast(accepted, 10)
        assert.isBelow(accepted, 100)
        for (const answer of answers) if (Either.isLeft(answer)) assert.strictEqual(answer.left._tag, "Overloaded")
        assert.strictEqual((yield* submissions.counts).accepted, accepted)
      }), { submissionCapacity: 10 }))

  test("any number of the largest that the contract takes are stored, also when they come together", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const value = `"\\'\u0001`.repeat(125)
        const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}`, value]))
        const many = Array.from({ length: 150 }, () => submissionOf({ reference: "😀".repeat(255), metadata }))
        const answers = yield* Effect.forEach(many, (_) => submissions.insert(_, null), all)
        assert.isTrue(answers.every((_) => _._tag === "Accepted"))
        for (const submission of many) {
          assert.deepStrictEqual(yield* submissions.find(submission.id, "all"), undecided(submission))
        }
      })))

  test("every bound of the contract is stored and read back", (where) =>
    Effect.gen(function*() {
      const metadata = Object.fromEntries(
        Array.from({ length: 50 }, (_, index) => [`${index}`.padStart(2, "0") + "😀".repeat(38), "é".repeat(500)])
      )
      const none = { brand: null, bin: null, last4: null, fingerprint: null }
      const many: ReadonlyArray<Submission> = [
        submissionOf({ reference: "😀".repeat(255), metadata }),
        submissionOf({ reference: "", metadata: { "": "" } }),
        submissionOf({ reference: `'; DROP TABLE submissions --"\\\n\t\u0001\u2028` }),
        submissionOf({ metadata: { constructor: "x", toString: `{"a":1}`, "0": "first" } }),
        submissionOf({ reference: "a ", metadata: { "b ": " c " } }),
        submissionOf({ amount: Number.MAX_SAFE_INTEGER }),
        submissionOf({ amount: Number.MIN_SAFE_INTEGER }),
        submissionOf({ amount: 0 }),
        submissionOf({ amount: -1 }),
        submissionOf({ card: { ...none, expMonth: 0, expYear: 2000 }, cvvShape: "invalid" }),
        submissionOf({ card: { ...none, last4: "0000", expMonth: 99, expYear: 9999 }, cvvShape: "4" }),
        submissionOf({ card: { ...submissionOf().card, bin: "000000", last4: "0001" } }),
        submissionOf({ sealedCard: "1.k." + "A".repeat(3_000), keyId: "k".repeat(32) }),
        submissionOf({ acceptedAt: noon + 0.0 }),
        submissionOf({ acceptedAt: Date.UTC(2500, 0, 1) })
      ]
      yield* life(where, () =>
        Effect.gen(function*() {
          const submissions = yield* SubmissionRepository
          yield* Effect.forEach(many, (_) => submissions.insert(_, null), all)
        }))
      yield* life(where, () =>
        Effect.gen(function*() {
          const submissions = yield* SubmissionRepository
          for (const [index, submission] of many.entries()) {
            assert.deepStrictEqual(yield* submissions.find(submission.id, "all"), undecided(submission), `${index}`)
          }
        }))
    }))
}
