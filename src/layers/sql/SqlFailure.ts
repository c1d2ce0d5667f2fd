import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Schedule } from "effect"
import { StorageUnavailable, Unstorable } from "../../services/Failure.ts"

const codeOf = (error: SqlError): string =>
  typeof error.cause === "object" && error.cause !== null && "code" in error.cause ? String(error.cause.code) : ""

/** A duplicate says that the statement, or another process, has been here before: never an error of the data. */
export const isDuplicate = (error: SqlError): boolean =>
  ["SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"].includes(codeOf(error))

/** The database refuses a row for what it says (sqlite.org/rescode.html). */
const isOfTheData = (error: SqlError): boolean => /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(codeOf(error))

/**
 * An outcome that is not known is answered by running the statement again, which is harmless for every write we make;
 * only when that fails too is the database unavailable.
 */
export const runAgain = <A, R>(statement: Effect.Effect<A, SqlError, R>, onRetry: () => void) =>
  Effect.retry(statement, {
    schedule: Schedule.recurs(1).pipe(Schedule.tapInput(() => Effect.sync(onRetry))),
    while: (error) => !isDuplicate(error) && !isOfTheData(error)
  })

export const toFailure = (cause: SqlError): StorageUnavailable | Unstorable =>
  isOfTheData(cause) ? new Unstorable({ cause }) : new StorageUnavailable({ cause })

export const toUnavailable = (cause: unknown): StorageUnavailable => new StorageUnavailable({ cause })
