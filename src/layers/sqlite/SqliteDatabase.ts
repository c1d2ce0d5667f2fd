import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { type Cause, Effect, Layer } from "effect"
import { refuseDatabase } from "../DatabaseRefusal.ts"
import { DataDir } from "./DataDir.ts"

export interface Durability {
  /** FULL: a commit survives a power cut. NORMAL: it survives kill -9, and a power cut loses a tail. */
  readonly synchronous: "FULL" | "NORMAL"
}

const pragmas = Effect.fnUntraced(function*({ synchronous }: Durability) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`PRAGMA synchronous = ${sql.literal(synchronous)}`
  // what is deleted or cleared, a sealed card above all, is overwritten in the file
  yield* sql`PRAGMA secure_delete = ON`
  // KiB: what is appended touches the right edge of every tree, and a cache that fills slowly looks like a leak
  yield* sql`PRAGMA cache_size = -8192`
})

/** The client remembers a failed `prepare` as long as a good one. */
const prepareCacheTTL = "10 seconds"

/** The log is not the truth: without it what is undecided is sent again. */
export const logRemedy = "delete log.sqlite and the files beside it, and what is undecided is sent again"

const unusable = (name: "gateway" | "processor" | "log", filename: string) => (cause: Cause.Cause<unknown>) =>
  Layer.fail(name === "log" ? refuseDatabase(filename, cause, logRemedy) : refuseDatabase(filename, cause))

/** One file of the embedded profile, in WAL mode, with one connection. */
export const sqliteDatabase = (name: "gateway" | "processor" | "log", durability: Durability) =>
  Layer.unwrapEffect(Effect.map(DataDir.file(name), (filename) =>
    Layer.effectDiscard(pragmas(durability)).pipe(
      Layer.provideMerge(SqliteClient.layer({ filename, prepareCacheTTL })),
      Layer.catchAllCause(unusable(name, filename))
    )))

/** For reading beside the process that owns the file. */
export const readOnlySqliteDatabase = (name: "gateway" | "processor") =>
  Layer.unwrapEffect(
    Effect.map(DataDir.file(name), (filename) =>
      SqliteClient.layer({ filename, readonly: true, disableWAL: true }).pipe(
        Layer.catchAllCause(unusable(name, filename))
      ))
  )
