// @ts-check
/** Kafka and a database of this machine's own, together in one folder: what the distributed profile stands on. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createDatabases, startMariaDb, startMySql } from "./databases.mjs"
import { startKafka } from "./kafka.mjs"

/** @typedef {import("./server.mjs").Server} Server */

/** @param {string | undefined} text */
const isRunning = (text) => {
  try {
    return Number(text) > 0 && process.kill(Number(text), 0)
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/**
 * One process at a time.
 *
 * @param {string} folder
 * @returns {() => void} gives it back
 */
const claim = (folder) => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, "pid")
  for (;;) {
    try {
      writeFileSync(file, `${process.pid}`, { flag: "wx" })
      return () => rmSync(file, { force: true })
    } catch {
      const holder = readFileSync(file, "utf8")
      if (isRunning(holder)) {
        throw new Error(
          `${folder} is in use by process ${holder}: stop that, or remove ${file} if it is another program`
        )
      }
      rmSync(file, { force: true })
    }
  }
}

/**
 * @param {{ folder: string, nodes: 1 | 3, mysql: boolean, password?: string, log: import("./server.mjs").Log }} options
 * @returns {Promise<{ servers: ReadonlyArray<Server>, env: Record<string, string>, stop: () => Promise<void> }>} what the
 *   roles need in their environment
 */
export const startServers = async ({ folder, nodes, mysql, password, log }) => {
  const giveBack = claim(folder)
  const [startDatabase, name] = mysql ? [startMySql, "mysql"] : [startMariaDb, "mariadb"]
  const outcomes = await Promise.allSettled([
    startKafka({ folder: join(folder, `kafka-${nodes}`), nodes, ports: [9092, 9093, 9094], log }),
    startDatabase({ folder: join(folder, name), port: 3306, log })
  ])
  // The database last: Kafka does not need it, and the other way round.
  const stop = async () => {
    for (const outcome of outcomes) if (outcome.status === "fulfilled") await outcome.value.stop()
    giveBack()
  }
  const [kafka, database] = outcomes
  if (kafka.status === "rejected" || database.status === "rejected") {
    await stop()
    throw kafka.status === "rejected" ? kafka.reason : /** @type {PromiseRejectedResult} */ (database).reason
  }
  const { gatewayUrl, processorUrl } = await createDatabases(database.value.adminUrl, {
    gateway: "gateway",
    processor: "processor",
    ...(password !== undefined && { password })
  })
  return {
    servers: [...kafka.value.nodes, database.value.server],
    env: {
      KAFKA_BROKERS: kafka.value.brokers.join(","),
      DATABASE_URL: gatewayUrl,
      PROCESSOR_DATABASE_URL: processorUrl
    },
    stop
  }
}

/**
 * Says when a server ends, and when it stops answering or answers again.
 *
 * @param {ReadonlyArray<Server>} servers
 * @param {import("./server.mjs").Log} log
 */
export const watchHealth = (servers, log) => {
  for (const server of servers) {
    let answered = true
    const timer = setInterval(async () => {
      const answers = await server.answers()
      if (answers !== answered && server.running) log(`${server.name} ${answers ? "answers again" : "does not answer"}`)
      answered = answers
    }, 5000)
    void server.ended.then((how) => {
      clearInterval(timer)
      log(`${server.name} has ended (${how}); its log: ${server.logFile}`)
    })
  }
}

/**
 * The first SIGINT or SIGTERM. Ctrl-C arrives twice, from the terminal and from npm; one that comes a moment later means
 * "at once".
 */
export const interrupted = () =>
  new Promise((done) => {
    /** @type {number | undefined} */
    let told
    for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
      process.on(signal, () => {
        if (told !== undefined && performance.now() - told > 1000) process.exit(signal === "SIGINT" ? 130 : 143)
        told ??= performance.now()
        done(undefined)
      })
    }
  })
