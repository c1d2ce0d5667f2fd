import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Cause, Effect, Layer } from "effect"
import { CannotStart } from "../CannotStart.ts"
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
  yield* sql`PRAGMA cache_size = -65536`
})

const unusable = (filename: string) => (cause: Cause.Cause<unknown>) =>
  Effect.fail(
    new CannotStart({
      sentence: `${filename} cannot be opened (${reasonOf(cause)}): ${remedyOf(cause)}.`
    })
  )

const reasonOf = (cause: Cause.Cause<unknown>) => {
  const error = Cause.squash(cause)
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return inner instanceof Error ? inner.message : String(inner)
}

const remedyOf = (cause: Cause.Cause<unknown>) => {
  const reason = reasonOf(cause)
  if (/full|disk I\/O/i.test(reason)) return "make space on its disk"
  if (/malformed|not a database/i.test(reason)) return "restore it from your backup"
  return "check that this user may read and write it"
}

/** One file of the embedded profile, in WAL mode, with one connection. */
export const sqliteDatabase = (name: "gateway" | "processor" | "log", durability: Durability) =>
  Layer.unwrapEffect(Effect.map(DataDir.file(name), (filename) =>
    Layer.effectDiscard(pragmas(durability)).pipe(
      Layer.provideMerge(SqliteClient.layer({ filename })),
      Layer.catchAllCause((cause) => Layer.effect(SqlClient.SqlClient, unusable(filename)(cause)))
    )))

/** For reading beside the process that owns the file. */
export const readOnlySqliteDatabase = (name: "gateway" | "processor") =>
  Layer.unwrapEffect(
    Effect.map(DataDir.file(name), (filename) =>
      SqliteClient.layer({ filename, readonly: true, disableWAL: true }).pipe(
        Layer.catchAllCause((cause) => Layer.effect(SqlClient.SqlClient, unusable(filename)(cause)))
      ))
  )
