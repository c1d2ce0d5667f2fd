import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, TestClock, TestContext } from "effect"
import type { Submission } from "../../src/domain/Submission.ts"
import { accepted, decided, feedWorld, listening } from "../support/FeedScene.ts"
import { newAccountId } from "../support/LayersSamples.ts"

const partitions = 2
const replicas = 3

type Step =
  | { readonly do: "accept"; readonly mine: boolean; readonly append: boolean }
  | { readonly do: "record" | "publish" | "resend"; readonly which: number }
  | {
    readonly do: "advance"
    readonly replica: number
    readonly result: boolean
    readonly partition: number
    readonly by: number
  }
  | { readonly do: "switch"; readonly replica: number }
  | { readonly do: "time"; readonly by: number }

const which = fc.nat(30)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("accept" as const), mine: fc.boolean(), append: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("record" as const), which }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("publish" as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("resend" as const), which }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      replica: fc.nat(replicas - 1),
      result: fc.boolean(),
      partition: fc.nat(partitions - 1),
      by: fc.integer({ min: 1, max: 4 })
    })
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("switch" as const), replica: fc.nat(replicas - 1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("time" as const), by: fc.integer({ min: 1, max: 120 }) }) }
)

const turn = Effect.async<void>((resume) => {
  setImmediate(() => setImmediate(() => resume(Effect.void)))
})

const run = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>, scope: "account" | "all") {
  const world = feedWorld(partitions)
  const [mine, other] = [newAccountId(), newAccountId()]
  const processes = Array.from({ length: replicas }, (_, at) => world.replica({ batch: () => at + 1 }))
  const limits = processes.map(() => new Map<string, number>())
  for (const [at, replica] of processes.entries()) {
    for (let partition = 0; partition < partitions; partition++) {
      for (const topic of ["transactions", "transactions_result"] as const) {
        replica.limit(topic, partition, 0)
        limits[at]!.set(`${topic}${partition}`, 0)
      }
    }
  }
  const feeds = yield* Effect.forEach(processes, (_) => _.start)
  // two keep their feeds from the beginning, and read rows for one account; the last one reads back when it is asked
  for (const [at, feed] of feeds.slice(0, 2).entries()) yield* (yield* listening(feed, at === 0 ? other : mine)).begun

  const submissions: Array<Submission> = []
  const published = new Set<Submission>()
  const appended = new Set<Submission>()
  const hearers = [yield* listening(feeds[0]!, scope === "all" ? "all" : mine)]
  yield* hearers[0]!.begun

  for (const now of steps) {
    const one = "which" in now ? submissions[now.which % Math.max(1, submissions.length)] : undefined
    if (now.do === "accept") {
      const submission = world.accept(now.mine ? mine : other, { append: now.append })
      submissions.push(submission)
      if (now.append) appended.add(submission)
    } else if (now.do === "advance") {
      const topic = now.result ? "transactions_result" as const : "transactions" as const
      const key = `${topic}${now.partition}`
      const limit = limits[now.replica]!.get(key)! + now.by
      limits[now.replica]!.set(key, limit)
      processes[now.replica]!.limit(topic, now.partition, limit)
      yield* turn
    } else if (now.do === "switch") {
      const before = hearers.at(-1)!
      yield* before.leave
      // one that never heard where it stands asks again with what it had
      const cursor = hearers.findLast((_) => _.cursor() !== undefined)!.cursor()
      hearers.push(yield* listening(feeds[now.replica]!, scope === "all" ? "all" : mine, cursor))
      yield* turn
    } else if (now.do === "time") {
      yield* TestClock.adjust(now.by)
      yield* turn
    } else if (one !== undefined) {
      if (now.do === "record") world.record(one.id)
      if (now.do === "publish") {
        world.publish(one)
        published.add(one)
      }
      if (now.do === "resend") {
        world.resend(one)
        appended.add(one)
      }
      yield* turn
    }
  }

  for (const one of submissions) world.record(one.id)
  for (const replica of processes) {
    for (let partition = 0; partition < partitions; partition++) {
      for (const topic of ["transactions", "transactions_result"] as const) replica.limit(topic, partition, Infinity)
    }
  }
  for (let i = 0; i < 12; i++) {
    yield* TestClock.adjust("150 millis")
    yield* turn
  }

  const heard = hearers.flatMap((_) => _.told())
  assert.strictEqual(hearers.flatMap((_) => _.resets).length, 0, "nothing is lost, so nothing is reset")
  assert.strictEqual(new Set(heard).size, heard.length, "nothing is heard twice")
  const own = submissions.filter((_) => scope === "all" || _.accountId === mine)
  const ownEvents = new Set(own.flatMap((_) => [accepted(_), decided(_)]))
  for (const each of heard) assert.isTrue(ownEvents.has(each), `${each} is not its own`)
  for (const one of own) {
    const [at, then] = [heard.indexOf(accepted(one)), heard.indexOf(decided(one))]
    assert.strictEqual(then >= 0, published.has(one), `decided ${one.id}`)
    if (then >= 0 && at >= 0) assert.isBelow(at, then, "no status goes backwards")
    if (at < 0 && appended.has(one)) {
      assert.isAbove(then, -1, `accepted ${one.id} is missing, and no decision came first`)
    }
    if (at >= 0) assert.isTrue(appended.has(one))
  }
})

describe("EventFeed, on several replicas of one log", () => {
  for (const scope of ["account", "all"] as const) {
    it(`a cursor of one is good at the others, whatever order their partitions come in (${scope})`, () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 20, maxLength: 120, size: "max" }),
          (steps) => Effect.runPromise(run(steps, scope).pipe(Effect.scoped, Effect.provide(TestContext.TestContext)))
        ),
        { numRuns: 60, interruptAfterTimeLimit: 60_000 }
      ), 120_000)
  }
})
