import { Clock, Effect, Either } from "effect"
import type { TransactionId } from "../domain/Ids.ts"
import { Failpoints } from "./Failpoints.ts"
import { Log, type StoredRecord } from "./Log.ts"
import { Metrics } from "./Metrics.ts"
import { ParkRecords, type RecordToPark } from "./ParkRecords.ts"
import { Presenter } from "./Presenter.ts"
import { type DecisionToRecord, type ParkedMark, SubmissionRepository } from "./SubmissionRepository.ts"
import { type BatchTrace, traceBatch } from "./TraceBatch.ts"
import { Tracing } from "./Tracing.ts"
import { writeSplitting } from "./WriteSplitting.ts"

interface Read<A> {
  readonly record: StoredRecord
  readonly value: A
}

/** Writes decisions beside their submissions, and marks the submissions whose records were parked. */
export class RecordDecisions extends Effect.Service<RecordDecisions>()("gateway/RecordDecisions", {
  dependencies: [ParkRecords.Default],
  effect: Effect.gen(function*() {
    const log = yield* Log
    const submissions = yield* SubmissionRepository
    const presenter = yield* Presenter
    const metrics = yield* Metrics
    const failpoints = yield* Failpoints
    const tracer = yield* Tracing
    const { park } = yield* ParkRecords

    const recordTraced = Effect.fnUntraced(function*(records: ReadonlyArray<StoredRecord>, trace: BatchTrace | null) {
      const results = new Map<TransactionId, Read<DecisionToRecord>>()
      const parked: Array<RecordToPark> = []
      for (const record of records) {
        const read = presenter.readResult(record)
        if (Either.isLeft(read)) parked.push({ id: read.left.id, reason: read.left.reason, record })
        else if (!results.has(read.right.id)) results.set(read.right.id, { record, value: read.right })
      }
      const aside = (id: TransactionId, reason: "unknown_submission" | "unstorable") =>
        parked.push({ id, reason, record: results.get(id)!.record })

      if (results.size > 0) {
        const recordedAt = yield* Clock.currentTimeMillis
        yield* failpoints.reach("record.before_update")
        const { refused, written } = yield* writeSplitting(
          Array.from(results.values(), (_) => _.value),
          (decisions) => submissions.record(decisions, recordedAt)
        )
        yield* failpoints.reach("record.after_update")
        const unknown = written.flat()
        metrics.recorded(results.size - unknown.length - refused.length)
        if (trace !== null) {
          const asideNow = new Set([...unknown, ...refused.map(({ id }) => id)])
          for (const { record, value: { id } } of results.values()) {
            const parent = presenter.traceOf(record)
            if (parent !== null && !asideNow.has(id)) trace.item("record", parent, { "gateway.transaction_id": id })
          }
        }
        for (const id of unknown) aside(id, "unknown_submission")
        for (const { id } of refused) aside(id, "unstorable")
      }
      yield* park(parked)
      metrics.batch("record", records.length)
    })

    const recordDecisions = (records: ReadonlyArray<StoredRecord>) =>
      traceBatch(
        tracer,
        { name: "process transactions_result", traces: () => records.map(presenter.traceOf) },
        (trace) => recordTraced(records, trace)
      )

    /** A record of this topic that names no submission is foreign: counted where it was parked, and done. */
    const markParked = Effect.fnUntraced(function*(records: ReadonlyArray<StoredRecord>) {
      const marks = new Map<TransactionId, ParkedMark>()
      for (const record of records) {
        const read = presenter.readParked(record)
        if (Either.isLeft(read) || read.right.id === null) continue
        const { id, reason } = read.right
        marks.set(id, { id, reason, position: record.position })
      }
      if (marks.size === 0) return
      yield* failpoints.reach("park.before_mark")
      yield* writeSplitting(Array.from(marks.values()), submissions.markParked)
      yield* failpoints.reach("park.after_mark")
    })

    return {
      recordDecisions,
      markParked,
      run: Effect.raceFirst(
        log.consume({ topic: "transactions_result", group: "recorder" }, recordDecisions),
        log.consume({ topic: "transactions_dead", group: "recorder" }, markParked)
      )
    } as const
  })
}) {}
