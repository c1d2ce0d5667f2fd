import { Kafka, type KafkaConfig, logLevel, type Producer } from "kafkajs"
import { createConnection } from "mysql2/promise"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, assert, describe, inject, it } from "vitest"
import { createDatabases } from "../../scripts/servers/databases.mjs"
import { ensureKafka, type Kafka as KafkaServers, startKafka } from "../../scripts/servers/kafka.mjs"

const folder = mkdtempSync(join(tmpdir(), "gateway-servers-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const withoutKafka = inject("kafka") === null || await ensureKafka() === null
const database = inject("database")

/** A start may take long on a busy machine; what hangs is told sooner by the limits of the servers. */
const timeout = 300_000

const topic = "kept"

const clientOf = (brokers: ReadonlyArray<string>, config: Partial<KafkaConfig> = {}) =>
  new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, ...config })

const createTopic = async (kafka: Kafka, replicationFactor: number) => {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1, replicationFactor }] })
  await admin.disconnect()
}

const append = (producer: Producer, value: string) => producer.send({ topic, acks: -1, messages: [{ value }] })

/** What the topic holds, from its beginning. */
const read = async (kafka: Kafka, count: number): Promise<ReadonlyArray<string>> => {
  const consumer = kafka.consumer({ groupId: `reader-${Math.random()}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const values: Array<string> = []
  await new Promise<void>((done) =>
    void consumer.run({
      eachMessage: async ({ message }) => {
        if (values.push(`${message.value}`) === count) done()
      }
    })
  )
  await consumer.disconnect()
  return values
}

// A killed broker is replaced, and may come back, when its session has ended.
const options = {
  folder: join(folder, "one"),
  properties: { "broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 500 }
}

describe.skipIf(withoutKafka)("a Kafka of one node", { timeout }, () => {
  it("keeps what it acknowledged through kill -9, and in its folder for the next start", async () => {
    const kafka = await startKafka(options)
    const [node] = kafka.nodes as [KafkaServers["nodes"][number]]
    const client = clientOf(kafka.brokers)
    await createTopic(client, 1)
    const producer = client.producer()
    await producer.connect()
    await append(producer, "before the kill")

    const { pid } = node
    await node.kill()
    assert.isFalse(node.running)
    assert.strictEqual(await node.ended, "SIGKILL")
    await node.start()
    assert.notStrictEqual(node.pid, pid)
    await append(producer, "after it")
    await producer.disconnect()
    await kafka.stop()
    assert.isFalse(node.running)

    const again = await startKafka(options)
    assert.deepStrictEqual(await read(clientOf(again.brokers), 2), ["before the kill", "after it"])
    await again.stop()
  })

  it("answers nobody while it is paused, and goes on after that", async () => {
    const { brokers, nodes: [node], stop } = await startKafka({ ...options, folder: join(folder, "paused") })
    const client = clientOf(brokers)
    await createTopic(client, 1)
    const producer = client.producer()
    await producer.connect()

    await node!.pause()
    assert.isFalse(await node!.answers())
    const appended = append(producer, "meanwhile").then(() => "appended")
    assert.strictEqual(await Promise.race([appended, sleep(500, "waiting")]), "waiting")
    node!.resume()
    assert.strictEqual(await appended, "appended")
    assert.isTrue(await node!.answers())

    await producer.disconnect()
    await stop()
  })

  it("refuses a folder that another number of nodes left", async () => {
    await startKafka({ ...options, nodes: 3 }).then(
      () => assert.fail("it started"),
      (error: Error) => assert.match(error.message, /holds a Kafka of 1 nodes/)
    )
  })

  it("has listeners with TLS and passwords", async () => {
    const { secure, stop } = await startKafka({
      folder: join(folder, "secure"),
      security: { users: { gateway: "right" }, strangers: { stranger: "right" } }
    })
    const connect = async (brokers: ReadonlyArray<string>, config: Partial<KafkaConfig>) => {
      const admin = clientOf(brokers, { retry: { retries: 0 }, ...config }).admin()
      try {
        await admin.connect()
        const made = await admin.createTopics({ waitForLeaders: false, topics: [{ topic: `${Math.random()}` }] })
        return made ? "allowed" : "it was there"
      } catch (error) {
        return `${error}`
      } finally {
        await admin.disconnect()
      }
    }
    const ssl = { ca: [readFileSync(secure.ca)] }
    const as = (username: string, password: string) => ({
      sasl: { mechanism: "scram-sha-512" as const, username, password }
    })
    assert.strictEqual(await connect(secure.ssl, { ssl }), "allowed")
    assert.match(await connect(secure.ssl, { ssl: true }), /certificate/)
    assert.strictEqual(await connect(secure.saslSsl, { ssl, ...as("gateway", "right") }), "allowed")
    assert.strictEqual(await connect(secure.saslPlaintext, as("gateway", "right")), "allowed")
    assert.match(await connect(secure.saslPlaintext, as("gateway", "wrong")), /invalid credentials/)
    assert.match(await connect(secure.saslPlaintext, as("stranger", "right")), /Topic creation errors/)
    await stop()
  })
})

describe.skipIf(withoutKafka)("a Kafka of three nodes", { timeout }, () => {
  it("takes records while one of them is dead", async () => {
    const { brokers, nodes } = await startKafka({ ...options, folder: join(folder, "three"), nodes: 3 })
    assert.lengthOf(new Set(nodes.map(({ pid }) => pid)), 3)
    const client = clientOf(brokers)
    await createTopic(client, 3)
    const producer = client.producer()
    await producer.connect()
    await append(producer, "with three")
    await nodes[1]!.kill()
    await append(producer, "with two")
    assert.deepStrictEqual(await read(client, 2), ["with three", "with two"])
    await producer.disconnect()
    await Promise.all(nodes.map((node) => node.kill()))
  })
})

describe.skipIf(database === null)("the two databases", { timeout }, () => {
  it("can be read by their own user alone", async () => {
    // In a GRANT, an underscore that is not escaped would stand for the X.
    const names = { gateway: "of_servers", processor: "ofXservers", password: "p@ss/w:rd%" }
    const { gatewayUrl, processorUrl } = await createDatabases(database!, names)
    assert.deepStrictEqual(await createDatabases(database!, names), { gatewayUrl, processorUrl })
    const gateway = await createConnection(gatewayUrl)
    const processor = await createConnection(processorUrl)
    await gateway.query("CREATE TABLE submissions (id INT PRIMARY KEY)")
    await processor.query("CREATE TABLE transactions (id INT PRIMARY KEY)")
    await processor.query("CREATE TRIGGER refuse BEFORE DELETE ON transactions FOR EACH ROW SIGNAL SQLSTATE '45000'")

    for (
      const [connection, table] of [[gateway, "ofXservers.transactions"], [
        processor,
        "of_servers.submissions"
      ]] as const
    ) {
      await connection.query(`SELECT * FROM ${table}`).then(
        () => assert.fail(`${table} was read by the other user`),
        (error: Error) => assert.match(error.message, /denied/)
      )
    }
    await gateway.end()
    await processor.end()
    const admin = await createConnection(database!)
    for (const name of [names.gateway, names.processor]) {
      await admin.query(`DROP DATABASE ${name}`)
      await admin.query(`DROP USER ${name}`)
    }
    await admin.end()
  })
})
