import { Kafka, logLevel } from "kafkajs"
import { connect } from "node:net"
import { join } from "node:path"
import { startMariaDb } from "../../scripts/servers/databases.mjs"
import { startKafka } from "../../scripts/servers/kafka.mjs"
import { freePorts } from "../../scripts/servers/server.mjs"
import type { Server } from "../../scripts/servers/server.mjs"
import { mountSmall, type SmallDisk } from "./Disk.ts"
import { type Proxy, startProxy } from "./Proxy.ts"

export const databaseNames = ["gateway", "processor"] as const
export type DatabaseName = typeof databaseNames[number]

export interface DatabaseServer {
  readonly server: Server
  readonly port: number
  readonly adminUrl: string
  /** Null where nothing can be mounted. */
  readonly disk: SmallDisk | null
}

/** The brokers and two database servers, one for each database, so that each can fail alone. */
export interface Servers {
  readonly nodes: ReadonlyArray<Server>
  /** Before each broker; the roles know only these. */
  readonly proxies: ReadonlyArray<Proxy>
  /** For the roles. */
  readonly brokers: string
  /** The disk of the first broker; null where nothing can be mounted. */
  readonly brokerDisk: SmallDisk | null
  /** A client of the campaign's own, which goes around the proxies. */
  readonly client: (name: string) => Kafka
  readonly databases: Readonly<Record<DatabaseName, DatabaseServer>>
  /** Something is being done to them, or was a moment ago: what is started now may be refused. */
  readonly troubled: () => boolean
  readonly inTrouble: <A>(work: () => Promise<A>) => Promise<A>
  readonly stop: () => Promise<void>
}

/** After trouble has ended, ms. */
const afterTrouble = 5_000

const mariaDbOptions = [
  "--innodb-buffer-pool-size=128M",
  "--innodb-log-file-size=32M",
  "--performance-schema=OFF",
  "--skip-log-bin"
]

const startDatabase = async (
  folder: string,
  diskBytes: number,
  log: (line: string) => void
): Promise<DatabaseServer> => {
  const disk = mountSmall(folder, diskBytes)
  const { adminUrl, port, server } = await startMariaDb({ folder, options: mariaDbOptions, log })
  return { server, port, adminUrl, disk }
}

const startBrokers = async (folder: string, count: 1 | 3, diskBytes: number, log: (line: string) => void) => {
  const ports = await freePorts(count)
  const proxies = await Promise.all(ports.map((port) => startProxy(() => port)))
  const brokerDisk = mountSmall(join(folder, "node-1"), diskBytes)
  const { nodes } = await startKafka({
    folder,
    nodes: count,
    ports,
    advertised: proxies.map(({ port }) => port),
    properties: { "num.network.threads": 2, "log.segment.bytes": 64 * 1_024 * 1_024 },
    log
  })
  const realPort = new Map(proxies.map(({ port }, index) => [port, ports[index]!]))
  const client = (name: string) =>
    new Kafka({
      clientId: `campaign-${name}`,
      brokers: ports.map((port) => `127.0.0.1:${port}`),
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2_000,
      requestTimeout: 5_000,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 20 },
      // the brokers name the proxies
      socketFactory: ({ host, onConnect, port }) =>
        connect({ host, port: realPort.get(port) ?? port, noDelay: true }, onConnect)
    })
  return { nodes, proxies, brokerDisk, client, brokers: proxies.map(({ port }) => `127.0.0.1:${port}`).join(",") }
}

export const startServers = async (options: {
  readonly folder: string
  readonly nodes: 1 | 3
  /** Of each database and of the first broker. */
  readonly diskBytes: number
  readonly log: (line: string) => void
}): Promise<Servers> => {
  const { diskBytes, folder, log, nodes } = options
  const [kafka, gateway, processor] = await Promise.all([
    startBrokers(join(folder, "kafka"), nodes, diskBytes, log),
    startDatabase(join(folder, "gateway"), diskBytes, log),
    startDatabase(join(folder, "processor"), diskBytes, log)
  ])
  let troubles = 0
  let lastTrouble = -Infinity
  return {
    ...kafka,
    databases: { gateway, processor },
    troubled: () => troubles > 0 || performance.now() - lastTrouble < afterTrouble,
    inTrouble: async (work) => {
      troubles++
      try {
        return await work()
      } finally {
        troubles--
        lastTrouble = performance.now()
      }
    },
    stop: async () => {
      for (const proxy of kafka.proxies) proxy.close()
      const servers = [...kafka.nodes, gateway.server, processor.server]
      await Promise.all(servers.map(async (server) => {
        server.resume()
        await server.kill()
      }))
      for (const disk of [kafka.brokerDisk, gateway.disk, processor.disk]) disk?.unmount()
    }
  }
}
