import type { Effect } from "effect"
import { Context } from "effect"
import type { EventId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"
import type { Scope, StoredSubmission } from "./SubmissionRepository.ts"

export interface FeedEvent {
  readonly id: EventId
  readonly type: "transaction.accepted" | "transaction.approved" | "transaction.rejected"
  readonly createdAt: Instant
  /** As it was then: an accepted one has no decision yet. */
  readonly submission: StoredSubmission
  /** Resumes after this event. */
  readonly cursor: string
}

/** Who hears events. Its functions are called synchronously and must not throw. */
export interface Hearer {
  readonly scope: Scope
  /** The cursor of what it heard last; null to hear what comes from now on. */
  readonly after: string | null
  /** Called once, with the position it hears from. */
  readonly begin: (cursor: string) => void
  /** What it heard last cannot be gone on from: it hears from this position, and has to read the list again. */
  readonly reset: (cursor: string) => void
  /** Told now and then: it has heard all of its scope that there is before this position. */
  readonly pass: (cursor: string) => void
  /** Those of its scope, in order. The same array is given to all hearers of one scope. */
  readonly hear: (events: ReadonlyArray<FeedEvent>) => void
  /** Done when it takes more; asked between the batches of what it missed. */
  readonly ready: Effect.Effect<void>
}

/** What happens to transactions, as it happens. What is heard can be read. */
export class EventFeed extends Context.Tag("gateway/EventFeed")<EventFeed, {
  /** For as long as it runs. */
  readonly listen: (hearer: Hearer) => Effect.Effect<never>
}>() {}
