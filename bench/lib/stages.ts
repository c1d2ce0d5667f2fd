import { SqlClient } from "@effect/sql"
import Database from "better-sqlite3"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { firstTransactionId, makeAccountId } from "../../src/domain/Ids.ts"
import { AesCardVault } from "../../src/layers/AesCardVault.ts"
import { Daemons } from "../../src/layers/Daemons.ts"
import { HmacDigests } from "../../src/layers/HmacDigests.ts"
import { JsonPresenter } from "../../src/layers/JsonPresenter.ts"
import { CardKeys, SecretPepper } from "../../src/layers/Keys.ts"
import { mysqlDatabase } from "../../src/layers/mysql/MysqlDatabase.ts"
import { nextTurn } from "../../src/layers/NextTurn.ts"
import { MetricsRegistry, PrometheusMetrics } from "../../src/layers/PrometheusMetrics.ts"
import { gatewaySchema } from "../../src/layers/sql/GatewaySchema.ts"
import { migrated } from "../../src/layers/sql/Migrations.ts"
import { processorSchema } from "../../src/layers/sql/ProcessorSchema.ts"
import { sqliteReferences } from "../../src/layers/sql/SqliteReferences.ts"
import { SqlSubmissionRepository } from "../../src/layers/sql/SqlSubmissionRepository.ts"
import { SqlTransactionRepository } from "../../src/layers/sql/SqlTransactionRepository.ts"
import { DataDir } from "../../src/layers/sqlite/DataDir.ts"
import { sqliteDatabase } from "../../src/layers/sqlite/SqliteDatabase.ts"
import { SqliteLog } from "../../src/layers/sqlite/SqliteLog.ts"
import { SystemRandomness } from "../../src/layers/SystemRandomness.ts"
import { Log, type LogRecord, sizeOf, type StoredRecord, type Topic } from "../../src/services/Log.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { ProcessTransactions } from "../../src/services/ProcessTransactions.ts"
import { RecordDecisions } from "../../src/services/RecordDecisions.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { SubmitTransaction, type TransactionRequest } from "../../src/services/SubmitTransaction.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { between, cardNumber, digits, holders, mix, pick, reference } from "./requests.ts"

/** Of one transaction, in batches of this size. */
export interface StageCost {
  readonly stage: "accept" | "decide" | "record"
  readonly batch: number
  /** Microseconds. */
  readonly cpu: number
  /** Bytes that went into files, write-ahead logs and checkpoints together. */
  readonly written: number
}

export interface TableSize {
  readonly file: string
  readonly name: string
  /** Of one row. */
  readonly bytes: number
}

/** Every byte that the process gave to a write of any kind: here only SQLite writes. */
const written = () => Number(/^wchar: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))![1])

/** Two databases of a server; without them, files. */
export interface Urls {
  readonly gatewayUrl: string
  readonly processorUrl: string
}

const layersIn = (folder: string, urls: Urls | null) => {
  const settings = Layer.setConfigProvider(ConfigProvider.fromMap(
    new Map(
      urls === null ? [] : [["DATABASE_URL", urls.gatewayUrl], ["PROCESSOR_DATABASE_URL", urls.processorUrl]]
    )
  ))
  const metrics = Layer.provide(PrometheusMetrics, MetricsRegistry.Live)
  const database = (name: "gateway" | "processor") =>
    urls === null
      ? sqliteDatabase(name, { synchronous: "FULL" })
      : mysqlDatabase(name).pipe(Layer.provide(metrics))
  const gateway = SqlSubmissionRepository.pipe(
    Layer.merge(Layer.effect(SqlClient.SqlClient, SqlClient.SqlClient)),
    Layer.provide(migrated(gatewaySchema)),
    Layer.provide(database("gateway"))
  )
  const processor = SqlTransactionRepository.pipe(
    Layer.provide(migrated(processorSchema)),
    Layer.provide(database("processor"))
  )
  const log = SqliteLog.pipe(Layer.provide(sqliteDatabase("log", { synchronous: "NORMAL" })))
  const cryptography = Layer.mergeAll(AesCardVault, HmacDigests).pipe(
    Layer.provide(Layer.mergeAll(
      Layer.succeed(CardKeys, [{ id: "k1", key: randomBytes(32) }]),
      Layer.succeed(SecretPepper, Redacted.make(randomBytes(32).toString("base64")))
    ))
  )
  return Layer.mergeAll(SubmitTransaction.Default, ProcessTransactions.Default, RecordDecisions.Default).pipe(
    Layer.provideMerge(Layer.mergeAll(gateway, processor, log, JsonPresenter, cryptography)),
    Layer.provide(Layer.mergeAll(
      Layer.succeed(DataDir, { path: folder, hasDatabases: false }),
      SystemRandomness,
      metrics,
      Daemons.Default,
      settings
    ))
  )
}

const accountId = makeAccountId(Date.now(), randomBytes(10))

const requestOf = (index: number): TransactionRequest => ({
  accountId,
  amount: mix(index)[1],
  currency: "USD",
  card: {
    number: Redacted.make(cardNumber("4", 16)),
    holder: Redacted.make(pick(holders)),
    expMonth: between(1, 12),
    expYear: new Date().getUTCFullYear() + between(1, 5)
  },
  cvv: Redacted.make(digits(3)),
  reference: reference(),
  metadata: {},
  claim: { key: randomBytes(18).toString("hex"), requestDigest: randomBytes(32).toString("base64url") }
})

const standing = (topic: Topic, records: ReadonlyArray<LogRecord>, from: number): ReadonlyArray<StoredRecord> =>
  records.map((record, index) => ({
    ...record,
    topic,
    position: { partition: 0, offset: from + index, appendedAt: Date.now() }
  }))

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * The three stages one after the other, each batch by itself, in this process: the CPU and the bytes of each without HTTP
 * and without the others.
 */
export const measureStages = (
  folder: string,
  steps: ReadonlyArray<readonly [batch: number, count: number]>,
  urls: Urls | null = null
) =>
  Effect.gen(function*() {
    const { submit } = yield* SubmitTransaction
    const { handle } = yield* ProcessTransactions
    const { recordDecisions } = yield* RecordDecisions
    const transactions = yield* TransactionRepository
    const presenter = yield* Presenter
    const log = yield* Log
    const sql = yield* SqlClient.SqlClient
    const appended = Effect.map(log.offsets("transactions", "processor"), ([of]) => of!.end)
    let done = 0

    const inBatches = Effect.fnUntraced(function*(batch: number, count: number) {
      const used = { accept: [0, 0], decide: [0, 0], record: [0, 0] }
      const sizes: { readonly [Key in "transactions" | "transactions_result"]: Array<number> } = {
        transactions: [],
        transactions_result: []
      }
      const measure = Effect.fnUntraced(function*<A, E, R>(of: Array<number>, effect: Effect.Effect<A, E, R>) {
        const [cpu, bytes] = [process.cpuUsage(), written()]
        const answer = yield* effect
        const { system, user } = process.cpuUsage(cpu)
        of[0]! += user + system
        of[1]! += written() - bytes
        return answer
      })
      for (let at = 0; at < count; at += batch) {
        const requests = Array.from({ length: Math.min(batch, count - at) }, (_, index) => requestOf(at + index))
        const accepted = yield* measure(
          used.accept,
          // the lane of the log takes a turn of its own
          Effect.forEach(requests, submit, { concurrency: "unbounded" }).pipe(
            Effect.zipLeft(nextTurn),
            Effect.zipLeft(nextTurn),
            Effect.zipLeft(nextTurn)
          )
        )
        const messages = accepted.map((_) => presenter.submission(_.submission))
        yield* measure(used.decide, handle(standing("transactions", messages, done)))
        const results = (yield* transactions.find(accepted.map((_) => _.submission.id))).map((_) => presenter.result(_))
        yield* measure(used.record, recordDecisions(standing("transactions_result", results, done)))
        done += requests.length
        sizes.transactions.push(...messages.map(sizeOf))
        sizes.transactions_result.push(...results.map(sizeOf))
      }
      const costs = (["accept", "decide", "record"] as const).map((stage): StageCost => ({
        stage,
        batch,
        cpu: used[stage][0]! / count,
        written: used[stage][1]! / count
      }))
      return {
        costs,
        records: { transactions: mean(sizes.transactions), transactions_result: mean(sizes.transactions_result) }
      }
    })

    yield* inBatches(256, 5_120)
    const measured = yield* Effect.forEach(steps, ([batch, count]) => inBatches(batch, count))
    const behind = done - (yield* appended)
    if (behind !== 0) throw new Error(`${behind} records were not in the log when their batch was measured`)
    const notRecorded = yield* sql<{ readonly count: number }>`
      SELECT COUNT(*) AS count FROM submissions WHERE recorded_at IS NULL OR status IS NULL`
    if (notRecorded[0]!.count !== 0) throw new Error(`${notRecorded[0]!.count} submissions are not recorded`)
    // what a summary reads: the newest rows of all accounts, in a step's size
    const submissions = yield* SubmissionRepository
    const range = { from: firstTransactionId(0), before: firstTransactionId(Date.now() + 1) }
    const outlined = Math.min(done, 10_000)
    const cpu = process.cpuUsage()
    for (let turn = 0; turn < 5; turn++) yield* submissions.outlines("all", range, outlined)
    const { system, user } = process.cpuUsage(cpu)
    if (urls === null) yield* Effect.repeat(sqliteReferences(sql).index, { while: (more) => more })
    return {
      costs: measured.flatMap((_) => _.costs),
      records: measured.at(-1)!.records,
      /** Microseconds of CPU for one row of a summary. */
      outline: (system + user) / 5 / outlined,
      rows: done
    }
  }).pipe(Effect.provide(layersIn(folder, urls)), Effect.scoped, Effect.runPromise)

/** Of tables and indexes, from the files of a gateway that has stopped. */
export const tableSizes = (folder: string, rows: number): ReadonlyArray<TableSize> =>
  ["gateway.sqlite", "processor.sqlite", "log.sqlite"].flatMap((file) => {
    const database = new Database(join(folder, file))
    const found = database.prepare<[], { readonly name: string; readonly bytes: number }>(
      "SELECT name, SUM(pgsize) AS bytes FROM dbstat GROUP BY name ORDER BY bytes DESC"
    ).all()
    database.close()
    return found.filter(({ bytes }) => bytes > 4096 * 4).map(({ bytes, name }) => ({ file, name, bytes: bytes / rows }))
  })
