import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Schedule, Scope } from "effect"
import { inject } from "vitest"
import type { AccountId } from "../../src/domain/Ids.ts"
import { EventFeed } from "../../src/services/EventFeed.ts"
import { Log } from "../../src/services/Log.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TailedEventFeed } from "../../src/services/TailedEventFeed.ts"
import { accepted, decided, listening } from "../support/FeedScene.ts"
import { kafkaLog, newPrefix } from "../support/LayersKafka.ts"
import { asAdmin, eventually } from "../support/LayersKafkaSuite.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { pipeline } from "../support/LayersPipeline.ts"
import { decisionOf, newAccountId, noon, submissionOf, transactionOf } from "../support/LayersSamples.ts"

const brokers = inject("kafka") ?? []

/** Accepted, appended, decided and recorded. */
const handle = Effect.fnUntraced(function*(accountId: AccountId) {
  const { result, submission: message } = yield* Presenter
  const log = yield* Log
  const submissions = yield* SubmissionRepository
  const submission = submissionOf({ accountId })
  yield* submissions.insert(submission, null)
  yield* log.append("transactions", [message(submission)])
  yield* log.append("transactions_result", [result(transactionOf({ id: submission.id, accountId }))])
  yield* submissions.record([decisionOf(submission.id)], noon)
  return submission
})

/** The topics of one prefix, the rows beside them, and any number of processes over both. */
const world = Effect.gen(function*() {
  const prefix = newPrefix()
  const log = () => kafkaLog(brokers, { KAFKA_TOPIC_PREFIX: prefix }).pipe(Layer.provide(recordedMetrics().layer))
  const gateway = yield* Layer.build(pipeline().layer)
  const rows = Layer.succeedContext(
    Context.make(SubmissionRepository, Context.get(gateway, SubmissionRepository)).pipe(
      Context.add(Presenter, Context.get(gateway, Presenter))
    )
  )
  const replica = Effect.gen(function*() {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const layer = TailedEventFeed.pipe(Layer.provide(Layer.fresh(log())), Layer.provide(rows))
    const context = yield* Layer.build(layer).pipe(Scope.extend(scope))
    return { feed: Context.get(context, EventFeed), end: Scope.close(scope, Exit.void) }
  })
  const producer = yield* Layer.build(Layer.merge(log(), rows))
  return { prefix, replica, handle: (account: AccountId) => Effect.provide(handle(account), producer) }
})

describe.runIf(brokers.length > 0)("EventFeed on Kafka", { concurrent: true }, () => {
  it.scopedLive("a cursor of one process is good at another, and at one that starts later", () =>
    Effect.gen(function*() {
      const { handle, replica } = yield* world
      const [mine, other] = [newAccountId(), newAccountId()]
      yield* handle(mine)
      const [one, two] = [yield* replica, yield* replica]
      const first = yield* listening(one.feed, mine)
      const kept = yield* listening(two.feed, other)
      for (const hearer of [first, kept]) {
        yield* eventually(
          "it begins",
          Effect.sync(() => hearer.begins.length),
          (_) => _ === 1
        )
      }
      const handled = yield* Effect.forEach(Array.from({ length: 30 }), (_, at) => handle(at % 3 === 0 ? other : mine))
      const own = handled.flatMap((_) => _.accountId === mine ? [accepted(_), decided(_)] : [])
      yield* eventually("all is heard", Effect.sync(first.told), (_) => _.length >= own.length)
      assert.sameMembers(first.told(), own)
      yield* one.end
      const three = yield* replica
      const cursors = [first.begins[0]!, ...first.events().map((_) => _.cursor)]
      const hearers = yield* Effect.forEach(
        cursors,
        (cursor, at) => listening([two, three][at % 2]!.feed, mine, cursor)
      )
      for (const hearer of hearers) {
        yield* eventually(
          "it begins",
          Effect.sync(() => hearer.begins.length),
          (_) => _ === 1
        )
      }
      const last = yield* handle(mine)
      const all = [...first.told(), accepted(last), decided(last)]
      for (const [at, hearer] of hearers.entries()) {
        const told = yield* eventually(`all after ${at}`, Effect.sync(hearer.told), (_) => _.includes(decided(last)))
        assert.sameMembers(told, all.slice(at))
      }
    }))

  it.scopedLive(
    "topics that are deleted and made anew are gone on with, and their old cursors reset",
    () =>
      Effect.gen(function*() {
        const { handle, prefix, replica } = yield* world
        const mine = newAccountId()
        for (let i = 0; i < 20; i++) yield* handle(mine)
        const { feed } = yield* replica
        const hearer = yield* listening(feed, mine)
        yield* eventually("it begins", Effect.sync(() => hearer.begins.length), (_) => _ === 1)
        const before = yield* handle(mine)
        yield* eventually("it hears", Effect.sync(hearer.told), (_) => _.includes(decided(before)))
        const old = hearer.cursor()
        yield* asAdmin(
          brokers,
          (admin) => admin.deleteTopics({ topics: ["transactions", "transactions_result"].map((_) => `${prefix}${_}`) })
        )
        const after = yield* Effect.retry(
          handle(mine),
          Schedule.spaced("500 millis").pipe(Schedule.intersect(Schedule.recurs(60)))
        )
        yield* eventually("it goes on", Effect.sync(hearer.told), (_) => _.includes(decided(after)), 45_000)
        const back = yield* listening(feed, mine, old)
        yield* eventually(
          "it is reset",
          Effect.sync(() => back.resets.length),
          (_) => _ === 1,
          30_000
        )
        assert.deepStrictEqual(back.told(), [])
      }),
    120_000
  )
})
