import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { Log } from "../../src/services/Log.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { ProcessTransactions } from "../../src/services/ProcessTransactions.ts"
import { eventually, ownTime } from "../support/LayersEventually.ts"
import { pipeline, published, receivedOf, recordsOf, stored } from "../support/LayersPipeline.ts"
import { approved, cardOf, expired, noon } from "../support/LayersSamples.ts"

describe("ProcessTransactions", () => {
  it.effect("decides, stores and publishes, each with where its message stood", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon + 2_500)
      const { handle } = yield* ProcessTransactions
      const good = yield* receivedOf()
      const small = yield* receivedOf({ amount: 99 })
      const old = yield* receivedOf({}, cardOf({ expMonth: 10, expYear: 2026 }))
      yield* handle([good.record, small.record, old.record])
      const expected = [
        [good, approved],
        [small, { status: "rejected", reason: "amount_too_small" }],
        [old, expired]
      ] as const
      const rows = new Map((yield* stored).map((_) => [_.id, _]))
      const results = new Map((yield* published).map((_) => [_.id, _]))
      assert.deepStrictEqual([rows.size, results.size], [3, 3])
      for (const [{ record, submission }, decision] of expected) {
        const { accountId, acceptedAt, amount, currency, id } = submission
        const decided = { decision, decidedAt: noon + 2_500, position: record.position }
        assert.deepStrictEqual(rows.get(id), { id, accountId, amount, currency, acceptedAt, ...decided })
        assert.deepStrictEqual(results.get(id), { id, ...decided })
      }
      assert.deepStrictEqual(Object.fromEntries(counted.decided), {
        approved: 1,
        amount_too_small: 1,
        expired_card: 1
      })
      assert.deepStrictEqual(counted.acceptToDecision, [2.5, 2.5, 2.5])
      assert.deepStrictEqual(counted.batches.process, [3])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a card is judged at the instant of its acceptance, however late it is decided", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2031, 0, 1))
      const { handle } = yield* ProcessTransactions
      const lastInstant = Date.UTC(2030, 0, 1) - 1
      const card = cardOf({ expMonth: 12, expYear: 2029 })
      const inTime = yield* receivedOf({ acceptedAt: lastInstant }, card)
      const late = yield* receivedOf({ acceptedAt: lastInstant + 1 }, card)
      yield* handle([inTime.record, late.record])
      assert.deepStrictEqual((yield* stored).map((_) => _.decision), [approved, expired])
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("what comes again is published again as it was decided, with the triggers on", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      const { handle } = yield* ProcessTransactions
      const one = yield* receivedOf()
      const two = yield* receivedOf({ amount: 5 })
      yield* handle([one.record, two.record])
      const before = yield* stored
      yield* TestClock.adjust("1 hour")
      const three = yield* receivedOf()
      const again = { ...two.record, position: { ...two.record.position, offset: 900_000 } }
      yield* handle([one.record, again, three.record])
      const after = yield* stored
      assert.deepStrictEqual(after.filter((_) => _.id !== three.submission.id), before)
      assert.strictEqual(after.find((_) => _.id === three.submission.id)?.decidedAt, noon + 3_600_000)
      const results = yield* published
      assert.lengthOf(results, 5)
      for (const { submission } of [one, two]) {
        const mine = results.filter((_) => _.id === submission.id)
        assert.lengthOf(mine, 2)
        assert.deepStrictEqual(mine[1], mine[0]!)
      }
      assert.strictEqual([...counted.decided.values()].reduce((sum, _) => sum + _, 0), 3, "counted once each")
    }).pipe(Effect.provide(layer))
  })

  it.effect("one id several times in a batch is decided and published once", () =>
    Effect.gen(function*() {
      const { handle } = yield* ProcessTransactions
      const one = yield* receivedOf()
      yield* handle([one.record, one.record, { ...one.record, position: { ...one.record.position, offset: 77 } }])
      assert.deepStrictEqual((yield* stored).map((_) => _.position), [one.record.position])
      assert.lengthOf(yield* published, 1)
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("looks up before it opens: a decided id needs no key", () =>
    Effect.gen(function*() {
      const { handle } = yield* ProcessTransactions
      const presenter = yield* Presenter
      const one = yield* receivedOf()
      yield* handle([one.record])
      const unopenable = { ...one.submission, sealedCard: one.submission.sealedCard!.replace(".k1.", ".gone.") }
      yield* handle([{ ...one.record, ...presenter.submission(unopenable) }])
      assert.lengthOf(yield* published, 2)
      assert.deepStrictEqual(yield* recordsOf("transactions_dead"), [])
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("a rival that decides between the look-up and the insert wins, and its decision is published", () => {
    let rivals = 2
    const { counted, layer } = pipeline({
      transactions: (of) => ({
        ...of,
        insert: (transactions) =>
          rivals-- > 0
            ? Effect.zipRight(
              of.insert([{ ...transactions[rivals]!, decision: expired, decidedAt: 1 }]),
              of.insert(transactions)
            )
            : of.insert(transactions)
      })
    })
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon + 50)
      const { handle } = yield* ProcessTransactions
      const many = [yield* receivedOf(), yield* receivedOf(), yield* receivedOf()]
      yield* handle(many.map((_) => _.record))
      const rows = yield* stored
      assert.deepStrictEqual(rows.map((_) => _.decidedAt).toSorted(), [1, 1, noon + 50].toSorted())
      const results = yield* published
      assert.lengthOf(results, 3)
      for (const { decidedAt, decision, id } of rows) {
        const result = results.find((_) => _.id === id)
        assert.deepStrictEqual([result?.decision, result?.decidedAt], [decision, decidedAt])
        assert.deepStrictEqual(decision, decidedAt === 1 ? expired : approved)
      }
      assert.deepStrictEqual(
        Object.fromEntries(counted.decided),
        { approved: 1 },
        "the rival's are the rival's to count"
      )
    }).pipe(Effect.provide(layer))
  })

  it.scoped("run consumes the topic as the group of processors, and goes on after a failure", () => {
    let failures = 3
    const { layer } = pipeline({
      transactions: (of) => ({
        ...of,
        insert: (_) => Effect.suspend(() => failures-- > 0 ? new StorageUnavailable({ cause: "down" }) : of.insert(_))
      })
    })
    return Effect.gen(function*() {
      const log = yield* Log
      const many = yield* Effect.replicateEffect(receivedOf(), 20)
      yield* log.append("transactions", many.map((_) => _.record))
      yield* Effect.forkScoped((yield* ProcessTransactions).run)
      const results = yield* eventually("all are published", published, (_) => _.length === 20, ownTime())
      assert.sameMembers(results.map((_) => _.id), many.map((_) => _.submission.id))
      yield* eventually(
        "the offset is committed",
        log.lag("transactions", "processor"),
        ([lag]) => lag!.committed === 20,
        ownTime("1 second")
      )
      assert.isNull((yield* log.lag("transactions", "recorder"))[0]!.committed)
    }).pipe(Effect.provide(layer))
  })
})
