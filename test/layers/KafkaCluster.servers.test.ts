import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { afterAll, beforeAll, inject } from "vitest"
import type { Server } from "../../scripts/servers/server.mjs"
import { newPrefix } from "../support/LayersKafka.ts"
import {
  asAdmin,
  assertHandled,
  assertKept,
  at,
  consumer,
  eventually,
  life,
  ownKafka,
  patience,
  readAll,
  tail,
  traffic
} from "../support/LayersKafkaSuite.ts"
import { textOf } from "../support/LayersSamples.ts"

/** Of Java, by which a group finds its partition of `__consumer_offsets`. */
const hashCode = (text: string) => Array.from(text).reduce((hash, _) => (Math.imul(hash, 31) + _.charCodeAt(0)) | 0, 0)

describe.runIf(inject("kafka") !== null)("KafkaLog: three brokers", () => {
  let kafka: Awaited<ReturnType<typeof ownKafka>>
  beforeAll(async () => {
    kafka = await ownKafka({ nodes: 3 })
  })
  afterAll(() => kafka?.end())

  /** Those that are up tell who leads a partition. */
  const leaderOf = (topic: string, partition: number) =>
    Effect.map(
      asAdmin(kafka.brokers, (_) => _.fetchTopicMetadata({ topics: [topic] })),
      ({ topics }) => kafka.nodes[topics[0]!.partitions.find((_) => _.partitionId === partition)!.leader - 1]!
    )

  /** The node that keeps the offsets of a group. */
  const coordinatorOf = Effect.fnUntraced(function*(group: string) {
    const { topics } = yield* asAdmin(kafka.brokers, (_) => _.fetchTopicMetadata({ topics: ["__consumer_offsets"] }))
    return yield* leaderOf("__consumer_offsets", Math.abs(hashCode(group)) % topics[0]!.partitions.length)
  })

  it.scopedLive("nothing acknowledged is lost, and order is kept, while brokers are killed, restarted and hang", () => {
    const prefix = newPrefix()
    return life(
      kafka.brokers,
      { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "6" },
      ({ death, log }) =>
        Effect.raceFirst(
          death,
          Effect.gen(function*() {
            const processor = yield* consumer(log)
            const fromStart = new Map([0, 1, 2, 3, 4, 5].map((_) => [_, 0]))
            const tailed = yield* tail(log, fromStart, "transactions")
            const { end, sent } = yield* traffic(log, { appenders: 40, pause: 20 })
            yield* processor.has(500)

            /** Every partition takes records again, and what is acknowledged is handled and told. */
            const goesOn = Effect.fnUntraced(function*(what: string, ms: number) {
              const from = sent.length
              const taken = Effect.sync(() => new Set(sent.slice(from).map((_) => _.partition)).size)
              yield* eventually(`${what}: every partition takes records`, taken, (_) => _ === 6, ms)
              const wanted = sent.slice(from).map(at)
              for (const [who, { seen }] of [["the consumer", processor], ["the tail", tailed]] as const) {
                const places = Effect.sync(() => new Set(seen.map((_) => at(_.position))))
                yield* eventually(`${what}: ${who} goes on`, places, (_) => wanted.every((place) => _.has(place)), ms)
              }
              const places = sent.slice(from, from + wanted.length)
              yield* eventually(
                `${what}: it is committed`,
                Effect.either(log.offsets("transactions", "processor")),
                (_) =>
                  _._tag === "Right"
                  && places.every(({ offset, partition }) => (_.right[partition]!.committed ?? 0) > offset),
                ms
              )
            })
            const doing = (act: (node: Server) => Promise<void> | void, node: Server) =>
              Effect.promise(async () => act(node))

            const leader = yield* leaderOf(`${prefix}transactions`, 0)
            yield* doing((_) => _.kill(), leader)
            yield* goesOn("killed", patience)
            yield* doing((_) => _.start(), leader)
            yield* goesOn("started again", patience)

            for (const node of kafka.nodes) {
              yield* doing((_) => _.stop(), node)
              yield* doing((_) => _.start(), node)
            }
            yield* goesOn("rolling restart", patience)

            const other = yield* leaderOf(`${prefix}transactions`, 1)
            yield* doing((_) => _.pause(), other)
            yield* Effect.sleep("8 seconds")
            yield* doing((_) => _.resume(), other)
            yield* goesOn("hung for 8 s", patience)

            const coordinator = yield* coordinatorOf(`${prefix}processor.transactions`)
            yield* doing((_) => _.pause(), coordinator)
            yield* Effect.ensuring(goesOn("hangs for ever", patience), Effect.sync(() => coordinator.resume()))

            yield* end
            const kept = yield* readAll(log)
            assertKept(sent, kept)
            const places = Effect.sync(() => new Set(processor.seen.map((_) => at(_.position))).size)
            yield* eventually("the consumer has all", places, (_) => _ === kept.length)
            assertHandled(sent, processor.seen.map((_) => ({ ..._.position, text: textOf(_) })))
            yield* eventually(
              "all is committed",
              log.offsets("transactions", "processor"),
              (_) => _.every((of) => of.committed === of.end)
            )
            assert.isAbove(sent.length, 1000)
          })
        )
    )
  }, 8 * patience)

  it.scopedLive("topics are made on three brokers, and refused when a record may be on one alone", () => {
    const prefix = newPrefix()
    return Effect.gen(function*() {
      const configs = (name: string) =>
        Effect.map(
          asAdmin(kafka.brokers, (_) => _.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name }] })),
          ({ resources }) => Object.fromEntries(resources[0]!.configEntries.map((_) => [_.configName, _.configValue]))
        )
      const made = newPrefix()
      yield* life(kafka.brokers, { KAFKA_TOPIC_PREFIX: made }, ({ log }) => log.offsets("transactions", "processor"))
      assert.strictEqual((yield* configs(`${made}transactions`))["min.insync.replicas"], "2")
      const two = newPrefix()
      yield* life(
        kafka.brokers,
        { KAFKA_TOPIC_PREFIX: two, KAFKA_REPLICATION: "2" },
        ({ death, log }) =>
          Effect.raceFirst(
            death,
            Effect.gen(function*() {
              for (const topic of ["transactions", "transactions_result", "transactions_dead"] as const) {
                yield* log.offsets(topic, "processor")
              }
            })
          )
      )
      assert.strictEqual((yield* configs(`${two}transactions`))["min.insync.replicas"], "2")
      yield* asAdmin(kafka.brokers, (_) =>
        _.createTopics({
          waitForLeaders: false,
          topics: [{
            topic: `${prefix}transactions`,
            numPartitions: 3,
            replicationFactor: 3,
            configEntries: [{ name: "retention.ms", value: "1000" }, { name: "min.insync.replicas", value: "1" }]
          }]
        }))
      const { message } = yield* life(
        kafka.brokers,
        { KAFKA_TOPIC_PREFIX: prefix },
        ({ death }) => Effect.timeout(Effect.flip(death), patience)
      )
      assert.strictEqual(
        message,
        `The topic ${prefix}transactions has min.insync.replicas=1 with 3 replicas, so an acknowledged record may be on one broker alone: set it to 2.`
      )
    })
  }, 3 * patience)
})
