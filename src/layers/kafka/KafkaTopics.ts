import { Context, Duration, Effect, Layer, Option, Schedule } from "effect"
import kafkajs, { type Admin, type ITopicMetadata } from "kafkajs"
import { LogUnavailable, type Topic, topics } from "../../services/Log.ts"
import { CannotStart } from "../CannotStart.ts"
import { Daemons } from "../Daemons.ts"
import { LogSettings, TopicSettings } from "../Settings.ts"
import { KafkaAdmin } from "./KafkaAdmin.ts"
import { KafkaClients } from "./KafkaClient.ts"
import { brokerCodeOf, describeFailure, makeComplaint } from "./KafkaFailure.ts"

/** Kafka's default: the largest record with its key, its headers and its framing is one batch of less. */
const leastMessageBytes = 1_048_588
const defaultPartitions = 12
const mostReplicas = 3

/** kafkajs cannot decompress these, and a consumer that meets them goes no further. */
const unreadable = new Set(["snappy", "lz4", "zstd"])

/** An acknowledged record is on two brokers, where there are two. */
const inSync = (replicas: number) => Math.min(replicas, Math.max(2, replicas - 1))
const inWords = (replicas: number) => `${replicas} ${replicas === 1 ? "replica" : "replicas"}`

/** Partitions of a topic whose leader is known. */
const partitionsOf = ({ partitions }: ITopicMetadata): number | null =>
  partitions.length > 0 && partitions.every((_) => _.leader >= 0 && _.partitionErrorCode === 0)
    ? partitions.length
    : null

/**
 * Makes the topics that are missing, and refuses those that would lose what is acknowledged, or keep cards too long. What
 * is not named in the settings may be as it is.
 */
export class KafkaTopics extends Context.Tag("gateway/KafkaTopics")<KafkaTopics, {
  /** Number of its partitions; made when it is missing. */
  readonly partitions: (topic: Topic) => Effect.Effect<number, LogUnavailable>
  /** The same without waiting; null while it is not known. */
  readonly known: (topic: Topic) => number | null
  /** Asks again the next time. */
  readonly forget: (topic: Topic) => void
  /** What does not work now; everybody's sentences together come at most every ten seconds. */
  readonly complain: (sentence: string) => Effect.Effect<void>
  /** It works again. */
  readonly settled: Effect.Effect<void>
  /** Its name at the brokers. */
  readonly nameOf: (topic: Topic) => string
}>() {
  static readonly Live = Layer.scoped(
    KafkaTopics,
    Effect.gen(function*() {
      const { brokers, prefix } = yield* KafkaClients
      const { ask } = yield* KafkaAdmin
      const daemons = yield* Daemons
      const wanted = yield* TopicSettings
      const { cardRetention, resultRetention } = yield* LogSettings
      const nameOf = (topic: Topic) => `${prefix}${topic}`
      const retentionOf = (topic: Topic) =>
        Duration.toMillis(topic === "transactions_result" ? resultRetention : cardRetention)
      const known = new Map<Topic, number>()

      const replicas = (admin: Admin) =>
        Option.match(wanted.replicationFactor, {
          onNone: () => admin.describeCluster().then((_) => Math.min(mostReplicas, _.brokers.length)),
          onSome: (_) => Promise.resolve(_)
        })

      const create = (topic: Topic) =>
        ask(async (admin) => {
          const replicationFactor = await replicas(admin)
          // with `waitForLeaders` it may fail although the topic was made (facts of kafkajs, docs/decisions)
          return admin.createTopics({
            waitForLeaders: false,
            topics: [{
              topic: nameOf(topic),
              numPartitions: Option.getOrElse(wanted.partitions, () => defaultPartitions),
              replicationFactor,
              configEntries: [
                { name: "min.insync.replicas", value: `${inSync(replicationFactor)}` },
                { name: "retention.ms", value: `${retentionOf(topic)}` },
                { name: "cleanup.policy", value: "delete" },
                { name: "unclean.leader.election.enable", value: "false" },
                { name: "max.message.bytes", value: `${leastMessageBytes}` },
                // the brokers decompress what other programs write
                { name: "compression.type", value: "uncompressed" }
              ]
            }]
          })
        })

      const describe = (topic: Topic) =>
        ask((admin) => admin.fetchTopicMetadata({ topics: [nameOf(topic)] }).then((_) => _.topics[0]!)).pipe(
          Effect.catchIf(
            ({ cause }) => brokerCodeOf(cause) === "UNKNOWN_TOPIC_OR_PARTITION",
            () => Effect.succeed(null)
          )
        )

      const partitions = Effect.fnUntraced(function*(topic: Topic) {
        const count = known.get(topic)
        if (count !== undefined) return count
        for (let tries = 0; tries < 50; tries++) {
          const described = yield* describe(topic)
          const found = described === null ? null : partitionsOf(described)
          if (found !== null) {
            known.set(topic, found)
            return found
          }
          if (described === null && tries % 10 === 0) yield* create(topic)
          yield* Effect.sleep("100 millis")
        }
        return yield* new LogUnavailable({ cause: new Error(`the topic ${nameOf(topic)} has no leader`) })
      })

      const check = Effect.fnUntraced(function*(topic: Topic) {
        yield* partitions(topic)
        const name = nameOf(topic)
        const described = yield* describe(topic)
        if (described === null) return
        const atLeast = yield* ask(replicas)
        const { resources } = yield* ask((admin) =>
          admin.describeConfigs({
            includeSynonyms: false,
            resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name }]
          })
        )
        const values = new Map(resources[0]!.configEntries.map((_) => [_.configName, _.configValue]))
        const number = (key: string) => Number(values.get(key) ?? Number.NaN)
        const refuse = (what: string, remedy: string) =>
          new CannotStart({ sentence: `The topic ${name} ${what}: ${remedy}.` })

        const count = described.partitions.length
        if (Option.isSome(wanted.partitions) && count < wanted.partitions.value) {
          return yield* refuse(
            `has ${count} partitions and KAFKA_PARTITIONS asks for ${wanted.partitions.value}`,
            "add partitions to it, or set KAFKA_PARTITIONS lower"
          )
        }
        const replicated = Math.min(...described.partitions.map((_) => _.replicas.length))
        if (replicated < atLeast) {
          return yield* refuse(
            `has ${inWords(replicated)} and needs ${atLeast}`,
            "reassign its partitions to more brokers, or set KAFKA_REPLICATION lower"
          )
        }
        const insync = number("min.insync.replicas")
        if (insync > replicated || (replicated > 1 && insync < 2)) {
          return yield* refuse(
            `has min.insync.replicas=${insync} with ${inWords(replicated)}, so ${
              insync < 2 ? "an acknowledged record may be on one broker alone" : "nothing can be appended"
            }`,
            `set it to ${inSync(replicated)}`
          )
        }
        if (values.get("unclean.leader.election.enable") === "true") {
          return yield* refuse(
            "has unclean.leader.election.enable=true, which loses acknowledged records",
            "set it to false"
          )
        }
        if (values.get("cleanup.policy") !== "delete") {
          return yield* refuse(`has cleanup.policy=${values.get("cleanup.policy")}`, "set it to delete")
        }
        if (number("max.message.bytes") < leastMessageBytes) {
          return yield* refuse(
            `takes no more than ${number("max.message.bytes")} bytes at a time`,
            `set max.message.bytes to ${leastMessageBytes} or more`
          )
        }
        const compression = values.get("compression.type") ?? ""
        if (unreadable.has(compression)) {
          return yield* refuse(
            `has compression.type=${compression}, which the gateway cannot read`,
            "set it to uncompressed, producer or gzip"
          )
        }
        const retention = number("retention.ms")
        if (topic !== "transactions_result" && (retention < 0 || retention > retentionOf(topic))) {
          return yield* refuse(
            `keeps sealed cards for ${retention < 0 ? "ever" : `${retention} ms`}, longer than LOG_RETENTION_MS (${
              retentionOf(topic)
            })`,
            "set its retention.ms lower, or LOG_RETENTION_MS higher"
          )
        }
      })

      const complaint = makeComplaint()

      yield* daemons.start(
        "log",
        Effect.forEach(topics, check, { discard: true }).pipe(
          Effect.retry({
            schedule: Schedule.spaced("1 second"),
            while: (error) =>
              error._tag === "LogUnavailable"
                ? Effect.as(complaint.say(`waiting for Kafka at ${brokers} (${describeFailure(error.cause)})`), true)
                : false
          }),
          Effect.tap(() => complaint.settled),
          Effect.zipRight(Effect.never)
        )
      )

      return {
        partitions,
        known: (topic) => known.get(topic) ?? null,
        forget: (topic) => void known.delete(topic),
        complain: complaint.say,
        settled: complaint.settled,
        nameOf
      }
    })
  )
}
