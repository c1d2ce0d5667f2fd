import { Schema } from "effect"
import { AccountId, TransactionId } from "../../domain/Ids.ts"
import type { ParkedSubmission } from "../../services/SubmissionRepository.ts"
import type { PipelineReport } from "../../services/WatchPipeline.ts"
import { Timestamp, toTimestamp } from "./TransactionResource.ts"

const lag = Schema.NullOr(Schema.Number).annotations({ description: "Null while the log cannot be asked" })

export const Pipeline = Schema.Struct({
  object: Schema.Literal("pipeline"),
  profile: Schema.Literal("embedded", "distributed"),
  undecided: Schema.Struct({ count: Schema.Int, oldest_at: Schema.NullOr(Timestamp) }),
  stages: Schema.Array(Schema.Struct({
    name: Schema.Literal("processor", "recorder"),
    lag_records: lag,
    lag_seconds: lag
  })),
  parked: Schema.Int
}).annotations({ identifier: "Pipeline" })

export const toPipeline = (
  report: PipelineReport,
  profile: "embedded" | "distributed"
): typeof Pipeline.Type => ({
  object: "pipeline",
  profile,
  undecided: {
    count: report.undecided,
    oldest_at: report.oldestAcceptedAt === null ? null : toTimestamp(report.oldestAcceptedAt)
  },
  stages: report.stages.map(({ name, records, seconds }) => ({ name, lag_records: records, lag_seconds: seconds })),
  parked: report.parked
})

export const Parked = Schema.Struct({
  id: TransactionId,
  object: Schema.Literal("parked"),
  account: AccountId,
  reason: Schema.String,
  count: Schema.Int.annotations({ description: "How often its record was parked" }),
  parked_at: Timestamp
}).annotations({ identifier: "Parked" })

export const toParked = ({ accountId, count, id, parkedAt, reason }: ParkedSubmission): typeof Parked.Type => ({
  id,
  object: "parked",
  account: accountId,
  reason,
  count,
  parked_at: toTimestamp(parkedAt)
})

export const SimulationResource = Schema.Struct({
  object: Schema.Literal("simulation"),
  decision_delay_ms: Schema.Int,
  redeliver: Schema.Boolean,
  log: Schema.Literal("up", "down")
}).annotations({ identifier: "Simulation" })
