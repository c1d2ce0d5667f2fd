// @ts-check
/** Apache Kafka for tests and for a machine without containers: its published jars, on loopback, without ZooKeeper. */
import { createHash, randomBytes } from "node:crypto"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inProject, seconds } from "../setup.mjs"
import { makeCertificates } from "./certificates.mjs"
import { ask, choosePorts, find, host, makeServer, output } from "./server.mjs"

export const kafkaVersion = "4.1.1"

export const kafkaRemedy = "install Java 17 and Maven (Debian: apt-get install openjdk-17-jre-headless maven)"

/**
 * @typedef {object} Security adds listeners; users are made when the folder is new, and stay
 * @property {Record<string, string>} [users] names and passwords; each may do everything, by PLAIN, SCRAM-SHA-256 and -512
 * @property {Record<string, string>} [strangers] may log in, and nothing else
 */

/**
 * @typedef {object} Kafka
 * @property {ReadonlyArray<string>} brokers host:port
 * @property {ReadonlyArray<import("./server.mjs").Server>} nodes
 * @property {{ ca: string, ssl: ReadonlyArray<string>, saslPlaintext: ReadonlyArray<string>, saslSsl: ReadonlyArray<string> }} secure
 *   where the listeners of `security` are; empty without
 * @property {() => Promise<void>} stop
 */

const java = () => {
  const home = process.env["JAVA_HOME"]
  return home === undefined || home === "" ? find("java") : join(home, "bin/java")
}

/** @returns {Promise<string | undefined>} what Java says of its version; undefined without a Java that Kafka runs on */
const javaVersion = async () => {
  const command = java()
  if (command === undefined || !existsSync(command)) return undefined
  const { said } = await output(command, ["-version"])
  return Number(/version "(\d+)/.exec(said)?.[1] ?? 0) >= 17 ? said : undefined
}

/** @param {string} folder not there, or whole: it is renamed into place */
const downloadKafka = async (folder, /** @type {import("./server.mjs").Log} */ log) => {
  const started = performance.now()
  log(`Getting Kafka ${kafkaVersion} by Maven (once, about 60 MB) …`)
  const parts = `${folder}.${process.pid}`
  const cache = process.env["CI_CACHE"]
  let files = 0
  const alive = setInterval(() => log(`  … ${files} files after ${seconds(started)}`), 5000)
  const { ok, said } = await output("mvn", [
    "--batch-mode",
    "--file",
    inProject("scripts/servers/pom.xml"),
    ...(cache ? [`-Dmaven.repo.local=${join(cache, "m2")}`] : []),
    "dependency:copy-dependencies",
    "-DincludeScope=runtime",
    `-DoutputDirectory=${parts}`
  ], {
    limit: 15 * 60_000,
    onOutput: (text) => {
      files += text.split("Downloaded from").length - 1
    }
  })
  clearInterval(alive)
  if (!ok) {
    rmSync(parts, { recursive: true, force: true })
    const errors = said.split("\n").filter((line) => /^\[ERROR\] ./.test(line)).slice(0, 2).join("\n")
    throw new Error(`Maven could not get Kafka. It says:\n${errors || said.slice(-2000)}`)
  }
  try {
    renameSync(parts, folder)
  } catch (error) {
    // Another process was faster, and its jars are the same.
    rmSync(parts, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  log(`  done in ${seconds(started)}`)
}

/**
 * The loaded classes of a broker, kept beside the jars: with them a start costs a third of the CPU. They are for one Java.
 *
 * @param {string} jars
 * @param {string} version
 */
const archiveOf = (jars, version) =>
  join(jars, `classes-${createHash("sha256").update(version).digest("hex").slice(0, 8)}.jsa`)

/** The archive of classes that suits the Java of this machine, by the folder of jars. */
const archives = new Map()

/**
 * Kafka's jars, downloaded and made ready when they are not there yet.
 *
 * @param {{ log?: import("./server.mjs").Log }} [options]
 * @returns {Promise<string | null>} the folder of the jars; null where Java or Maven is missing
 */
export const ensureKafka = async ({ log = console.error } = {}) => {
  const version = await javaVersion()
  if (version === undefined) return null
  const jars = join(process.env["CI_CACHE"] || inProject(".cache"), `kafka-${kafkaVersion}`)
  if (!existsSync(jars)) {
    if (find("mvn") === undefined) return null
    await downloadKafka(jars, log)
  }
  const archive = archiveOf(jars, version)
  if (!existsSync(archive)) {
    const started = performance.now()
    log("Making Kafka's starts faster (once) …")
    const folder = mkdtempSync(join(tmpdir(), "kafka-classes-"))
    const made = join(folder, "classes.jsa")
    const { stop } = await startNodes(jars, { folder, javaOptions: [...quick, `-XX:ArchiveClassesAtExit=${made}`] })
    await stop()
    // A Java that makes none is not asked again.
    const parts = `${archive}.${process.pid}`
    writeFileSync(parts, existsSync(made) ? readFileSync(made) : "")
    renameSync(parts, archive)
    rmSync(folder, { recursive: true, force: true })
    log(`  done in ${seconds(started)}`)
  }
  archives.set(jars, statSync(archive).size > 0 ? archive : undefined)
  return jars
}

/** Right for tests: it starts with little CPU and stays small. For a measurement of throughput, leave out the first. */
export const quick = ["-XX:TieredStopAtLevel=1", "-Xmx384m"]

/**
 * @typedef {object} KafkaOptions
 * @property {string} folder kept between starts: what a cluster of as many nodes left there is found again
 * @property {1 | 3} [nodes] each is broker and controller
 * @property {ReadonlyArray<number>} [ports] one for each node, for clients; one that is taken is replaced
 * @property {ReadonlyArray<number>} [advertised] one for each node: what clients are told instead (a proxy's port)
 * @property {Record<string, string | number | boolean>} [properties] of every node, over the ones here
 * @property {Security} [security]
 * @property {ReadonlyArray<string>} [javaOptions]
 * @property {import("./server.mjs").Log} [log]
 */

/**
 * @param {KafkaOptions} options
 * @returns {Promise<Kafka>} when every node is ready
 */
export const startKafka = async ({ log = () => {}, ...options }) => {
  const jars = await ensureKafka({ log })
  if (jars === null) throw new Error(`Kafka cannot run here: ${kafkaRemedy}`)
  const started = performance.now()
  log(`Starting Kafka (${options.nodes === 3 ? "three nodes" : "one node"}) …`)
  const kafka = await startNodes(jars, { log, ...options })
  log(`Kafka is ready after ${seconds(started)}: ${kafka.brokers.join(",")}`)
  return kafka
}

/** The smallest request, ApiVersions 0: its length, key, version, number, and no client id. */
const apiVersions = Buffer.from("0000000a0012000000000001ffff", "hex")

/** The listeners that `security` adds: their names are their protocols. */
const secureListeners = /** @type {const} */ (["SSL", "SASL_PLAINTEXT", "SASL_SSL"])

/**
 * @param {Security} security
 * @param {string} keyStore
 */
const securityProperties = ({ users = {}, strangers = {} }, keyStore) => {
  const passwords = Object.entries({ ...users, ...strangers })
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required ${
    passwords.map(([user, password]) => `user_${user}="${password}"`).join(" ")
  };`
  const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
  return {
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    ...Object.fromEntries(
      ["sasl_plaintext", "sasl_ssl"].flatMap((listener) => [
        [`listener.name.${listener}.plain.sasl.jaas.config`, plain],
        [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`, scram],
        [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`, scram]
      ])
    ),
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": keyStore,
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": ["ANONYMOUS", ...Object.keys(users)].map((user) => `User:${user}`).join(";")
  }
}

/**
 * @param {string} jars
 * @param {KafkaOptions} options
 * @returns {Promise<Kafka>}
 */
const startNodes = async (
  jars,
  { folder, nodes: count = 1, ports, advertised, properties = {}, security, javaOptions = quick, log = () => {} }
) => {
  const ids = Array.from({ length: count }, (_, index) => index + 1)
  const names = ["CLIENT", "INTERNAL", "CONTROLLER", ...(security === undefined ? [] : secureListeners)]
  const free = await choosePorts(
    names.flatMap((name) => ids.map((id) => name === "CLIENT" ? ports?.[id - 1] : undefined))
  )
  /** @param {number} id @param {string} name */
  const portOf = (id, name) => /** @type {number} */ (free[names.indexOf(name) * count + id - 1])
  /** @param {string} name */
  const addresses = (name) => names.includes(name) ? ids.map((id) => `${host}:${portOf(id, name)}`) : []
  /** @param {number} id */
  const nodeFolder = (id) => join(folder, `node-${id}`)
  /** @param {number} id */
  const configuration = (id) => join(nodeFolder(id), "server.properties")

  let ca = ""
  let keyStore = ""
  if (security !== undefined) {
    const made = await makeCertificates(join(folder, "tls"))
    ca = made.ca
    keyStore = join(folder, "tls", "store.pem")
    writeFileSync(keyStore, [made.key, made.certificate].map((file) => readFileSync(file, "utf8")).join(""))
  }

  for (const id of ids) {
    mkdirSync(nodeFolder(id), { recursive: true })
    const clients = advertised?.[id - 1] ?? portOf(id, "CLIENT")
    const settings = {
      "process.roles": "broker,controller",
      "node.id": id,
      "controller.quorum.voters": ids.map((voter) => `${voter}@${host}:${portOf(voter, "CONTROLLER")}`).join(","),
      "listeners": names.map((name) => `${name}://${host}:${portOf(id, name)}`).join(","),
      "advertised.listeners": names.filter((name) => name !== "CONTROLLER")
        .map((name) => `${name}://${host}:${name === "CLIENT" ? clients : portOf(id, name)}`).join(","),
      "listener.security.protocol.map": names
        .map((name) => `${name}:${secureListeners.some((_) => _ === name) ? name : "PLAINTEXT"}`).join(","),
      "controller.listener.names": "CONTROLLER",
      "inter.broker.listener.name": "INTERNAL",
      "log.dirs": join(nodeFolder(id), "data"),
      "default.replication.factor": count,
      "min.insync.replicas": Math.min(2, count),
      "offsets.topic.replication.factor": count,
      "offsets.topic.num.partitions": 3,
      "transaction.state.log.replication.factor": count,
      "transaction.state.log.min.isr": Math.min(2, count),
      "transaction.state.log.num.partitions": 1,
      "share.coordinator.state.topic.replication.factor": count,
      "share.coordinator.state.topic.min.isr": Math.min(2, count),
      "group.initial.rebalance.delay.ms": 0,
      "broker.session.timeout.ms": 6000,
      "auto.create.topics.enable": false,
      // 128 MB of the heap by default
      "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
      ...(security && securityProperties(security, keyStore)),
      ...properties
    }
    writeFileSync(configuration(id), Object.entries(settings).map(([key, value]) => `${key}=${value}\n`).join(""), {
      mode: 0o600
    })
  }

  const command = /** @type {string} */ (java())
  const archive = archives.get(jars)
  const env = {
    CLASSPATH: readdirSync(jars).filter((file) => file.endsWith(".jar")).sort().map((jar) => join(jars, jar)).join(":")
  }
  const options = [
    ...javaOptions,
    ...(archive === undefined ? [] : [`-XX:SharedArchiveFile=${archive}`]),
    `-Dlog4j2.configurationFile=${inProject("scripts/servers/log4j2.xml")}`
  ]

  await format(
    { folder, count, security, data: ids.map((id) => join(nodeFolder(id), "data")) },
    (cluster, scram) =>
      Promise.all(ids.map(async (id) => {
        const { ok, said } = await output(command, [
          ...options,
          "kafka.tools.StorageTool",
          "format",
          // Joined: one in 64 begins with a hyphen.
          `--cluster-id=${cluster}`,
          "--config",
          configuration(id),
          ...scram
        ], { env })
        if (!ok) throw new Error(`Kafka could not format ${nodeFolder(id)}. It says:\n${said}`)
      }))
  )

  const servers = ids.map((id) =>
    makeServer({
      name: `kafka-${id}`,
      command,
      args: [...options, "kafka.Kafka", configuration(id)],
      env,
      port: portOf(id, "CLIENT"),
      logFile: join(nodeFolder(id), "server.log"),
      answers: async () => (await ask(portOf(id, "CLIENT"), apiVersions)).length > 0,
      ready: (said) => said.includes("from STARTING to STARTED"),
      startLimit: 150_000,
      stopLimit: 60_000,
      log
    })
  )
  const stop = async () => {
    // The last of three would wait in vain for a controller that takes its partitions.
    await Promise.all(servers.map((server) => server.stop(count === 1 ? undefined : 10_000)))
  }
  const outcomes = await Promise.allSettled(servers.map((server) => server.start()))
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") continue
    await Promise.all(servers.map((server) => server.kill()))
    throw outcome.reason
  }
  return {
    brokers: addresses("CLIENT"),
    nodes: servers,
    secure: {
      ca,
      ssl: addresses("SSL"),
      saslPlaintext: addresses("SASL_PLAINTEXT"),
      saslSsl: addresses("SASL_SSL")
    },
    stop
  }
}

/**
 * Once for a folder; one that was interrupted is begun again.
 *
 * @param {{ folder: string, count: number, security: Security | undefined, data: ReadonlyArray<string> }} of
 * @param {(cluster: string, scram: ReadonlyArray<string>) => Promise<unknown>} formatNodes
 */
const format = async ({ folder, count, security, data }, formatNodes) => {
  const record = join(folder, "cluster.json")
  if (existsSync(record)) {
    const { nodes } = JSON.parse(readFileSync(record, "utf8"))
    if (nodes === count) return
    throw new Error(`${folder} holds a Kafka of ${nodes} nodes, not of ${count}: take another folder, or remove it`)
  }
  for (const path of data) rmSync(path, { recursive: true, force: true })
  const cluster = randomBytes(16).toString("base64url")
  const scram = Object.entries({ ...security?.users, ...security?.strangers }).flatMap(([name, password]) =>
    ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
      "--add-scram",
      `${mechanism}=[name=${name},password=${password}]`
    ])
  )
  await formatNodes(cluster, scram)
  writeFileSync(record, JSON.stringify({ cluster, nodes: count }))
}
