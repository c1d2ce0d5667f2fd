import { SqlClient, SqlSchema } from "@effect/sql"
import { Duration, Effect, Either, Layer, Option, Schema } from "effect"
import { TransactionId } from "../../domain/Ids.ts"
import type { Submission } from "../../domain/Submission.ts"
import { Unstorable } from "../../services/Failure.ts"
import { Metrics } from "../../services/Metrics.ts"
import { ResendSettings } from "../../services/ResendOverdue.ts"
import {
  type IdempotencyClaim,
  type InsertOutcome,
  type Page,
  type Scope,
  type SubmissionCounts,
  SubmissionRepository
} from "../../services/SubmissionRepository.ts"
import { writeSplitting } from "../../services/WriteSplitting.ts"
import { makeGroupCommit } from "../GroupCommit.ts"
import { nextTurn } from "../NextTurn.ts"
import { SubmissionCapacity } from "../Settings.ts"
import { rowValues } from "./RowValues.ts"
import { runAgain, toFailure, toUnavailable } from "./SqlFailure.ts"
import {
  decisionOf,
  fromRow,
  insertedColumns,
  submissionColumns,
  SubmissionRow,
  toInsertedRow
} from "./SubmissionRow.ts"

/** Rows that one statement of a walk over all submissions reads. */
const walkStep = 10_000

interface Insert {
  readonly submission: Submission
  readonly claim: IdempotencyClaim | null
}

const accepted: Either.Either<InsertOutcome> = Either.right({ _tag: "Accepted" })

const holderKey = (accountId: string, key: string) => `${accountId} ${key}`

const CountsRow = Schema.Struct({
  key_id: Schema.String,
  accepted: Schema.Int,
  decided: Schema.Int,
  undecided: Schema.Int,
  parked: Schema.Int,
  oldest: Schema.NullOr(Schema.Int),
  last: TransactionId
})

const HolderRow = Schema.Struct({
  id: TransactionId,
  account_id: Schema.String,
  idempotency_key: Schema.String,
  request_digest: Schema.String
})

const OutcomeRow = Schema.Struct({
  id: SubmissionRow.fields.id,
  account_id: SubmissionRow.fields.account_id,
  amount: SubmissionRow.fields.amount,
  accepted_at: SubmissionRow.fields.accepted_at,
  status: SubmissionRow.fields.status,
  reason: SubmissionRow.fields.reason,
  decided_at: SubmissionRow.fields.decided_at
})

/** Every write is one statement, for any batch size: its rows come as one list of values, or as one JSON parameter. */
export const SqlSubmissionRepository = Layer.scoped(
  SubmissionRepository,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const metrics = yield* Metrics
    const { backOff } = yield* ResendSettings
    const firstResend = Duration.toMillis(backOff)
    const capacity = yield* SubmissionCapacity

    const columns = sql.literal(submissionColumns.map((_) => `submissions.${_}`).join(", "))
    const inserted = sql.literal(insertedColumns.join(", "))
    const ofScope = (scope: Scope) => scope === "all" ? sql`1 = 1` : sql`account_id = ${scope}`

    const insertRows = (inserts: ReadonlyArray<Insert>) => {
      const rows = inserts.map(({ claim, submission }) =>
        toInsertedRow(submission, claim, submission.acceptedAt + firstResend)
      )
      return runAgain(
        sql`INSERT INTO submissions (${inserted})
            SELECT * FROM (${rowValues(rows, insertedColumns.length)}) WHERE column1 IS NOT NULL
            ON CONFLICT DO NOTHING`,
        () => metrics.storageRetried("accept")
      ).pipe(Effect.mapError(toFailure))
    }

    const holderRows = SqlSchema.findAll({
      Request: Schema.parseJson(Schema.Array(Schema.Tuple(Schema.String, Schema.String))),
      Result: HolderRow,
      execute: (claims) =>
        sql`SELECT submissions.id, account_id, idempotency_key, request_digest
            FROM json_each(${claims}) AS claims CROSS JOIN submissions
            ON account_id = claims.value ->> 0 AND idempotency_key = claims.value ->> 1
            WHERE idempotency_key IS NOT NULL`
    })

    /** Whose rows the keys are on, now that every row of the batch is in or was left alone. */
    const outcomesOf = Effect.fnUntraced(function*(inserts: ReadonlyArray<Insert>) {
      const claims = inserts.flatMap(({ claim, submission }) =>
        claim === null ? [] : [[submission.accountId, claim.key] as const]
      )
      if (claims.length === 0) return inserts.map(() => accepted)
      const holders = new Map(
        (yield* Effect.mapError(holderRows(claims), toUnavailable)).map((row) => [
          holderKey(row.account_id, row.idempotency_key),
          row
        ])
      )
      return inserts.map(({ claim, submission }): Either.Either<InsertOutcome, Unstorable> => {
        const holder = claim === null ? undefined : holders.get(holderKey(submission.accountId, claim.key))
        return holder === undefined || holder.id === submission.id
          ? accepted
          : Either.right({ _tag: "KeyTaken", id: holder.id, requestDigest: holder.request_digest })
      })
    })

    const commit = Effect.fnUntraced(function*(inserts: ReadonlyArray<Insert>) {
      const { refused } = yield* writeSplitting(inserts, insertRows)
      metrics.batch("accept", inserts.length)
      const outcomes = yield* outcomesOf(inserts)
      if (refused.length === 0) return outcomes
      return outcomes.map((outcome, index) =>
        refused.includes(inserts[index]!) ? Either.left(new Unstorable({ cause: "refused by the database" })) : outcome
      )
    })

    const inserts = yield* makeGroupCommit({ name: "writer of submissions", capacity, maxBatch: 500, commit })

    const rows = SqlSchema.findAll({
      Request: Schema.Struct({ id: TransactionId, scope: Schema.String }),
      Result: SubmissionRow,
      execute: ({ id, scope }) =>
        sql`SELECT ${columns} FROM submissions WHERE id = ${id} AND ${ofScope(scope as Scope)}`
    })

    const recordedRows = SqlSchema.findAll({
      Request: Schema.parseJson(Schema.Array(TransactionId)),
      Result: SubmissionRow,
      execute: (ids) =>
        sql`SELECT ${columns} FROM json_each(${ids}) AS ids CROSS JOIN submissions ON submissions.id = ids.value
            WHERE status IS NOT NULL`
    })

    const decodeRows = Schema.decodeUnknown(Schema.Array(SubmissionRow))

    const listRows = ({ cursor, limit, scope }: Page) => {
      if (cursor === null) {
        return sql`SELECT ${columns} FROM submissions WHERE ${ofScope(scope)} ORDER BY id DESC LIMIT ${limit}`
      }
      return "after" in cursor
        ? sql`SELECT ${columns} FROM submissions WHERE ${ofScope(scope)} AND id < ${cursor.after}
              ORDER BY id DESC LIMIT ${limit}`
        : sql`SELECT ${columns} FROM submissions WHERE ${ofScope(scope)} AND id > ${cursor.before}
              ORDER BY id ASC LIMIT ${limit}`
    }

    /** Runs an update of these ids; only when it changed fewer rows can one of them be no submission's. */
    const updateKnown = Effect.fnUntraced(function*(
      ids: ReadonlyArray<TransactionId>,
      update: Effect.Effect<unknown, Unstorable | ReturnType<typeof toFailure>>
    ) {
      const { changes } = (yield* update) as { readonly changes: number }
      if (changes === ids.length) return []
      const known = yield* sql<{ readonly id: TransactionId }>`
        SELECT submissions.id FROM json_each(${JSON.stringify(ids)}) AS ids CROSS JOIN submissions
        ON submissions.id = ids.value`.pipe(Effect.mapError(toUnavailable))
      const has = new Set(known.map((_) => _.id))
      return ids.filter((id) => !has.has(id))
    })

    const claimedRows = SqlSchema.findAll({
      Request: Schema.Struct({ ids: Schema.String, token: Schema.String }),
      Result: SubmissionRow,
      execute: ({ ids, token }) =>
        sql`SELECT ${columns} FROM json_each(${ids}) AS ids CROSS JOIN submissions ON submissions.id = ids.value
            WHERE resend_claim = ${token} AND status IS NULL`
    })

    const countRows = SqlSchema.findAll({
      Request: Schema.String,
      Result: CountsRow,
      execute: (after) =>
        sql`SELECT key_id, COUNT(*) AS accepted, COUNT(status) AS decided, SUM(status IS NULL) AS undecided,
              COUNT(parked_at) AS parked,
              MIN(CASE WHEN status IS NULL THEN accepted_at END) AS oldest, MAX(id) AS last
            FROM (SELECT id, key_id, status, parked_at, accepted_at FROM submissions
              WHERE id > ${after} ORDER BY id LIMIT ${walkStep}) AS step GROUP BY key_id`
    })

    const counts = Effect.gen(function*() {
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

    const outcomeRows = SqlSchema.findAll({
      Request: Schema.Struct({ after: Schema.String, limit: Schema.Int }),
      Result: OutcomeRow,
      execute: ({ after, limit }) =>
        sql`SELECT id, account_id, amount, accepted_at, status, reason, decided_at FROM submissions
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

      findRecorded: (ids) =>
        recordedRows(ids).pipe(Effect.mapBoth({ onFailure: toUnavailable, onSuccess: (_) => _.map(fromRow) })),

      list: (page) =>
        listRows(page).pipe(
          Effect.flatMap(decodeRows),
          Effect.mapBoth({
            onFailure: toUnavailable,
            onSuccess: (found) => {
              const listed = found.map(fromRow)
              return page.cursor !== null && "before" in page.cursor ? listed.reverse() : listed
            }
          })
        ),

      record: (decisions, recordedAt) => {
        const values = decisions.map(({ decidedAt, decision, id, position }) => [
          id,
          decision.status,
          decision.reason,
          decidedAt,
          position.partition,
          position.offset,
          position.appendedAt
        ])
        return updateKnown(
          decisions.map((_) => _.id),
          runAgain(
            sql`UPDATE submissions SET
                status = results.value ->> 1, reason = results.value ->> 2, decided_at = results.value ->> 3,
                recorded_at = ${recordedAt}, log_partition = results.value ->> 4, log_offset = results.value ->> 5,
                appended_at = results.value ->> 6, sealed_card = NULL, resend_at = NULL,
                parked_at = NULL, parked_reason = NULL
              FROM json_each(${JSON.stringify(values)}) AS results
              WHERE submissions.id = results.value ->> 0 AND status IS NULL`.raw,
            () => metrics.storageRetried("record")
          ).pipe(Effect.mapError(toFailure))
        )
      },

      markParked: (marks) =>
        updateKnown(
          marks.map((_) => _.id),
          runAgain(
            sql`UPDATE submissions SET
                parked_at = marks.value ->> 1, parked_reason = marks.value ->> 2, parked_offset = marks.value ->> 3,
                parked_count = parked_count + 1
              FROM json_each(${
              JSON.stringify(
                marks.map(({ id, position, reason }) => [id, position.appendedAt, reason, position.offset])
              )
            }) AS marks
              WHERE submissions.id = marks.value ->> 0 AND status IS NULL
                AND (parked_at IS NULL OR parked_at < marks.value ->> 1
                  OR (parked_at = marks.value ->> 1 AND parked_offset < marks.value ->> 3))`.raw,
            () => metrics.storageRetried("record")
          ).pipe(Effect.mapError(toFailure))
        ),

      hasPastDue: (now) =>
        sql`SELECT 1 FROM submissions WHERE resend_at <= ${now} LIMIT 1`.pipe(
          Effect.mapBoth({ onFailure: toUnavailable, onSuccess: (found) => found.length > 0 })
        ),

      claimOverdue: Effect.fnUntraced(function*({ backOff, ceiling, limit, mark, now, token }) {
        const due = yield* sql<{ readonly id: string }>`
          SELECT id FROM submissions WHERE resend_at <= ${mark} ORDER BY resend_at LIMIT ${limit}`
        if (due.length === 0) return []
        const ids = JSON.stringify(due.map((_) => _.id))
        yield* sql`UPDATE submissions SET
            resend_at = ${now} + MIN(${backOff} << MIN(resends + 1, 20), ${ceiling}),
            resends = resends + 1, resend_claim = ${token}
          FROM json_each(${ids}) AS due
          WHERE submissions.id = due.value AND status IS NULL AND resend_at <= ${mark}`
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
