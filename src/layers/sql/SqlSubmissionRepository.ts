import { SqlClient, SqlSchema } from "@effect/sql"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Layer, Option, Schema } from "effect"
import { TransactionId } from "../../domain/Ids.ts"
import type { Instant } from "../../domain/Instant.ts"
import type { TransactionStatus } from "../../domain/Transaction.ts"
import { Metrics } from "../../services/Metrics.ts"
import { type Scope, SubmissionRepository } from "../../services/SubmissionRepository.ts"
import { timed } from "../Timed.ts"
import { countSubmissions } from "./CountSubmissions.ts"
import type { Dialect, Row } from "./Dialect.ts"
import { listSubmissions } from "./ListSubmissions.ts"
import { parkedSubmissions } from "./ParkedSubmissions.ts"
import { resolveDialect } from "./ResolveDialect.ts"
import { runAgain, toFailure, toUnavailable } from "./SqlFailure.ts"
import { decisionOf, fromRow, submissionColumns, SubmissionRow } from "./SubmissionRow.ts"
import { makeSubmissionWriter } from "./SubmissionWriter.ts"

const OutcomeRow = Schema.Struct({
  id: SubmissionRow.fields.id,
  account_id: SubmissionRow.fields.account_id,
  amount: SubmissionRow.fields.amount,
  accepted_at: SubmissionRow.fields.accepted_at,
  status: SubmissionRow.fields.status,
  reason: SubmissionRow.fields.reason,
  decided_at: SubmissionRow.fields.decided_at
})

/** Every write is one statement, for any batch size. */
export const SqlSubmissionRepository = Layer.scoped(
  SubmissionRepository,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const metrics = yield* Metrics
    const dialect = yield* resolveDialect
    const inserts = yield* makeSubmissionWriter(dialect)
    const counts = yield* countSubmissions(dialect)
    const list = yield* listSubmissions(dialect)
    const { backlog, findParked, listParked, parkedReasonCounts } = yield* parkedSubmissions(dialect)

    const byId = dialect.along("PRIMARY")
    const byAccount = dialect.along("submissions_by_account")
    const byResend = dialect.along("submissions_waiting")
    const columns = sql.literal(submissionColumns)
    const ofScope = (scope: Scope) => scope === "all" ? sql`1 = 1` : sql`account_id = ${scope}`
    const withIds = (ids: ReadonlyArray<string>) => dialect.oneOf("submissions", "id", ids)

    const rows = SqlSchema.findAll({
      Request: Schema.Struct({ id: TransactionId, scope: Schema.String }),
      Result: SubmissionRow,
      execute: ({ id, scope }) =>
        sql`SELECT ${columns} FROM submissions WHERE id = ${id} AND ${ofScope(scope as Scope)}`
    })

    const rowsOfMany = SqlSchema.findAll({
      Request: Schema.Array(TransactionId),
      Result: SubmissionRow,
      execute: (ids) => sql`SELECT ${columns} FROM ${withIds(ids)}`
    })

    /** As lists and without a schema: these are ten thousand, and the rest costs more than to read them. */
    const outlineRows = (scope: Scope, from: TransactionId, before: TransactionId, limit: number) =>
      sql`SELECT id, amount, accepted_at, status, decided_at FROM submissions${scope === "all" ? byId : byAccount}
          WHERE ${ofScope(scope)} AND id >= ${from} AND id < ${before} ORDER BY id LIMIT ${limit}`
        .values as Effect.Effect<
          ReadonlyArray<readonly [TransactionId, number, Instant, TransactionStatus | null, Instant | null]>,
          SqlError
        >

    /** Changes the submissions of the items, each of which begins with an id. */
    const update = (items: ReadonlyArray<Row>, change: Parameters<Dialect["updateFrom"]>[2]) =>
      runAgain(
        dialect.updateFrom("submissions", items, change),
        (cause) => metrics.storageRetried("record", cause)
      ).pipe((_) => timed(_, (seconds) => metrics.batchWritten("record", seconds)))

    /** Answers the ids that are no submission's: only when fewer rows changed than there are ids can there be any. */
    const updateKnown = Effect.fnUntraced(function*(
      items: ReadonlyArray<readonly [TransactionId, ...Row]>,
      change: Parameters<typeof update>[1]
    ) {
      const changed = yield* Effect.mapError(update(items, change), toFailure)
      if (changed === items.length) return []
      const ids = items.map(([id]) => id)
      const known = yield* sql<{ readonly id: TransactionId }>`SELECT submissions.id FROM ${withIds(ids)}`.pipe(
        Effect.mapError(toUnavailable)
      )
      const has = new Set(known.map((_) => _.id))
      return ids.filter((id) => !has.has(id))
    })

    const updateUndecided = (statement: Effect.Effect<unknown, SqlError>) =>
      runAgain(statement, (cause) => metrics.storageRetried("record", cause)).pipe(
        Effect.asVoid,
        Effect.mapError(toUnavailable)
      )

    const claimedRows = SqlSchema.findAll({
      Request: Schema.Struct({ ids: Schema.Array(Schema.String), token: Schema.String }),
      Result: SubmissionRow,
      execute: ({ ids, token }) =>
        sql`SELECT ${columns} FROM ${withIds(ids)} WHERE resend_claim = ${token} AND status IS NULL`
    })

    const outcomeRows = SqlSchema.findAll({
      Request: Schema.Struct({ after: Schema.String, limit: Schema.Int }),
      Result: OutcomeRow,
      execute: ({ after, limit }) =>
        sql`SELECT id, account_id, amount, accepted_at, status, reason, decided_at FROM submissions${byId}
            WHERE id > ${after} ORDER BY id LIMIT ${limit}`
    })

    return SubmissionRepository.of({
      insert: (submission, claim) => inserts.submit({ submission, claim }),

      find: (id, scope) =>
        rows({ id, scope }).pipe(
          Effect.mapBoth({
            onFailure: toUnavailable,
            onSuccess: (found) => Option.map(Option.fromNullable(found[0]), fromRow)
          })
        ),

      findMany: (ids) =>
        rowsOfMany(ids).pipe(Effect.mapBoth({ onFailure: toUnavailable, onSuccess: (_) => _.map(fromRow) })),

      list,

      outlines: (scope, { before, from }, limit) =>
        outlineRows(scope, from, before, limit).pipe(
          Effect.mapBoth({
            onFailure: toUnavailable,
            onSuccess: (_) =>
              _.map(([id, amount, acceptedAt, status, decidedAt]) => ({ id, amount, acceptedAt, status, decidedAt }))
          })
        ),

      backlog,
      parkedReasonCounts,
      listParked,
      findParked,

      resendNow: (id, now) =>
        updateUndecided(sql`UPDATE submissions SET resend_at = ${now} WHERE id = ${id} AND status IS NULL`),

      giveUp: (id, now, token) =>
        updateUndecided(
          sql`UPDATE submissions SET given_up_at = ${now}, give_up_token = ${token}, resend_at = ${now}
              WHERE id = ${id} AND status IS NULL`
        ),

      record: (decisions, recordedAt) =>
        updateKnown(
          decisions.map(({ decidedAt, decision, id, position }) => [
            id,
            decision.status,
            decision.reason,
            decidedAt,
            position.partition,
            position.offset,
            position.appendedAt
          ]),
          (item) => ({
            set: sql`status = ${item(1)}, reason = ${item(2)}, decided_at = ${item(3)}, recorded_at = ${recordedAt},
              log_partition = ${item(4)}, log_offset = ${item(5)}, appended_at = ${item(6)}, sealed_card = NULL,
              resend_at = NULL, parked_at = NULL, parked_reason = NULL`,
            where: sql`status IS NULL`
          })
        ),

      markParked: (marks) =>
        updateKnown(
          marks.map(({ id, position, reason }) => [id, position.appendedAt, reason, position.offset]),
          (item) => ({
            set: sql`parked_at = ${item(1)}, parked_reason = ${item(2)}, parked_offset = ${item(3)},
              parked_count = parked_count + 1`,
            where: sql`status IS NULL AND (parked_at IS NULL OR parked_at < ${item(1)}
              OR (parked_at = ${item(1)} AND parked_offset < ${item(3)}))`
          })
        ),

      hasPastDue: (now) =>
        sql`SELECT 1 FROM submissions${byResend} WHERE resend_at <= ${now} LIMIT 1`.pipe(
          Effect.mapBoth({ onFailure: toUnavailable, onSuccess: (found) => found.length > 0 })
        ),

      claimOverdue: Effect.fnUntraced(function*({ backOff, ceiling, limit, mark, now, token }) {
        const due = yield* sql<{ readonly id: string }>`
          SELECT id FROM submissions${byResend} WHERE resend_at <= ${mark} ORDER BY resend_at LIMIT ${limit}`
        if (due.length === 0) return []
        const ids = due.map((_) => _.id)
        // resends last: MySQL sets one after the other, and the next reads what was set
        yield* update(ids.map((id) => [id]), () => ({
          set: sql`resend_at = ${now} + ${dialect.least}(${backOff} << ${dialect.least}(resends + 1, 20), ${ceiling}),
            resend_claim = ${token}, resends = resends + 1`,
          where: sql`status IS NULL AND resend_at <= ${mark}`
        }))
        return (yield* claimedRows({ ids, token })).map(fromRow)
      }, Effect.mapError(toUnavailable)),

      counts,

      outcomes: (after, limit) =>
        outcomeRows({ after: after ?? "", limit }).pipe(
          Effect.mapBoth({
            onFailure: toUnavailable,
            onSuccess: (_) =>
              _.map(({ accepted_at, account_id, amount, decided_at, id, reason, status }) => ({
                id,
                accountId: account_id,
                amount,
                acceptedAt: accepted_at,
                recorded: status === null ? null : { decision: decisionOf(status, reason), decidedAt: decided_at! }
              }))
          })
        )
    })
  })
)
