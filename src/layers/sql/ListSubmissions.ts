import { SqlClient } from "@effect/sql"
import type { Fragment } from "@effect/sql/Statement"
import { Effect, Schema } from "effect"
import { firstTransactionId, type TransactionId } from "../../domain/Ids.ts"
import type { Listed, Page, StoredSubmission, SubmissionFilter } from "../../services/SubmissionRepository.ts"
import type { Dialect } from "./Dialect.ts"
import { toUnavailable } from "./SqlFailure.ts"
import { fromRow, submissionColumns, SubmissionRow } from "./SubmissionRow.ts"

/** Rows that one page looks at, at most, where an index does not find what is asked for. */
const mostLookedAt = 10_000

interface Bound {
  readonly id: TransactionId
  readonly inclusive: boolean
}

/** From the one id to the other; where several bounds are given, the narrowest, because an index is searched by one. */
interface Range {
  readonly low: Bound | null
  readonly high: Bound | null
}

const narrowestLow = (bounds: ReadonlyArray<Bound>): Bound | null =>
  bounds.reduce<Bound | null>(
    (best, bound) => best === null || bound.id > best.id || (bound.id === best.id && !bound.inclusive) ? bound : best,
    null
  )

const narrowestHigh = (bounds: ReadonlyArray<Bound>): Bound | null =>
  bounds.reduce<Bound | null>(
    (best, bound) => best === null || bound.id < best.id || (bound.id === best.id && !bound.inclusive) ? bound : best,
    null
  )

const rangeOf = ({ cursor, filter: { acceptedBefore, acceptedFrom } }: Page): Range => ({
  low: narrowestLow([
    ...(acceptedFrom === undefined ? [] : [{ id: firstTransactionId(acceptedFrom), inclusive: true }]),
    ...(cursor !== null && "before" in cursor ? [{ id: cursor.before, inclusive: false }] : [])
  ]),
  high: narrowestHigh([
    ...(acceptedBefore === undefined ? [] : [{ id: firstTransactionId(acceptedBefore), inclusive: false }]),
    ...(cursor !== null && "after" in cursor ? [{ id: cursor.after, inclusive: false }] : [])
  ])
})

/** Pages of the submissions of a scope, in either direction. */
export const listSubmissions = ({ along }: Dialect) =>
  Effect.map(SqlClient.SqlClient, (sql) => {
    const columns = sql.literal(submissionColumns)
    const decodeRows = Schema.decodeUnknown(Schema.Array(SubmissionRow))

    const sameReference = (reference: string) =>
      // MySQL's collation takes no notice of spaces at the end
      sql`reference = ${reference} AND LENGTH(reference) = LENGTH(${reference})`

    const unindexed = (
      { brand, last4, leastAmount, mostAmount, status }: SubmissionFilter
    ): ReadonlyArray<Fragment> => [
      ...(status === undefined ? [] : [status === "processing" ? sql`status IS NULL` : sql`status = ${status}`]),
      ...(leastAmount === undefined ? [] : [sql`amount >= ${leastAmount}`]),
      ...(mostAmount === undefined ? [] : [sql`amount <= ${mostAmount}`]),
      ...(last4 === undefined ? [] : [sql`last4 = ${last4}`]),
      ...(brand === undefined ? [] : [sql`brand = ${brand}`])
    ]

    /** The index to walk along, what it searches for, and what is to be looked at in each row. */
    const searchOf = ({ filter, scope }: Page) => {
      const rest = unindexed(filter)
      const { reference } = filter
      if (scope === "all") {
        const looks = reference === undefined ? rest : [...rest, sameReference(reference)]
        return { index: "PRIMARY", finds: [], looks }
      }
      const ofAccount = sql`account_id = ${scope}`
      return reference === undefined
        ? { index: "submissions_by_account", finds: [ofAccount], looks: rest }
        : { index: "submissions_by_reference", finds: [ofAccount, sameReference(reference)], looks: rest }
    }

    const within = ({ high, low }: Range): ReadonlyArray<Fragment> => [
      ...(low === null ? [] : [low.inclusive ? sql`id >= ${low.id}` : sql`id > ${low.id}`]),
      ...(high === null ? [] : [high.inclusive ? sql`id <= ${high.id}` : sql`id < ${high.id}`])
    ]

    const where = (conditions: ReadonlyArray<Fragment>) =>
      conditions.length === 0 ? sql.literal("") : sql`WHERE ${sql.and(conditions)}`

    return Effect.fnUntraced(function*(page: Page) {
      const { cursor, limit } = page
      const upwards = cursor !== null && "before" in cursor
      const order = sql.literal(upwards ? "ORDER BY id ASC" : "ORDER BY id DESC")
      const { finds, index, looks } = searchOf(page)
      const range = rangeOf(page)
      const from = sql`FROM submissions${along(index)}`

      // its last row to look at, and the one after that
      const ends = looks.length === 0 ? [] : yield* sql<{ readonly id: TransactionId }>`
        SELECT id ${from} ${where([...finds, ...within(range)])} ${order} LIMIT 2 OFFSET ${mostLookedAt - 1}`
      const last = ends.length === 2 ? ends[0]!.id : null
      const end = last === null ? null : { id: last, inclusive: true }
      const looked = end === null ? range : upwards ? { ...range, high: end } : { ...range, low: end }

      const rows = yield* sql`SELECT ${columns} ${from} ${where([...finds, ...within(looked), ...looks])}
        ${order} LIMIT ${limit + 1}`
      const found = (yield* decodeRows(rows.slice(0, limit))).map(fromRow)
      return {
        next: rows.length > limit ? found.at(-1)!.id : last,
        found: upwards ? found.reverse() : found
      } satisfies Listed<StoredSubmission>
    }, Effect.mapError(toUnavailable))
  })
