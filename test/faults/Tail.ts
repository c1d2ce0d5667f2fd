import type { Consumer, Kafka } from "kafkajs"
import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { Lines } from "./History.ts"
import { type Seen, seenOf, type Topic, topics } from "./Seen.ts"

/** ms without a fetch after which the consumer is made anew. */
const silence = 15_000
const disconnectLimit = 5_000

/** Reads all three topics from their beginning, beside the roles, and writes down each record once. */
export interface Tail {
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** Waits until everything that is in the topics now was seen; false after `limit` ms. */
  readonly catchUp: (limit: number) => Promise<boolean>
  /** A topic is about to be made anew: its offsets begin at 0 again. The tail must be stopped. */
  readonly remade: (topic: Topic) => void
  readonly epochOf: (topic: Topic) => number
}

const within = <A>(limit: number, promise: Promise<A>): Promise<A | undefined> =>
  Promise.race([promise, sleep(limit, undefined)]).catch(() => undefined)

export const makeTail = (options: {
  readonly kafka: Kafka
  readonly prefix: string
  readonly lines: Lines<Seen>
  readonly onSeen: (seen: Seen) => void
}): Tail => {
  const { kafka, lines, onSeen, prefix } = options
  const epochs = new Map<Topic, number>(topics.map((topic) => [topic, 0]))
  /** The next offset by topic and partition of the present epoch. */
  const next = new Map<string, number>()
  let consumer: Consumer | null = null
  let heard = performance.now()
  let watching: NodeJS.Timeout | null = null
  let replacing = false

  const place = (topic: Topic, partition: number) => `${topic}/${partition}`

  const begin = async () => {
    const born = kafka.consumer({
      groupId: `campaign-${randomBytes(8).toString("hex")}`,
      sessionTimeout: 10_000,
      maxWaitTimeInMs: 500,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 1e9 }
    })
    consumer = born
    born.on(born.events.FETCH, () => heard = performance.now())
    born.on(born.events.GROUP_JOIN, ({ payload }) => {
      for (const [name, partitions] of Object.entries(payload.memberAssignment)) {
        const topic = name.slice(prefix.length) as Topic
        for (const partition of partitions) {
          born.seek({ topic: name, partition, offset: String(next.get(place(topic, partition)) ?? 0) })
        }
      }
    })
    await born.connect()
    await born.subscribe({ topics: topics.map((topic) => prefix + topic), fromBeginning: true })
    await born.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, heartbeat, resolveOffset }) => {
        const topic = batch.topic.slice(prefix.length) as Topic
        const at = place(topic, batch.partition)
        const seen = batch.messages
          .filter(({ offset }) => Number(offset) >= (next.get(at) ?? 0))
          .map((message) => seenOf(topic, epochs.get(topic)!, batch.partition, message))
        lines.appendAll(seen)
        for (const each of seen) onSeen(each)
        const last = batch.lastOffset()
        next.set(at, Math.max(next.get(at) ?? 0, Number(last) + 1))
        resolveOffset(last)
        await heartbeat().catch(() => {})
      }
    })
  }

  const end = async () => {
    const old = consumer
    consumer = null
    if (old !== null) await within(disconnectLimit, old.disconnect())
  }

  const watch = async () => {
    if (replacing || performance.now() - heard < silence) return
    replacing = true
    await end()
    heard = performance.now()
    await within(silence, begin())
    replacing = false
  }

  const start = async () => {
    heard = performance.now()
    await within(silence, begin())
    watching = setInterval(() => void watch(), 1_000)
    watching.unref()
  }

  const isCaughtUp = async () => {
    const admin = kafka.admin()
    await admin.connect()
    try {
      for (const topic of topics) {
        for (const { high, low, partition } of await admin.fetchTopicOffsets(prefix + topic)) {
          if (Number(high) > Number(low) && (next.get(place(topic, partition)) ?? 0) < Number(high)) return false
        }
      }
      return true
    } finally {
      await within(disconnectLimit, admin.disconnect())
    }
  }

  return {
    start,
    stop: async () => {
      if (watching !== null) clearInterval(watching)
      watching = null
      await end()
    },
    catchUp: async (limit) => {
      const until = performance.now() + limit
      while (performance.now() < until) {
        if (await within(disconnectLimit * 2, isCaughtUp()) === true) return true
        await sleep(250)
      }
      return false
    },
    remade: (topic) => {
      epochs.set(topic, epochs.get(topic)! + 1)
      for (const at of next.keys()) if (at.startsWith(`${topic}/`)) next.delete(at)
    },
    epochOf: (topic) => epochs.get(topic)!
  }
}
