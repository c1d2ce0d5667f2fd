import { Schema } from "effect"
import type { AuditReport } from "../../services/Audit.ts"
import { Timestamp, toTimestamp } from "./TransactionResource.ts"

export const AuditResource = Schema.Struct({
  object: Schema.Literal("audit"),
  at: Timestamp,
  accepted: Schema.Int,
  decided: Schema.Int,
  undecided: Schema.Int,
  oldest_undecided_at: Schema.NullOr(Timestamp),
  parked: Schema.Int,
  undecided_by_key: Schema.Array(Schema.Struct({ key_id: Schema.String, count: Schema.Int })).annotations({
    description: "By the key that sealed their cards"
  }),
  holds: Schema.Boolean.annotations({
    description: "Whether accepted = decided + undecided: false only where the database itself is damaged"
  })
}).annotations({ identifier: "Audit" })

export const toAuditResource = (report: AuditReport): typeof AuditResource.Type => ({
  object: "audit",
  at: toTimestamp(report.at),
  accepted: report.accepted,
  decided: report.decided,
  undecided: report.undecided,
  oldest_undecided_at: report.oldestUndecidedAt === null ? null : toTimestamp(report.oldestUndecidedAt),
  parked: report.parked,
  undecided_by_key: report.undecidedByKey.map(({ count, keyId }) => ({ key_id: keyId, count })),
  holds: report.holds
})
