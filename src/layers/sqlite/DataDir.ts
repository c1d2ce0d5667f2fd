import Sqlite from "better-sqlite3"
import { Array as Arr, Config, Context, Effect, Layer } from "effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { CannotStart } from "../CannotStart.ts"
import { DataDirSettings } from "../Settings.ts"

/** The folder of the embedded profile. */
export class DataDir extends Context.Tag("gateway/DataDir")<DataDir, {
  /** Absolute. */
  readonly path: string
  /** Whether it held databases when the process started. */
  readonly hasDatabases: boolean
}>() {
  static readonly file = (name: "gateway" | "processor" | "log") =>
    Effect.map(DataDir, (_) => path.join(_.path, `${name}.sqlite`))
}

const ours = /^(lock|keys\.json|demo-credential\.json|(gateway|processor|log)\.sqlite(-wal|-shm)?)$/

const prepare = (folder: string) =>
  Effect.try({
    try: () => {
      // the last folder only: a parent that is missing is a volume that was not mounted
      if (!fs.existsSync(folder)) fs.mkdirSync(folder, { mode: 0o700 })
      if (!fs.statSync(folder).isDirectory()) throw new Error("it is not a folder")
      fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
      for (const name of fs.readdirSync(folder)) {
        // SQLite would open a file that may only be read, and say so at the first write
        if (ours.test(name)) fs.accessSync(path.join(folder, name), fs.constants.R_OK | fs.constants.W_OK)
      }
    },
    catch: (cause) =>
      new CannotStart({
        sentence: `DATA_DIR ${folder} cannot be used (${
          messageOf(cause)
        }): name a folder that this user may write to, whose parent exists.`
      })
  })

const messageOf = (cause: unknown) => cause instanceof Error ? cause.message : String(cause)

/** An exclusive SQLite transaction, held as long as the process lives: the system frees it even after kill -9. */
const lock = (folder: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const database = new Sqlite(path.join(folder, "lock"), { timeout: 0 })
        database.exec("BEGIN EXCLUSIVE")
        return database
      },
      catch: (cause) =>
        new CannotStart({
          sentence: isBusy(cause)
            ? `Another process uses DATA_DIR ${folder}: stop it first, or give this one a folder of its own.`
            : `DATA_DIR ${folder} cannot be locked (${messageOf(cause)}): make it writable, with space left.`
        })
    }),
    (database) => Effect.sync(() => database.close())
  )

const isBusy = (cause: unknown) => cause instanceof Sqlite.SqliteError && cause.code.startsWith("SQLITE_BUSY")

const resolve = Config.map(DataDirSettings, (folder) => path.resolve(folder))

const databases = [{ name: "gateway.sqlite", rows: "submissions" }, { name: "processor.sqlite", rows: "transactions" }]

const isRollback = (cause: unknown) => cause instanceof Sqlite.SqliteError && cause.code === "SQLITE_READONLY_ROLLBACK"

/** Without a row it may be what a first start left that was killed. */
const holds = (file: string, table: string): boolean => {
  const database = new Sqlite(file, { readonly: true })
  try {
    return database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined
  } catch (error) {
    // a database that was used is in WAL mode, and has no journal to roll back
    return !(isRollback(error) || /no such table/.test(messageOf(error)))
  } finally {
    database.close()
  }
}

/** One of two databases cannot be made anew beside the other: what it held would be gone without a word. */
const locate = Effect.fnUntraced(function*(folder: string) {
  const [missing, present] = Arr.partition(
    databases.map(({ name, rows }) => ({ file: path.join(folder, name), rows })),
    ({ file }) => (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0
  )
  const used = present.find(({ file, rows }) => missing.length > 0 && holds(file, rows))
  if (used !== undefined) {
    return yield* new CannotStart({
      sentence: `${missing[0]!.file} is missing or empty although ${used.file} is in use: restore it from your backup.`
    })
  }
  return { path: folder, hasDatabases: present.length > 0 }
})

/** Belongs to this process alone. */
export const LockedDataDir = Layer.scoped(
  DataDir,
  Effect.gen(function*() {
    const folder = yield* resolve
    // sealed cards and secrets: for this user alone
    process.umask(0o077)
    yield* prepare(folder)
    yield* lock(folder)
    return yield* locate(folder)
  })
)

/** For reading beside the process that owns it. */
export const SharedDataDir = Layer.effect(
  DataDir,
  Effect.gen(function*() {
    const folder = yield* locate(yield* resolve)
    if (!folder.hasDatabases) {
      return yield* new CannotStart({
        sentence: `DATA_DIR ${folder.path} holds no databases: name the folder of the gateway that you mean.`
      })
    }
    return folder
  })
)
