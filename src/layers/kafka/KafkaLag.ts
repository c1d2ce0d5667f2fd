import { Clock, Effect } from "effect"
import type { Group, LogUnavailable, PartitionLag, PartitionOffsets, Topic } from "../../services/Log.ts"
import { KafkaAdmin } from "./KafkaAdmin.ts"
import { KafkaClients } from "./KafkaClient.ts"
import { KafkaTopics } from "./KafkaTopics.ts"

/** A group for each topic: kafkajs gives every member of a group all of its topics. */
export const groupId = (prefix: string, group: Group, topic: Topic) => `${prefix}${group}.${topic}`

/** An age is told to this part of it. */
const precision = 0.02
const leastAge = 100
const longestAge = 366 * 24 * 60 * 60 * 1000

/** What groups have committed, and how old the first record is that they have not. */
export const makeLag = Effect.gen(function*() {
  const { ask } = yield* KafkaAdmin
  const topics = yield* KafkaTopics
  const { prefix } = yield* KafkaClients

  const offsets = Effect.fnUntraced(function*(topic: Topic, group: Group) {
    yield* topics.partitions(topic)
    const name = topics.nameOf(topic)
    // The commits first: what is committed later than the ends were read could pass for all that there is.
    const [committed, kept] = yield* ask(async (admin) => {
      const [offsetsOfTopic] = await admin.fetchOffsets({ groupId: groupId(prefix, group, topic), topics: [name] })
      return [offsetsOfTopic!.partitions, await admin.fetchTopicOffsets(name)] as const
    })
    const next = new Map(committed.map((_) => [_.partition, Number(_.offset)]))
    return kept.map(({ high, low, partition }): PartitionOffsets => {
      const offset = next.get(partition) ?? -1
      return { partition, low: Number(low), end: Number(high), committed: offset < 0 ? null : offset }
    }).toSorted((a, b) => a.partition - b.partition)
  })

  /**
   * Kafka tells the first offset at or after an instant: the record at `offset` is no older than `age` when the first one
   * since then is not after it. Doubled until it is, then halved.
   */
  const ageOf = Effect.fnUntraced(function*(
    offsetsSince: (age: number) => Effect.Effect<ReadonlyMap<number, number>, LogUnavailable>,
    partition: number,
    offset: number
  ) {
    const isSince = (age: number) => Effect.map(offsetsSince(age), (_) => (_.get(partition) ?? 0) <= offset)
    let younger = 0
    let older = leastAge
    while (older < longestAge && !(yield* isSince(older))) {
      younger = older
      older *= 2
    }
    while (older - younger > Math.max(1, older * precision)) {
      const middle = (older + younger) / 2
      if (yield* isSince(middle)) older = middle
      else younger = middle
    }
    return older
  })

  const lag = Effect.fnUntraced(function*(topic: Topic, group: Group) {
    const partitions = yield* offsets(topic, group)
    const now = yield* Clock.currentTimeMillis
    const name = topics.nameOf(topic)
    // one answer is about all partitions
    const answers = new Map<number, ReadonlyMap<number, number>>()
    const offsetsSince = (age: number) => {
      const known = answers.get(age)
      if (known !== undefined) return Effect.succeed(known)
      return ask((admin) => admin.fetchTopicOffsetsByTimestamp(name, now - Math.round(age))).pipe(
        Effect.map((found) => new Map(found.map((_) => [_.partition, Number(_.offset)]))),
        Effect.tap((found) => Effect.sync(() => answers.set(age, found)))
      )
    }
    return yield* Effect.forEach(partitions, (found): Effect.Effect<PartitionLag, LogUnavailable> => {
      const next = Math.max(found.committed ?? found.low, found.low)
      return next >= found.end
        ? Effect.succeed({ ...found, seconds: 0 })
        : Effect.map(ageOf(offsetsSince, found.partition, next), (age) => ({ ...found, seconds: age / 1000 }))
    })
  })

  return { offsets, lag } as const
})
