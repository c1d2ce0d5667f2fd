import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, TestClock } from "effect"
import { Daemons } from "../../src/layers/Daemons.ts"
import { LogRetention } from "../../src/layers/LogRetention.ts"
import { Log, LogUnavailable, topics } from "../../src/services/Log.ts"
import { eventually, ownTime, remains } from "../support/LayersEventually.ts"
import { fakeLog } from "../support/LayersFakeLog.ts"
import { settings } from "../support/LayersSqlite.ts"

const scene = (entries: Readonly<Record<string, string>> = {}) => {
  const expired: Array<string> = []
  const state = { fails: false }
  const log = Layer.succeed(Log, {
    ...fakeLog().log,
    expire: (topic, olderThan) =>
      Effect.suspend(() => {
        expired.push(`${topic} ${Duration.toMillis(olderThan)}`)
        return state.fails ? new LogUnavailable({ cause: "down" }) : Effect.void
      })
  })
  const layer = LogRetention.pipe(Layer.provideMerge(Layer.mergeAll(log, Daemons.Default, settings(entries))))
  return { expired, layer, state }
}

const [day, week] = [86_400_000, 7 * 86_400_000]

describe("LogRetention", () => {
  it.scoped("keeps sealed cards for a day and results for a week, and looks every minute", () => {
    const { expired, layer } = scene()
    return Effect.gen(function*() {
      const once = [`transactions ${day}`, `transactions_dead ${day}`, `transactions_result ${week}`]
      yield* eventually("the first look", Effect.sync(() => expired.length), (_) => _ === topics.length)
      assert.sameMembers(expired, once)
      yield* TestClock.adjust("59 seconds")
      assert.lengthOf(expired, 3)
      yield* TestClock.adjust("1 second")
      yield* eventually("the second look", Effect.sync(() => expired.length), (_) => _ === 2 * topics.length)
      assert.sameMembers(expired.slice(3), once)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("as long as the environment says, and goes on after a failure", () => {
    const { expired, layer, state } = scene({ LOG_RETENTION_MS: "1000", RESULT_RETENTION_MS: "2000" })
    return Effect.gen(function*() {
      state.fails = true
      yield* TestClock.adjust("3 minutes")
      const death = yield* Effect.fork((yield* Daemons).death)
      yield* remains("it lives", Effect.sync(() => death.unsafePoll()), (_) => _ === null)
      state.fails = false
      expired.length = 0
      yield* eventually("it looks again", Effect.sync(() => expired), (_) => _.length >= 3, ownTime("10 seconds"))
      assert.includeMembers(expired, ["transactions 1000", "transactions_dead 1000", "transactions_result 2000"])
    }).pipe(Effect.provide(layer))
  })
})
