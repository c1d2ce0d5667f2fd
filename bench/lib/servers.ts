import { randomBytes } from "node:crypto"
import { rmSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startMariaDb } from "../../scripts/servers/databases.mjs"
import { startKafka } from "../../scripts/servers/kafka.mjs"
import { cpuOf } from "./child.ts"

/** One Kafka node and one MariaDB in a folder of their own, shared by all rounds of a run. */
export interface Servers {
  readonly brokers: ReadonlyArray<string>
  readonly adminUrl: string
  /** The folder of the broker's partitions. */
  readonly kafkaData: string
  /** Seconds of CPU since their start. */
  readonly cpu: () => { readonly kafka: number; readonly database: number }
  readonly stop: () => Promise<void>
}

const log = (line: string) => console.error(line)

export const startServers = async (): Promise<Servers> => {
  const folder = await mkdtemp(join(tmpdir(), "bench-servers-"))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  // the servers die with this process, however it ends
  process.once("exit", remove)
  // the JIT that production has; the servers' own defaults in all else
  const kafka = await startKafka({ folder: join(folder, "kafka"), javaOptions: ["-Xmx512m"], ports: [25_001], log })
  const database = await startMariaDb({ folder: join(folder, "mariadb"), port: 25_002, log })
  return {
    brokers: kafka.brokers,
    adminUrl: database.adminUrl,
    kafkaData: join(folder, "kafka", "node-1", "data"),
    cpu: () => ({ kafka: cpuOf(kafka.nodes[0]!.pid!), database: cpuOf(database.server.pid!) }),
    stop: async () => {
      await kafka.stop()
      await database.stop()
      remove()
    }
  }
}

const key = () => randomBytes(32).toString("base64")

/** The keys of a run. */
export const makeKeys = () => ({
  CARD_KEYS: `k1:${key()}`,
  SECRET_PEPPER: key(),
  OPERATOR_SECRET: `op_${randomBytes(32).toString("hex")}`
})
export type Keys = ReturnType<typeof makeKeys>
