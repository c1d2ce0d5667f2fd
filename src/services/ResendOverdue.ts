import { Clock, Context, Duration, Effect, Option, Ref } from "effect"
import { ulid } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"
import { Failpoints } from "./Failpoints.ts"
import { type Group, Log, type PartitionOffsets, type Topic } from "./Log.ts"
import { Metrics } from "./Metrics.ts"
import { Presenter } from "./Presenter.ts"
import { Randomness } from "./Randomness.ts"
import { SubmissionRepository } from "./SubmissionRepository.ts"

export class ResendSettings extends Context.Reference<ResendSettings>()("gateway/ResendSettings", {
  defaultValue: () => ({
    /** Before a submission is sent again; doubles with each resend. */
    backOff: Duration.seconds(5),
    ceiling: Duration.minutes(10),
    /** Between two sweeps while nothing is left over. */
    interval: Duration.seconds(1),
    /** Submissions claimed by one statement. */
    limit: 500
  })
}) {}

/** The ends of a topic at the time of the probe. */
type Ends = ReadonlyMap<number, number>

/**
 * One look at the log: what was overdue at `startedAt` and still waited in the log has come out of it when the
 * processors have passed the noted ends of `transactions`, and then the recorders those of `transactions_result`.
 */
type Probe =
  | { readonly waitsFor: "processor"; readonly startedAt: Instant; readonly ends: Ends }
  | { readonly waitsFor: "recorder"; readonly startedAt: Instant; readonly ends: Ends }

const watched: Record<Group, Topic> = { processor: "transactions", recorder: "transactions_result" }

const endsOf = (offsets: ReadonlyArray<PartitionOffsets>): Ends => new Map(offsets.map((_) => [_.partition, _.end]))

/** A topic that was made anew ends below what was noted; a group that committed beyond its end has nothing to pass. */
const hasPassed = (offsets: ReadonlyArray<PartitionOffsets>, ends: Ends): boolean =>
  offsets.every(({ committed, end, low, partition }) => {
    const next = Math.max(committed ?? low, low)
    return next > end || next >= Math.min(ends.get(partition) ?? 0, end)
  })

/** Appends again what was accepted, is not decided, and no longer waits in the log: the one cure for every loss. */
export class ResendOverdue extends Effect.Service<ResendOverdue>()("gateway/ResendOverdue", {
  effect: Effect.gen(function*() {
    const log = yield* Log
    const submissions = yield* SubmissionRepository
    const presenter = yield* Presenter
    const randomness = yield* Randomness
    const metrics = yield* Metrics
    const failpoints = yield* Failpoints
    const settings = yield* ResendSettings
    const probe = yield* Ref.make(Option.none<Probe>())
    const mark = yield* Ref.make<Instant>(0)

    const offsetsOf = (group: Group) => log.offsets(watched[group], group)

    const moveMark = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const current = yield* Ref.get(probe)
      if (Option.isNone(current)) {
        if (!(yield* submissions.hasPastDue(now))) return
        const ends = endsOf(yield* offsetsOf("processor"))
        return yield* Ref.set(probe, Option.some<Probe>({ waitsFor: "processor", startedAt: now, ends }))
      }
      const { ends, startedAt, waitsFor } = current.value
      if (!hasPassed(yield* offsetsOf(waitsFor), ends)) return
      if (waitsFor === "processor") {
        const results = endsOf(yield* offsetsOf("recorder"))
        return yield* Ref.set(probe, Option.some<Probe>({ waitsFor: "recorder", startedAt, ends: results }))
      }
      yield* Ref.set(mark, startedAt)
      yield* Ref.set(probe, Option.none())
    })

    /** Answers how many were sent again. */
    const sweep = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      yield* failpoints.reach("resend.before_claim")
      const overdue = yield* submissions.claimOverdue({
        // a clock that was set back must not make overdue what was moved on just now
        mark: Math.min(yield* Ref.get(mark), now),
        now,
        token: ulid(now, randomness.bytes(10)),
        limit: settings.limit,
        backOff: Duration.toMillis(settings.backOff),
        ceiling: Duration.toMillis(settings.ceiling)
      })
      if (overdue.length === 0) return 0
      yield* failpoints.reach("resend.after_claim")
      yield* log.append("transactions", overdue.map((_) => presenter.submission(_)))
      yield* failpoints.reach("resend.after_append")
      metrics.resent(overdue.length)
      yield* Effect.logInfo("sent overdue submissions again").pipe(Effect.annotateLogs({ count: overdue.length }))
      return overdue.length
    })

    /** What cannot be asked or appended now is tried again after the interval. */
    const step = moveMark.pipe(
      Effect.zipRight(Effect.repeat(sweep, { while: (sent) => sent === settings.limit })),
      Effect.catchAll((error) =>
        Effect.logWarning("could not send overdue submissions again").pipe(
          Effect.annotateLogs({ error: error._tag, cause: error.message })
        )
      )
    )

    const run = step.pipe(Effect.zipRight(Effect.sleep(settings.interval)), Effect.forever)

    return { step, run } as const
  })
}) {}
