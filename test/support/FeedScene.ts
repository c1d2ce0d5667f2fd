import { Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import type { AccountId, TransactionId } from "../../src/domain/Ids.ts"
import { JsonPresenter } from "../../src/layers/JsonPresenter.ts"
import { EventFeed, type FeedEvent } from "../../src/services/EventFeed.ts"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { Log, LogUnavailable, type PartitionOffsets, type StoredRecord, type Topic } from "../../src/services/Log.ts"
import { Presenter } from "../../src/services/Presenter.ts"
import { type StoredSubmission, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { FeedSettings, TailedEventFeed } from "../../src/services/TailedEventFeed.ts"
import { eventually, turn } from "./LayersEventually.ts"
import { approved, noon, position, submissionOf, textRecord, transactionOf } from "./LayersSamples.ts"

const presenter = Effect.runSync(Effect.provide(Presenter, JsonPresenter))

interface Partition {
  low: number
  records: Array<StoredRecord>
  /** Of the recorder or the processor. */
  committed: number | null
}

/** A log of several partitions, and the gateway's rows, both in the test's hand; any number of feeds may read them. */
export const feedWorld = (partitions = 1) => {
  const topics = new Map<Topic, Array<Partition>>()
  const rows = new Map<TransactionId, StoredSubmission>()
  const sleepers = new Set<() => void>()
  const counts = { reads: 0, asked: [] as Array<ReadonlyArray<TransactionId>>, tails: 0 }
  const state = { logDown: false, storageDown: false }
  let appendedAt = noon

  const make = (topic: Topic) =>
    topics.set(topic, Array.from({ length: partitions }, () => ({ low: 0, records: [], committed: null })))
  make("transactions")
  make("transactions_result")
  const partOf = (topic: Topic, partition: number) => topics.get(topic)![partition]!
  const wake = () => {
    for (const sleeper of Array.from(sleepers)) sleeper()
  }

  const append = (topic: Topic, partition: number, record: Parameters<typeof presenter.accountOf>[0]) => {
    const part = partOf(topic, partition)
    const offset = part.low + part.records.length
    part.records.push({ ...record, topic, position: { partition, offset, appendedAt: ++appendedAt } })
    wake()
    return offset
  }

  const partitionOf = (id: TransactionId) => id.charCodeAt(id.length - 1) % partitions

  return {
    state,
    counts,
    rows,
    wake,
    partitionOf,

    /** Its row, and its record unless it is told otherwise. */
    accept: (
      accountId: AccountId,
      { append: appends = true, row = true }: { readonly append?: boolean; readonly row?: boolean } = {}
    ) => {
      const submission = submissionOf({ accountId })
      if (row) rows.set(submission.id, { ...submission, recorded: null })
      if (appends) append("transactions", partitionOf(submission.id), presenter.submission(submission))
      return submission
    },
    resend: (submission: StoredSubmission | ReturnType<typeof submissionOf>) =>
      append("transactions", partitionOf(submission.id), presenter.submission(submission)),
    record: (id: TransactionId) => {
      const row = rows.get(id)!
      rows.set(id, {
        ...row,
        recorded: { decision: approved, decidedAt: noon + 20, recordedAt: noon + 30, position: position(7) }
      })
    },
    /** The decision's record; its account is the message's to say. */
    publish: ({ accountId, id }: { readonly accountId: AccountId; readonly id: TransactionId }) =>
      append("transactions_result", partitionOf(id), presenter.result(transactionOf({ id, accountId }))),
    foreign: (topic: Topic, partition = 0, key: string | null = null) =>
      append(topic, partition, textRecord("{}", key)),
    commit: (topic: Topic, partition: number, offset: number) => {
      partOf(topic, partition).committed = offset
    },
    /** The oldest records of a partition are no longer kept. */
    expire: (topic: Topic, partition: number, low: number) => {
      const part = partOf(topic, partition)
      part.records.splice(0, low - part.low)
      part.low = low
    },
    makeAnew: (topic: Topic) => {
      make(topic)
      wake()
    },

    /** One process over this log. What is beyond its limits does not come to it yet. */
    replica: ({ batch = () => 250, kept, remembered }: {
      readonly batch?: () => number
      readonly kept?: number
      readonly remembered?: number
    } = {}) => {
      const limits = new Map<string, number>()
      const limitOf = (topic: Topic, partition: number) => limits.get(`${topic}/${partition}`) ?? Infinity
      const log = Layer.mock(Log, {
        offsets: (topic) =>
          Effect.suspend(() =>
            state.logDown
              ? new LogUnavailable({ cause: "down" })
              : Effect.succeed(
                topics.get(topic)!.map(({ committed, low, records }, partition): PartitionOffsets => ({
                  partition,
                  low,
                  end: low + records.length,
                  committed
                }))
              )
          ),
        tail: (topic, from, handler) => {
          const run = Effect.fnUntraced(function*(partition: number) {
            let next = from === "end" ? 0 : from.get(partition) ?? 0
            for (;;) {
              const part = partOf(topic, partition)
              const end = part.low + part.records.length
              // what a consumer does whose offset is out of range
              if (next > end || next < part.low) next = part.low
              const to = Math.min(end, next + batch(), limitOf(topic, partition))
              if (to <= next) {
                yield* Effect.async<void>((resume) => {
                  const sleeper = () => {
                    sleepers.delete(sleeper)
                    resume(Effect.void)
                  }
                  sleepers.add(sleeper)
                  return Effect.sync(() => sleepers.delete(sleeper))
                })
                continue
              }
              yield* handler(part.records.slice(next - part.low, to - part.low))
              next = to
            }
          })
          return Effect.suspend(() => {
            counts.tails++
            return Effect.zipRight(
              Effect.forEach(topics.get(topic)!.keys(), run, { concurrency: "unbounded", discard: true }),
              Effect.never
            ).pipe(Effect.ensuring(Effect.sync(() => counts.tails--)))
          })
        }
      })
      const submissions = Layer.mock(SubmissionRepository, {
        findMany: (ids) =>
          Effect.suspend(() => {
            if (state.storageDown) return new StorageUnavailable({ cause: "down" })
            counts.reads++
            counts.asked.push(ids)
            return Effect.succeed(ids.flatMap((id) => rows.get(id) ?? []))
          })
      })
      const layer = TailedEventFeed.pipe(
        Layer.provide(Layer.mergeAll(log, submissions, JsonPresenter)),
        Layer.provide(
          Layer.effect(
            FeedSettings,
            Effect.map(FeedSettings, (_) => ({ ..._, kept: kept ?? _.kept, remembered: remembered ?? _.remembered }))
          )
        )
      )
      return {
        layer,
        limit: (topic: Topic, partition: number, offset: number) => {
          limits.set(`${topic}/${partition}`, offset)
          wake()
        },
        /** Builds it for the scope of the test. */
        start: Effect.map(Layer.build(layer), Context.get(EventFeed))
      }
    }
  }
}

export type FeedWorld = ReturnType<typeof feedWorld>

/** What one hearer was told. */
export const listening = Effect.fnUntraced(function*(
  feed: EventFeed["Type"],
  scope: AccountId | "all",
  after: string | null = null,
  ready: Effect.Effect<void> = Effect.void
) {
  const heard = {
    begins: [] as Array<string>,
    resets: [] as Array<string>,
    passes: [] as Array<string>,
    arrays: [] as Array<ReadonlyArray<FeedEvent>>
  }
  const scopeOfIt = yield* Scope.make()
  const fiber = yield* Effect.forkIn(
    feed.listen({
      scope,
      after,
      begin: (cursor) => heard.begins.push(cursor),
      reset: (cursor) => heard.resets.push(cursor),
      pass: (cursor) => heard.passes.push(cursor),
      hear: (events) => heard.arrays.push(events),
      ready
    }),
    scopeOfIt
  )
  yield* Effect.addFinalizer(() => Scope.close(scopeOfIt, Exit.void))
  const events = () => heard.arrays.flat()
  const told = () => events().map(({ submission, type }) => `${type.slice("transaction.".length)} ${submission.id}`)
  return {
    ...heard,
    events,
    told,
    /** Where it would go on from. */
    cursor: () => events().at(-1)?.cursor ?? heard.resets.at(-1) ?? heard.begins.at(-1)!,
    leave: Fiber.interrupt(fiber),
    begun: eventually("it begins", Effect.sync(() => heard.begins.length + heard.resets.length), (_) => _ > 0),
    hears: (...expected: ReadonlyArray<string>) =>
      eventually("it hears", Effect.sync(told), (_) => _.length >= expected.length)
  }
})

/** Everything that can be done with no time passing is done. */
export const rest = Effect.repeatN(turn, 3)

export const accepted = ({ id }: { readonly id: TransactionId }) => `accepted ${id}`
export const decided = ({ id }: { readonly id: TransactionId }) => `approved ${id}`
