import { Effect, Either, Layer } from "effect"
import type { Card } from "../../src/domain/Card.ts"
import { Daemons } from "../../src/layers/Daemons.ts"
import { JsonPresenter } from "../../src/layers/JsonPresenter.ts"
import { Audit } from "../../src/services/Audit.ts"
import { Authenticate } from "../../src/services/Authenticate.ts"
import { AwaitDecision, WaitSettings } from "../../src/services/AwaitDecision.ts"
import { CardVault } from "../../src/services/CardVault.ts"
import { CompareDecisions } from "../../src/services/CompareDecisions.ts"
import { CreateAccount } from "../../src/services/CreateAccount.ts"
import { Log, type StoredRecord, type Topic } from "../../src/services/Log.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { ProcessTransactions } from "../../src/services/ProcessTransactions.ts"
import { RecordDecisions } from "../../src/services/RecordDecisions.ts"
import { ResendOverdue, ResendSettings } from "../../src/services/ResendOverdue.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { SubmitTransaction } from "../../src/services/SubmitTransaction.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { eventually, ownTime } from "./LayersEventually.ts"
import { cryptography } from "./LayersKeys.ts"
import { recordedMetrics } from "./LayersMetrics.ts"
import { cardOf, submissionOf } from "./LayersSamples.ts"
import { memoryGateway, memoryLog, memoryProcessor, sqliteGateway, sqliteLog, sqliteProcessor } from "./LayersSqlite.ts"

/** What a test puts between the use cases and the layers under them. */
export interface Wrapped {
  readonly log?: (log: Log["Type"]) => Log["Type"]
  readonly submissions?: (of: SubmissionRepository["Type"]) => SubmissionRepository["Type"]
  readonly transactions?: (of: TransactionRepository["Type"]) => TransactionRepository["Type"]
  readonly vault?: (of: CardVault["Type"]) => CardVault["Type"]
  readonly resend?: Partial<ResendSettings["Type"]>
  readonly waits?: Partial<WaitSettings["Type"]>
  /** A folder for the databases, which live in memory without it. */
  readonly folder?: string
}

const same = <A>(_: A) => _

/** Every use case on databases in memory, and what was counted. */
export const pipeline = (
  { folder, log = same, resend = {}, submissions = same, transactions = same, vault = same, waits = {} }: Wrapped = {}
) => {
  const { counted, layer: metrics } = recordedMetrics()
  const databases = folder === undefined
    ? Layer.mergeAll(memoryGateway, memoryProcessor, memoryLog)
    : Layer.mergeAll(
      sqliteGateway(folder),
      sqliteProcessor(folder),
      sqliteLog(folder)
    )
  const under = Layer.mergeAll(databases, JsonPresenter, cryptography("k1")).pipe(
    Layer.provideMerge(Layer.merge(metrics, Daemons.Default))
  )
  const between = Layer.mergeAll(
    Layer.effect(Log, Effect.map(Log, log)),
    Layer.effect(SubmissionRepository, Effect.map(SubmissionRepository, submissions)),
    Layer.effect(TransactionRepository, Effect.map(TransactionRepository, transactions)),
    Layer.effect(CardVault, Effect.map(CardVault, vault))
  ).pipe(Layer.provideMerge(under))
  const layer = Layer.mergeAll(
    SubmitTransaction.Default,
    ProcessTransactions.Default,
    RecordDecisions.Default,
    ResendOverdue.Default,
    AwaitDecision.Default,
    Authenticate.Default,
    CreateAccount.Default,
    Audit.Default,
    CompareDecisions.Default
  ).pipe(
    Layer.provideMerge(between),
    Layer.provide(
      Layer.mergeAll(
        Layer.effect(ResendSettings, Effect.map(ResendSettings, (_) => ({ ..._, ...resend }))),
        Layer.effect(WaitSettings, Effect.map(WaitSettings, (_) => ({ ..._, ...waits })))
      )
    )
  )
  return { counted, layer }
}

/** All that a topic holds. */
export const recordsOf = Effect.fnUntraced(function*(topic: Topic) {
  const log = yield* Log
  const [{ end, low } = { end: 0, low: 0 }] = yield* log.lag(topic, "processor")
  const seen: Array<StoredRecord> = []
  const reading = log.tail(topic, new Map([[0, low]]), (records) => Effect.sync(() => void seen.push(...records)))
  yield* Effect.raceFirst(
    reading,
    eventually(
      `${end - low} records of ${topic} are read`,
      Effect.sync(() => seen.length),
      (_) => _ >= end - low,
      ownTime()
    )
  )
  return seen
})

/** The decisions on `transactions_result`, oldest first. */
export const published = Effect.gen(function*() {
  const presenter = yield* Presenter
  return (yield* recordsOf("transactions_result")).map((_) => Either.getOrThrow(presenter.readResult(_)))
})

/** The decisions that are stored, in the order of ids. */
export const stored = Effect.flatMap(TransactionRepository, (_) => _.list(null, 1_000))

let offset = 0

/** A submission, and the record that the processor would be given for it. */
export const receivedOf = Effect.fnUntraced(function*(
  part: Parameters<typeof submissionOf>[0] = {},
  card: Card = cardOf()
) {
  const vault = yield* CardVault
  const presenter = yield* Presenter
  const bare = submissionOf(part)
  const { keyId, sealed } = yield* vault.seal(card, bare)
  const submission = { ...bare, keyId, sealedCard: sealed }
  const record: StoredRecord = {
    ...presenter.submission(submission),
    topic: "transactions",
    position: { partition: 0, offset: offset++, appendedAt: submission.acceptedAt + 1 }
  }
  return { submission, record }
})
