import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { ConfigProvider, Effect, Layer, ManagedRuntime } from "effect"
import { join } from "node:path"
import { Daemons } from "../../src/layers/Daemons.ts"
import { mysqlDatabase } from "../../src/layers/mysql/MysqlDatabase.ts"
import { MetricsRegistry, PrometheusMetrics } from "../../src/layers/PrometheusMetrics.ts"
import { gatewaySchema } from "../../src/layers/sql/GatewaySchema.ts"
import { migrated } from "../../src/layers/sql/Migrations.ts"
import { sqliteReferences } from "../../src/layers/sql/SqliteReferences.ts"
import { SqlSubmissionRepository } from "../../src/layers/sql/SqlSubmissionRepository.ts"
import { DataDir } from "../../src/layers/sqlite/DataDir.ts"
import { sqliteDatabase } from "../../src/layers/sqlite/SqliteDatabase.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"

/** Submissions of the last hour, in a database of any size. */
export const lastHour = 6_000

const hour = 3_600_000

export const account = `acct_${"0".repeat(26)}`

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const character = (number: string, shift: number) => `substr('${alphabet}', ((${number} >> ${shift}) & 31) + 1, 1)`

const characters = (number: string, count: number) =>
  Array.from({ length: count }, (_, index) => character(number, 5 * (count - 1 - index))).join(", ")

const digits = [0, 1, 2, 3, 4, 5]

/**
 * `total` submissions of one account, at most a million: the last hour's evenly over it, one a minute before. Each
 * hundredth of the last hour waits for its decision, a tenth of those is parked; each 5,000th of all is an elo card.
 * One statement, which both databases understand.
 */
const fill = (total: number, end: number) => {
  const older = total - lastHour
  const digit = digits.map((_) => `SELECT ${_} AS n`).join(" UNION ALL ")
  const number = digits.map((_) => `d${_}.n * ${10 ** _}`).join(" + ")
  const ten = `(${digit} UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)`
  const acceptedAt = `CASE WHEN n < ${older} THEN ${end - hour} - (${older} - n) * 60000
    ELSE ${end - hour} + (n - ${older}) * ${hour / lastHour} END`
  return `INSERT INTO submissions (id, account_id, amount, currency, brand, bin, last4, exp_month, exp_year, fingerprint,
      cvv_shape, sealed_card, key_id, reference, accepted_at, resend_at, status, reason, decided_at, recorded_at,
      log_partition, log_offset, appended_at, parked_at, parked_reason, parked_count)
    SELECT concat('txn_', ${characters("at", 10)}, '000000000000', ${characters("n", 4)}), '${account}',
      100 + (n * 7919) % 90000, 'USD', CASE WHEN n % 5000 = 17 THEN 'elo' ELSE 'visa' END, '424242', '4242', 12, 2030,
      'fingerprintfingerprintfingerprintfingerprin', '3',
      CASE WHEN waits = 1 THEN concat('1.k1.', '${"c2VhbGVk".repeat(24)}') END, 'k1', concat('order ', n), at,
      CASE WHEN waits = 1 THEN at + 5000 END,
      CASE WHEN waits = 1 THEN NULL WHEN n % 10 < 7 THEN 'approved' ELSE 'rejected' END,
      CASE WHEN waits = 0 AND n % 10 >= 7 THEN 'expired_card' END,
      CASE WHEN waits = 0 THEN at + 8 END, CASE WHEN waits = 0 THEN at + 12 END,
      CASE WHEN waits = 0 THEN 0 END, CASE WHEN waits = 0 THEN n END, CASE WHEN waits = 0 THEN at + 3 END,
      CASE WHEN waits = 1 AND n % 1000 = 0 THEN at + 9 END, CASE WHEN waits = 1 AND n % 1000 = 0 THEN 'unknown_card_key' END,
      CASE WHEN waits = 1 AND n % 1000 = 0 THEN 1 ELSE 0 END
    FROM (SELECT n, ${acceptedAt} AS at, CASE WHEN n >= ${older} AND n % 100 = 0 THEN 1 ELSE 0 END AS waits
      FROM (SELECT ${number} AS n FROM ${digits.map((_) => `${ten} AS d${_}`).join(" CROSS JOIN ")}) AS numbers
      WHERE n < ${total}) AS facts
    ORDER BY n`
}

const settings = (entries: Readonly<Record<string, string>>) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(entries))))

const Counters = Layer.provide(PrometheusMetrics, MetricsRegistry.Live)

/** A server may not know yet how its table is filled; SQLite indexes references later, as its daemon would. */
const settled = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql.onDialectOrElse({
    mysql: () => Effect.asVoid(sql.unsafe("ANALYZE TABLE submissions").unprepared),
    orElse: () => Effect.asVoid(Effect.repeat(sqliteReferences(sql).index, { while: (more) => more }))
  }))

const filled = (
  client: Layer.Layer<SqlClient.SqlClient, unknown>,
  patientClient: Layer.Layer<SqlClient.SqlClient, unknown>,
  total: number,
  end: number
) => {
  const Filled = Layer.effectDiscard(
    Effect.flatMap(SqlClient.SqlClient, (sql) => Effect.zipRight(sql.unsafe(fill(total, end)).unprepared, settled))
  ).pipe(Layer.provide(Layer.provideMerge(migrated(gatewaySchema), patientClient)))
  return ManagedRuntime.make(
    SqlSubmissionRepository.pipe(
      Layer.merge(Layer.effect(SqlClient.SqlClient, SqlClient.SqlClient)),
      Layer.provide(client),
      Layer.provide(Filled),
      Layer.provide(Counters),
      Layer.provide(Daemons.Default)
    )
  )
}

export type Filled = ManagedRuntime.ManagedRuntime<SubmissionRepository | SqlClient.SqlClient, unknown>

/** As the embedded profile opens it. */
export const filledSqlite = (folder: string, total: number, end: number): Filled => {
  const place = Layer.merge(
    Layer.succeed(DataDir, { path: folder, hasDatabases: false }),
    settings({})
  )
  return filled(
    Layer.provide(sqliteDatabase("gateway", { synchronous: "FULL" }), place),
    SqliteClient.layer({ filename: join(folder, "gateway.sqlite") }),
    total,
    end
  )
}

export const filledMysql = (url: string, total: number, end: number): Filled =>
  filled(
    Layer.provide(mysqlDatabase("gateway"), Layer.merge(settings({ DATABASE_URL: url }), Counters)),
    Layer.provide(
      mysqlDatabase("gateway"),
      Layer.merge(settings({ DATABASE_URL: url, MYSQL_STATEMENT_TIMEOUT_MS: "600000" }), Counters)
    ),
    total,
    end
  )
