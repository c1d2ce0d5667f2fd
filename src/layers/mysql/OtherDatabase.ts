import { SqlClient } from "@effect/sql"
import { Effect, Option, Redacted } from "effect"
import { CannotStart } from "../CannotStart.ts"
import { ServerSettings } from "../Settings.ts"
import { type DatabaseName, variableOf } from "./MysqlRefusal.ts"
import { type MysqlUrl, parseMysqlUrl } from "./MysqlUrl.ts"

const other = { gateway: "processor", processor: "gateway" } as const

/** A table of each database, and columns that tell it from another one of this name. */
const marks = {
  gateway: { table: "submissions", columns: ["resend_at", "sealed_card", "idempotency_key"] },
  processor: { table: "transactions", columns: ["log_partition", "log_offset", "decided_at"] }
} as const

const remedy =
  "give each of the two a database and a user of its own, so that neither decides for the other whatever goes wrong"

/** Both variables together, where the role has both. */
export const refuseSameDatabase = Effect.fnUntraced(function*(name: DatabaseName, mine: MysqlUrl) {
  const settings = yield* ServerSettings
  const text: Option.Option<Redacted.Redacted> = settings[variableOf[other[name]]]
  const theirs = Option.getOrUndefined(
    Option.flatMap(text, (_) => Option.getRight(parseMysqlUrl(variableOf[other[name]], _)))
  )
  if (theirs?.host === mine.host && theirs.port === mine.port && theirs.database === mine.database) {
    return yield* new CannotStart({ sentence: `DATABASE_URL and PROCESSOR_DATABASE_URL name one database: ${remedy}.` })
  }
})

/** The server shows of its tables only what the user may use. */
export const refuseOtherTables = Effect.fnUntraced(function*(name: DatabaseName) {
  const sql = yield* SqlClient.SqlClient
  const { columns: [a, b, c], table } = marks[other[name]]
  const seen = yield* sql<{ readonly name: string }>`
    SELECT table_schema AS name FROM information_schema.columns
    WHERE table_name = ${table} AND column_name IN (${a}, ${b}, ${c}) AND privileges LIKE '%select%'
    GROUP BY table_schema HAVING COUNT(*) = 3 LIMIT 1`
  if (seen[0] !== undefined) {
    return yield* new CannotStart({
      sentence: `The user of ${variableOf[name]} can read the ${other[name]}'s table ${table} in the database ${
        seen[0].name
      }: ${remedy}.`
    })
  }
})
