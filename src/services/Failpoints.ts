import { Context, Effect } from "effect"

/** Each place where a crash would interrupt the way of a transaction (docs/architecture.md), in its order. */
export const failpointLabels = [
  "submission.before_insert",
  "submission.after_insert",
  "submission.after_offer",
  "log.before_append",
  "log.after_append",
  "process.before_insert",
  "process.after_insert",
  "process.after_publish",
  "log.before_commit",
  "log.after_commit",
  "record.before_update",
  "record.after_update",
  "park.before_append",
  "park.after_append",
  "park.before_mark",
  "park.after_mark",
  "resend.before_claim",
  "resend.after_claim",
  "resend.after_append"
] as const

export type FailpointLabel = typeof failpointLabels[number]

/** Where a test may stop the process. In production every one of them is `Effect.void`. */
export class Failpoints extends Context.Reference<Failpoints>()("gateway/Failpoints", {
  defaultValue: (): { readonly reach: (label: FailpointLabel) => Effect.Effect<void> } => ({ reach: () => Effect.void })
}) {}
