import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Effect, Option, TestClock } from "effect"
import type { TransactionId } from "../../src/domain/Ids.ts"
import type { Submission } from "../../src/domain/Submission.ts"
import { StorageUnavailable, Unstorable } from "../../src/services/Failure.ts"
import { Log, type StoredRecord } from "../../src/services/Log.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { RecordDecisions } from "../../src/services/RecordDecisions.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { eventually, ownTime } from "../support/LayersEventually.ts"
import { pipeline, recordsOf } from "../support/LayersPipeline.ts"
import {
  approved,
  expired,
  noon,
  position,
  submissionOf,
  textOf,
  transactionIdAt,
  transactionOf
} from "../support/LayersSamples.ts"

const accepted = Effect.fnUntraced(function*(count: number) {
  const submissions = yield* SubmissionRepository
  const many = Arr.makeBy(count, () => submissionOf())
  yield* Effect.forEach(many, (_) => submissions.insert(_, null), { concurrency: "unbounded" })
  return many
})

let offset = 0

/** The record of a decision, as it would come on `transactions_result`. */
const resultOf = Effect.fnUntraced(function*(id: TransactionId, part: Parameters<typeof transactionOf>[0] = {}) {
  const presenter = yield* Presenter
  return {
    ...presenter.result(transactionOf({ id, ...part })),
    topic: "transactions_result" as const,
    position: position(offset++)
  } satisfies StoredRecord
})

const rawResult = (value: string, key: string | null = null): StoredRecord => ({
  key,
  value: Buffer.from(value),
  headers: { traceparent: "00" },
  topic: "transactions_result",
  position: position(offset++)
})

const recordedOf = (submission: Submission) =>
  Effect.flatMap(SubmissionRepository, (_) => _.find(submission.id, "all")).pipe(
    Effect.map((_) => Option.getOrThrow(_).recorded)
  )

describe("RecordDecisions: results", () => {
  it.effect("each decision is written beside its submission, once", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon + 100)
      const { recordDecisions } = yield* RecordDecisions
      const [one, two, three] = yield* accepted(3)
      const first = yield* resultOf(one!.id, { decidedAt: noon + 50, position: position(41, { partition: 2 }) })
      yield* recordDecisions([first, yield* resultOf(two!.id, { decision: expired })])
      assert.deepStrictEqual(yield* recordedOf(one!), {
        decision: approved,
        decidedAt: noon + 50,
        recordedAt: noon + 100,
        position: position(41, { partition: 2 })
      })
      assert.deepStrictEqual((yield* recordedOf(two!))?.decision, expired)
      assert.isNull(yield* recordedOf(three!))
      assert.deepStrictEqual(yield* recordsOf("transactions_dead"), [])
      assert.deepStrictEqual(counted.batches.record, [2])
    }).pipe(Effect.provide(layer))
  })

  it.effect("what comes again, or says otherwise later, changes nothing", () =>
    Effect.gen(function*() {
      const { recordDecisions } = yield* RecordDecisions
      const [one] = yield* accepted(1)
      const first = yield* resultOf(one!.id)
      yield* recordDecisions([first, first, yield* resultOf(one!.id, { decision: expired })])
      const before = yield* recordedOf(one!)
      assert.deepStrictEqual(before?.decision, approved)
      yield* TestClock.adjust("1 hour")
      yield* recordDecisions([yield* resultOf(one!.id, { decision: expired, decidedAt: noon + 99 }), first])
      assert.deepStrictEqual(yield* recordedOf(one!), before)
      assert.deepStrictEqual(yield* recordsOf("transactions_dead"), [])
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("what it cannot decode, and what is no submission's, is parked while the others are recorded", () => {
    const { counted, layer } = pipeline()
    return Effect.gen(function*() {
      const { recordDecisions } = yield* RecordDecisions
      const [one, two] = yield* accepted(2)
      const foreign = transactionIdAt(noon)
      const poison: ReadonlyArray<readonly [StoredRecord, string | undefined, string]> = [
        [rawResult("nonsense"), undefined, "unreadable_message"],
        [rawResult(JSON.stringify({ v: 7, id: two!.id })), two!.id, "unknown_schema_version"],
        [rawResult(`{"v":1}`, foreign), foreign, "unreadable_message"],
        [yield* resultOf(foreign), foreign, "unknown_submission"]
      ]
      yield* recordDecisions([...poison.map(([record]) => record), yield* resultOf(one!.id)])
      assert.isNotNull(yield* recordedOf(one!))
      assert.isNull(yield* recordedOf(two!))
      const dead = yield* recordsOf("transactions_dead")
      assert.lengthOf(dead, poison.length)
      for (const [record, id, reason] of poison) {
        const from = `transactions_result/0/${record.position.offset}`
        const parked = dead.find((_) => _.headers["parked_from"] === from)
        assert.isDefined(parked, from)
        assert.deepStrictEqual([parked!.headers["parked_reason"], parked!.headers["parked_id"]], [reason, id])
        assert.strictEqual(textOf(parked!), textOf(record))
      }
      assert.deepStrictEqual(Object.fromEntries(counted.parked), {
        "transactions_result unreadable_message": 2,
        "transactions_result unknown_schema_version": 1,
        "transactions_result unknown_submission": 1
      })
    }).pipe(Effect.provide(layer))
  })

  it.effect("a result the database refuses is parked, and the others are recorded", () => {
    const bad: { id?: string } = {}
    const { layer } = pipeline({
      submissions: (of) => ({
        ...of,
        record: (decisions, at) =>
          decisions.some((_) => _.id === bad.id) ? new Unstorable({ cause: "no" }) : of.record(decisions, at)
      })
    })
    return Effect.gen(function*() {
      const { recordDecisions } = yield* RecordDecisions
      const many = yield* accepted(9)
      bad.id = many[5]!.id
      yield* recordDecisions(yield* Effect.forEach(many, (_) => resultOf(_.id)))
      for (const submission of many) {
        assert.strictEqual((yield* recordedOf(submission)) === null, submission.id === bad.id)
      }
      const dead = yield* recordsOf("transactions_dead")
      assert.deepStrictEqual(
        dead.map((_) => [_.headers["parked_id"], _.headers["parked_reason"]]),
        [[bad.id, "unstorable"]]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("a database that cannot be asked fails the batch and parks nothing", () => {
    let down = true
    const { layer } = pipeline({
      submissions: (of) => ({
        ...of,
        record: (decisions, at) =>
          Effect.suspend(() => down ? new StorageUnavailable({ cause: "down" }) : of.record(decisions, at))
      })
    })
    return Effect.gen(function*() {
      const { recordDecisions } = yield* RecordDecisions
      const [one] = yield* accepted(1)
      const batch = [rawResult("nonsense"), yield* resultOf(one!.id)]
      assert.strictEqual((yield* Effect.flip(recordDecisions(batch)))._tag, "StorageUnavailable")
      assert.deepStrictEqual(yield* recordsOf("transactions_dead"), [])
      down = false
      yield* recordDecisions(batch)
      assert.isNotNull(yield* recordedOf(one!))
      assert.lengthOf(yield* recordsOf("transactions_dead"), 1)
    }).pipe(Effect.provide(layer))
  })
})

const parkedRecord = Effect.fnUntraced(function*(id: TransactionId | null) {
  const presenter = yield* Presenter
  const record = rawResult("poison")
  return {
    ...presenter.parked(record, record, { id, reason: "card_not_authentic" }),
    topic: "transactions_dead" as const,
    position: position(offset++)
  } satisfies StoredRecord
})

const parkedCount = Effect.flatMap(SubmissionRepository, (_) => _.counts).pipe(Effect.map((_) => _.parked))

describe("RecordDecisions: parked records", () => {
  it.effect("mark their submissions until they are decided", () =>
    Effect.gen(function*() {
      const { markParked, recordDecisions } = yield* RecordDecisions
      const [one, two] = yield* accepted(3)
      yield* markParked([yield* parkedRecord(one!.id), yield* parkedRecord(two!.id), yield* parkedRecord(one!.id)])
      assert.strictEqual(yield* parkedCount, 2)
      yield* recordDecisions([yield* resultOf(one!.id)])
      assert.strictEqual(yield* parkedCount, 1)
      yield* markParked([yield* parkedRecord(one!.id)])
      assert.strictEqual(yield* parkedCount, 1)
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("that are foreign or unreadable are done with", () =>
    Effect.gen(function*() {
      const { markParked } = yield* RecordDecisions
      const [one] = yield* accepted(1)
      const unreadable = { ...rawResult("x", one!.id), topic: "transactions_dead" as const }
      yield* markParked([unreadable, yield* parkedRecord(null), yield* parkedRecord(transactionIdAt(noon))])
      yield* markParked([yield* parkedRecord(null)])
      assert.strictEqual(yield* parkedCount, 0)
      const other = (yield* accepted(1))[0]!
      yield* markParked([unreadable, yield* parkedRecord(null), yield* parkedRecord(other.id)])
      assert.strictEqual(yield* parkedCount, 1, "what comes after it is marked")
      assert.deepStrictEqual(yield* recordsOf("transactions_dead"), [])
    }).pipe(Effect.provide(pipeline().layer)))
})

describe("RecordDecisions.run", () => {
  it.scoped("consumes both topics as the group of recorders", () =>
    Effect.gen(function*() {
      const log = yield* Log
      const many = yield* accepted(4)
      const foreign = transactionIdAt(noon)
      yield* Effect.forkScoped((yield* RecordDecisions).run)
      yield* log.append("transactions_result", [yield* resultOf(many[0]!.id), yield* resultOf(foreign)])
      yield* log.append("transactions_dead", [yield* parkedRecord(many[1]!.id)])
      yield* eventually("it is recorded", recordedOf(many[0]!), (_) => _ !== null, ownTime())
      yield* eventually("it is marked", parkedCount, (_) => _ === 1, ownTime())
      for (const [topic, end] of [["transactions_result", 2], ["transactions_dead", 2]] as const) {
        yield* eventually(
          `${topic} is committed`,
          log.lag(topic, "recorder"),
          ([lag]) => lag!.committed === end && lag!.end === end,
          ownTime("1 second")
        )
      }
    }).pipe(Effect.provide(pipeline().layer)))
})
