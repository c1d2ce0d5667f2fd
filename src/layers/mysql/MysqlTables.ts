import { SqlClient } from "@effect/sql"
import { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"

/** Ids and other texts that machines write: one byte a character, compared byte by byte. */
export const ascii = (length: number) => `VARCHAR(${length}) CHARACTER SET ascii COLLATE ascii_bin`

/** What a client writes: any character of Unicode, compared by its code. */
export const text = (length: number) => `VARCHAR(${length}) COLLATE utf8mb4_bin`

/** Not prepared: MySQL prepares no CREATE TRIGGER. */
export const statement = (text: string) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(text).unprepared)

const hasColumn = (table: string, column: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql`SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = ${table} AND column_name = ${column}`,
      (found) => found.length > 0
    ))

const hasIndex = (table: string, index: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql`SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = ${table} AND index_name = ${index} LIMIT 1`,
      (found) => found.length > 0
    ))

/** Unless it is there already. */
export const addColumn = (table: string, column: string, type: string) =>
  Effect.unlessEffect(statement(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`), hasColumn(table, column))

/** The same for an index, which is written with its columns. */
export const addIndex = (table: string, index: string, columns: string) =>
  Effect.unlessEffect(statement(`ALTER TABLE ${table} ADD INDEX ${index} (${columns})`), hasIndex(table, index))

/** Unless it is gone already. */
export const dropIndex = (table: string, index: string) =>
  Effect.whenEffect(statement(`ALTER TABLE ${table} DROP INDEX ${index}`), hasIndex(table, index))

/** Something that is not there, found by asking for it. */
export const missing = (what: string) => new SqlError({ cause: undefined, message: `missing: ${what}` })

/** Each as its name, whether a value may stand there twice (1), and its columns. */
export const indexesExist = (wanted: Readonly<Record<string, ReadonlyArray<string>>>) => (sql: SqlClient.SqlClient) =>
  sql<{ readonly name: string; readonly has: string }>`
    SELECT table_name AS name, CONCAT(index_name, ' ', non_unique, ' ',
      GROUP_CONCAT(column_name ORDER BY seq_in_index)) AS has
    FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name, non_unique`
    .pipe(
      Effect.flatMap((found) => {
        const has = new Set(found.map((_) => `${_.name} ${_.has}`))
        const lacks = Object.entries(wanted).flatMap(([table, indexes]) => indexes.map((_) => `${table} ${_}`))
          .filter((_) => !has.has(_))
        return lacks.length === 0 ? Effect.void : missing(lacks.join(", "))
      })
    )
