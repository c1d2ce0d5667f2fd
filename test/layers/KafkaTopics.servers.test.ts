import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { inject } from "vitest"
import type { Topic } from "../../src/services/Log.ts"
import { newPrefix } from "../support/LayersKafka.ts"
import { asAdmin, consumer, eventually, life, patience, tail, write } from "../support/LayersKafkaSuite.ts"
import { textOf, textRecord } from "../support/LayersSamples.ts"

const brokers = inject("kafka") ?? []

const topics: ReadonlyArray<Topic> = ["transactions", "transactions_result", "transactions_dead"]

/** A day, as the gateway makes them. */
const right = { "retention.ms": "86400000" }

/** Topics that somebody else made, one of them otherwise. */
const madeByHand = (
  prefix: string,
  { odd = "transactions", partitions = 2, ...config }: {
    readonly odd?: Topic
    readonly partitions?: number
    readonly [name: string]: string | number | undefined
  }
) =>
  asAdmin(brokers, (admin) =>
    admin.createTopics({
      waitForLeaders: false,
      topics: topics.map((topic) => ({
        topic: `${prefix}${topic}`,
        numPartitions: partitions,
        replicationFactor: 1,
        configEntries: Object.entries({ ...right, ...(topic === odd ? config : {}) }).map(([name, value]) => ({
          name,
          value: `${value}`
        }))
      }))
    }))

interface Refusal {
  readonly made: Parameters<typeof madeByHand>[1]
  readonly settings?: Readonly<Record<string, string>>
  readonly sentence: string
}

const refusals: Readonly<Record<string, Refusal>> = {
  "too few partitions": {
    made: {},
    settings: { KAFKA_PARTITIONS: "3" },
    sentence:
      "The topic TRANSACTIONS has 2 partitions and KAFKA_PARTITIONS asks for 3: add partitions to it, or set KAFKA_PARTITIONS lower."
  },
  "too few replicas": {
    made: {},
    settings: { KAFKA_REPLICATION: "2" },
    sentence:
      "The topic TRANSACTIONS has 1 replica and needs 2: reassign its partitions to more brokers, or set KAFKA_REPLICATION lower."
  },
  "more replicas in sync than there are": {
    made: { "min.insync.replicas": 2 },
    sentence:
      "The topic TRANSACTIONS has min.insync.replicas=2 with 1 replica, so nothing can be appended: set it to 1."
  },
  "unclean elections": {
    made: { "unclean.leader.election.enable": "true" },
    sentence:
      "The topic TRANSACTIONS has unclean.leader.election.enable=true, which loses acknowledged records: set it to false."
  },
  "compaction": {
    made: { "cleanup.policy": "compact" },
    sentence: "The topic TRANSACTIONS has cleanup.policy=compact: set it to delete."
  },
  "small batches": {
    made: { odd: "transactions_result", "max.message.bytes": 1_000_000 },
    sentence:
      "The topic TRANSACTIONS_RESULT takes no more than 1000000 bytes at a time: set max.message.bytes to 1048588 or more."
  },
  "a compression that cannot be read": {
    made: { "compression.type": "zstd" },
    sentence:
      "The topic TRANSACTIONS has compression.type=zstd, which the gateway cannot read: set it to uncompressed, producer or gzip."
  },
  "cards kept too long": {
    made: { odd: "transactions_dead", "retention.ms": 86_400_001 },
    sentence:
      "The topic TRANSACTIONS_DEAD keeps sealed cards for 86400001 ms, longer than LOG_RETENTION_MS (86400000): set its retention.ms lower, or LOG_RETENTION_MS higher."
  },
  "cards kept for ever": {
    made: { "retention.ms": -1 },
    sentence:
      "The topic TRANSACTIONS keeps sealed cards for ever, longer than LOG_RETENTION_MS (86400000): set its retention.ms lower, or LOG_RETENTION_MS higher."
  }
}

const committedOf = (lag: ReadonlyArray<{ readonly committed: number | null }>) =>
  lag.reduce((sum, { committed }) => sum + (committed ?? 0), 0)

describe.runIf(brokers.length > 0)("KafkaLog: topics", { concurrent: true }, () => {
  for (const [what, { made, sentence, settings = {} }] of Object.entries(refusals)) {
    it.scopedLive(`${what}: the process ends with a sentence`, () => {
      const prefix = newPrefix()
      return Effect.gen(function*() {
        yield* madeByHand(prefix, made)
        const { message } = yield* life(
          brokers,
          { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "2", ...settings },
          ({ death }) => Effect.timeout(Effect.flip(death), patience)
        )
        assert.strictEqual(message, sentence.replace(/TRANSACTIONS\w*/, (_) => `${prefix}${_.toLowerCase()}`))
      })
    }, 2 * patience)
  }

  it.scopedLive("right topics that somebody else made are taken as they are", () => {
    const prefix = newPrefix()
    return Effect.gen(function*() {
      // more partitions, a longer memory of results and a compression that can be read
      yield* madeByHand(prefix, {
        odd: "transactions_result",
        partitions: 4,
        "retention.ms": -1,
        "compression.type": "gzip"
      })
      yield* life(
        brokers,
        { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "3" },
        ({ death, log }) =>
          Effect.raceFirst(
            death,
            Effect.gen(function*() {
              yield* log.append("transactions_result", [textRecord("one"), textRecord("two", "key")])
              const seen = yield* consumer(log, undefined, "transactions_result")
              yield* seen.has(2)
              for (const topic of topics) assert.lengthOf(yield* log.offsets(topic, "processor"), 4)
            })
          )
      )
    })
  }, 2 * patience)

  it.scopedLive("they are made by several processes at once, with what keeps records safe", () => {
    const prefix = newPrefix()
    return Effect.gen(function*() {
      const one = (name: number) =>
        life(brokers, { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "5" }, ({ death, log }) =>
          Effect.raceFirst(
            death,
            Effect.gen(function*() {
              yield* log.append("transactions", [textRecord(`${name}`)])
              const offsets = yield* log.offsets("transactions_dead", "recorder")
              assert.lengthOf(offsets, 5)
              yield* log.append("transactions_dead", [textRecord("dead")])
            })
          ))
      yield* Effect.forEach([1, 2, 3, 4], one, { concurrency: "unbounded" })
      const described = yield* asAdmin(brokers, (admin) =>
        admin.describeConfigs({
          includeSynonyms: false,
          resources: topics.map((_) => ({ type: 2, name: `${prefix}${_}` }))
        }))
      for (const { configEntries, resourceName } of described.resources) {
        const values = Object.fromEntries(configEntries.map((_) => [_.configName, _.configValue]))
        assert.strictEqual(values["cleanup.policy"], "delete")
        assert.strictEqual(values["unclean.leader.election.enable"], "false")
        assert.strictEqual(values["min.insync.replicas"], "1")
        assert.strictEqual(values["compression.type"], "uncompressed")
        assert.strictEqual(values["retention.ms"], resourceName.endsWith("_result") ? "604800000" : "86400000")
      }
    })
  }, 2 * patience)

  it.scopedLive("one that is deleted is made anew, and consumer, tail and lanes go on", () => {
    const prefix = newPrefix()
    return life(brokers, { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "3" }, ({ death, log }) =>
      Effect.raceFirst(
        death,
        Effect.gen(function*() {
          const texts = (what: string, count: number) =>
            Array.from({ length: count }, (_, index) => textRecord(`${what} ${index}`, `key ${index}`))
          yield* log.append("transactions", texts("old", 150))
          const processor = yield* consumer(log)
          const tailed = yield* tail(log, new Map(), "transactions")
          const other = yield* tail(log, new Map([[0, 0], [1, 0], [2, 0]]), "transactions")
          yield* processor.has(150)
          yield* eventually("the tail has them", Effect.sync(() => other.seen.length), (_) => _ === 150)
          const offsets = log.offsets("transactions", "processor")
          yield* eventually("all is committed", offsets, (_) => committedOf(_) === 150)
          yield* asAdmin(brokers, (_) => _.deleteTopics({ topics: [`${prefix}transactions`] }))
          const stored = yield* eventually(
            "it can be appended to again",
            Effect.either(log.append("transactions", texts("new", 20))),
            (_) => _._tag === "Right"
          )
          assert.isTrue(stored._tag === "Right" && stored.right.every((_) => _.offset < 20))
          yield* log.offer("transactions", textRecord("offered"))
          const isAllNew = (seen: ReadonlyArray<string>) =>
            new Set(seen.filter((_) => _.startsWith("new") || _ === "offered")).size === 21
          yield* eventually("the consumer goes on", Effect.sync(processor.texts), isAllNew)
          yield* eventually("a tail goes on", Effect.sync(other.texts), isAllNew)
          yield* eventually("and one that began at the end", Effect.sync(tailed.texts), isAllNew)
          yield* eventually("all is committed", offsets, (_) =>
            _.every(({ committed, end }) =>
              (committed ?? 0) === end
            ) && committedOf(_) >= 21)
        })
      ))
  }, 3 * patience)

  it.scopedLive("partitions that are added are read, and are in the offsets", () => {
    const prefix = newPrefix()
    return life(brokers, { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "2" }, ({ log }) =>
      Effect.gen(function*() {
        yield* log.append("transactions", [textRecord("one")])
        const processor = yield* consumer(log)
        const tailed = yield* tail(log, new Map([[0, 0], [1, 0]]), "transactions")
        yield* processor.has(1)
        const topic = `${prefix}transactions`
        yield* asAdmin(brokers, (_) => _.createPartitions({ topicPartitions: [{ topic, count: 4 }] }))
        yield* write(brokers, topic, [2, 3].map((partition) => ({ partition, value: `${partition}` })))
        yield* processor.has(3)
        yield* eventually("the tail has them", Effect.sync(() => tailed.seen.length), (_) => _ === 3)
        yield* eventually(
          "four are committed",
          log.offsets("transactions", "processor"),
          (_) => _.length === 4 && committedOf(_) === 3
        )
        yield* log.append("transactions", [textRecord("two")])
        yield* processor.has(4)
        assert.deepStrictEqual(new Set(processor.seen.map(textOf)), new Set(["one", "two", "2", "3"]))
      }))
  }, 3 * patience)
})
