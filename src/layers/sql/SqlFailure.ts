import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Random } from "effect"
import { StorageUnavailable, Unstorable } from "../../services/Failure.ts"
import type { RetryCause } from "../../services/Metrics.ts"
import { MysqlError } from "../mysql/MysqlError.ts"
import type { FailureKind } from "./FailureKind.ts"

/** sqlite.org/rescode.html */
const kindOfSqlite = (code: string): FailureKind => {
  if (code === "SQLITE_CONSTRAINT_PRIMARYKEY" || code === "SQLITE_CONSTRAINT_UNIQUE") return "duplicate"
  return /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(code) ? "data" : "unknown"
}

export const kindOf = ({ cause }: SqlError): FailureKind => {
  if (cause instanceof MysqlError) return cause.kind
  return kindOfSqlite(typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "")
}

/** Whether it says nothing of the statement: the way to the server, or the server itself, is not there now. */
export const isLost = ({ cause }: SqlError): boolean => cause instanceof MysqlError && cause.isLost

export const isDuplicate = (error: SqlError): boolean => kindOf(error) === "duplicate"

/** Milliseconds before the next attempt of a statement that met another one. */
const backOff = [5, 20, 80, 320]

/**
 * An outcome that is not known is answered by running the statement again, which is harmless for every write we make;
 * only when that fails too is the database unavailable. One that met another is run again a few times.
 */
export const runAgain = <A, R>(
  statement: Effect.Effect<A, SqlError, R>,
  onRetry: (cause: RetryCause) => void
): Effect.Effect<A, SqlError, R> => {
  const attempt = (met: number, unknown: number): Effect.Effect<A, SqlError, R> =>
    Effect.catchAll(statement, (error) => {
      const kind = kindOf(error)
      if (kind === "unknown" && unknown < 1) {
        onRetry("unknown_outcome")
        return attempt(met, unknown + 1)
      }
      const most = kind === "contention" ? backOff[met] : undefined
      if (most === undefined) return Effect.fail(error)
      onRetry("contention")
      return Random.nextRange(most / 2, most).pipe(
        Effect.flatMap(Effect.sleep),
        Effect.zipRight(Effect.suspend(() => attempt(met + 1, unknown)))
      )
    })
  return attempt(0, 0)
}

export const toFailure = (cause: SqlError): StorageUnavailable | Unstorable =>
  kindOf(cause) === "data" ? new Unstorable({ cause }) : new StorageUnavailable({ cause })

export const toUnavailable = (cause: unknown): StorageUnavailable => new StorageUnavailable({ cause })
