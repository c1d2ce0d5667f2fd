import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { notRun } from "../../scripts/not-run.mjs"
import { databaseRemedy, findMariaDb, startMariaDb } from "../../scripts/servers/databases.mjs"
import { ensureKafka, kafkaRemedy, startKafka } from "../../scripts/servers/kafka.mjs"

declare module "vitest" {
  interface ProvidedContext {
    /** The brokers of a Kafka, host:port; null where this machine has none. */
    readonly kafka: ReadonlyArray<string> | null
    /** The URL of a MySQL or MariaDB for a user who may do everything; null where this machine has none. */
    readonly database: string | null
  }
}

interface Running<A> {
  readonly address: A
  readonly stop: () => Promise<void>
}

const external = <A>(address: A): Running<A> => ({ address, stop: async () => {} })

const runKafka = async (folder: string): Promise<Running<ReadonlyArray<string>> | null> => {
  const given = process.env["TEST_KAFKA_BROKERS"]
  if (given) return external(given.split(","))
  const jars = await ensureKafka().catch((error: Error) => {
    notRun(`the suites on Kafka (${error.message.replaceAll(/\s+/g, " ")})`, kafkaRemedy)
    return undefined
  })
  if (jars === null) notRun("the suites on Kafka", kafkaRemedy)
  if (!jars) return null
  const { brokers, stop } = await startKafka({ folder: join(folder, "kafka"), log: console.error })
  return { address: brokers, stop }
}

const runDatabase = async (folder: string): Promise<Running<string> | null> => {
  const given = process.env["TEST_DATABASE_ADMIN_URL"]
  if (given) return external(given)
  if (findMariaDb() === undefined) {
    notRun("the suites on MySQL and MariaDB", databaseRemedy)
    return null
  }
  const { adminUrl, stop } = await startMariaDb({ folder: join(folder, "mariadb"), log: console.error })
  return { address: adminUrl, stop }
}

/** For the whole run: a Kafka of one node and a MariaDB, or what TEST_KAFKA_BROKERS and TEST_DATABASE_ADMIN_URL name. */
export const setup = async ({ provide }: TestProject) => {
  const folder = mkdtempSync(join(tmpdir(), "gateway-servers-"))
  const [kafka, database] = await Promise.all([runKafka(folder), runDatabase(folder)])
  provide("kafka", kafka?.address ?? null)
  provide("database", database?.address ?? null)
  return async () => {
    await Promise.all([kafka?.stop(), database?.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
}
