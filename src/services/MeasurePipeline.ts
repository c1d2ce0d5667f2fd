import { Clock, Duration, Effect } from "effect"
import { type Group, Log, type Topic } from "./Log.ts"
import { Metrics } from "./Metrics.ts"
import { SubmissionRepository } from "./SubmissionRepository.ts"

const readers = [
  { topic: "transactions", group: "processor" },
  { topic: "transactions_result", group: "recorder" },
  { topic: "transactions_dead", group: "recorder" }
] as const satisfies ReadonlyArray<{ readonly topic: Topic; readonly group: Group }>

const interval = Duration.seconds(5)
/** What does not answer within this is asked again next time, and its gauges stay as they are. */
const patience = Duration.seconds(3)
const tooLate = { message: `no answer within ${Duration.format(patience)}` }
/** A question is asked for no more than this part of the time: its cost grows with what waits. */
const share = 0.02
const longest = Duration.minutes(1)

/**
 * Asks now and then what the metrics tell of the database and the log, beside all that has to be done. A scrape asks
 * nobody: it answers when they are away.
 */
export class MeasurePipeline extends Effect.Service<MeasurePipeline>()("gateway/MeasurePipeline", {
  effect: Effect.gen(function*() {
    const log = yield* Log
    const submissions = yield* SubmissionRepository
    const metrics = yield* Metrics

    const backlog = Effect.gen(function*() {
      const { oldestAcceptedAt, parked, undecided } = yield* submissions.backlog
      const reasons = parked === 0 ? new Map<never, number>() : yield* submissions.parkedReasonCounts
      const at = yield* Clock.currentTimeMillis
      const oldestAge = oldestAcceptedAt === null ? 0 : Math.max(0, at - oldestAcceptedAt) / 1000
      metrics.backlog({ undecided, oldestAge, parked: reasons, at })
    })

    const lagOf = Effect.fnUntraced(function*({ group, topic }: typeof readers[number]) {
      const partitions = yield* log.lag(topic, group)
      metrics.lag(topic, group, partitions, yield* Clock.currentTimeMillis)
    })

    /** Answers how long it was asked; nothing where it was refused at once. */
    const asked = <E extends { readonly message: string }>(what: string, question: Effect.Effect<void, E>) =>
      Effect.timed(question).pipe(
        Effect.map(([took]) => took),
        Effect.timeoutFail({ duration: patience, onTimeout: () => tooLate }),
        Effect.catchAll((error) =>
          Effect.logDebug(`could not measure ${what}`).pipe(
            Effect.annotateLogs({ cause: error.message }),
            Effect.as(error === tooLate ? patience : Duration.zero)
          )
        )
      )

    const repeatedly = <E extends { readonly message: string }>(what: string, question: Effect.Effect<void, E>) =>
      asked(what, question).pipe(
        Effect.flatMap((took) =>
          Effect.sleep(Duration.clamp(Duration.times(took, 1 / share), { minimum: interval, maximum: longest }))
        ),
        Effect.forever
      )

    const questions = [
      ["the backlog", backlog] as const,
      ...readers.map((reader) => [`the lag of ${reader.topic}`, lagOf(reader)] as const)
    ]

    return {
      run: Effect.forEach(questions, ([what, question]) => repeatedly<{ readonly message: string }>(what, question), {
        concurrency: "unbounded"
      })
    } as const
  })
}) {}
