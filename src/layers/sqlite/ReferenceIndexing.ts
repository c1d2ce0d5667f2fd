import { SqlClient } from "@effect/sql"
import { Effect, Layer } from "effect"
import { Daemons } from "../Daemons.ts"
import { sqliteReferences } from "../sql/SqliteReferences.ts"

/** Puts the references that were accepted into their index, a few milliseconds at a time. */
export const ReferenceIndexing = Layer.scopedDiscard(Effect.gen(function*() {
  const { index } = sqliteReferences(yield* SqlClient.SqlClient)
  const daemons = yield* Daemons
  const some = Effect.catchAll(
    index,
    (error) => Effect.as(Effect.logWarning("references could not be indexed, trying again", error), false)
  )
  const next = Effect.flatMap(some, (more) => Effect.sleep(more ? "20 millis" : "500 millis"))
  yield* daemons.start("indexing of references", Effect.forever(next))
}))
