import { Console, Data, Effect } from "effect"
import { Audit } from "../services/Audit.ts"
import { CompareDecisions } from "../services/CompareDecisions.ts"
import { toAuditResource } from "./http/AuditResource.ts"

/** The databases do not agree; what differs has been printed. */
export class AuditFailed extends Data.TaggedError("AuditFailed") {
  override get message() {
    return "The audit found differences: see above."
  }
}

/** Prints the counts and the comparison of both databases as JSON; fails when they do not agree. */
export const printAudit = Effect.gen(function*() {
  const { report } = yield* Audit
  const { compare } = yield* CompareDecisions
  const counts = yield* report
  const comparison = yield* compare
  const holds = counts.holds && comparison.differences.length === 0
  yield* Console.log(JSON.stringify({ ...toAuditResource({ ...counts, holds }), comparison }, null, 2))
  if (!holds) return yield* new AuditFailed()
})
