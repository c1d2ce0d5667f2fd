import kafkajs, { type Admin } from "kafkajs"
import { createConnection } from "mysql2/promise"
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { createDatabases } from "../../scripts/servers/databases.mjs"
import { waitUntil } from "./child.ts"
import { gatewayEntry, root } from "./root.ts"
import type { Keys, Servers } from "./servers.ts"

export type TopicName = "transactions" | "transactions_result" | "transactions_dead"

export type Row = Readonly<Record<string, unknown>>

/** Topics and databases of one round, new and empty; every program under test finds the same. */
export interface Place {
  readonly name: string
  readonly folder: string
  /** What the roles need. */
  readonly env: Readonly<Record<string, string>>
  readonly servers: Servers
  readonly topic: (name: TopicName) => string
  readonly kafka: InstanceType<typeof kafkajs.Kafka>
  readonly admin: Admin
  readonly query: (sql: string, values?: ReadonlyArray<string | number>) => Promise<ReadonlyArray<Row>>
  /** The names of the two databases, quoted. */
  readonly gateway: string
  readonly processor: string
  readonly remove: () => Promise<void>
}

export const partitions = 6

const program = join(root, gatewayEntry)

/** The gateway's own tables, for the other programs too. */
const migrate = async (env: Readonly<Record<string, string>>) => {
  if (!existsSync(program)) throw new Error(`${gatewayEntry} is missing: npm run build`)
  await promisify(execFile)(process.execPath, [program, "migrate"], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }
  })
}

/** As the gateway makes them on one broker. They are ready when the leader of each partition answers. */
const createTopics = async (admin: Admin, names: ReadonlyArray<string>) => {
  await admin.createTopics({
    waitForLeaders: false,
    topics: names.map((topic) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: 1,
      configEntries: [
        { name: "min.insync.replicas", value: "1" },
        { name: "retention.ms", value: "86400000" },
        { name: "cleanup.policy", value: "delete" },
        { name: "unclean.leader.election.enable", value: "false" }
      ]
    }))
  })
  for (const name of names) {
    await waitUntil(
      30_000,
      `${name} has leaders`,
      () => admin.fetchTopicOffsets(name).then((offsets) => offsets.length === partitions, () => false)
    )
  }
}

const topicNames: ReadonlyArray<TopicName> = ["transactions", "transactions_result", "transactions_dead"]

let made = 0

const makePlace = async (servers: Servers, keys: Keys, subject: string): Promise<Place> => {
  const name = `bench_${process.pid}_${++made}`
  const prefix = `${name}.`
  const { gatewayUrl, processorUrl } = await createDatabases(servers.adminUrl, {
    gateway: `${name}_g`,
    processor: `${name}_p`
  })
  await migrate({ DATABASE_URL: gatewayUrl, PROCESSOR_DATABASE_URL: processorUrl })
  const kafka = new kafkajs.Kafka({
    clientId: "bench",
    brokers: Array.from(servers.brokers),
    logLevel: kafkajs.logLevel.NOTHING
  })
  const admin = kafka.admin()
  await admin.connect()
  const topics = topicNames.map((topic) => `${prefix}${topic}`)
  await createTopics(admin, topics)
  const connection = await createConnection({ uri: servers.adminUrl, rowsAsArray: false })
  const folder = await mkdtemp(join(tmpdir(), `bench-${subject}-`))
  return {
    name,
    folder,
    env: {
      ...keys,
      KAFKA_BROKERS: servers.brokers.join(","),
      KAFKA_TOPIC_PREFIX: prefix,
      DATABASE_URL: gatewayUrl,
      PROCESSOR_DATABASE_URL: processorUrl
    },
    servers,
    topic: (topic) => `${prefix}${topic}`,
    kafka,
    admin,
    query: async (sql, values = []) => {
      const [rows] = await connection.query(sql, Array.from(values))
      return rows as ReadonlyArray<Row>
    },
    gateway: `\`${name}_g\``,
    processor: `\`${name}_p\``,
    remove: async () => {
      await admin.deleteTopics({ topics })
      await admin.disconnect()
      for (const database of [`${name}_g`, `${name}_p`]) {
        await connection.query(`DROP DATABASE \`${database}\``)
        await connection.query(`DROP USER \`${database}\`@'%'`)
      }
      await connection.end()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** One round in a place of its own, which is removed afterwards; the files of a failed one are kept. */
export const withPlace = async <A>(
  servers: Servers,
  keys: Keys,
  subject: string,
  use: (place: Place) => Promise<A>
): Promise<A> => {
  const place = await makePlace(servers, keys, subject)
  try {
    const result = await use(place)
    await place.remove()
    return result
  } catch (cause) {
    console.error(`what the programs of the failed round wrote is kept in ${place.folder}`)
    throw cause
  }
}

/** Records of a topic by now. */
export const recordsIn = async (place: Place, topic: TopicName): Promise<number> => {
  const offsets = await place.admin.fetchTopicOffsets(place.topic(topic))
  return offsets.reduce((sum, { high }) => sum + Number(high), 0)
}

export interface Read {
  readonly key: string | null
  readonly value: string
  readonly partition: number
  readonly offset: number
}

/** Everything a topic has. */
export const readTopic = async (place: Place, topic: TopicName): Promise<ReadonlyArray<Read>> => {
  const wanted = await recordsIn(place, topic)
  if (wanted === 0) return []
  const records: Array<Read> = []
  const groupId = `${place.name}.read.${topic}`
  const consumer = place.kafka.consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topic: place.topic(topic), fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${topic}: ${records.length} of ${wanted} read in 60 s`)), 60_000)
    consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { messages, partition } }) => {
        for (const { key, offset, value } of messages) {
          records.push({
            key: key?.toString() ?? null,
            value: value?.toString() ?? "",
            partition,
            offset: Number(offset)
          })
        }
        if (records.length < wanted) return
        clearTimeout(timer)
        resolve()
      }
    }).catch(reject)
  })
  await consumer.disconnect()
  return records
}
