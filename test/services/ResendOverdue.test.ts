import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Redacted, TestClock } from "effect"
import { CardUnreadable } from "../../src/services/CardVault.ts"
import { Log, type LogRecord, type Topic } from "../../src/services/Log.ts"
import { ProcessTransactions } from "../../src/services/ProcessTransactions.ts"
import { RecordDecisions } from "../../src/services/RecordDecisions.ts"
import { ResendOverdue } from "../../src/services/ResendOverdue.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { SubmitTransaction } from "../../src/services/SubmitTransaction.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { eventually, ownTime } from "../support/LayersEventually.ts"
import { pipeline, recordsOf } from "../support/LayersPipeline.ts"
import { cardOf, newAccountId, noon } from "../support/LayersSamples.ts"

const submitOne = Effect.gen(function*() {
  const { submit } = yield* SubmitTransaction
  const { submission } = yield* submit({
    accountId: newAccountId(),
    amount: 1999,
    currency: "USD",
    card: cardOf(),
    cvv: Redacted.make("123"),
    reference: null,
    metadata: {},
    claim: null
  })
  return submission
})

const processing = Effect.forkScoped(Effect.flatMap(ProcessTransactions, (_) => _.run))
const recording = Effect.forkScoped(Effect.flatMap(RecordDecisions, (_) => _.run))
const resending = Effect.forkScoped(Effect.flatMap(ResendOverdue, (_) => _.run))

const counts = Effect.flatMap(SubmissionRepository, (_) => _.counts)

const allDecided = (count: number, time = ownTime("250 millis")) =>
  eventually("every submission is decided", counts, (_) => _.decided === count && _.undecided === 0, time, 20_000)

const seconds = (count: number) => Effect.replicateEffect(TestClock.adjust("1 second"), count, { discard: true })

/** Appends and offers to these topics are acknowledged, and lost, as long as it says so. */
const losing =
  (topic: Topic, isLost: (records: ReadonlyArray<LogRecord>) => boolean) => (of: Log["Type"]): Log["Type"] => ({
    ...of,
    append: (to, records) =>
      to === topic && isLost(records)
        ? Effect.succeed(records.map(() => ({ partition: 0, offset: 0, appendedAt: 0 })))
        : of.append(to, records),
    offer: (to, record) => to === topic && isLost([record]) ? Effect.void : of.offer(to, record)
  })

describe("ResendOverdue, with the whole pipeline", () => {
  it.scoped("what still waits in the log is not sent again: the processor stands still for 60 s under load", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      yield* recording
      yield* resending
      for (let second = 0; second < 60; second++) {
        yield* Effect.replicateEffect(submitOne, 5, { concurrency: "unbounded" })
        yield* TestClock.adjust("1 second")
      }
      assert.isTrue(yield* (yield* SubmissionRepository).hasPastDue(noon + 60_000))
      assert.lengthOf(yield* recordsOf("transactions"), 300)
      yield* processing
      yield* Effect.replicateEffect(submitOne, 5, { concurrency: "unbounded" })
      yield* allDecided(305)
      yield* seconds(15)
      const keys = (yield* recordsOf("transactions")).map((_) => _.key)
      assert.lengthOf(keys, 305)
      assert.strictEqual(new Set(keys).size, 305)
      assert.strictEqual(counted.resent, 0)
    }).pipe(Effect.provide(layer))
  }, 60_000)

  it.scoped("the same while the recorder stands still", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      yield* processing
      yield* resending
      for (let second = 0; second < 20; second++) {
        yield* Effect.replicateEffect(submitOne, 5, { concurrency: "unbounded" })
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual((yield* counts).decided, 0)
      yield* recording
      yield* allDecided(100)
      yield* seconds(10)
      assert.lengthOf(yield* recordsOf("transactions"), 100)
      assert.strictEqual(counted.resent, 0)
    }).pipe(Effect.provide(layer))
  }, 60_000)

  it.scoped("a submission that never reached the log is sent once it is overdue, and decided", () => {
    let lose = true
    const { counted, layer } = pipeline({ log: losing("transactions", () => lose) })
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      yield* Effect.all([processing, recording, resending])
      const many = yield* Effect.replicateEffect(submitOne, 3)
      lose = false
      yield* seconds(4)
      assert.strictEqual((yield* counts).undecided, 3)
      yield* allDecided(3)
      yield* seconds(10)
      assert.sameMembers((yield* recordsOf("transactions")).map((_) => _.key), many.map((_) => _.id))
      assert.strictEqual(counted.resent, 3)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("a result that was lost comes again, as it was decided", () => {
    let lose = true
    const { layer } = pipeline({ log: losing("transactions_result", () => lose) })
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      yield* Effect.all([processing, recording, resending])
      const one = yield* submitOne
      const transactions = yield* TransactionRepository
      const [decided] = yield* eventually(
        "it is decided",
        transactions.find([one.id]),
        (_) => _.length === 1,
        ownTime()
      )
      lose = false
      yield* allDecided(1)
      const { recorded } = (yield* (yield* SubmissionRepository).findMany([one.id]))[0]!
      assert.deepStrictEqual(
        { decision: recorded!.decision, decidedAt: recorded!.decidedAt, position: recorded!.position },
        { decision: decided!.decision, decidedAt: decided!.decidedAt, position: decided!.position }
      )
      assert.deepStrictEqual(yield* transactions.list(null, 10), [decided!])
    }).pipe(Effect.provide(layer))
  })

  it.scoped("a card whose key is missing is parked and shown, and decided once the key is back", () => {
    let hasKey = false
    const { counted, layer } = pipeline({
      vault: (of) => ({
        ...of,
        open: (sealed, facts) =>
          hasKey ? of.open(sealed, facts) : Either.left(new CardUnreadable({ reason: "unknown_card_key" }))
      })
    })
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      yield* Effect.all([processing, recording, resending])
      yield* submitOne
      yield* eventually("it is marked", counts, (_) => _.parked === 1, ownTime())
      yield* eventually(
        "it is sent again, and parked again",
        Effect.sync(() => counted.parked.get("transactions unknown_card_key") ?? 0),
        (_) => _ >= 2,
        ownTime("250 millis")
      )
      assert.deepStrictEqual([(yield* counts).parked, (yield* counts).undecided], [1, 1])
      hasKey = true
      yield* allDecided(1)
      assert.strictEqual((yield* counts).parked, 0)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("what is decided is never sent again, however long it goes on", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      yield* Effect.all([processing, recording, resending])
      yield* Effect.replicateEffect(submitOne, 10, { concurrency: "unbounded" })
      yield* allDecided(10)
      yield* seconds(30)
      assert.lengthOf(yield* recordsOf("transactions"), 10)
      assert.strictEqual(counted.resent, 0)
    }).pipe(Effect.provide(layer))
  })
})
