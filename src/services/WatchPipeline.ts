import { Effect, Option } from "effect"
import { type Group, Log, type Topic } from "./Log.ts"
import { type Backlog, SubmissionRepository } from "./SubmissionRepository.ts"

export interface StageLag {
  readonly name: "processor" | "recorder"
  /** Of all partitions; null while the log cannot be asked. */
  readonly records: number | null
  /** Age of the oldest record, in seconds. */
  readonly seconds: number | null
}

export interface PipelineReport extends Backlog {
  readonly stages: ReadonlyArray<StageLag>
}

const stages = [
  { name: "processor", topic: "transactions" },
  { name: "recorder", topic: "transactions_result" }
] as const satisfies ReadonlyArray<{ readonly name: Group; readonly topic: Topic }>

/** A log that does not answer within this is not asked any longer. */
const patience = "3 seconds"

/** Tells how much waits at every stage. */
export class WatchPipeline extends Effect.Service<WatchPipeline>()("gateway/WatchPipeline", {
  effect: Effect.gen(function*() {
    const log = yield* Log
    const submissions = yield* SubmissionRepository

    const lagOf = ({ name, topic }: typeof stages[number]) =>
      log.lag(topic, name).pipe(
        Effect.map((partitions): StageLag => ({
          name,
          records: partitions.reduce((sum, { committed, end, low }) => sum + end - Math.max(committed ?? low, low), 0),
          seconds: partitions.reduce((most, { seconds }) => Math.max(most, seconds), 0)
        })),
        Effect.timeoutOption(patience),
        Effect.map(Option.getOrElse((): StageLag => ({ name, records: null, seconds: null }))),
        Effect.catchTag("LogUnavailable", () => Effect.succeed<StageLag>({ name, records: null, seconds: null }))
      )

    const report = Effect.gen(function*() {
      const backlog = yield* submissions.backlog
      return {
        ...backlog,
        stages: yield* Effect.forEach(stages, lagOf, { concurrency: "unbounded" })
      } satisfies PipelineReport
    })

    return { report } as const
  })
}) {}
