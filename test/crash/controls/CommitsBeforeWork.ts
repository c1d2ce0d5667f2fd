import { SqlClient } from "@effect/sql"
import { Effect, Layer } from "effect"
import { Log, type StoredRecord } from "../../../src/services/Log.ts"
import { ResendOverdue } from "../../../src/services/ResendOverdue.ts"
import { real, runControl } from "./Gateway.ts"

/** Commits a batch's offset, and only then gives it to the handler. */
const CommittingLog = Layer.effect(
  Log,
  Effect.gen(function*() {
    const log = yield* Log
    const sql = yield* SqlClient.SqlClient

    const consume: Log["Type"]["consume"] = ({ group, topic }, handler) =>
      Effect.gen(function*() {
        const [committed] = yield* sql<{ readonly next_offset: number }>`
          SELECT next_offset FROM offsets WHERE topic = ${topic} AND consumer = ${group}`
        const commit = (records: ReadonlyArray<StoredRecord>) =>
          sql`INSERT INTO offsets (topic, consumer, next_offset)
              VALUES (${topic}, ${group}, ${records.at(-1)!.position.offset + 1})
              ON CONFLICT (topic, consumer) DO UPDATE SET next_offset = excluded.next_offset`
        return yield* log.tail(topic, new Map([[0, committed?.next_offset ?? 0]]), (records) =>
          commit(records).pipe(
            Effect.zipRight(handler(records)),
            Effect.catchAll((error) => Effect.logError("a batch was lost", error))
          ))
      }).pipe(Effect.orDie)

    return Log.of({ ...log, consume })
  })
)

runControl({
  log: CommittingLog.pipe(Layer.provideMerge(real.log)),
  resend: Layer.succeed(ResendOverdue, ResendOverdue.make({ step: Effect.void, run: Effect.never }))
})
