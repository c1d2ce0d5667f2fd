import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { inject } from "vitest"
import { mysqlDatabase } from "../../src/layers/mysql/MysqlDatabase.ts"
import { newPrefix } from "../support/LayersKafka.ts"
import { consumer, eventually, life, patience } from "../support/LayersKafkaSuite.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { mysqlPair } from "../support/LayersMysql.ts"
import { textRecord } from "../support/LayersSamples.ts"
import { settings } from "../support/LayersSqlite.ts"

const brokers = inject("kafka") ?? []
const adminUrl = inject("database")

describe.runIf(brokers.length > 0)("what is counted of a consumer on Kafka", () => {
  it.scopedLive("its partitions, its failures and its pauses, and nothing when it has ended", () => {
    const entries = { KAFKA_TOPIC_PREFIX: newPrefix(), KAFKA_PARTITIONS: "3" }
    return life(brokers, entries, ({ counted, log }) =>
      Effect.gen(function*() {
        const of = (what: string) => Effect.sync(() => counted.readers.get(`${what} transactions processor`) ?? 0)
        let fails = true
        const traced = { ...textRecord("one", "key"), headers: { traceparent: "00-aa-bb-01" } }
        yield* log.append("transactions", [traced])
        const { seen } = yield* Effect.scoped(Effect.gen(function*() {
          const running = yield* consumer(log, () => Effect.suspend(() => fails ? Effect.fail("not now") : Effect.void))
          yield* eventually("it has the partitions", of("assigned"), (_) => _ === 3)
          yield* eventually("it failed", of("failed"), (_) => _ >= 2)
          yield* eventually("it waits", of("paused"), (_) => _ === 1)
          fails = false
          yield* eventually("it was handled", Effect.sync(() => running.seen.length), (_) => _ === 1)
          yield* eventually("it waits no more", of("paused"), (_) => _ === 0)
          return running
        }))
        assert.strictEqual(seen[0]!.headers["traceparent"], "00-aa-bb-01")
        assert.deepStrictEqual([yield* of("assigned"), yield* of("paused")], [0, 0])
      }))
  }, 3 * patience)
})

describe.runIf(adminUrl !== null)("what is counted of a pool on MySQL", () => {
  it.scopedLive("its connections as they are, and how long statements waited for one", () =>
    Effect.gen(function*() {
      const { gatewayUrl } = yield* mysqlPair(adminUrl!)
      const { counted, layer } = recordedMetrics()
      yield* Effect.scoped(Effect.gen(function*() {
        const context = yield* Layer.build(
          Layer.provide(
            mysqlDatabase("gateway"),
            Layer.merge(settings({ DATABASE_URL: gatewayUrl, MYSQL_POOL_SIZE: "2" }), layer)
          )
        )
        const sql = yield* Effect.provide(SqlClient.SqlClient, context)
        const now = counted.pools.get("gateway")!
        assert.deepStrictEqual(now(), { inUse: 0, idle: 1, opening: 0, waiting: 0, limit: 2 })
        const before = counted.acquired.length
        const sleeping = yield* Effect.fork(
          Effect.forEach([1, 2, 3], () => sql`SELECT SLEEP(0.4)`, { concurrency: "unbounded" })
        )
        yield* eventually("both are busy, and one waits", Effect.sync(now), (_) => _.inUse === 2 && _.waiting === 1)
        yield* Fiber.join(sleeping)
        assert.deepStrictEqual(now(), { inUse: 0, idle: 2, opening: 0, waiting: 0, limit: 2 })
        const waited = counted.acquired.slice(before)
        assert.lengthOf(waited, 3)
        assert.isAbove(Math.max(...waited), 0.2)
        assert.strictEqual(Math.min(...waited), 0)
      }))
      assert.isFalse(counted.pools.has("gateway"))
    }))
})
