import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { inject } from "vitest"
import type { PartitionLag } from "../../src/services/Log.ts"
import { newPrefix } from "../support/LayersKafka.ts"
import {
  asAdmin,
  consumer,
  eventually,
  life,
  patience,
  plainKafka,
  tail,
  write,
  writeFromJava
} from "../support/LayersKafkaSuite.ts"
import { textOf, textRecord } from "../support/LayersSamples.ts"

const brokers = inject("kafka") ?? []

const committed = (lags: ReadonlyArray<PartitionLag>) => lags.map((_) => _.committed)

describe.runIf(brokers.length > 0)("KafkaLog: records", { concurrent: true }, () => {
  it.scopedLive("what other programs write is given as it is: null, binary, large, odd headers", () => {
    const prefix = newPrefix()
    const entries = { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "1" }
    return life(brokers, entries, ({ log, said }) =>
      Effect.gen(function*() {
        yield* log.offsets("transactions", "processor")
        const large = Buffer.alloc(1_040_000, "l")
        const binary = Buffer.from([0xff, 0, 0xfe, 0x80])
        yield* write(brokers, `${prefix}transactions`, [{ key: null, value: null }])
        yield* write(brokers, `${prefix}transactions`, [{ key: binary, value: binary }])
        yield* write(brokers, `${prefix}transactions`, [{ key: "", value: "" }])
        yield* write(brokers, `${prefix}transactions`, [{ key: "k", value: large }])
        yield* write(brokers, `${prefix}transactions`, [{
          value: "headers",
          headers: { binary, empty: "", ["__proto__"]: "proto", "": "nameless" }
        }])
        const lines = "none:NULL\tkey\tlz4\nmore:1,more:2,more:NULL\tNULL\tNULL\n"
        yield* writeFromJava(brokers, `${prefix}transactions`, lines, "lz4")
        yield* log.append("transactions", [{ key: "one", value: Buffer.alloc(1_000_000, "m"), headers: {} }])
        const processor = yield* consumer(log)
        yield* processor.has(8)
        const [nothing, bytes, empty, big, headers, fromJava, bare, own] = processor.seen
        assert.isNull(nothing!.key)
        assert.lengthOf(nothing!.value, 0)
        assert.deepStrictEqual(Buffer.from(bytes!.value), binary)
        assert.isString(bytes!.key)
        assert.strictEqual(empty!.key, "")
        assert.isTrue(large.equals(big!.value))
        assert.deepStrictEqual([textOf(fromJava!), fromJava!.key, fromJava!.headers], ["lz4", "key", { none: "" }])
        assert.deepStrictEqual([textOf(bare!), bare!.key, bare!.headers], ["", null, { more: "" }])
        assert.strictEqual(headers!.headers["empty"], "")
        assert.strictEqual(headers!.headers[""], "nameless")
        assert.lengthOf(own!.value, 1_000_000)
        const tailed = yield* tail(log, new Map([[0, 0]]), "transactions")
        yield* eventually("the tail has them too", Effect.sync(() => tailed.seen.length), (_) => _ === 8)
        assert.deepStrictEqual(said.filter((_) => _.includes("handling")), [])
      }))
  }, 2 * patience)

  it.scopedLive("the marks of a foreign transaction at the end do not count as waiting", () => {
    const prefix = newPrefix()
    return life(brokers, { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "1" }, ({ log }) =>
      Effect.gen(function*() {
        yield* log.offsets("transactions", "processor")
        const processor = yield* consumer(log)
        const transact = (value: string, how: "commit" | "abort") =>
          Effect.promise(async () => {
            const producer = plainKafka(brokers).producer({
              transactionalId: prefix,
              idempotent: true,
              maxInFlightRequests: 1
            })
            await producer.connect()
            const transaction = await producer.transaction()
            await transaction.send({ topic: `${prefix}transactions`, messages: [{ value }] })
            await transaction[how]()
            await producer.disconnect()
          })
        const all = (end: number) =>
          eventually(
            `${end} are committed`,
            log.lag("transactions", "processor"),
            (_) => _[0]!.end === end && _[0]!.committed === end && _[0]!.seconds === 0
          )
        yield* transact("kept", "commit")
        yield* all(2)
        yield* transact("undone", "abort")
        yield* all(4)
        yield* log.append("transactions", [textRecord("after")])
        yield* all(5)
        assert.deepStrictEqual(processor.texts(), ["kept", "after"])
      }))
  }, 2 * patience)

  it.scopedLive("lag in seconds is right within 5 %, for partitions of different age", () => {
    const prefix = newPrefix()
    return life(brokers, { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "6" }, ({ log }) =>
      Effect.gen(function*() {
        yield* log.offsets("transactions", "processor")
        const ages = [3, 60, 1234, 40_000, 80_000]
        const appendedAt = ages.map((age) => Date.now() - age * 1000)
        const topic = `${prefix}transactions`
        // the second of each partition is the first that waits
        yield* write(
          brokers,
          topic,
          appendedAt.map((at, partition) => ({ partition, value: "done", timestamp: `${at - 5000}` }))
        )
        yield* write(
          brokers,
          topic,
          appendedAt.map((at, partition) => ({ partition, value: "waits", timestamp: `${at}` }))
        )
        yield* write(brokers, topic, ages.map((_, partition) => ({ partition, value: "later" })))
        const groupId = `${prefix}processor.transactions`
        yield* asAdmin(brokers, (_) =>
          _.setOffsets({ groupId, topic, partitions: ages.map((_, partition) => ({ partition, offset: "1" })) }))
        const asked = Date.now()
        const lag = yield* log.lag("transactions", "processor")
        const tookTo = (Date.now() - asked) / 1000
        assert.deepStrictEqual(committed(lag), [1, 1, 1, 1, 1, null])
        ages.forEach((_, partition) => {
          const age = (asked - appendedAt[partition]!) / 1000
          assert.isAtLeast(lag[partition]!.seconds, age * 0.95, `partition ${partition}`)
          assert.isAtMost(lag[partition]!.seconds, age * 1.05 + tookTo, `partition ${partition}`)
        })
        assert.deepStrictEqual(lag[5], { partition: 5, low: 0, end: 0, committed: null, seconds: 0 })
        // a group that never committed is as late as the first record that is kept
        const [ofOther] = yield* log.lag("transactions", "recorder")
        assert.isAtLeast(ofOther!.seconds, (asked - appendedAt[0]!) / 1000 + 5 * 0.95)
      }))
  }, patience)

  it.scopedLive("expire deletes what is older, in every partition, and leaves the rest", () => {
    const prefix = newPrefix()
    return life(brokers, { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "4" }, ({ log }) =>
      Effect.gen(function*() {
        yield* log.offsets("transactions", "processor")
        const topic = `${prefix}transactions`
        const hoursAgo = (hours: number) => `${Date.now() - hours * 3_600_000}`
        const rows = [[0, 10], [0, 1], [1, 10], [1, 9], [2, 1], [2, 0]] as const
        for (const [partition, hours] of rows) {
          yield* write(brokers, topic, [{ partition, value: `${hours}`, timestamp: hoursAgo(hours) }])
        }
        yield* log.expire("transactions", Duration.hours(5))
        const kept = (yield* log.offsets("transactions", "processor")).map(({ end, low }) => [low, end])
        assert.deepStrictEqual(kept, [[1, 2], [2, 2], [0, 2], [0, 0]])
        yield* log.expire("transactions", Duration.hours(5))
        yield* log.expire("transactions", Duration.zero)
        const none = (yield* log.offsets("transactions", "processor")).map(({ end, low }) => [low, end])
        assert.deepStrictEqual(none, [[2, 2], [2, 2], [2, 2], [0, 0]])
        const processor = yield* consumer(log)
        yield* log.append("transactions", [textRecord("new")])
        yield* processor.has(1)
        assert.deepStrictEqual(processor.texts(), ["new"])
      }))
  }, patience)
})

describe.runIf(brokers.length > 0)("KafkaLog: back-pressure", () => {
  it.scopedLive("blocked handlers hold little, while 200 MB wait", () => {
    const prefix = newPrefix()
    return life(brokers, { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "6" }, ({ log }) =>
      Effect.gen(function*() {
        yield* log.offsets("transactions", "processor")
        const value = Buffer.alloc(10_000, "v")
        yield* Effect.promise(async () => {
          const producer = plainKafka(brokers).producer()
          await producer.connect()
          for (let i = 0; i < 40; i++) {
            const messages = Array.from({ length: 500 }, (_, index) => ({ value, partition: index % 6 }))
            await producer.send({ topic: `${prefix}transactions`, messages })
          }
          await producer.disconnect()
        })
        const held = () => {
          globalThis.gc?.()
          const { arrayBuffers, heapUsed } = process.memoryUsage()
          return arrayBuffers + heapUsed
        }
        const before = held()
        let blocked = true
        const given = new Set<number>()
        const processor = yield* consumer(log, (records) =>
          Effect.suspend(() => {
            given.add(records[0]!.position.partition)
            return blocked ? Effect.never : Effect.void
          }))
        yield* eventually("every partition is blocked", Effect.sync(() => given.size), (_) => _ === 6)
        let most = 0
        for (let i = 0; i < 20; i++) {
          yield* Effect.sleep("100 millis")
          most = Math.max(most, held() - before)
        }
        assert.isBelow(most, 60_000_000, "bytes held, of 200,000,000")
        yield* processor.end
        blocked = false
        let bytes = 0
        const next = yield* consumer(log, (records) =>
          Effect.sync(() => {
            bytes += records.reduce((sum, _) => sum + _.value.length, 0)
          }))
        yield* eventually("all of it is handled", Effect.sync(() => bytes), (_) => _ === 200_000_000)
        yield* next.end
      }))
  }, 60_000)
})
