import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option } from "effect"
import { inject } from "vitest"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { startProxy } from "../faults/Proxy.ts"
import { faultyMysql } from "../support/FaultyMysql.ts"
import { eventually } from "../support/LayersEventually.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { mysqlGateway, mysqlPair, mysqlProcessor } from "../support/LayersMysql.ts"
import { decisionOf, noon, submissionOf, transactionOf } from "../support/LayersSamples.ts"
import { unknownOutcomes } from "./UnknownOutcome.conformance.ts"

const adminUrl = inject("database")

const throughPort = (url: string, port: number) => Object.assign(new URL(url), { port: `${port}` }).href

/** Both databases by one way. */
const by = Effect.fnUntraced(function*(port: number, entries: Readonly<Record<string, string>> = {}) {
  const pair = yield* mysqlPair(adminUrl!)
  const { counted, layer } = recordedMetrics()
  const layers = Layer.mergeAll(
    mysqlProcessor(throughPort(pair.processorUrl, port), entries),
    mysqlGateway(throughPort(pair.gatewayUrl, port), entries)
  ).pipe(Layer.provide(layer))
  return { ...pair, counted, layers }
})

const scene = Effect.suspend(() =>
  Effect.flatMap(
    faultyMysql(Number(new URL(adminUrl!).port)),
    (faults) => Effect.map(by(faults.port), (_) => ({ ...faults, ..._ }))
  )
)

describe.runIf(adminUrl !== null)("on MySQL, after an unknown outcome", () => {
  unknownOutcomes(scene)

  it.scopedLive("what was not answered in time is run again on another connection, and is there once", () =>
    Effect.gen(function*() {
      const proxy = yield* Effect.acquireRelease(
        Effect.promise(() => startProxy(() => Number(new URL(adminUrl!).port))),
        (_) => Effect.sync(_.close)
      )
      const { counted, layers } = yield* by(proxy.port, { MYSQL_STATEMENT_TIMEOUT_MS: "300" })
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const transactions = yield* TransactionRepository
        for (const direction of ["replies", "requests"] as const) {
          const submission = submissionOf()
          yield* submissions.counts
          proxy.hold(direction)
          const inserting = yield* Effect.fork(submissions.insert(submission, { key: direction, requestDigest: "d" }))
          const before = counted.storageRetried.get("accept") ?? 0
          const retried = Effect.sync(() => counted.storageRetried.get("accept") ?? 0)
          yield* eventually("it is run again", retried, (_) => _ > before)
          proxy.pass()
          assert.deepStrictEqual(yield* Fiber.join(inserting), { _tag: "Accepted" })
          assert.isTrue(Option.isSome(yield* submissions.find(submission.id, "all")))

          proxy.hold(direction)
          const recording = yield* Effect.fork(submissions.record([decisionOf(submission.id)], noon))
          yield* Effect.sleep(330)
          proxy.pass()
          assert.deepStrictEqual(yield* Fiber.join(recording), [])

          const transaction = transactionOf()
          proxy.hold(direction)
          const deciding = yield* Effect.fork(Effect.either(transactions.insert([transaction])))
          yield* Effect.sleep(330)
          proxy.pass()
          yield* Fiber.join(deciding)
          assert.deepStrictEqual(yield* transactions.find([transaction.id]), [transaction])
        }
        const { accepted, decided } = yield* submissions.counts
        assert.deepStrictEqual({ accepted, decided }, { accepted: 2, decided: 2 })
        assert.isAtLeast(counted.storageRetried.get("accept")!, 2)
      }).pipe(Effect.provide(layers))
    }))
})

describe.runIf(adminUrl !== null)("on MySQL, a statement that meets another", () => {
  it.scopedLive("is run again until the other is done, and counted", () =>
    Effect.gen(function*() {
      const { counted, layers } = yield* by(Number(new URL(adminUrl!).port))
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const sql = yield* SqlClient.SqlClient
        const [held, one, other] = [submissionOf(), submissionOf(), submissionOf({ acceptedAt: noon + 1 })]
        yield* Effect.forEach([held, one, other], (_) => submissions.insert(_, null))

        // somebody holds a row for longer than the server lets a statement wait
        const holding = yield* Effect.fork(sql.withTransaction(
          Effect.zipRight(
            sql`UPDATE submissions SET resends = resends + 1 WHERE id = ${held.id}`,
            Effect.sleep("2500 millis")
          )
        ))
        yield* Effect.sleep(100)
        assert.deepStrictEqual(yield* submissions.record([decisionOf(held.id)], noon), [])
        assert.isAtLeast(counted.storageRetried.get("record")!, 1)
        yield* Fiber.join(holding)

        // somebody takes two rows in the other order, and has more to lose
        const before = counted.storageRetried.get("record")!
        const marks = [one, other].map(({ id }, offset) => ({
          id,
          reason: "unstorable" as const,
          position: { partition: 0, offset, appendedAt: noon }
        }))
        const marking = yield* Effect.fork(Effect.delay(submissions.markParked(marks), "300 millis"))
        yield* sql.withTransaction(Effect.gen(function*() {
          yield* sql`UPDATE submissions SET key_id = 'k2' WHERE id = ${other.id}`
          for (let i = 0; i < 50; i++) {
            yield* sql`INSERT INTO secrets (id, account_id, digest, created_at) VALUES (${`s${i}`}, 'a', 'd', 1)`
          }
          yield* Effect.sleep("600 millis")
          yield* sql`UPDATE submissions SET key_id = 'k2' WHERE id = ${one.id}`
        }))
        assert.deepStrictEqual(yield* Fiber.join(marking), [])
        assert.isAbove(counted.storageRetried.get("record")!, before)
        assert.strictEqual((yield* submissions.counts).parked, 2)
      }).pipe(Effect.provide(layers))
    }))
})
