import { execFileSync } from "node:child_process"
import { readdirSync, statSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { createDatabases } from "../scripts/servers/databases.mjs"
import { host } from "./lib/child.ts"
import { type Answer, Connection, idOf } from "./lib/connection.ts"
import { hasStrace, watchFiles } from "./lib/flushes.ts"
import { type Load, runLoad } from "./lib/load.ts"
import { measureOthers } from "./lib/machine.ts"
import { type Place, recordsIn, type TopicName, withPlace } from "./lib/place.ts"
import { reconcile, settled } from "./lib/reconcile.ts"
import { reconcilePipeline, recorded } from "./lib/reconcileServers.ts"
import { fixed, table, whole } from "./lib/report.ts"
import { prepare } from "./lib/requests.ts"
import { type Program, startRole, startRoles, untilReady } from "./lib/roles.ts"
import { assertAccepted, idsFile, settleLimit, withSubject } from "./lib/round.ts"
import { makeKeys, type Servers, startServers } from "./lib/servers.ts"
import { measureStages, tableSizes } from "./lib/stages.ts"
import type { Subject } from "./lib/subject.ts"

export interface CostsOptions {
  /** Seconds of each phase. */
  readonly seconds: number
  /** Rows at which sizes are read. */
  readonly count: number
  readonly connections: number
}

/** Requests a second; null is as many as the answers allow. */
const rates = [100, 1_000, null] as const
/** The load generator, three roles and two servers share the machine, so that no rate is certain to be kept up with. */
const connectionsOnServers = [1, 64] as const

const nameOf = (rate: number | null) => rate === null ? "as fast as it goes" : `${whole(rate)}/s`

const modelOf = (rate: number | null, seconds: number): Load["model"] =>
  rate === null ? { kind: "closed", warmup: 0, seconds } : { kind: "open", rate, warmup: 0, seconds }

interface Batches {
  readonly items: number
  readonly batches: number
}

const stages = ["accept", "append", "process", "record"] as const
type Stage = typeof stages[number]

const batchesOf = async (managementPort: number): Promise<Readonly<Record<Stage, Batches>>> => {
  // a connection that was kept may be closed by the time it is used again
  const answer = await fetch(`http://${host}:${managementPort}/metrics`, { headers: { connection: "close" } })
  const text = await answer.text()
  const read = (stage: Stage, what: "sum" | "count") =>
    Number(new RegExp(`^gateway_batch_size_${what}\\{stage="${stage}"\\} (\\S+)`, "m").exec(text)?.[1] ?? 0)
  return Object.fromEntries(
    stages.map((stage) => [stage, { items: read(stage, "sum"), batches: read(stage, "count") }])
  ) as Record<Stage, Batches>
}

const between = (before: Batches, after: Batches): Batches => ({
  items: after.items - before.items,
  batches: after.batches - before.batches
})

const meanOf = ({ batches, items }: Batches) => batches === 0 ? 0 : items / batches

const send = (
  { authorization, connections, file, model, port }: {
    readonly port: number
    readonly authorization: string
    readonly connections: number
    readonly file: string
    readonly model: Load["model"]
  }
) => runLoad({ host, port, authorization, connections, idempotencyKeys: true, idsFile: file, model })

/** One process on SQLite under load: CPU, batches, and in a phase of its own what goes into which file. */
const embedded = async (subject: Subject, { connections, seconds }: CostsOptions) => {
  const traced = hasStrace()
  if (!traced) console.log("strace is missing: what goes into which file is not counted")
  return withSubject(subject, async (running) => {
    const files: Array<string> = []
    const load = async (name: string, model: Load["model"]) => {
      const file = idsFile(running, name)
      files.push(file)
      const result = await send({ ...running, connections, file, model })
      assertAccepted(running, result)
      await settled(running, settleLimit)
      return result.accepted
    }
    await load("warmup", modelOf(null, 3))
    const phases = []
    for (const rate of rates) {
      const othersSince = measureOthers()
      const before = await batchesOf(running.managementPort)
      const cpu = running.cpu()
      const started = performance.now()
      const count = await load(`cpu-${rate}`, modelOf(rate, seconds))
      const used = running.cpu() - cpu
      const took = (performance.now() - started) / 1_000
      const after = await batchesOf(running.managementPort)
      phases.push({
        phase: nameOf(rate),
        count,
        rate: count / took,
        cpu: used * 1_000_000 / count,
        batches: Object.fromEntries(stages.map((stage) => [stage, meanOf(between(before[stage], after[stage]))])),
        /** With the load generator. */
        others: othersSince(used)
      })
      console.log(`embedded, ${nameOf(rate)}: ${whole(count)} transactions`)
    }
    const written = []
    for (const rate of traced ? rates : []) {
      const stop = await watchFiles(running.pid, join(running.dataDir, `strace-${rate}`))
      const before = await batchesOf(running.managementPort)
      const count = await load(`files-${rate}`, modelOf(rate, seconds))
      const after = await batchesOf(running.managementPort)
      written.push({
        phase: nameOf(rate),
        count,
        batch: meanOf(between(before.accept, after.accept)),
        files: Object.fromEntries(
          Array.from(await stop(), ([name, { bytes, flushes }]) => [name, {
            bytes: bytes / count,
            flushes: flushes / count
          }])
        )
      })
      console.log(`embedded, ${nameOf(rate)}, watched: ${whole(count)} transactions`)
    }
    const { accepted } = reconcile(running, files)
    console.log(`${whole(accepted)} reconciled`)
    return { phases, written }
  })
}

const topicNames: ReadonlyArray<TopicName> = ["transactions", "transactions_result"]

/** Bytes of the segments of a topic, which are its record batches as the broker keeps them. */
const segmentsOf = ({ kafkaData }: Servers, topic: string): number =>
  readdirSync(kafkaData).filter((name) => name.replace(/-\d+$/, "") === topic).flatMap((name) => {
    const folder = join(kafkaData, name)
    return readdirSync(folder).filter((file) => file.endsWith(".log")).map((file) => statSync(join(folder, file)).size)
  }).reduce((sum, size) => sum + size, 0)

const counters = [
  "Innodb_os_log_fsyncs",
  "Innodb_data_fsyncs",
  "Innodb_os_log_written",
  "Innodb_data_written",
  "Questions",
  "Bytes_received",
  "Bytes_sent"
] as const

type Status = Readonly<Record<typeof counters[number], number>>

const statusOf = async (place: Place): Promise<Status> => {
  const rows = await place.query("SHOW GLOBAL STATUS")
  const values = new Map(rows.map((row) => [String(row.Variable_name), Number(row.Value)]))
  return Object.fromEntries(counters.map((name) => [name, values.get(name) ?? 0])) as unknown as Status
}

/** Bytes of a table and of its indexes for one row, in databases that are filled by the stages alone. */
const sizesOf = async (servers: Servers, place: Place, count: number) => {
  const names = { gateway: `${place.name}_rows_g`, processor: `${place.name}_rows_p` }
  const urls = await createDatabases(servers.adminUrl, names)
  const [before, cpu] = [await statusOf(place), servers.cpu().database]
  const { costs: stagesCost, rows } = await measureStages(
    place.folder,
    [[1, 500], [16, 4_000], [256, Math.max(1_024, count - 9_620)]],
    urls
  )
  const after = await statusOf(place)
  const database = {
    cpu: (servers.cpu().database - cpu) * 1_000_000 / rows,
    ...Object.fromEntries(counters.map((key) => [key, (after[key] - before[key]) / rows]))
  }
  const sizes = []
  for (const [schema, name] of [[names.gateway, "submissions"], [names.processor, "transactions"]] as const) {
    await place.query(`ANALYZE TABLE ${schema}.${name}`)
    const found = await place.query(
      `SELECT index_name AS name, stat_value * @@innodb_page_size AS bytes FROM mysql.innodb_index_stats
        WHERE database_name = ? AND table_name = ? AND stat_name = 'size' ORDER BY bytes DESC`,
      [schema, name]
    )
    for (const row of found) sizes.push({ table: name, index: String(row.name), bytes: Number(row.bytes) / rows })
  }
  for (const database of Object.values(names)) {
    await place.query(`DROP DATABASE ${database}`)
    await place.query(`DROP USER ${database}@'%'`)
  }
  return { rows, sizes, stages: stagesCost, database }
}

/** A stream of an account to which nothing happens: the process tails both topics. */
const openStream = async (port: number, authorization: string) => {
  const abort = new AbortController()
  const response = await fetch(`http://${host}:${port}/v1/transactions/events`, {
    headers: { authorization, accept: "text/event-stream" },
    signal: abort.signal
  })
  if (response.status !== 200) throw new Error(`no event stream: ${response.status} ${await response.text()}`)
  response.body!.pipeTo(new WritableStream()).catch(() => {})
  return () => abort.abort()
}

const onServers = async (program: Program, options: CostsOptions, servers: Servers, place: Place) => {
  const { count: wanted, seconds } = options
  const running = await startRoles(program, place)
  const besides = await startRole(program, "intake", place)
  try {
    await untilReady(program, besides)
    const stranger = `Basic ${Buffer.from(await program.createAccount!(running.intake, place)).toString("base64")}`
    const roles = [...running.processes, besides]
    const names = [...running.processes.map(({ role }) => role), "second intake", "kafka", "database"]
    const cpu = () => {
      const { database, kafka } = servers.cpu()
      return [...roles.map((role) => role.cpu()), kafka, database]
    }
    const files: Array<string> = []
    let total = 0
    const load = async (of: number, model: Load["model"]) => {
      const file = join(place.folder, `${files.length}.ids`)
      files.push(file)
      const result = await send({
        port: running.intake.port,
        authorization: running.authorization,
        connections: of,
        file,
        model
      })
      assertAccepted({ name: program.name, check: running.check }, result)
      await recorded(place, running.check, settleLimit)
      total += result.accepted
      return result.accepted
    }

    await load(64, modelOf(null, 6))
    await sleep(5_000)
    const resting = cpu()
    await sleep(seconds * 1_000)
    const idle = Object.fromEntries(
      cpu().map((used, index) => [names[index]!, (used - resting[index]!) * 100 / seconds])
    )

    const phase = async (name: string, of: number) => {
      const othersSince = measureOthers()
      const batches = () => Promise.all(running.processes.map(({ managementPort }) => batchesOf(managementPort)))
      const [before, status, used, started] = [await batches(), await statusOf(place), cpu(), performance.now()]
      const count = await load(of, modelOf(null, seconds))
      const took = (performance.now() - started) / 1_000
      const [after, statusAfter, usedAfter] = [await batches(), await statusOf(place), cpu()]
      const spent = usedAfter.map((value, index) => value - used[index]!)
      console.log(`distributed, ${name}: ${whole(count)} transactions`)
      const ofRole = (role: string, stage: Stage) => {
        const index = running.processes.findIndex((process) => process.role === role)
        return meanOf(between(before[index]![stage], after[index]![stage]))
      }
      return {
        phase: name,
        count,
        rate: count / took,
        cpu: Object.fromEntries(spent.map((value, index) => [names[index]!, value * 1_000_000 / count])),
        batches: {
          accept: ofRole("intake", "accept"),
          "intake's append": ofRole("intake", "append"),
          process: ofRole("processor", "process"),
          "processor's append": ofRole("processor", "append"),
          record: ofRole("recorder", "record")
        },
        database: Object.fromEntries(counters.map((key) => [key, (statusAfter[key] - status[key]) / count])),
        /** With the load generator. */
        others: othersSince(spent.reduce((sum, value) => sum + value, 0))
      }
    }

    const phases = []
    for (const of of connectionsOnServers) phases.push(await phase(`connections: ${of}`, of))
    const close = await openStream(besides.port, stranger)
    // it reads back what is there first
    await sleep(10_000)
    phases.push(await phase("the same, a stream at the second intake", 64))
    close()

    await sleep(500)
    const records: Array<readonly [TopicName, number]> = []
    for (const name of topicNames) {
      records.push([name, segmentsOf(servers, place.topic(name)) / await recordsIn(place, name)])
    }
    await running.stop()
    await besides.stop()
    await reconcilePipeline(program.name, place, files)
    console.log(`${whole(total)} reconciled`)
    return { total, idle, phases, records, filled: await sizesOf(servers, place, wanted) }
  } finally {
    await running.stop()
    await besides.stop()
  }
}

/** Bytes of a request and of its 202, with their heads. */
const exchange = (subject: Subject) =>
  withSubject(subject, async (running) => {
    const [prepared] = prepare({ ...running, count: 1, idempotencyKeys: true })
    const connection = new Connection(running.host, running.port)
    const answer = await new Promise<Answer | undefined>((resolve) => connection.send(prepared!.bytes, resolve))
    if (answer?.status !== 202) throw new Error(`not accepted: ${answer?.status}`)
    const sizes = { request: prepared!.bytes.length, answer: answer.bytes.length }
    await writeFile(idsFile(running, "one"), `${idOf(answer)} ${prepared!.expected}\n`)
    connection.close()
    await settled(running, settleLimit)
    reconcile(running, [idsFile(running, "one")])
    return sizes
  })

const kernel = () => execFileSync("uname", ["-r"], { encoding: "utf8" }).trim()

/** What one transaction costs, in one process on SQLite: CPU, bytes, flushes. */
export const costs = async (subject: Subject, options: CostsOptions) => {
  const folder = await mkdtemp(join(tmpdir(), "bench-costs-"))
  const steps = [[1, 2_000], [16, 8_000], [256, Math.max(1_024, options.count - 15_120)]] as const
  const staged = await measureStages(folder, steps)
  const sizes = tableSizes(folder, staged.rows)
  await rm(folder, { recursive: true })
  const bytes = await exchange(subject)
  const { phases, written } = await embedded(subject, options)

  console.log(
    `\ncosts: one process on SQLite, kernel ${kernel()}\n\neach stage alone, without HTTP, for one transaction`
  )
  console.log(table(
    ["stage", "batch", "CPU µs", "bytes written"],
    staged.costs.map(({ batch, cpu, stage, written: of }) => [stage, whole(batch), fixed(cpu, 1), whole(of)])
  ))
  console.log(`\nunder load, with HTTP and everything else`)
  console.log(table(
    ["", "transactions", "reached/s", "CPU µs", ...stages.map((stage) => `${stage} batch`), "others %"],
    phases.map(({ batches, count, cpu, others, phase, rate }) => [
      phase,
      whole(count),
      whole(rate),
      fixed(cpu, 1),
      ...stages.map((stage) => fixed(batches[stage]!, 1)),
      fixed(others, 0)
    ])
  ))
  console.log("\nwhat goes into which file for one transaction, watched by strace")
  console.log(table(
    ["", "file", "accept batch", "bytes", "flushes"],
    written.flatMap(({ batch, files, phase }) =>
      Object.entries(files).map(([name, of]) => [phase, name, fixed(batch, 1), whole(of.bytes), fixed(of.flushes, 3)])
    )
  ))
  console.log(`\nrows, of ${whole(staged.rows)}`)
  console.log(
    table(
      ["table or index", "bytes a row"],
      sizes.map(({ bytes: of, file, name }) => [`${file} ${name}`, fixed(of, 0)])
    )
  )
  console.log(
    `\nrecords: transactions ${fixed(staged.records.transactions, 0)} bytes, transactions_result ${
      fixed(staged.records.transactions_result, 0)
    }; request ${bytes.request} bytes, its 202 ${bytes.answer}; a row of a summary ${fixed(staged.outline)} µs`
  )
  return { staged, sizes, exchange: bytes, phases, written }
}

/** The same on Kafka and MariaDB, for each role and server. */
export const costsDistributed = async (program: Program, options: CostsOptions) => {
  const keys = makeKeys()
  const servers = await startServers()
  try {
    const { filled, idle, phases, records, total } = await withPlace(
      servers,
      keys,
      program.name,
      (place) => onServers(program, options, servers, place)
    )
    const parts = Object.keys(idle)
    console.log("\ncosts distributed: CPU µs of one transaction; idle in percent of a core")
    console.log(table(
      ["", "reached/s", ...parts, "others %"],
      [
        ["idle, %", "", ...parts.map((part) => fixed(idle[part]!, 1)), ""],
        ...phases.map(({ cpu, others, phase, rate }) => [
          phase,
          whole(rate),
          ...parts.map((part) => fixed(cpu[part]!, 1)),
          fixed(others, 0)
        ])
      ]
    ))
    console.log("\nrecords in a batch")
    const kinds = Object.keys(phases[0]!.batches) as ReadonlyArray<keyof typeof phases[0]["batches"]>
    console.log(
      table(["", ...kinds], phases.map(({ batches, phase }) => [phase, ...kinds.map((_) => fixed(batches[_], 1))]))
    )
    console.log("\nMariaDB, for one transaction")
    console.log(table(
      ["", ...counters],
      phases.map((
        { database, phase }
      ) => [phase, ...counters.map((key) => fixed(database[key]!, key.includes("sync") ? 3 : 1))])
    ))
    console.log("\neach stage alone, its client's CPU for one transaction")
    console.log(table(
      ["stage", "batch", "CPU µs"],
      filled.stages.map(({ batch, cpu, stage }) => [stage, whole(batch), fixed(cpu, 1)])
    ))
    console.log(
      `MariaDB for one transaction, all stages, mostly batches of 256: ${
        Object.entries(filled.database).map(([key, value]) => `${key} ${fixed(value, 3)}`).join(", ")
      }`
    )
    console.log(`\nrows, of ${whole(filled.rows)}`)
    console.log(
      table(
        ["index", "bytes a row"],
        filled.sizes.map(({ bytes, index, table: of }) => [`${of} ${index}`, fixed(bytes, 0)])
      )
    )
    console.log(
      `\nin Kafka's segments: ${records.map(([name, of]) => `${name} ${fixed(of, 0)} bytes a record`).join(", ")}`
    )
    return { total, idle, phases, records, filled }
  } finally {
    await servers.stop()
  }
}
