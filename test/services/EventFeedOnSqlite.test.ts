import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { AccountId } from "../../src/domain/Ids.ts"
import { EventFeed } from "../../src/services/EventFeed.ts"
import { Log } from "../../src/services/Log.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TailedEventFeed } from "../../src/services/TailedEventFeed.ts"
import { accepted, decided, listening } from "../support/FeedScene.ts"
import { eventually } from "../support/LayersEventually.ts"
import { pipeline } from "../support/LayersPipeline.ts"
import { decisionOf, newAccountId, noon, submissionOf, transactionOf } from "../support/LayersSamples.ts"
import { temporaryFolder } from "../support/LayersSqlite.ts"

/** One life of a process on these files. */
const life = (folder: string) => TailedEventFeed.pipe(Layer.provideMerge(pipeline({ folder }).layer))

/** Accepted, appended, decided and recorded. */
const handle = Effect.fnUntraced(function*(accountId: AccountId) {
  const { result, submission: message } = yield* Presenter
  const log = yield* Log
  const submissions = yield* SubmissionRepository
  const submission = submissionOf({ accountId })
  yield* submissions.insert(submission, null)
  yield* log.append("transactions", [message(submission)])
  yield* log.append("transactions_result", [result(transactionOf({ id: submission.id, accountId }))])
  yield* Effect.sleep("2 millis")
  yield* submissions.record([decisionOf(submission.id)], noon)
  return submission
})

describe("EventFeed on the embedded log", () => {
  it.scopedLive("is gone on with after a restart, from any event on, without a gap or a repeat", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const [mine, other] = [newAccountId(), newAccountId()]
      const first = yield* Effect.gen(function*() {
        const hearer = yield* listening(yield* EventFeed, mine)
        yield* hearer.begun
        for (let i = 0; i < 20; i++) yield* handle(i % 4 === 0 ? other : mine)
        yield* eventually("all is heard", Effect.sync(hearer.told), (_) => _.length === 30)
        return hearer
      }).pipe(Effect.provide(life(folder)), Effect.scoped)
      yield* Effect.gen(function*() {
        const missed = yield* handle(mine)
        const feed = yield* EventFeed
        const cursors = [first.begins[0]!, ...first.events().map((_) => _.cursor)]
        const hearers = yield* Effect.forEach(cursors, (_) => listening(feed, mine, _))
        const operator = yield* listening(feed, "all", cursors[0])
        for (const hearer of [...hearers, operator]) yield* hearer.begun
        const live = yield* handle(mine)
        const expected = [
          ...first.told(),
          accepted(missed),
          decided(missed),
          accepted(live),
          decided(live)
        ]
        for (const [at, hearer] of hearers.entries()) {
          yield* eventually(`all after ${at}`, Effect.sync(hearer.told), (_) => _.length >= expected.length - at)
          assert.strictEqual(hearer.resets.length, 0)
          // the two topics were read back one after the other
          assert.sameMembers(hearer.told(), expected.slice(at))
        }
        yield* eventually("all of both", Effect.sync(operator.told), (_) => _.length === expected.length + 10)
      }).pipe(Effect.provide(life(folder)), Effect.scoped)
    }))
})
