import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { Daemons } from "../../src/layers/Daemons.ts"
import { AccountRepository } from "../../src/services/AccountRepository.ts"
import { Log } from "../../src/services/Log.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { faultySqlite } from "../support/LayersFaultySqlite.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { recordsOf } from "../support/LayersPipeline.ts"
import {
  accountOf,
  decisionOf,
  noon,
  position,
  secretOf,
  submissionOf,
  textOf,
  textRecord,
  transactionOf
} from "../support/LayersSamples.ts"
import { memoryGateway, memoryLog, memoryProcessor } from "../support/LayersSqlite.ts"

/** The databases, and the faults that a test orders. */
const scene = () => {
  const { counted, layer } = recordedMetrics()
  const layers = Layer.mergeAll(memoryGateway, memoryProcessor, memoryLog).pipe(
    Layer.provide(Layer.merge(layer, Daemons.Default))
  )
  return { counted, layers }
}

describe("an unknown outcome is answered by running the same statement again", () => {
  it.scoped("a submission: its own id in conflict is success", () => {
    const { counted, layers } = scene()
    return Effect.gen(function*() {
      const { left, next } = yield* faultySqlite
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        for (const fault of ["answer lost", "not carried out"] as const) {
          const submission = submissionOf()
          next("INSERT INTO submissions", fault)
          const answer = yield* submissions.insert(submission, { key: "key", requestDigest: "digest" })
          assert.deepStrictEqual(answer, { _tag: "Accepted" }, fault)
          assert.isTrue(Option.isSome(yield* submissions.find(submission.id, "all")))
        }
        assert.strictEqual(left(), 0)
        assert.strictEqual((yield* submissions.counts).accepted, 2)
        assert.strictEqual(counted.storageRetried.get("accept"), 2)
      }).pipe(Effect.provide(layers))
    })
  })

  it.scoped("a submission: only when that fails too is the database unavailable, and then it may be repeated", () =>
    Effect.gen(function*() {
      const { left, next } = yield* faultySqlite
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const submission = submissionOf()
        next("INSERT INTO submissions", "answer lost", "not carried out")
        assert.strictEqual((yield* Effect.flip(submissions.insert(submission, null)))._tag, "StorageUnavailable")
        assert.strictEqual(left(), 0)
        assert.deepStrictEqual(yield* submissions.insert(submission, null), { _tag: "Accepted" })
        assert.strictEqual((yield* submissions.counts).accepted, 1)
      }).pipe(Effect.provide(scene().layers))
    }))

  it.scoped("a decision and a mark: twice is once", () => {
    const { counted, layers } = scene()
    return Effect.gen(function*() {
      const { left, next } = yield* faultySqlite
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const sql = yield* SqlClient.SqlClient
        const [marked, decided] = [submissionOf(), submissionOf()]
        yield* submissions.insert(marked, null)
        yield* submissions.insert(decided, null)
        next("UPDATE submissions", "answer lost")
        const mark = { id: marked.id, reason: "unknown_card_key", position: position(3) } as const
        assert.deepStrictEqual(yield* submissions.markParked([mark]), [])
        assert.deepStrictEqual(yield* sql`SELECT parked_count FROM submissions WHERE id = ${marked.id}`, [
          { parked_count: 1 }
        ])
        next("UPDATE submissions", "answer lost")
        assert.deepStrictEqual(yield* submissions.record([decisionOf(decided.id)], noon), [])
        assert.strictEqual((yield* submissions.counts).decided, 1)
        assert.strictEqual(left(), 0)
        assert.strictEqual(counted.storageRetried.get("record"), 2)
      }).pipe(Effect.provide(layers))
    })
  })

  it.scoped("a stored transaction: it is there, and the processor is told to read again", () =>
    Effect.gen(function*() {
      const { left, next } = yield* faultySqlite
      yield* Effect.gen(function*() {
        const transactions = yield* TransactionRepository
        const [lost, never] = [transactionOf(), transactionOf({ acceptedAt: noon + 1 })]
        next("INSERT INTO transactions", "answer lost")
        assert.strictEqual((yield* Effect.flip(transactions.insert([lost])))._tag, "AlreadyDecided")
        assert.deepStrictEqual(yield* transactions.find([lost.id]), [lost])
        next("INSERT INTO transactions", "not carried out")
        yield* transactions.insert([never])
        next("INSERT INTO transactions", "not carried out", "not carried out")
        assert.strictEqual((yield* Effect.flip(transactions.insert([transactionOf()])))._tag, "StorageUnavailable")
        assert.deepStrictEqual(yield* transactions.list(null, 10), [lost, never])
        assert.strictEqual(left(), 0)
      }).pipe(Effect.provide(scene().layers))
    }))

  it.scoped("an account and its secret", () =>
    Effect.gen(function*() {
      const { left, next } = yield* faultySqlite
      yield* Effect.gen(function*() {
        const accounts = yield* AccountRepository
        for (const table of ["accounts", "secrets"]) {
          for (const fault of ["answer lost", "not carried out"] as const) {
            const account = accountOf()
            next(`INSERT INTO ${table}`, fault)
            yield* accounts.insert(account, secretOf(account, "digest"))
            const found = yield* accounts.findCredentials(account.id)
            assert.deepStrictEqual(found, Option.some({ account, digests: ["digest"] }), `${table} ${fault}`)
          }
        }
        assert.strictEqual(left(), 0)
      }).pipe(Effect.provide(scene().layers))
    }))
})

describe("an append whose outcome is not known", () => {
  it.scoped("is told, and what follows is dense, carried out or not", () =>
    Effect.gen(function*() {
      const { left, next } = yield* faultySqlite
      yield* Effect.gen(function*() {
        const log = yield* Log
        const append = (text: string) => Effect.map(log.append("transactions", [textRecord(text)]), ([_]) => _!.offset)
        assert.strictEqual(yield* append("first"), 0)
        next("INSERT INTO batches", "answer lost")
        assert.strictEqual((yield* Effect.flip(append("perhaps")))._tag, "LogUnavailable")
        assert.strictEqual(yield* append("second"), 2)
        next("INSERT INTO batches", "not carried out")
        assert.strictEqual((yield* Effect.flip(append("never")))._tag, "LogUnavailable")
        assert.strictEqual(yield* append("third"), 3)
        assert.strictEqual(left(), 0)
        const read = yield* recordsOf("transactions")
        assert.deepStrictEqual(read.map(textOf), ["first", "perhaps", "second", "third"])
        assert.deepStrictEqual(read.map((_) => _.position.offset), [0, 1, 2, 3])
      }).pipe(Effect.provide(scene().layers))
    }))

  it.scoped("of an offer is counted as lost", () => {
    const { counted, layers } = scene()
    return Effect.gen(function*() {
      const { next } = yield* faultySqlite
      yield* Effect.gen(function*() {
        const log = yield* Log
        next("INSERT INTO batches", "not carried out")
        yield* log.offer("transactions", textRecord("lost"))
        yield* log.offer("transactions", textRecord("lost too"))
        yield* Effect.either(log.append("transactions", [textRecord("told")]))
        assert.strictEqual(counted.laneDropped.get("transactions"), 2)
        yield* log.append("transactions", [textRecord("kept")])
        assert.deepStrictEqual((yield* recordsOf("transactions")).map(textOf), ["kept"])
      }).pipe(Effect.provide(layers))
    })
  })
})
