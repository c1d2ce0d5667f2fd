import { Schema } from "effect"
import type { Bucket } from "../../services/Summarize.ts"
import { Timestamp, toTimestamp } from "./TransactionResource.ts"

export const Summary = Schema.Struct({
  object: Schema.Literal("summary"),
  data: Schema.Array(
    Schema.Struct({
      at: Timestamp.annotations({ description: "The beginning of the second or minute" }),
      accepted: Schema.Int,
      approved: Schema.Int,
      rejected: Schema.Int,
      amount: Schema.Int.annotations({ description: "Cents, of the approved" }),
      p50_ms: Schema.NullOr(Schema.Int).annotations({ description: "From acceptance to decision" }),
      p95_ms: Schema.NullOr(Schema.Int)
    }).annotations({ identifier: "Bucket" })
  )
}).annotations({ identifier: "Summary" })

export const toSummary = (buckets: ReadonlyArray<Bucket>): typeof Summary.Type => ({
  object: "summary",
  data: buckets.map(({ accepted, amount, approved, at, p50, p95, rejected }) => ({
    at: toTimestamp(at),
    accepted,
    approved,
    rejected,
    amount,
    p50_ms: p50,
    p95_ms: p95
  }))
})
