import type { SqlClient } from "@effect/sql"
import { Effect } from "effect"
import type { Dialect } from "./Dialect.ts"
import { rowValues } from "./RowValues.ts"
import { sqliteReferences } from "./SqliteReferences.ts"

/** Lists come as one JSON parameter, rows as a padded VALUES list: few prepared statements serve any length. */
export const sqliteDialect = (sql: SqlClient.SqlClient): Dialect => {
  const nothing = sql.literal("")
  const leaveTaken = sql.literal(" ON CONFLICT DO NOTHING")
  // in a join that is written CROSS the order is kept: each value is searched for
  const joined = (table: string, list: string, on: string) =>
    sql`json_each(${list}) AS list CROSS JOIN ${sql.literal(`${table} ON ${on}`)}`
  return {
    insertRows: (table, columns, rows, onTaken = nothing) =>
      sql`INSERT INTO ${sql.literal(`${table} (${columns.join(", ")})`)} SELECT * FROM (${
        rowValues(rows, columns.length)
      }) WHERE column1 IS NOT NULL${onTaken}`,
    leaveTaken: () => leaveTaken,
    // the primary key is an index without a name of its own, and taken by itself (QueryPlans.test.ts)
    along: (index) => index === "PRIMARY" ? nothing : sql.literal(` INDEXED BY ${index}`),
    findReferences: sqliteReferences(sql).find,
    oneOf: (table, column, values) => joined(table, JSON.stringify(values), `${table}.${column} = list.value`),
    oneOfPairs: (table, [first, second], values) =>
      joined(
        table,
        JSON.stringify(values),
        `${table}.${first} = list.value ->> 0 AND ${table}.${second} = list.value ->> 1`
      ),
    updateFrom: (table, items, change) => {
      const { set, where } = change((index) => sql.literal(`items.value ->> ${index}`))
      return sql`UPDATE ${sql.literal(table)} SET ${set} FROM json_each(${JSON.stringify(items)}) AS items
        WHERE ${sql.literal(`${table}.id`)} = items.value ->> 0 AND ${where}`.raw.pipe(
        Effect.map((_) => (_ as { readonly changes: number }).changes)
      )
    },
    least: sql.literal("MIN"),
    mostBytes: Infinity
  }
}
