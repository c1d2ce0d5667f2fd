import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { createDatabases } from "../../scripts/servers/databases.mjs"
import { freePorts } from "../../scripts/servers/server.mjs"
import type { Random } from "../crash/Random.ts"
import type { Watched } from "./Checker.ts"
import { type Counts, makeCounts } from "./Counts.ts"
import { type History, historyFiles, writeLines } from "./History.ts"
import { ask, basic } from "./Http.ts"
import { watchLiveness } from "./Liveness.ts"
import { type Credential, type Load, makeLoad } from "./Load.ts"
import { makePoisoner, type Poisoner } from "./Poison.ts"
import { type Proxy, startProxy } from "./Proxy.ts"
import { type Environment, makeRoleProcess, type Role, type RoleProcess, spawnNode } from "./RoleProcess.ts"
import { type Fault, fault } from "./Rules.ts"
import type { Seen } from "./Seen.ts"
import type { DatabaseName, Servers } from "./Servers.ts"
import { openStores, type Stores } from "./Stores.ts"
import { makeTail, type Tail } from "./Tail.ts"
import { makeWatch, type Watch } from "./Watch.ts"

const accounts = 12
const operatorSecret = "op_of-the-fault-campaign_0123456789abcdef"
const key = (letter: string) => Buffer.from(letter.repeat(32)).toString("base64")
/** Every key, with the one first that seals. */
export const cardKeys = { first: `k1:${key("1")},k2:${key("2")}`, second: `k2:${key("2")},k1:${key("1")}` }
/** A processor with this opens no card that the second key has sealed. */
export const firstKeyOnly = `k1:${key("1")}`

/** The roles on their databases and topics, clients that use them, and everything that looks on. */
export interface Pipeline {
  readonly name: string
  readonly servers: Servers
  readonly folder: string
  readonly prefix: string
  /** Of each topic. */
  readonly partitions: number
  readonly counts: Counts
  readonly history: History
  readonly findings: ReadonlyArray<Fault>
  readonly find: (finding: Fault) => void
  readonly processes: ReadonlyArray<RoleProcess>
  readonly of: (role: Role) => ReadonlyArray<RoleProcess>
  /** Between a process and its database. */
  readonly proxyOf: (process: RoleProcess) => Proxy
  readonly stores: Stores
  readonly load: Load
  readonly credentials: ReadonlyArray<Credential>
  readonly operator: string
  readonly tail: Tail
  readonly watch: Watch
  readonly poisoner: Poisoner
  /** How often each id was seen in `transactions`. */
  readonly appended: ReadonlyMap<string, number>
  /** Runs `migrate` or `audit`. */
  readonly run: (role: "migrate" | "audit") => Promise<{ readonly code: number | null; readonly said: string }>
  readonly stop: () => Promise<void>
}

const databaseOf: Readonly<Record<Role, DatabaseName>> = {
  intake: "gateway",
  recorder: "gateway",
  processor: "processor"
}

const withPort = (url: string, port: number) => {
  const changed = new URL(url)
  changed.port = String(port)
  return changed.href
}

const taskLimit = 60_000

const runTask = async (args: ReadonlyArray<string>, env: Environment) => {
  const child = spawnNode(args, env)
  let said = ""
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk: Buffer) => said += chunk.toString())
  const timer = setTimeout(() => child.kill("SIGKILL"), taskLimit)
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve))
  clearTimeout(timer)
  return { code, said }
}

const createAccount = async (port: number, index: number): Promise<Credential> => {
  const { body, status } = await ask({
    port,
    method: "POST",
    path: "/v1/accounts",
    headers: { authorization: basic("operator", operatorSecret), "content-type": "application/json" },
    body: JSON.stringify({ name: `Account ${index}` }),
    limit: 15_000
  })
  if (status !== 201) throw new Error(`an account was answered ${status} ${JSON.stringify(body)}`)
  const { id, secret } = body as { readonly id: string; readonly secret: string }
  return { account: id, authorization: basic(id, secret) }
}

export interface PipelineOptions {
  /** Letters and digits: names the topics, the databases, and the references. */
  readonly name: string
  readonly servers: Servers
  readonly folder: string
  readonly random: Random
  /** The bundle of each role, where it is not the product's. */
  readonly bundles: Readonly<Record<Role | "tasks", string>>
  /** Processes of each role. */
  readonly each: Readonly<Record<Role, number>>
  readonly env?: Environment
  readonly partitions?: number
  /** What a process is started with the first time: `FAILPOINT` for one that kills itself. */
  readonly first?: Readonly<Record<string, Environment>>
  /** After the migration, before the roles start. */
  readonly prepare?: (stores: Stores) => Promise<void>
}

/** Starts everything but the load. */
export const startPipeline = async (options: PipelineOptions): Promise<Pipeline> => {
  const { bundles, each, folder, name, prepare, random, servers } = options
  mkdirSync(folder, { recursive: true })
  const files = historyFiles(folder)
  const counts = makeCounts()
  const prefix = `${name}.`
  const partitions = options.partitions ?? 6
  const history = writeLines<Parameters<History["append"]>[0]>(files.history)
  const seenLines = writeLines<Seen>(files.seen)
  const watchLines = writeLines<Watched>(files.decisions)
  const findingLines = writeLines<Fault>(files.findings)
  const findings: Array<Fault> = []
  const find = (finding: Fault) => {
    findings.push(finding)
    findingLines.append(finding)
  }

  const { databases } = servers
  const { gatewayUrl } = await createDatabases(databases.gateway.adminUrl, {
    gateway: name,
    processor: `${name}_other`
  })
  const { processorUrl } = await createDatabases(databases.processor.adminUrl, {
    gateway: `${name}_other`,
    processor: name
  })
  const urls: Readonly<Record<DatabaseName, string>> = { gateway: gatewayUrl, processor: processorUrl }
  const stores = openStores(urls)

  const common: Environment = {
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_PARTITIONS: String(partitions),
    RESEND_CEILING_MS: "10000",
    RATE_LIMIT: "0",
    LOG_FORMAT: "json",
    LOG_LEVEL: "debug",
    ...options.env
  }
  const run: Pipeline["run"] = (role) =>
    runTask([bundles.tasks, role], { ...common, DATABASE_URL: urls.gateway, PROCESSOR_DATABASE_URL: urls.processor })
  const { code, said } = await run("migrate")
  if (code !== 0) throw new Error(`migrate ended with ${code}: ${said}`)
  await prepare?.(stores)

  const roles = (["intake", "processor", "recorder"] as const).flatMap((role) =>
    Array.from({ length: each[role] }, (_, index) => ({ role, index }))
  )
  const ports = await freePorts(2 * roles.length)
  const proxies = new Map<string, Proxy>()
  const processes = await Promise.all(roles.map(async ({ index, role }, at) => {
    const database = databaseOf[role]
    const processName = `${role}.${index + 1}`
    const proxy = await startProxy(() => databases[database].port)
    proxies.set(processName, proxy)
    const [port, managementPort] = [ports[2 * at]!, ports[2 * at + 1]!]
    return makeRoleProcess({
      name: processName,
      role,
      port,
      managementPort,
      args: ["--enable-source-maps", bundles[role], role],
      env: {
        ...common,
        PORT: String(port),
        MANAGEMENT_PORT: String(managementPort),
        KAFKA_BROKERS: servers.brokers,
        [role === "processor" ? "PROCESSOR_DATABASE_URL" : "DATABASE_URL"]: withPort(urls[database], proxy.port),
        ...(role === "intake" ? { OPERATOR_SECRET: operatorSecret, SECRET_PEPPER: key("p") } : {}),
        // the two intakes seal with one key each
        ...(role === "recorder" ? {} : { CARD_KEYS: index % 2 === 0 ? cardKeys.first : cardKeys.second })
      },
      logFile: join(folder, `${processName}.log`),
      counts,
      mayBeRefused: servers.troubled,
      onFinding: (what) => find(fault("alive", what))
    })
  }))
  const of = (role: Role) => processes.filter((process) => process.role === role)
  for (const process of processes) {
    const { FAILPOINT: failpoint, ...env } = options.first?.[process.name] ?? {}
    if (failpoint === undefined) process.start(env)
    else process.arm(failpoint)
  }
  await Promise.all(processes.map((process) => process.ready()))

  const [first] = of("intake")
  const credentials: Array<Credential> = []
  for (let i = 0; i < accounts; i++) credentials.push(await createAccount(first!.port, i))

  const load = makeLoad({
    name,
    history,
    counts,
    random: random.fork("load"),
    ports: of("intake").map(({ port }) => port),
    credentials
  })
  const appended = new Map<string, number>()
  const results = new Set<string>()
  const kafka = servers.client(name)
  const tail = makeTail({
    kafka,
    prefix,
    lines: seenLines,
    onSeen: ({ id, topic }) => {
      counts.add(`records of ${topic}`)
      if (id === null || topic === "transactions_dead") return
      if (topic === "transactions") {
        const times = (appended.get(id) ?? 0) + 1
        appended.set(id, times)
        if (times > 1) counts.add("duplicates in transactions")
      } else if (results.has(id)) counts.add("duplicates in transactions_result")
      else results.add(id)
    }
  })
  const stopLooking = watchLiveness(processes, (what) => find(fault("alive", what)))
  await waitForTopics(servers, prefix)
  await tail.start()

  return {
    name,
    servers,
    folder,
    prefix,
    partitions,
    counts,
    history,
    findings,
    find,
    processes,
    of,
    proxyOf: (process) => proxies.get(process.name)!,
    stores,
    load,
    credentials,
    operator: basic("operator", operatorSecret),
    tail,
    watch: makeWatch(stores, watchLines),
    poisoner: makePoisoner({ kafka, prefix, history, counts }),
    appended,
    run,
    stop: async () => {
      stopLooking()
      await tail.stop()
      await Promise.all(processes.map(async (process) => {
        process.resume()
        await process.kill()
      }))
      for (const proxy of proxies.values()) proxy.close()
      for (const lines of [history, seenLines, watchLines, findingLines]) lines.close()
    }
  }
}

/** The roles make them in the background. */
const waitForTopics = async (servers: Servers, prefix: string) => {
  const admin = servers.client("topics").admin()
  await admin.connect()
  try {
    for (let attempt = 0; attempt < 120; attempt++) {
      const found = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
      if (found.length >= 3) return
      await sleep(250)
    }
    throw new Error("the roles did not make their topics within 30 s")
  } finally {
    await admin.disconnect()
  }
}
