import { Effect } from "effect"
import { Failpoints } from "./Failpoints.ts"
import { isTooLarge, Log, type LogRecord, type StoredRecord } from "./Log.ts"
import { Metrics } from "./Metrics.ts"
import { type ParkedMessage, Presenter } from "./Presenter.ts"
import { traceIdOf } from "./Tracing.ts"

export interface RecordToPark extends ParkedMessage {
  readonly record: StoredRecord
}

/** Ids of several records that one line names at most; the database marks them all. */
const mostIds = 10

const told = ({ id, record }: RecordToPark, presenter: Presenter["Type"]) => {
  const trace = presenter.traceOf(record)
  return {
    ...(id === null ? {} : { transaction_id: id }),
    ...(trace === null ? {} : { trace_id: traceIdOf(trace) })
  }
}

/** A foreign record may be larger than what we append: where it came from is kept, and it stands there. */
const withinBound = (record: LogRecord): LogRecord => {
  if (!isTooLarge(record)) return record
  const ours = Object.entries(record.headers).filter(([name]) => name.startsWith("parked_"))
  return { key: null, value: new Uint8Array(0), headers: Object.fromEntries(ours) }
}

/** Puts records that could not be handled aside on `transactions_dead`, so that the others go on. */
export class ParkRecords extends Effect.Service<ParkRecords>()("gateway/ParkRecords", {
  effect: Effect.gen(function*() {
    const log = yield* Log
    const presenter = yield* Presenter
    const metrics = yield* Metrics
    const failpoints = yield* Failpoints

    const park = Effect.fnUntraced(function*(parked: ReadonlyArray<RecordToPark>) {
      if (parked.length === 0) return
      yield* failpoints.reach("park.before_append")
      yield* log.append(
        "transactions_dead",
        parked.map(({ id, reason, record }) => withinBound(presenter.parked(record, record, { id, reason })))
      )
      yield* failpoints.reach("park.after_append")
      for (const { reason, record } of parked) metrics.parked(record.topic, reason)
      const ids = parked.map((_) => _.id).filter((_) => _ !== null)
      yield* Effect.logWarning("parked records").pipe(
        Effect.annotateLogs({
          count: parked.length,
          reason: parked[0]!.reason,
          topic: parked[0]!.record.topic,
          ...(parked.length === 1 ? told(parked[0]!, presenter) : { transaction_ids: ids.slice(0, mostIds).join(" ") })
        })
      )
    })

    return { park } as const
  })
}) {}
