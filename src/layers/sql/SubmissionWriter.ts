import { SqlClient, SqlSchema } from "@effect/sql"
import { Duration, Effect, Either, Schema } from "effect"
import { TransactionId } from "../../domain/Ids.ts"
import type { Metadata, Submission } from "../../domain/Submission.ts"
import { Unstorable } from "../../services/Failure.ts"
import { Metrics } from "../../services/Metrics.ts"
import { ResendSettings } from "../../services/ResendOverdue.ts"
import type { IdempotencyClaim, InsertOutcome } from "../../services/SubmissionRepository.ts"
import { writeSplitting } from "../../services/WriteSplitting.ts"
import { makeGroupCommit } from "../GroupCommit.ts"
import { SubmissionCapacity } from "../Settings.ts"
import { timed } from "../Timed.ts"
import type { Dialect } from "./Dialect.ts"
import { runAgain, toFailure, toUnavailable } from "./SqlFailure.ts"
import { insertedColumns, toInsertedRow } from "./SubmissionRow.ts"

interface Insert {
  readonly submission: Submission
  readonly claim: IdempotencyClaim | null
}

const accepted: Either.Either<InsertOutcome> = Either.right({ _tag: "Accepted" })

const holderKey = (accountId: string, key: string) => `${accountId} ${key}`

const HolderRow = Schema.Struct({
  id: TransactionId,
  account_id: Schema.String,
  idempotency_key: Schema.String,
  request_digest: Schema.String
})

/** Bytes that a row has besides its metadata, and then some. */
const rowBytes = 8_000

/** A character has up to 4 bytes, 2 where it stands as an escape in the JSON and again in the statement. */
const bytesOf = (metadata: Metadata): number => {
  let characters = 0
  for (const key in metadata) characters += key.length + metadata[key]!.length + 10
  return 4 * characters
}

/** Submissions that arrive together are written together, and each is told what became of it. */
export const makeSubmissionWriter = Effect.fnUntraced(
  function*({ insertRows, leaveTaken, mostBytes, oneOfPairs }: Dialect) {
    const sql = yield* SqlClient.SqlClient
    const metrics = yield* Metrics
    const firstResend = Duration.toMillis((yield* ResendSettings).backOff)
    const capacity = yield* SubmissionCapacity
    const leaveTakenSubmission = leaveTaken("submissions")

    const insertAll = (inserts: ReadonlyArray<Insert>) => {
      const rows = inserts.map(({ claim, submission }) =>
        toInsertedRow(submission, claim, submission.acceptedAt + firstResend)
      )
      return runAgain(
        insertRows("submissions", insertedColumns, rows, leaveTakenSubmission),
        (cause) => metrics.storageRetried("accept", cause)
      ).pipe((_) => timed(_, (seconds) => metrics.batchWritten("accept", seconds)), Effect.mapError(toFailure))
    }

    const holderRows = SqlSchema.findAll({
      Request: Schema.Array(Schema.Tuple(Schema.String, Schema.String)),
      Result: HolderRow,
      execute: (claims) =>
        sql`SELECT submissions.id, account_id, idempotency_key, request_digest
          FROM ${oneOfPairs("submissions", ["account_id", "idempotency_key"], claims)}
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
      const { refused } = yield* writeSplitting(inserts, insertAll)
      metrics.batch("accept", inserts.length)
      const outcomes = yield* outcomesOf(inserts)
      if (refused.length === 0) return outcomes
      return outcomes.map((outcome, index) =>
        refused.includes(inserts[index]!) ? Either.left(new Unstorable({ cause: "refused by the database" })) : outcome
      )
    })

    return yield* makeGroupCommit({
      name: "writer of submissions",
      capacity,
      maxBatch: 500,
      maxWeight: mostBytes,
      weigh: ({ submission }) => rowBytes + bytesOf(submission.metadata),
      commit
    })
  }
)
