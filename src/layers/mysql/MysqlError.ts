import { Data } from "effect"
import type { FailureKind } from "../sql/FailureKind.ts"

/** Deadlock, lock wait timeout, record changed since it was read. */
const contentions = new Set([1213, 1205, 1020])

/**
 * What a strict server says of a value outside the classes 22 and 23: wrong value for a column, truncated, no default,
 * and a CHECK (MySQL 3819, MariaDB 4025).
 */
const ofTheData = new Set([1366, 1265, 1364, 3819, 4025])

const duplicate = 1062
const syntaxError = 1064

/** Too many connections, shutting down, killed, timed out as idle; and read-only, as after a failover. */
const goodbyes = new Set([1040, 1053, 1077, 1079, 1927, 4031, 1290, 1792, 1836])

const kindOf = (errno: number, sqlState: string): FailureKind => {
  if (errno === duplicate) return "duplicate"
  if (contentions.has(errno)) return "contention"
  return /^2[23]/.test(sqlState) || ofTheData.has(errno) ? "data" : "unknown"
}

/** What the server's own words may repeat of what a client wrote is not repeated here. */
const words = (kind: FailureKind, errno: number, sqlState: string, message: string): string => {
  if (kind === "duplicate") return "a key is taken"
  if (kind === "data") return `a value is refused (error ${errno}, SQLSTATE ${sqlState})`
  return errno === syntaxError ? `the statement is not understood (error ${errno})` : message
}

/** An error of the server or of the way to it, without the statement and its values. */
export class MysqlError extends Data.Error<{
  readonly kind: FailureKind
  /** The server's number; 0 when the server said nothing. */
  readonly errno: number
  /** The name that Node or the driver gives it. */
  readonly code: string
  readonly message: string
}> {
  /** From what mysql2 gives to its callbacks. */
  static from(cause: unknown): MysqlError {
    const { code = "", errno, message = String(cause), sqlState } = cause as {
      readonly errno?: unknown
      readonly sqlState?: string
      readonly code?: string
      readonly message?: string
    }
    // the numbers of the system's own errors are negative
    const number = typeof errno === "number" && errno > 0 ? errno : 0
    const kind = kindOf(number, sqlState ?? "")
    return new MysqlError({ kind, errno: number, code, message: words(kind, number, sqlState ?? "", message) })
  }

  /** The connection is gone, or there was none: another one may fare better. */
  get isLost(): boolean {
    return this.errno === 0 || goodbyes.has(this.errno)
  }

  /** Of what did not happen within its limit. */
  static timeout(message: string): MysqlError {
    return new MysqlError({ kind: "unknown", errno: 0, code: "ETIMEDOUT", message })
  }
}
