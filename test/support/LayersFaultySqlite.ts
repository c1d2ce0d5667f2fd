import Sqlite from "better-sqlite3"
import { Effect } from "effect"
import { vi } from "vitest"

/** What a disk, or a connection that ends at COMMIT, can do to a statement. */
export type Fault = "answer lost" | "not carried out"

export interface Faults {
  /** The next statements of which this is true fail, each in its way: carried out or not, the caller is told the same. */
  readonly next: (is: RegExp, ...all: ReadonlyArray<Fault>) => void
  /** How many have not happened yet. */
  readonly left: () => number
}

/** Faults of SQLite, as long as the scope lives. */
export const faultySqlite = Effect.acquireRelease(
  Effect.sync(() => {
    const faults: Array<{ readonly is: RegExp; readonly fault: Fault }> = []
    const { prepare } = Sqlite.prototype
    const watched = vi.spyOn(Sqlite.prototype, "prepare").mockImplementation(function(this: Sqlite.Database, sql) {
      const statement: Sqlite.Statement<Array<unknown>> = prepare.call(this, sql)
      const run = statement.run.bind(statement)
      statement.run = (...parameters) => {
        const next = faults[0]
        if (!next?.is.test(sql)) return run(...parameters)
        faults.shift()
        if (next.fault === "answer lost") run(...parameters)
        throw new Sqlite.SqliteError("disk I/O error", "SQLITE_IOERR")
      }
      return statement
    })
    return {
      next: (is: RegExp, ...all: ReadonlyArray<Fault>) => void faults.push(...all.map((fault) => ({ is, fault }))),
      left: () => faults.length,
      restore: () => watched.mockRestore()
    }
  }),
  (_) => Effect.sync(_.restore)
)
