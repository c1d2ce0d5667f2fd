import type { SqlClient } from "@effect/sql"
import { Effect } from "effect"
import type { Dialect, Row } from "../sql/Dialect.ts"

/** A search by an index wants the column's own type. */
const key = "VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin"

/**
 * Wide, and text: MariaDB's JSON_TABLE cuts and clamps to a narrower type in silence, and writes `?` for what is not in
 * the character set, which is the database's when none is named. What no column holds is refused by the column.
 */
const any = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"

/** The values of each item of a JSON list as c0, c1…; the first `keys` of them to search by. */
const columnsOf = (width: number, keys: number) =>
  Array.from({ length: width }, (_, index) => `c${index} ${index < keys ? key : any} PATH '$[${index}]'`).join(", ")

/** All who write rows of one table take them in one order, so that they wait for each other rather than deadlock. */
const inOrder = (rows: ReadonlyArray<Row>) => rows.toSorted(([a], [b]) => a! < b! ? -1 : 1)

/** At most a quarter of what the servers take in one packet when nothing is set. */
export const mostBytes = 4 * 1024 * 1024

/**
 * What MySQL 8.4, 9 and MariaDB have in common: no RETURNING, no row alias in an upsert, no partial index. Where they
 * differ, the session says it (MysqlConnection.ts).
 *
 * Lists come as one JSON parameter, which one prepared statement serves at any length. Rows to insert come as text, with
 * the values escaped by the driver: as JSON they cost the server 1.5 times as much.
 */
export const mysqlDialect = (sql: SqlClient.SqlClient): Dialect => {
  const nothing = sql.literal("")
  const joined = (table: string, list: string, columns: string, on: string) =>
    sql`JSON_TABLE(${list}, '$[*]' COLUMNS (${sql.literal(columns)})) AS list STRAIGHT_JOIN ${
      sql.literal(`${table} ON ${on}`)
    }`
  return {
    insertRows: (table, columns, rows, onTaken = nothing) => {
      // a list of rows in place of one value
      const values = sql.unsafe(`INSERT INTO ${table} (${columns.join(", ")}) VALUES ?`, [inOrder(rows)])
      return sql`${values}${onTaken}`.unprepared
    },
    // not IGNORE, which stores garbage
    leaveTaken: (table) => sql.literal(` ON DUPLICATE KEY UPDATE id = ${table}.id`),
    // MariaDB would read an account's rows from the newest to the cursor, and either may prefer a whole table
    along: (index) => sql.literal(` FORCE INDEX (${index})`),
    findReferences: null,
    oneOf: (table, column, values) =>
      joined(table, JSON.stringify(values), `c0 ${key} PATH '$'`, `${table}.${column} = list.c0`),
    oneOfPairs: (table, [first, second], values) =>
      joined(
        table,
        JSON.stringify(values),
        columnsOf(2, 2),
        `${table}.${first} = list.c0 AND ${table}.${second} = list.c1`
      ),
    updateFrom: (table, items, change) => {
      const width = items[0]?.length
      if (width === undefined) return Effect.succeed(0)
      const { set, where } = change((index) => sql.literal(`items.c${index}`))
      return sql`UPDATE JSON_TABLE(${JSON.stringify(inOrder(items))}, '$[*]' COLUMNS (${
        sql.literal(columnsOf(width, 1))
      })) AS items STRAIGHT_JOIN ${sql.literal(`${table} ON ${table}.id = items.c0`)} SET ${set} WHERE ${where}`.raw
        .pipe(
          // those that the condition chose (mysql2 asks for found rows), as every one of them changes
          Effect.map((_) => (_ as { readonly affectedRows: number }).affectedRows)
        )
    },
    least: sql.literal("LEAST"),
    mostBytes
  }
}
