import { SqlClient, SqlSchema } from "@effect/sql"
import { Effect, Layer, Schema } from "effect"
import { TransactionId } from "../../domain/Ids.ts"
import { RejectionReason } from "../../domain/Rejection.ts"
import { DecidedTransaction, TransactionStatus } from "../../domain/Transaction.ts"
import { Metrics } from "../../services/Metrics.ts"
import { AlreadyDecided, type StoredTransaction, TransactionRepository } from "../../services/TransactionRepository.ts"
import { timed } from "../Timed.ts"
import { resolveDialect } from "./ResolveDialect.ts"
import { isDuplicate, runAgain, toFailure, toUnavailable } from "./SqlFailure.ts"
import { decisionOf } from "./SubmissionRow.ts"

const TransactionRow = Schema.Struct({
  id: DecidedTransaction.fields.id,
  account_id: DecidedTransaction.fields.accountId,
  amount: DecidedTransaction.fields.amount,
  currency: DecidedTransaction.fields.currency,
  status: TransactionStatus,
  reason: Schema.NullOr(RejectionReason),
  accepted_at: DecidedTransaction.fields.acceptedAt,
  decided_at: DecidedTransaction.fields.decidedAt,
  log_partition: Schema.Int,
  log_offset: Schema.Int,
  appended_at: Schema.Int
})
type TransactionRow = typeof TransactionRow.Type

const columnNames = Object.keys(TransactionRow.fields)

const fromRow = (row: TransactionRow): StoredTransaction => ({
  id: row.id,
  accountId: row.account_id,
  amount: row.amount,
  currency: row.currency,
  acceptedAt: row.accepted_at,
  decidedAt: row.decided_at,
  decision: decisionOf(row.status, row.reason),
  position: { partition: row.log_partition, offset: row.log_offset, appendedAt: row.appended_at }
})

/** In the order of the columns. */
const toRow = (transaction: StoredTransaction) => [
  transaction.id,
  transaction.accountId,
  transaction.amount,
  transaction.currency,
  transaction.decision.status,
  transaction.decision.reason,
  transaction.acceptedAt,
  transaction.decidedAt,
  transaction.position.partition,
  transaction.position.offset,
  transaction.position.appendedAt
]

export const SqlTransactionRepository = Layer.effect(
  TransactionRepository,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const metrics = yield* Metrics
    const { along, insertRows, oneOf } = yield* resolveDialect
    const columns = sql.literal(columnNames.map((_) => `transactions.${_}`).join(", "))

    const rows = SqlSchema.findAll({
      Request: Schema.Array(TransactionId),
      Result: TransactionRow,
      execute: (ids) => sql`SELECT ${columns} FROM ${oneOf("transactions", "id", ids)}`
    })

    const rowsAfter = SqlSchema.findAll({
      Request: Schema.Struct({ after: Schema.String, limit: Schema.Int }),
      Result: TransactionRow,
      execute: ({ after, limit }) =>
        sql`SELECT ${columns} FROM transactions${along("PRIMARY")} WHERE id > ${after} ORDER BY id LIMIT ${limit}`
    })

    return TransactionRepository.of({
      find: (ids) => rows(ids).pipe(Effect.mapBoth({ onFailure: toUnavailable, onSuccess: (_) => _.map(fromRow) })),

      // plain: an upsert that changes nothing fires the append-only trigger on MySQL, and REPLACE walks around it here
      insert: (transactions) =>
        runAgain(
          insertRows("transactions", columnNames, transactions.map(toRow)),
          (cause) => metrics.storageRetried("process", cause)
        ).pipe(
          (_) => timed(_, (seconds) => metrics.batchWritten("process", seconds)),
          Effect.asVoid,
          Effect.mapError((error) => isDuplicate(error) ? new AlreadyDecided() : toFailure(error))
        ),

      list: (after, limit) =>
        rowsAfter({ after: after ?? "", limit }).pipe(
          Effect.mapBoth({ onFailure: toUnavailable, onSuccess: (_) => _.map(fromRow) })
        )
    })
  })
)
