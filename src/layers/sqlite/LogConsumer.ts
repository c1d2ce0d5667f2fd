import type { SqlError } from "@effect/sql/SqlError"
import { Cause, Clock, Duration, Effect, Fiber, Schedule } from "effect"
import type { Group, Handler, TailFrom, Topic } from "../../services/Log.ts"
import type { Metrics } from "../../services/Metrics.ts"
import { type LogStore, maxRecords, partition } from "./LogStore.ts"

const commitInterval = Duration.seconds(1)
/** Records of a batch from which on the next one may wait. */
const crowd = 32
/** How long an interrupted consumer may take to end the batch it has in hand. */
const batchGrace = Duration.seconds(2)

const retry = Schedule.exponential("50 millis").pipe(Schedule.union(Schedule.spaced("5 seconds")))

const insisting = <A, R>(what: string, effect: Effect.Effect<A, SqlError, R>) =>
  effect.pipe(
    Effect.tapError((error) => Effect.logWarning(`${what} failed, trying again`, error)),
    Effect.retry(retry),
    Effect.orDie
  )

/**
 * The batch in hand is ended before an interruption is; one that does not end is left to be given again. A daemon,
 * because an interruption is passed on to children at once.
 */
const atBatchBoundary = <E, R>(handling: Effect.Effect<void, E, R>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDaemon(restore(handling)), (fiber) =>
      restore(Fiber.join(fiber)).pipe(
        Effect.onInterrupt(() =>
          Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), batchGrace).pipe(
            Effect.zipRight(Fiber.interrupt(fiber))
          )
        )
      ))
  )

/**
 * Gives a topic's records to a group's handler, batch after batch, and commits its offset at most once a second. A batch
 * that is not full is not given before `pace` has passed since the last, if that was a crowd: under load fewer and larger
 * batches share their flushes, and what arrives alone, or among few, is given at once.
 */
export const consume = (store: LogStore, pace: Duration.Duration, metrics: Metrics["Type"]) =>
  Effect.fnUntraced(function*<E, R>(
    options: { readonly topic: Topic; readonly group: Group },
    handler: Handler<E, R>
  ) {
    const { group, topic } = options
    const started = yield* insisting("reading the committed offset", store.readCommitted(topic, group))
    let next = yield* insisting("reading the log", store.clamp(topic, started))
    let committed = started
    let givenAt = 0
    let given = 0
    let failed = false
    const interval = Duration.toMillis(pace)
    const commit = Effect.suspend(() => {
      const reached = next
      if (reached === committed) return Effect.void
      return Effect.map(store.writeCommitted(topic, group, reached), () => {
        committed = reached
      })
    })

    const give = Effect.fnUntraced(function*() {
      yield* store.untilAppended(topic, next)
      // never longer than the pace, should the clock be set back
      const early = Math.min(givenAt + interval - (yield* Clock.currentTimeMillis), interval)
      const waiting = store.endOf(topic) - next
      if (early > 0 && given >= crowd && waiting < maxRecords) yield* Effect.sleep(early)
      givenAt = yield* Clock.currentTimeMillis
      const { next: after, records } = yield* insisting("reading the log", store.readFrom(topic, next))
      if (records.length === 0) {
        if (after === next) yield* Effect.sleep(commitInterval)
        next = yield* insisting("reading the log", store.clamp(topic, after))
        return
      }
      given = records.length
      yield* atBatchBoundary(
        Effect.tap(handler(records), () =>
          Effect.sync(() => {
            next = after
          }))
      ).pipe(
        Effect.tapErrorCause((cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.void
            : Effect.sync(() => {
              metrics.batchFailed(options)
              if (!failed) metrics.paused(options, 1)
              failed = true
            }).pipe(
              Effect.zipRight(Effect.logWarning(`handling ${topic} failed, trying again`, cause)),
              Effect.annotateLogs({ group, records: records.length })
            )
        ),
        Effect.retry(retry),
        Effect.orDie
      )
      if (failed) metrics.paused(options, -1)
      failed = false
    })

    const commitLazily = commit.pipe(
      Effect.catchAll((error) => Effect.logWarning("committing an offset failed, trying again", error)),
      Effect.repeat(Schedule.spaced(commitInterval))
    )
    const commitLast = Effect.catchAll(commit, (error) => Effect.logWarning("committing an offset failed", error))
    return yield* Effect.acquireUseRelease(
      Effect.fork(Effect.interruptible(commitLazily)),
      () => Effect.forever(give()),
      (committing) =>
        Effect.sync(() => failed && metrics.paused(options, -1)).pipe(
          Effect.zipRight(Fiber.interrupt(committing)),
          Effect.zipRight(commitLast)
        )
    )
  })

/** Gives a topic's records to a handler that belongs to no group. */
export const tail = (store: LogStore) =>
  Effect.fnUntraced(function*<R>(topic: Topic, from: TailFrom, handler: Handler<never, R>) {
    const end = store.endOf(topic)
    let next = from === "end"
      ? end
      : yield* insisting("reading the log", store.clamp(topic, from.get(partition) ?? end))
    for (;;) {
      yield* store.untilAppended(topic, next)
      const { next: after, records } = yield* insisting("reading the log", store.readFrom(topic, next))
      if (records.length === 0) {
        if (after === next) yield* Effect.sleep(commitInterval)
        next = yield* insisting("reading the log", store.clamp(topic, after))
        continue
      }
      yield* handler(records)
      next = after
    }
  })
