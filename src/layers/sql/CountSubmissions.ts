import { SqlClient, SqlSchema } from "@effect/sql"
import { Effect, Schema } from "effect"
import { TransactionId } from "../../domain/Ids.ts"
import type { SubmissionCounts } from "../../services/SubmissionRepository.ts"
import { nextTurn } from "../NextTurn.ts"
import type { Dialect } from "./Dialect.ts"
import { toUnavailable } from "./SqlFailure.ts"

/** Rows that one statement of the walk reads. */
const walkStep = 10_000

const CountsRow = Schema.Struct({
  key_id: Schema.String,
  accepted: Schema.Int,
  decided: Schema.Int,
  undecided: Schema.Int,
  parked: Schema.Int,
  oldest: Schema.NullOr(Schema.Int),
  last: TransactionId
})

/** Walks over all submissions, in steps that let others in between. */
export const countSubmissions = ({ along }: Dialect) =>
  Effect.map(SqlClient.SqlClient, (sql) => {
    const byId = along("PRIMARY")
    const countRows = SqlSchema.findAll({
      Request: Schema.String,
      Result: CountsRow,
      execute: (after) =>
        sql`SELECT key_id, COUNT(*) AS accepted, COUNT(status) AS decided, COUNT(*) - COUNT(status) AS undecided,
            COUNT(parked_at) AS parked,
            MIN(CASE WHEN status IS NULL THEN accepted_at END) AS oldest, MAX(id) AS last
          FROM (SELECT id, key_id, status, parked_at, accepted_at FROM submissions${byId}
            WHERE id > ${after} ORDER BY id LIMIT ${walkStep}) AS step GROUP BY key_id`
    })

    return Effect.gen(function*() {
      const totals = { accepted: 0, decided: 0, undecided: 0, parked: 0 }
      const undecidedOf = new Map<string, number>()
      let oldest: number | null = null
      let after = ""
      for (;;) {
        const step: ReadonlyArray<typeof CountsRow.Type> = yield* Effect.mapError(countRows(after), toUnavailable)
        for (const row of step) {
          const { undecided } = row
          totals.accepted += row.accepted
          totals.decided += row.decided
          totals.undecided += undecided
          totals.parked += row.parked
          if (undecided > 0) undecidedOf.set(row.key_id, (undecidedOf.get(row.key_id) ?? 0) + undecided)
          if (row.oldest !== null) oldest = Math.min(oldest ?? row.oldest, row.oldest)
          if (row.last > after) after = row.last
        }
        if (step.length === 0) break
        yield* nextTurn
      }
      return {
        ...totals,
        oldestUndecidedAt: oldest,
        undecidedByKey: Array.from(undecidedOf, ([keyId, count]) => ({ keyId, count }))
      } satisfies SubmissionCounts
    })
  })
