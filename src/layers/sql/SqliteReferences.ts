import type { SqlClient } from "@effect/sql"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { TransactionId } from "../../domain/Ids.ts"
import type { ReferenceSearch } from "./Dialect.ts"

export interface ReferenceSizes {
  /** Rows that wait to be indexed, and are then indexed in one statement. */
  readonly step: number
  /** Rows of a part of the index. */
  readonly part: number
  /** Rows not indexed yet that a search looks at, at most. */
  readonly tail: number
}

const sizes: ReferenceSizes = { step: 2_048, part: 16_384, tail: 20_000 }

/** A row number as text that sorts as the number does. */
const padded = (row: number) => `${row}`.padStart(16, "0")

/**
 * `submission_references`: an index that rows enter by the thousand and sorted, not one by one as they are inserted
 * (docs/decisions/0014). It has parts, so that a step writes to few pages: a part has the ids that are greater than the
 * one it begins after, up to where the next part begins, so that the parts are in the order of ids too, whenever a row
 * comes. All it knows of itself is in it, and written together with what that is about:
 *
 * | part | account_id | reference | id |
 * | --- | --- | --- | --- |
 * | the part | of the row | of the row | of the row |
 * | 0 | empty | number of a part: the rowid it was opened at | the id that it begins after |
 * | -1 | empty | the rowid up to which all rows are in it | the greatest id of those |
 */
export const sqliteReferences = (sql: SqlClient.SqlClient, { part, step, tail }: ReferenceSizes = sizes) => {
  const progress = Effect.map(
    sql<{ readonly indexed: string | null; readonly greatest: string | null; readonly rows: number | null }>`
      SELECT (SELECT MAX(reference) FROM submission_references WHERE part = -1 AND account_id = '') AS indexed,
        (SELECT id FROM submission_references WHERE part = -1 AND account_id = ''
          ORDER BY reference DESC LIMIT 1) AS greatest,
        (SELECT MAX(rowid) FROM submissions) AS rows`,
    ([found]) => ({
      indexed: Number(found?.indexed ?? 0),
      greatest: found?.greatest ?? "",
      rows: found?.rows ?? 0
    })
  )

  const ids = (rows: ReadonlyArray<{ readonly id: TransactionId }>) => rows.map((_) => _.id)

  /** The ids in their order; null while more rows than it may look at are not indexed. */
  const find: ReferenceSearch = Effect.fnUntraced(function*({ finds, limit, upwards }) {
    // before the searches: what is indexed meanwhile is found twice rather than not at all
    const { indexed, rows } = yield* progress
    if (rows - indexed > tail) return null
    const order = sql.literal(upwards ? "ASC" : "DESC")
    const entries = yield* sql<{ readonly id: TransactionId }>`
      SELECT id FROM
        (SELECT reference AS number, id AS begins FROM submission_references WHERE part = 0 AND account_id = '') AS parts
        CROSS JOIN submission_references AS entries ON entries.part = CAST(parts.number AS INTEGER) + 1
      WHERE ${sql.and(finds)} ORDER BY parts.number ${order}, parts.begins ${order}, id ${order} LIMIT ${limit}`
    const waiting = yield* sql<{ readonly id: TransactionId }>`
      SELECT id FROM submissions NOT INDEXED WHERE rowid > ${indexed} AND ${sql.and(finds)}`
    if (waiting.length === 0) return ids(entries)
    const found = [...new Set([...ids(entries), ...ids(waiting)])].sort()
    return (upwards ? found : found.reverse()).slice(0, limit)
  })

  /** One step of indexing, if enough rows wait: whether it may go on at once. */
  const index: Effect.Effect<boolean, SqlError> = Effect.gen(function*() {
    const { greatest, indexed, rows } = yield* progress
    if (rows < indexed) {
      // about rows that are gone, so about none of those there are
      yield* sql`DELETE FROM submission_references`
      return true
    }
    if (rows - indexed < step) return false
    const [newest] = yield* sql<{ readonly number: string; readonly begins: string }>`
      SELECT reference AS number, id AS begins FROM submission_references WHERE part = 0 AND account_id = ''
      ORDER BY reference DESC LIMIT 1`
    const opened = newest !== undefined && indexed - Number(newest.number) < part
      ? newest
      : { number: padded(indexed), begins: greatest }
    const [from, to] = [indexed, indexed + step]
    yield* sql`INSERT OR IGNORE INTO submission_references (part, account_id, reference, id)
      SELECT 1 + CASE WHEN id > ${opened.begins} THEN ${Number(opened.number)} ELSE
          (SELECT CAST(parts.reference AS INTEGER) FROM submission_references AS parts
            WHERE parts.part = 0 AND parts.account_id = '' AND parts.id < submissions.id
            ORDER BY parts.reference DESC LIMIT 1) END,
        account_id, reference, id
      FROM submissions NOT INDEXED WHERE rowid > ${from} AND rowid <= ${to} AND reference IS NOT NULL
      UNION ALL SELECT 0, '', ${opened.number}, ${opened.begins}
      UNION ALL SELECT -1, '', ${padded(to)}, MAX(${greatest},
        IFNULL((SELECT MAX(id) FROM submissions NOT INDEXED WHERE rowid > ${from} AND rowid <= ${to}), ''))
      ORDER BY 1, 2, 3, 4`
    return true
  })

  return { find, index } as const
}
