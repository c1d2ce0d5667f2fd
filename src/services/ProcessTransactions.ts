import { Clock, Effect, Either } from "effect"
import { decideCard, type Decision, record as recordDecision, reject } from "../domain/Transaction.ts"
import { type CardUnreadable, CardVault } from "./CardVault.ts"
import { Failpoints } from "./Failpoints.ts"
import { Log, type StoredRecord } from "./Log.ts"
import { Metrics } from "./Metrics.ts"
import { ParkRecords, type RecordToPark } from "./ParkRecords.ts"
import { Presenter, type SubmissionMessage } from "./Presenter.ts"
import { type BatchTrace, traceBatch } from "./TraceBatch.ts"
import { Tracing } from "./Tracing.ts"
import { type StoredTransaction, TransactionRepository } from "./TransactionRepository.ts"
import { writeSplitting } from "./WriteSplitting.ts"

interface Received {
  readonly record: StoredRecord
  readonly message: SubmissionMessage
}

/** Decides what arrives on `transactions`, once for each id, stores the decision and publishes it. */
export class ProcessTransactions extends Effect.Service<ProcessTransactions>()("gateway/ProcessTransactions", {
  dependencies: [ParkRecords.Default],
  effect: Effect.gen(function*() {
    const log = yield* Log
    const transactions = yield* TransactionRepository
    const vault = yield* CardVault
    const presenter = yield* Presenter
    const metrics = yield* Metrics
    const failpoints = yield* Failpoints
    const tracer = yield* Tracing
    const { park } = yield* ParkRecords

    const decideMessage = (message: SubmissionMessage): Either.Either<Decision, CardUnreadable> =>
      vault.open(message.sealedCard, message).pipe(
        Either.map((card) => decideCard(message, card, message.cvvShape)),
        Either.orElse((unreadable) =>
          message.giveUpToken !== null && vault.isGivenUp(message.giveUpToken, message.id)
            ? Either.right(reject("card_unreadable"))
            : Either.left(unreadable)
        )
      )

    const insert = Effect.fnUntraced(function*(decided: ReadonlyArray<StoredTransaction>) {
      yield* transactions.insert(decided)
      for (const { acceptedAt, decidedAt, decision } of decided) {
        metrics.decided(decision.status, decision.reason)
        metrics.acceptToDecision((decidedAt - acceptedAt) / 1000)
      }
      return decided
    })

    /** Answers the decision of every id that has one now, and what has to be parked. */
    const decideMissing = Effect.fnUntraced(function*(received: ReadonlyMap<string, Received>) {
      const stored = yield* transactions.find(Array.from(received.values(), (_) => _.message.id))
      const known = new Set<string>(stored.map((_) => _.id))
      const decidedAt = yield* Clock.currentTimeMillis
      const missing: Array<StoredTransaction> = []
      const parked: Array<RecordToPark> = []
      for (const { message, record } of received.values()) {
        if (known.has(message.id)) continue
        const decision = decideMessage(message)
        if (Either.isLeft(decision)) {
          parked.push({ id: message.id, reason: decision.left.reason, record })
          continue
        }
        missing.push({ ...recordDecision(message, decision.right, decidedAt), position: record.position })
      }
      if (missing.length === 0) return { stored, decided: [], parked }

      yield* failpoints.reach("process.before_insert")
      const { refused, written } = yield* writeSplitting(missing, insert)
      yield* failpoints.reach("process.after_insert")
      for (const { id } of refused) parked.push({ id, reason: "unstorable", record: received.get(id)!.record })
      return { stored, decided: written.flat(), parked }
    })

    const handleTraced = Effect.fnUntraced(function*(records: ReadonlyArray<StoredRecord>, trace: BatchTrace | null) {
      const received = new Map<string, Received>()
      const unreadable: Array<RecordToPark> = []
      for (const record of records) {
        const read = presenter.readSubmission(record)
        if (Either.isLeft(read)) unreadable.push({ id: read.left.id, reason: read.left.reason, record })
        else if (!received.has(read.right.id)) received.set(read.right.id, { record, message: read.right })
      }
      const { decided, parked, stored } = yield* decideMissing(received).pipe(
        Effect.retry({ while: (error) => error._tag === "AlreadyDecided" })
      )
      const traceOf = ({ id }: StoredTransaction) => presenter.traceOf(received.get(id)!.record)
      const ownTraceOf = (transaction: StoredTransaction) => {
        const parent = traceOf(transaction)
        if (trace === null || parent === null) return parent
        return trace.item("decide", parent, {
          "gateway.transaction_id": transaction.id,
          "gateway.status": transaction.decision.status
        })
      }
      const results = [
        ...stored.map((_) => presenter.result(_, traceOf(_))),
        ...decided.map((_) => presenter.result(_, ownTraceOf(_)))
      ]
      if (results.length > 0) yield* log.append("transactions_result", results)
      yield* failpoints.reach("process.after_publish")
      yield* park([...unreadable, ...parked])
      metrics.batch("process", records.length)
    })

    const handle = (records: ReadonlyArray<StoredRecord>) =>
      traceBatch(
        tracer,
        { name: "process transactions", traces: () => records.map(presenter.traceOf) },
        (trace) => handleTraced(records, trace)
      )

    return { run: log.consume({ topic: "transactions", group: "processor" }, handle), handle } as const
  })
}) {}
