import Sqlite from "better-sqlite3"
import { Effect } from "effect"
import { vi } from "vitest"

/** What a disk, or a connection that ends at COMMIT, can do to a statement. */
export type Fault = "answer lost" | "not carried out"

/**
 * Makes the next statements of SQLite that begin with these words fail, as long as the scope lives: carried out or not,
 * the caller is told the same.
 */
export const faultySqlite = Effect.acquireRelease(
  Effect.sync(() => {
    const faults: Array<{ readonly begins: string; readonly fault: Fault }> = []
    const { prepare } = Sqlite.prototype
    const watched = vi.spyOn(Sqlite.prototype, "prepare").mockImplementation(function(this: Sqlite.Database, sql) {
      const statement: Sqlite.Statement<Array<unknown>> = prepare.call(this, sql)
      const run = statement.run.bind(statement)
      statement.run = (...parameters) => {
        const next = faults[0]
        if (next === undefined || !sql.startsWith(next.begins)) return run(...parameters)
        faults.shift()
        if (next.fault === "answer lost") run(...parameters)
        throw new Sqlite.SqliteError("disk I/O error", "SQLITE_IOERR")
      }
      return statement
    })
    return {
      /** The next statements that begin so fail, each in its way. */
      next: (begins: string, ...all: ReadonlyArray<Fault>) => {
        faults.push(...all.map((fault) => ({ begins, fault })))
      },
      /** How many have not happened yet. */
      left: () => faults.length,
      restore: () => watched.mockRestore()
    }
  }),
  (_) => Effect.sync(_.restore)
)
