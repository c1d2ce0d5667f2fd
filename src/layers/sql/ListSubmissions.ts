import { SqlClient } from "@effect/sql"
import type { Fragment } from "@effect/sql/Statement"
import { Effect, Schema } from "effect"
import { firstTransactionId, type TransactionId } from "../../domain/Ids.ts"
import type { Page, StoredSubmission, SubmissionFilter } from "../../services/SubmissionRepository.ts"
import type { Dialect, ReferenceSearch } from "./Dialect.ts"
import { isUpwards, toListed } from "./Listed.ts"
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

/** How a page is found. */
interface Search {
  readonly index: "PRIMARY" | "submissions_by_account" | "submissions_by_reference"
  readonly finds: ReadonlyArray<Fragment>
  readonly looks: ReadonlyArray<Fragment>
}

interface Walked {
  readonly rows: ReadonlyArray<unknown>
  /** Where it stopped looking, if that is not the end. */
  readonly last: TransactionId | null
}

/** Pages of the submissions of a scope, in either direction. */
export const listSubmissions = ({ along, findReferences, oneOf }: Dialect) =>
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
    const searchOf = ({ filter, scope }: Page): Search => {
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

    /** Rows in their order, up to one more than the page may have. */
    const walk = Effect.fnUntraced(function*(page: Page, { finds, index, looks }: Search) {
      const upwards = isUpwards(page.cursor)
      const order = sql.literal(upwards ? "ORDER BY id ASC" : "ORDER BY id DESC")
      const range = rangeOf(page)
      const from = sql`FROM submissions${along(index)}`

      // its last row to look at, and the one after that
      const ends = looks.length === 0 ? [] : yield* sql<{ readonly id: TransactionId }>`
        SELECT id ${from} ${where([...finds, ...within(range)])} ${order} LIMIT 2 OFFSET ${mostLookedAt - 1}`
      const last = ends.length === 2 ? ends[0]!.id : null
      const end = last === null ? null : { id: last, inclusive: true }
      const looked = end === null ? range : upwards ? { ...range, high: end } : { ...range, low: end }

      const rows = yield* sql`SELECT ${columns} ${from} ${where([...finds, ...within(looked), ...looks])}
        ${order} LIMIT ${page.limit + 1}`
      return { rows, last } satisfies Walked
    })

    /** The same, where an index of its own answers the ids of a reference. */
    const lookUp = Effect.fnUntraced(function*(page: Page, { finds, looks }: Search, search: ReferenceSearch) {
      const most = looks.length === 0 ? page.limit + 1 : mostLookedAt
      const ids = yield* search({
        finds: [...finds, ...within(rangeOf(page))],
        upwards: isUpwards(page.cursor),
        limit: most + 1
      })
      if (ids === null) {
        const [ofAccount, ...ofReference] = finds
        return yield* walk(page, {
          index: "submissions_by_account",
          finds: [ofAccount!],
          looks: [...ofReference, ...looks]
        })
      }
      // they come in the order of the list
      const rows = yield* sql`SELECT ${columns} FROM ${oneOf("submissions", "id", ids.slice(0, most))}
        ${where([...finds, ...looks])} LIMIT ${page.limit + 1}`
      return { rows, last: ids.length > most ? ids[most - 1]! : null } satisfies Walked
    })

    return Effect.fnUntraced(function*(page: Page) {
      const search = searchOf(page)
      const { last, rows } = search.index === "submissions_by_reference" && findReferences !== null
        ? yield* lookUp(page, search, findReferences)
        : yield* walk(page, search)
      const found = (yield* decodeRows(rows.slice(0, page.limit))).map(fromRow)
      return toListed<StoredSubmission, TransactionId>(found, {
        isMore: rows.length > page.limit,
        upwards: isUpwards(page.cursor),
        last
      })
    }, Effect.mapError(toUnavailable))
  })
