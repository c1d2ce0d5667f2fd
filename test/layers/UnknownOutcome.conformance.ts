import { SqlClient } from "@effect/sql"
import { assert, it } from "@effect/vitest"
import { Effect, type Layer, Option, type Scope } from "effect"
import { AccountRepository } from "../../src/services/AccountRepository.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import type { Faults } from "../support/LayersFaultySqlite.ts"
import type { Counted } from "../support/LayersMetrics.ts"
import {
  accountOf,
  decisionOf,
  noon,
  position,
  secretOf,
  submissionOf,
  transactionOf
} from "../support/LayersSamples.ts"

/** The databases, and the faults that a test orders; the client is the gateway's. */
export type Scene = Effect.Effect<
  Faults & {
    readonly counted: Counted
    readonly layers: Layer.Layer<
      AccountRepository | SubmissionRepository | TransactionRepository | SqlClient.SqlClient,
      unknown
    >
  },
  unknown,
  Scope.Scope
>

/** An unknown outcome is answered by running the same statement again. */
export const unknownOutcomes = (scene: Scene) => {
  const test = (title: string, body: () => Effect.Effect<void, unknown, Scope.Scope>) => it.scopedLive(title, body)

  test("a submission: its own id in conflict is success", () =>
    Effect.gen(function*() {
      const { counted, layers, left, next } = yield* scene
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        for (const fault of ["answer lost", "not carried out"] as const) {
          const submission = submissionOf()
          next(/^INSERT INTO submissions\b/, fault)
          const answer = yield* submissions.insert(submission, { key: "key", requestDigest: "digest" })
          assert.deepStrictEqual(answer, { _tag: "Accepted" }, fault)
          assert.isTrue(Option.isSome(yield* submissions.find(submission.id, "all")))
        }
        assert.strictEqual(left(), 0)
        assert.strictEqual((yield* submissions.counts).accepted, 2)
        assert.strictEqual(counted.storageRetried.get("accept"), 2)
      }).pipe(Effect.provide(layers))
    }))

  test("a submission: only when that fails too is the database unavailable, and then it may be repeated", () =>
    Effect.gen(function*() {
      const { layers, left, next } = yield* scene
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const submission = submissionOf()
        next(/^INSERT INTO submissions\b/, "answer lost", "not carried out")
        assert.strictEqual((yield* Effect.flip(submissions.insert(submission, null)))._tag, "StorageUnavailable")
        assert.strictEqual(left(), 0)
        assert.deepStrictEqual(yield* submissions.insert(submission, null), { _tag: "Accepted" })
        assert.strictEqual((yield* submissions.counts).accepted, 1)
      }).pipe(Effect.provide(layers))
    }))

  test("a decision and a mark: twice is once", () =>
    Effect.gen(function*() {
      const { counted, layers, left, next } = yield* scene
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const sql = yield* SqlClient.SqlClient
        const [marked, decided] = [submissionOf(), submissionOf()]
        yield* submissions.insert(marked, null)
        yield* submissions.insert(decided, null)
        next(/^UPDATE .*submissions/s, "answer lost")
        const mark = { id: marked.id, reason: "unknown_card_key", position: position(3) } as const
        assert.deepStrictEqual(yield* submissions.markParked([mark]), [])
        assert.deepStrictEqual(yield* sql`SELECT parked_count FROM submissions WHERE id = ${marked.id}`, [
          { parked_count: 1 }
        ])
        next(/^UPDATE .*submissions/s, "answer lost")
        assert.deepStrictEqual(yield* submissions.record([decisionOf(decided.id)], noon), [])
        assert.strictEqual((yield* submissions.counts).decided, 1)
        assert.strictEqual(left(), 0)
        assert.strictEqual(counted.storageRetried.get("record"), 2)
      }).pipe(Effect.provide(layers))
    }))

  test("a stored transaction: it is there, and the processor is told to read again", () =>
    Effect.gen(function*() {
      const { layers, left, next } = yield* scene
      yield* Effect.gen(function*() {
        const transactions = yield* TransactionRepository
        const [lost, never] = [transactionOf(), transactionOf({ acceptedAt: noon + 1 })]
        next(/^INSERT INTO transactions\b/, "answer lost")
        assert.strictEqual((yield* Effect.flip(transactions.insert([lost])))._tag, "AlreadyDecided")
        assert.deepStrictEqual(yield* transactions.find([lost.id]), [lost])
        next(/^INSERT INTO transactions\b/, "not carried out")
        yield* transactions.insert([never])
        next(/^INSERT INTO transactions\b/, "not carried out", "not carried out")
        assert.strictEqual((yield* Effect.flip(transactions.insert([transactionOf()])))._tag, "StorageUnavailable")
        assert.deepStrictEqual(yield* transactions.list(null, 10), [lost, never])
        assert.strictEqual(left(), 0)
      }).pipe(Effect.provide(layers))
    }))

  test("what an operator or an account changes: twice is once", () =>
    Effect.gen(function*() {
      const { layers, left, next } = yield* scene
      yield* Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const submissions = yield* SubmissionRepository
        const account = accountOf()
        const first = secretOf(account, "first")
        const second = secretOf(account, "second")
        yield* accounts.insert(account, first)
        const waiting = submissionOf()
        yield* submissions.insert(waiting, null)
        const writes: ReadonlyArray<readonly [RegExp, Effect.Effect<void, unknown>]> = [
          [/^INSERT INTO secrets\b/, accounts.insertSecret(second)],
          [/^UPDATE .*secrets/s, accounts.expireOlder(second, noon + 1)],
          [/^UPDATE .*secrets/s, accounts.revoke(account.id, second.id, noon + 2)],
          [/^UPDATE .*secrets/s, accounts.restore(account.id, second.id, noon + 2)],
          [/^UPDATE .*secrets/s, accounts.markUsed([{ id: first.id, at: noon + 3 }])],
          [/^UPDATE .*accounts/s, accounts.setDisabled(account.id, noon + 4)],
          [/^UPDATE .*submissions/s, submissions.resendNow(waiting.id, noon + 5)],
          [/^UPDATE .*submissions/s, submissions.giveUp(waiting.id, noon + 6, "token")]
        ]
        for (const [statement, write] of writes) {
          for (const fault of ["answer lost", "not carried out"] as const) {
            next(statement, fault)
            yield* write
          }
        }
        assert.strictEqual(left(), 0)
        assert.deepStrictEqual(
          yield* accounts.findCredentials(account.id),
          Option.some({
            account: { ...account, disabledAt: noon + 4 },
            secrets: [{ ...first, expiresAt: noon + 1, lastUsedAt: noon + 3 }, second]
          })
        )
        assert.isFalse(yield* submissions.hasPastDue(noon + 5))
        assert.isTrue(yield* submissions.hasPastDue(noon + 6))
        assert.deepStrictEqual(
          yield* submissions.find(waiting.id, "all"),
          Option.some({ ...waiting, giveUpToken: "token", recorded: null })
        )
      }).pipe(Effect.provide(layers))
    }))

  test("an account and its secret", () =>
    Effect.gen(function*() {
      const { layers, left, next } = yield* scene
      yield* Effect.gen(function*() {
        const accounts = yield* AccountRepository
        for (const table of ["accounts", "secrets"]) {
          for (const fault of ["answer lost", "not carried out"] as const) {
            const account = accountOf()
            next(new RegExp(`^INSERT INTO ${table}\\b`), fault)
            const secret = secretOf(account, "digest")
            yield* accounts.insert(account, secret)
            const found = yield* accounts.findCredentials(account.id)
            assert.deepStrictEqual(found, Option.some({ account, secrets: [secret] }), `${table} ${fault}`)
          }
        }
        assert.strictEqual(left(), 0)
      }).pipe(Effect.provide(layers))
    }))
}
