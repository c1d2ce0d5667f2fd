import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Option, TestClock } from "effect"
import type { Submission } from "../../src/domain/Submission.ts"
import { AwaitDecision } from "../../src/services/AwaitDecision.ts"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { Log } from "../../src/services/Log.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { type StoredSubmission, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { eventually, ownTime, remains } from "../support/LayersEventually.ts"
import { pipeline, type Wrapped } from "../support/LayersPipeline.ts"
import { decisionOf, newAccountId, noon, submissionOf, textRecord, transactionOf } from "../support/LayersSamples.ts"

const accepted = Effect.fnUntraced(function*(part: Partial<Submission> = {}) {
  const submission = submissionOf(part)
  yield* (yield* SubmissionRepository).insert(submission, null)
  return submission
})

const record = ({ id }: Submission) => Effect.flatMap(SubmissionRepository, (_) => _.record([decisionOf(id)], noon))

const publish = Effect.fnUntraced(function*(...submissions: ReadonlyArray<Submission>) {
  const { result } = yield* Presenter
  yield* (yield* Log).append("transactions_result", submissions.map(({ id }) => result(transactionOf({ id }))))
})

const statusOf = (found: Option.Option<StoredSubmission>) =>
  Option.match(found, { onNone: () => "missing", onSome: (_) => _.recorded?.decision.status ?? "processing" })

/** The service with its tail running, and a way to wait beside the test. */
const scene = (wrapped: Wrapped = {}) => {
  const { counted, layer } = pipeline(wrapped)
  const running = Effect.gen(function*() {
    const decisions = yield* AwaitDecision
    yield* Effect.forkScoped(decisions.run)
    // the tail starts at the end of the log, which is here and now
    yield* Effect.yieldNow()
    const wait = ({ accountId, id }: Submission, atMost = Duration.seconds(30)) =>
      Effect.fork(Effect.map(decisions.await(id, accountId, atMost), statusOf))
    return { decisions, wait }
  })
  const inside = (count: number) => eventually(`${count} wait`, Effect.sync(() => counted.waiting), (_) => _ === count)
  return { counted, inside, layer, running }
}

/** What it answers while no clock moves. */
const atOnce = (what: string, fiber: Fiber.RuntimeFiber<string, unknown>) =>
  Effect.zipRight(
    eventually(what, Effect.sync(() => fiber.unsafePoll()), (_) => _ !== null),
    Fiber.join(fiber)
  )

describe("AwaitDecision", () => {
  it.scoped("a decision that is there is answered at once, and what nobody may see is missing", () => {
    const { counted, layer, running } = scene()
    return Effect.gen(function*() {
      const { decisions, wait } = yield* running
      const [one, other] = [yield* accepted(), yield* accepted()]
      yield* record(one)
      assert.strictEqual(yield* atOnce("it answers", yield* wait(one)), "approved")
      const foreign = yield* decisions.await(other.id, newAccountId(), Duration.seconds(30))
      assert.strictEqual(statusOf(foreign), "missing")
      const operator = yield* decisions.await(one.id, "all", Duration.seconds(30))
      assert.strictEqual(statusOf(operator), "approved")
      assert.strictEqual(counted.waiting, 0)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("it ends at its limit, not before, with what is known then", () => {
    const { counted, inside, layer, running } = scene()
    return Effect.gen(function*() {
      const { wait } = yield* running
      const [one, two] = [yield* accepted(), yield* accepted()]
      const waits = [yield* wait(one, Duration.seconds(10)), yield* wait(two, Duration.seconds(10))] as const
      yield* inside(2)
      yield* TestClock.adjust("9999 millis")
      yield* remains(
        "they wait",
        Effect.sync(() => waits.map((_) => _.unsafePoll())),
        (_) => _.every((of) => of === null)
      )
      // recorded at the last moment, and no result heard: one more look
      yield* record(two)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Effect.forEach(waits, (_) => atOnce("it ends", _)), ["processing", "approved"])
      assert.strictEqual(counted.waiting, 0)
      assert.strictEqual(yield* atOnce("no time at all", yield* wait(one, Duration.zero)), "processing")
    }).pipe(Effect.provide(layer))
  })

  it.scoped("a result wakes everybody who waits for it, with no time passing", () => {
    const { counted, inside, layer, running } = scene()
    return Effect.gen(function*() {
      const { wait } = yield* running
      const [one, other] = [yield* accepted(), yield* accepted()]
      const waits = [yield* wait(one), yield* wait(one), yield* wait(one)]
      const bystander = yield* wait(other)
      yield* inside(4)
      yield* record(one)
      yield* publish(one)
      for (const fiber of waits) assert.strictEqual(yield* atOnce("it is woken", fiber), "approved")
      yield* remains("the other waits on", Effect.sync(() => bystander.unsafePoll()), (_) => _ === null)
      assert.strictEqual(counted.waiting, 1)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("what is heard can be read: a result whose row follows later wakes when the row says it", () => {
    const { inside, layer, running } = scene()
    return Effect.gen(function*() {
      const { wait } = yield* running
      const [late, early] = [yield* accepted(), yield* accepted()]
      const waits = [yield* wait(late), yield* wait(early)] as const
      yield* inside(2)
      yield* record(early)
      yield* publish(late, early)
      assert.strictEqual(yield* atOnce("the recorded one wakes", waits[1]), "approved")
      yield* TestClock.adjust("300 millis")
      yield* remains("the other waits", Effect.sync(() => waits[0].unsafePoll()), (_) => _ === null)
      const before = yield* Clock.currentTimeMillis
      yield* record(late)
      yield* eventually("it wakes", Effect.sync(() => waits[0].unsafePoll()), (_) => _ !== null, ownTime("10 millis"))
      assert.strictEqual(yield* Fiber.join(waits[0]), "approved")
      assert.isAtMost((yield* Clock.currentTimeMillis) - before, 600)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("a result that passed before the wait began is found all the same", () => {
    const { inside, layer, running } = scene()
    return Effect.gen(function*() {
      const { wait } = yield* running
      const one = yield* accepted()
      yield* publish(one)
      const waiting = yield* wait(one)
      yield* inside(1)
      yield* TestClock.adjust("5 seconds")
      yield* record(one)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* atOnce("it answers", waiting), "approved")
    }).pipe(Effect.provide(layer))
  })

  it.scoped("a wait that is given up leaves nothing behind, and does not hold up the tail", () => {
    const { counted, inside, layer, running } = scene({ waits: { perAccount: 2 } })
    return Effect.gen(function*() {
      const { wait } = yield* running
      const accountId = newAccountId()
      const [stuck, one] = [yield* accepted({ accountId }), yield* accepted({ accountId })]
      const [gone, stays] = [yield* wait(stuck), yield* wait(one)]
      yield* inside(2)
      // its row is never recorded, so the tail stays with it
      yield* publish(stuck)
      yield* Fiber.interrupt(gone)
      yield* inside(1)
      yield* publish(one)
      yield* record(one)
      yield* eventually("it wakes", Effect.sync(() => stays.unsafePoll()), (_) => _ !== null, ownTime("10 millis"))
      assert.strictEqual(yield* Fiber.join(stays), "approved")
      assert.strictEqual(counted.waiting, 0)
      const again = [yield* wait(stuck), yield* wait(stuck)]
      yield* inside(2)
      yield* Fiber.interruptAll(again)
      yield* inside(0)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("beyond the bounds of an account, or of the process, it answers at once", () => {
    const { counted, inside, layer, running } = scene({ waits: { perAccount: 2, perProcess: 3 } })
    return Effect.gen(function*() {
      const { wait } = yield* running
      const accountId = newAccountId()
      const mine = yield* Effect.replicateEffect(accepted({ accountId }), 3)
      const [other, last] = [yield* accepted(), yield* accepted()]
      const first = yield* wait(mine[0]!)
      yield* wait(mine[1]!)
      yield* inside(2)
      assert.strictEqual(yield* atOnce("the account's third", yield* wait(mine[2]!)), "processing")
      yield* wait(other)
      yield* inside(3)
      assert.strictEqual(yield* atOnce("the process's fourth", yield* wait(last)), "processing")
      yield* Fiber.interrupt(first)
      yield* inside(2)
      yield* wait(last)
      yield* inside(3)
      assert.strictEqual(counted.waiting, 3)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("closing ends every wait with what is known, and lets no new one begin", () => {
    const { counted, inside, layer, running } = scene()
    return Effect.gen(function*() {
      const { decisions, wait } = yield* running
      const [one, two] = [yield* accepted(), yield* accepted()]
      const waits = [yield* wait(one), yield* wait(two)]
      yield* inside(2)
      yield* record(two)
      yield* decisions.close
      assert.deepStrictEqual(yield* Effect.forEach(waits, (_) => atOnce("it ends", _)), ["processing", "approved"])
      assert.strictEqual(yield* atOnce("a new one", yield* wait(one)), "processing")
      assert.strictEqual(counted.waiting, 0)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("while nobody waits nothing is read, and what is no result is skipped", () => {
    let reads = 0
    const { inside, layer, running } = scene({
      submissions: (of) => ({
        ...of,
        findMany: (ids) => Effect.zipRight(Effect.sync(() => reads++), of.findMany(ids))
      })
    })
    return Effect.gen(function*() {
      const { wait } = yield* running
      const log = yield* Log
      const many = yield* Effect.replicateEffect(accepted(), 5)
      yield* publish(...many)
      yield* remains("nothing is read", Effect.sync(() => reads), (_) => _ === 0, ownTime())
      const waiting = yield* wait(many[0]!)
      yield* inside(1)
      yield* log.append("transactions_result", [textRecord("nonsense"), textRecord("{}", many[0]!.id)])
      yield* publish(many[1]!)
      yield* remains("nor for others", Effect.sync(() => reads), (_) => _ === 0, ownTime())
      yield* record(many[0]!)
      yield* publish(many[0]!)
      yield* eventually("it wakes", Effect.sync(() => waiting.unsafePoll()), (_) => _ !== null, ownTime())
    }).pipe(Effect.provide(layer))
  })

  it.scoped("a database that cannot be asked when the result comes is asked again", () => {
    let failures = 4
    const { inside, layer, running } = scene({
      submissions: (of) => ({
        ...of,
        findMany: (ids) =>
          Effect.suspend(() => failures-- > 0 ? new StorageUnavailable({ cause: "down" }) : of.findMany(ids))
      })
    })
    return Effect.gen(function*() {
      const { wait } = yield* running
      const one = yield* accepted()
      const waiting = yield* wait(one)
      yield* inside(1)
      yield* TestClock.adjust("3300 millis")
      const before = yield* Clock.currentTimeMillis
      yield* record(one)
      yield* publish(one)
      yield* eventually("it wakes", Effect.sync(() => waiting.unsafePoll()), (_) => _ !== null, ownTime("5 millis"))
      assert.isAtMost((yield* Clock.currentTimeMillis) - before, 600)
      assert.strictEqual(yield* Fiber.join(waiting), "approved")
    }).pipe(Effect.provide(layer))
  })
})
