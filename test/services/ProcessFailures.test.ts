import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { LogUnavailable, type StoredRecord } from "../../src/services/Log.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { ProcessTransactions } from "../../src/services/ProcessTransactions.ts"
import { pipeline, published, receivedOf, recordsOf, stored } from "../support/LayersPipeline.ts"
import { noon } from "../support/LayersSamples.ts"

describe("ProcessTransactions: what goes wrong", () => {
  it.effect("what cannot be decided is parked with its reason while the others are decided", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      const { handle } = yield* ProcessTransactions
      const presenter = yield* Presenter
      const [good, other, renamed, altered] = [
        yield* receivedOf(),
        yield* receivedOf(),
        yield* receivedOf(),
        yield* receivedOf()
      ]
      const messageOf = ({ record, submission }: typeof good, part: Partial<typeof submission>): StoredRecord => ({
        ...record,
        ...presenter.submission({ ...submission, ...part })
      })
      const raw = (offset: number, value: string, key: string | null = null): StoredRecord => ({
        topic: "transactions",
        position: { partition: 0, offset, appendedAt: noon },
        key,
        value: Buffer.from(value),
        headers: { traceparent: `trace ${offset}` }
      })
      const named = (yield* receivedOf()).submission.id
      const poison: ReadonlyArray<readonly [StoredRecord, string | undefined, string]> = [
        [raw(1_001, "nonsense"), undefined, "unreadable_message"],
        [raw(1_002, JSON.stringify({ v: 2, id: named })), named, "unknown_schema_version"],
        [raw(1_003, "{}", named), named, "unreadable_message"],
        [
          messageOf(renamed, { sealedCard: renamed.submission.sealedCard!.replace(".k1.", ".k9.") }),
          renamed.submission.id,
          "unknown_card_key"
        ],
        [messageOf(altered, { amount: 100 }), altered.submission.id, "card_not_authentic"]
      ]
      yield* handle([good.record, ...poison.map(([record]) => record), other.record])

      const decided = [good.submission.id, other.submission.id]
      assert.sameMembers((yield* stored).map((_) => _.id), decided)
      assert.sameMembers((yield* published).map((_) => _.id), decided)
      const dead = yield* recordsOf("transactions_dead")
      assert.lengthOf(dead, poison.length)
      for (const [record, id, reason] of poison) {
        const from = `transactions/0/${record.position.offset}`
        const parked = dead.find((_) => _.headers["parked_from"] === from)
        assert.isDefined(parked, from)
        assert.strictEqual(parked!.headers["parked_reason"], reason)
        assert.strictEqual(parked!.headers["parked_id"], id)
        assert.strictEqual(parked!.key, record.key)
        assert.isTrue(Buffer.from(parked!.value).equals(record.value))
        if (record.headers["traceparent"] !== undefined) {
          assert.strictEqual(parked!.headers["traceparent"], record.headers["traceparent"])
        }
      }
      assert.deepStrictEqual(Object.fromEntries(counted.parked), {
        "transactions unreadable_message": 2,
        "transactions unknown_schema_version": 1,
        "transactions unknown_card_key": 1,
        "transactions card_not_authentic": 1
      })
    }).pipe(Effect.provide(layer))
  })

  it.effect("a row the database refuses is parked, and the others are stored and published", () =>
    Effect.gen(function*() {
      const { handle } = yield* ProcessTransactions
      const many = yield* Effect.replicateEffect(receivedOf(), 9)
      const bad = many[4]!
      const records = many.map(({ record }) =>
        record === bad.record ? { ...record, position: { ...record.position, appendedAt: 0.5 } } : record
      )
      yield* handle(records)
      const good = many.filter((_) => _ !== bad).map((_) => _.submission.id)
      assert.sameMembers((yield* stored).map((_) => _.id), good)
      assert.sameMembers((yield* published).map((_) => _.id), good)
      const [dead, ...more] = yield* recordsOf("transactions_dead")
      assert.deepStrictEqual(more, [])
      assert.strictEqual(dead!.headers["parked_id"], bad.submission.id)
      assert.strictEqual(dead!.headers["parked_reason"], "unstorable")
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("a database that cannot be asked fails the batch and parks nothing; again, it is done", () => {
    let down: "find" | "insert" | null = "find"
    const unlessDown = <A, E>(what: typeof down, effect: Effect.Effect<A, E>) =>
      Effect.zipRight(
        Effect.suspend(() => down === what ? new StorageUnavailable({ cause: "down" }) : Effect.void),
        effect
      )
    const { layer } = pipeline({
      transactions: (of) => ({
        ...of,
        find: (ids) => unlessDown("find", of.find(ids)),
        insert: (_) => unlessDown("insert", of.insert(_))
      })
    })
    return Effect.gen(function*() {
      const { handle } = yield* ProcessTransactions
      const records = (yield* Effect.replicateEffect(receivedOf(), 3)).map((_) => _.record)
      for (const what of ["find", "insert"] as const) {
        down = what
        assert.strictEqual((yield* Effect.flip(handle(records)))._tag, "StorageUnavailable")
        for (const topic of ["transactions_result", "transactions_dead"] as const) {
          assert.deepStrictEqual(yield* recordsOf(topic), [])
        }
      }
      down = null
      yield* handle(records)
      assert.lengthOf(yield* published, 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a log that loses the results fails the batch; again, the same decisions are published", () => {
    let down = true
    const { layer } = pipeline({
      log: (of) => ({
        ...of,
        append: (topic, records) =>
          Effect.suspend(() => down ? new LogUnavailable({ cause: "down" }) : of.append(topic, records))
      })
    })
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      const { handle } = yield* ProcessTransactions
      const one = yield* receivedOf()
      assert.strictEqual((yield* Effect.flip(handle([one.record])))._tag, "LogUnavailable")
      assert.lengthOf(yield* stored, 1)
      yield* TestClock.adjust("1 minute")
      down = false
      yield* handle([one.record])
      assert.deepStrictEqual((yield* published).map((_) => _.decidedAt), [noon])
    }).pipe(Effect.provide(layer))
  })
})
