import { SqlClient, SqlSchema } from "@effect/sql"
import { Effect, Option, Schema } from "effect"
import type { TransactionId } from "../../domain/Ids.ts"
import { Instant } from "../../domain/Instant.ts"
import type { ParkedReason } from "../../services/Metrics.ts"
import type { Backlog, Page, ParkedSubmission } from "../../services/SubmissionRepository.ts"
import type { Dialect } from "./Dialect.ts"
import { isUpwards, toListed } from "./Listed.ts"
import { toUnavailable } from "./SqlFailure.ts"
import { SubmissionRow } from "./SubmissionRow.ts"

const ParkedRow = Schema.Struct({
  id: SubmissionRow.fields.id,
  account_id: SubmissionRow.fields.account_id,
  parked_reason: Schema.String,
  parked_count: Schema.Int,
  parked_at: Instant
})

const fromRow = (row: typeof ParkedRow.Type): ParkedSubmission => ({
  id: row.id,
  accountId: row.account_id,
  reason: row.parked_reason as ParkedReason,
  count: row.parked_count,
  parkedAt: row.parked_at
})

const BacklogRow = Schema.Struct({
  undecided: Schema.Int,
  oldest: Schema.NullOr(Instant),
  parked: Schema.Int
})

/** What waits for a decision: exactly what has a time to be sent again, so that an index has it all. */
export const parkedSubmissions = ({ along }: Dialect) =>
  Effect.map(SqlClient.SqlClient, (sql) => {
    const waiting = along("submissions_waiting")
    const columns = sql`submissions.id, account_id, parked_reason, parked_count, parked_at`

    const backlogRow = SqlSchema.single({
      Request: Schema.Void,
      Result: BacklogRow,
      execute: () =>
        sql`SELECT COUNT(*) AS undecided, MIN(accepted_at) AS oldest, COUNT(parked_at) AS parked
            FROM submissions${waiting} WHERE resend_at IS NOT NULL`
    })

    const parkedRows = SqlSchema.findAll({
      Request: SubmissionRow.fields.id,
      Result: ParkedRow,
      execute: (id) =>
        sql`SELECT ${columns} FROM submissions WHERE id = ${id} AND status IS NULL AND parked_at IS NOT NULL`
    })

    const reasonRows = SqlSchema.findAll({
      Request: Schema.Void,
      Result: Schema.Struct({ reason: Schema.String, parked: Schema.Int }),
      execute: () =>
        sql`SELECT parked_reason AS reason, COUNT(*) AS parked FROM submissions${waiting}
            WHERE resend_at IS NOT NULL AND parked_at IS NOT NULL GROUP BY parked_reason`
    })

    const decodeRows = Schema.decodeUnknown(Schema.Array(ParkedRow))

    const beyond = (cursor: Page["cursor"]) => {
      if (cursor === null) return sql.literal("")
      return "after" in cursor ? sql`AND id < ${cursor.after}` : sql`AND id > ${cursor.before}`
    }

    return {
      backlog: backlogRow().pipe(
        Effect.mapBoth({
          onFailure: toUnavailable,
          onSuccess: ({ oldest, parked, undecided }): Backlog => ({ undecided, oldestAcceptedAt: oldest, parked })
        })
      ),

      parkedReasonCounts: reasonRows().pipe(
        Effect.mapBoth({
          onFailure: toUnavailable,
          onSuccess: (rows): ReadonlyMap<ParkedReason, number> =>
            new Map(rows.map(({ parked, reason }) => [reason as ParkedReason, parked]))
        })
      ),

      listParked: Effect.fnUntraced(
        function*({ cursor, limit }: { readonly limit: number; readonly cursor: Page["cursor"] }) {
          const upwards = isUpwards(cursor)
          const order = sql.literal(upwards ? "ASC" : "DESC")
          // the ids are chosen in the index alone, however many are parked
          const rows = yield* sql`SELECT ${columns} FROM (
              SELECT id FROM submissions${waiting} WHERE resend_at IS NOT NULL AND parked_at IS NOT NULL ${
            beyond(cursor)
          }
              ORDER BY id ${order} LIMIT ${limit + 1}
            ) AS page CROSS JOIN submissions ON submissions.id = page.id ORDER BY page.id ${order}`
          const found = (yield* decodeRows(rows.slice(0, limit))).map(fromRow)
          return toListed<ParkedSubmission, TransactionId>(found, { isMore: rows.length > limit, upwards })
        },
        Effect.mapError(toUnavailable)
      ),

      findParked: (id: TransactionId) =>
        parkedRows(id).pipe(
          Effect.mapBoth({
            onFailure: toUnavailable,
            onSuccess: (rows) => Option.map(Option.fromNullable(rows[0]), fromRow)
          })
        )
    }
  })
