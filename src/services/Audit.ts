import { Clock, Effect } from "effect"
import type { Instant } from "../domain/Instant.ts"
import { type SubmissionCounts, SubmissionRepository } from "./SubmissionRepository.ts"

export interface AuditReport extends SubmissionCounts {
  readonly at: Instant
  /** Whether accepted = decided + undecided. */
  readonly holds: boolean
}

/** Counts what was accepted and what became of it, from the gateway's database alone. */
export class Audit extends Effect.Service<Audit>()("gateway/Audit", {
  effect: Effect.gen(function*() {
    const submissions = yield* SubmissionRepository

    const report = Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      const counts = yield* submissions.counts
      return { at, ...counts, holds: counts.accepted === counts.decided + counts.undecided } satisfies AuditReport
    })

    return { report } as const
  })
}) {}
