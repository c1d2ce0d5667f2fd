import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Clock, Context, Effect, Either, Layer, type Scope } from "effect"
import { randomBytes } from "node:crypto"
import { inject } from "vitest"
import { makeTransactionId } from "../../src/domain/Ids.ts"
import type { Submission } from "../../src/domain/Submission.ts"
import type { Metrics } from "../../src/services/Metrics.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { mysqlGateway, mysqlPair, mysqlProcessor } from "../support/LayersMysql.ts"
import { decisionOf, newAccountId, position, submissionOf, transactionOf } from "../support/LayersSamples.ts"

const adminUrl = inject("database")

const all = { concurrency: "unbounded" } as const

const milliseconds = 3_000

/** A process with these layers, and what it counts. */
const process = <A, E>(layer: Layer.Layer<A, E, Metrics>): Effect.Effect<
  { readonly context: Context.Context<A>; readonly retried: () => number },
  E,
  Scope.Scope
> =>
  Effect.suspend(() => {
    const { counted, layer: metrics } = recordedMetrics()
    return Effect.map(Layer.build(Layer.provide(layer, metrics)), (context) => ({
      context,
      retried: () => Array.from(counted.storageRetried.values()).reduce((sum, _) => sum + _, 0)
    }))
  })

describe.runIf(adminUrl !== null)("processes that write to the same tables of MySQL", () => {
  it.scopedLive("hardly ever meet, lose nothing, and decide nothing twice", () =>
    Effect.gen(function*() {
      const { gatewayUrl, processorUrl } = yield* mysqlPair(adminUrl!)
      const intakes = yield* Effect.replicateEffect(process(mysqlGateway(gatewayUrl)), 3)
      const recorders = yield* Effect.replicateEffect(process(mysqlGateway(gatewayUrl)), 3)
      const processors = yield* Effect.replicateEffect(process(mysqlProcessor(processorUrl)), 3)
      const submissionsOf = (of: (typeof intakes)[number]) => Context.get(of.context, SubmissionRepository)
      const transactionsOf = (of: (typeof processors)[number]) => Context.get(of.context, TransactionRepository)
      const accounts = Arr.makeBy(5, newAccountId)
      const accepted: Array<Submission> = []
      const waiting: Array<Submission> = []
      const until = (yield* Clock.currentTimeMillis) + milliseconds

      /** One in four has a key, and two intakes may be given the same. */
      const accept = (of: (typeof intakes)[number]) =>
        Effect.gen(function*() {
          const now = yield* Clock.currentTimeMillis
          const many = Arr.makeBy(64, (i) =>
            submissionOf({
              id: makeTransactionId(now, randomBytes(10)),
              acceptedAt: now,
              accountId: accounts[i % accounts.length]!
            }))
          const answers = yield* Effect.forEach(
            many,
            (_, i) =>
              submissionsOf(of).insert(
                _,
                i % 4 > 0 ? null : { key: `${Math.floor(now / 20)}-${i}`, requestDigest: "d" }
              ),
            all
          )
          const mine = many.filter((_, i) => answers[i]!._tag === "Accepted")
          accepted.push(...mine)
          waiting.push(...mine)
          if (waiting.length > 2_000) yield* Effect.sleep("20 millis")
          return now < until
        }).pipe(Effect.repeat({ while: (_) => _ }))

      /** Each batch is given to two of each at once, as when a partition moves, in different orders. */
      const decide = (at: number) =>
        Effect.gen(function*() {
          const batch = waiting.splice(0, 200)
          if (batch.length === 0) {
            yield* Effect.sleep("5 millis")
            return (yield* Clock.currentTimeMillis) < until
          }
          const some = [batch, batch.toReversed()].map((order, i) => ({
            transactions: transactionsOf(processors[(at + i) % 3]!),
            submissions: submissionsOf(recorders[(at + i) % 3]!),
            order
          }))
          yield* Effect.forEach(some, ({ order, submissions, transactions }, copy) =>
            Effect.gen(function*() {
              const now = yield* Clock.currentTimeMillis
              const inserted = yield* Effect.either(transactions.insert(
                order.map(({ acceptedAt, accountId, id }, offset) =>
                  transactionOf({ id, accountId, acceptedAt, decidedAt: now + copy, position: position(offset) })
                )
              ))
              if (Either.isLeft(inserted)) assert.strictEqual(inserted.left._tag, "AlreadyDecided")
              const stored = yield* transactions.find(order.map((_) => _.id))
              assert.lengthOf(stored, order.length)
              const unknown = yield* submissions.record(
                stored.map(({ decidedAt, id }) => decisionOf(id, { decidedAt })),
                now
              )
              assert.deepStrictEqual(unknown, [])
            }), all)
          return true
        }).pipe(Effect.repeat({ while: (_) => _ }))

      const claim = (of: (typeof recorders)[number], at: number) =>
        Effect.gen(function*() {
          const now = yield* Clock.currentTimeMillis
          yield* submissionsOf(of).claimOverdue({
            mark: now + 5_000,
            now,
            token: `${at} ${now}`,
            limit: 500,
            backOff: 1,
            ceiling: 1
          })
          yield* Effect.sleep("50 millis")
          return now < until
        }).pipe(Effect.repeat({ while: (_) => _ }))

      yield* Effect.all([...intakes.map(accept), ...[0, 1, 2].map(decide), ...recorders.map(claim)], all)
      // what was accepted after the last decider had looked
      yield* decide(0)

      const counts = yield* submissionsOf(intakes[0]!).counts
      assert.strictEqual(counts.accepted, accepted.length)
      assert.strictEqual(counts.decided, accepted.length)
      for (const ids of Arr.chunksOf(accepted.map((_) => _.id), 500)) {
        const decided = new Map(
          (yield* transactionsOf(processors[0]!).find(ids)).map((_) => [_.id, _.decidedAt])
        )
        for (const { id, recorded } of yield* submissionsOf(intakes[0]!).findMany(ids)) {
          assert.strictEqual(recorded!.decidedAt, decided.get(id))
        }
      }
      const statements = 3 * accepted.length / 64
      const retried = [...intakes, ...recorders, ...processors].reduce((sum, _) => sum + _.retried(), 0)
      assert.isAtMost(retried, statements / 5, `of ${accepted.length} submissions`)
    }), 120_000)
})
