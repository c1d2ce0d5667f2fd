import Sqlite from "better-sqlite3"
import { Either } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { decodeBatch, encodeBatch } from "../../src/layers/sqlite/RecordBatch.ts"
import type { LogRecord, Topic } from "../../src/services/Log.ts"

/** The gateway's files, read beside it or after its death, without its code. */

export interface DecisionRow {
  readonly id: string
  readonly account_id: string
  readonly amount: number
  readonly status: string
  readonly reason: string | null
  readonly decided_at: number
}

export interface SubmissionRow {
  readonly id: string
  readonly account_id: string
  readonly amount: number
  readonly currency: string
  readonly cvv_shape: string
  readonly sealed_card: string | null
  readonly reference: string | null
  readonly idempotency_key: string | null
  readonly accepted_at: number
  readonly resend_at: number | null
  readonly resends: number
  readonly status: string | null
  readonly reason: string | null
  readonly decided_at: number | null
  readonly parked_at: number | null
}

export interface Batch {
  readonly base: number
  readonly count: number
  readonly records: ReadonlyArray<LogRecord>
}

/** Empty while the gateway has not made the file and the table. */
const readRows = <Row>(dataDir: string, name: string, table: string, query: string, ...parameters: Array<string>) => {
  const file = join(dataDir, `${name}.sqlite`)
  if (!existsSync(file)) return []
  const database = new Sqlite(file, { readonly: true })
  try {
    const exists = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table)
    return exists === undefined ? [] : database.prepare(query).all(...parameters) as Array<Row>
  } finally {
    database.close()
  }
}

export const readDecisions = (dataDir: string): ReadonlyArray<DecisionRow> =>
  readRows(
    dataDir,
    "processor",
    "transactions",
    "SELECT id, account_id, amount, status, reason, decided_at FROM transactions"
  )

export const readSubmissions = (dataDir: string): ReadonlyArray<SubmissionRow> =>
  readRows(
    dataDir,
    "gateway",
    "submissions",
    `SELECT id, account_id, amount, currency, cvv_shape, sealed_card, reference, idempotency_key, accepted_at, resend_at,
      resends, status, reason, decided_at, parked_at FROM submissions ORDER BY id`
  )

export const readTopic = (dataDir: string, topic: Topic): ReadonlyArray<Batch> =>
  readRows<{ readonly base_offset: number; readonly count: number; readonly records: Buffer }>(
    dataDir,
    "log",
    "batches",
    "SELECT base_offset, count, records FROM batches WHERE topic = ? ORDER BY base_offset",
    topic
  ).map(({ base_offset, count, records }) => ({
    base: base_offset,
    count,
    records: Either.getOrThrow(decodeBatch(records))
  }))

export const hasTopics = (dataDir: string): boolean =>
  readRows(dataDir, "log", "batches", "SELECT 1 FROM batches LIMIT 1").length > 0

/** Puts records at the end of a topic; for a gateway that does not run. */
export const appendToTopic = (dataDir: string, topic: Topic, records: ReadonlyArray<LogRecord>): void => {
  const database = new Sqlite(join(dataDir, "log.sqlite"))
  try {
    database.prepare(
      `INSERT INTO batches (topic, base_offset, count, appended_at, records)
       VALUES (@topic, (SELECT COALESCE(MAX(base_offset + count), 0) FROM batches WHERE topic = @topic), @count, @now, @records)`
    ).run({ topic, count: records.length, now: Date.now(), records: encodeBatch(records) })
  } finally {
    database.close()
  }
}

/** Accepted, not decided, and not in the log: only a resend can help them. */
export const undecidedOutsideLog = (dataDir: string): ReadonlyArray<SubmissionRow> => {
  const logged = new Set(readTopic(dataDir, "transactions").flatMap(({ records }) => records.map(({ key }) => key)))
  const decided = new Set(readDecisions(dataDir).map(({ id }) => id))
  return readSubmissions(dataDir).filter(({ id, status }) => status === null && !logged.has(id) && !decided.has(id))
}
