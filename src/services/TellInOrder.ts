import { Clock, Duration, Effect } from "effect"
import type { TransactionId } from "../domain/Ids.ts"
import type { Heard } from "./FeedRing.ts"
import { Log, type PartitionOffsets } from "./Log.ts"
import { type StoredSubmission, SubmissionRepository } from "./SubmissionRepository.ts"

/** Rows that do not say yet what is to be told are asked for again after this long, doubling. */
const firstPause = Duration.millis(5)
const longestPause = Duration.millis(500)
/** After so long it may be that a decision will not be recorded from this record at all. */
const patience = Duration.toMillis("30 seconds")
const offsetsInterval = Duration.toMillis("5 seconds")

const nothing: ReadonlyMap<TransactionId, StoredSubmission> = new Map()

/** What is told of a record: its row; or why there is none. */
export type Telling = StoredSubmission | "unwanted" | "missing" | "passed over"

export interface Listing<A extends Heard> {
  /** In order. */
  readonly of: ReadonlyArray<A>
  /** Whether anybody wants to hear of it; asked again whenever it is about to be told. */
  readonly isWanted: (heard: A) => boolean
  readonly tell: (heard: A, telling: Telling) => void
  /** After those that could be told at once. */
  readonly pause: () => void
}

/**
 * Tells records in their order, each when its row can be read and says so: an accepted one when it is there, a decided one
 * when its decision is recorded. What nobody wants is told without its row, so that nothing is read while nobody listens.
 */
export const makeTellInOrder = Effect.gen(function*() {
  const log = yield* Log
  const submissions = yield* SubmissionRepository

  const read = (ids: ReadonlyArray<TransactionId>) =>
    submissions.findMany(ids).pipe(
      Effect.map((rows) => new Map(rows.map((row) => [row.id, row]))),
      Effect.catchTag("StorageUnavailable", () => Effect.succeed(null))
    )

  /** What the recorder is through with; it is asked before the rows are, which then must have what it recorded. */
  const readRecorder = log.offsets("transactions_result", "recorder").pipe(
    Effect.catchTag("LogUnavailable", () => Effect.succeed<ReadonlyArray<PartitionOffsets>>([]))
  )

  return Effect.fnUntraced(function*<A extends Heard>({ isWanted, of, pause, tell }: Listing<A>) {
    const rows = new Map<TransactionId, StoredSubmission | "missing">()
    const isThrough = (offsets: ReadonlyArray<PartitionOffsets>, { lane, offset }: Heard) =>
      offsets.some((_) => _.partition === lane.partition && _.committed !== null && _.committed > offset)

    const tellingOf = (heard: A, recorder: ReadonlyArray<PartitionOffsets>): Telling | "wait" => {
      if (heard.id === null || !isWanted(heard)) return "unwanted"
      const row = rows.get(heard.id)
      if (row === undefined) return "wait"
      if (row === "missing" || !heard.isDecision || row.recorded !== null) return row
      return isThrough(recorder, heard) ? "passed over" : "wait"
    }

    let told = 0
    let passedOver = 0
    const tellSome = (recorder: ReadonlyArray<PartitionOffsets>) => {
      const before = told
      for (; told < of.length; told++) {
        const telling = tellingOf(of[told]!, recorder)
        if (telling === "wait") break
        if (telling === "passed over") passedOver++
        tell(of[told]!, telling)
      }
      if (told > before) pause()
      return told > before
    }

    /** Ids of those whose rows are not known, or do not say yet what is to be told. */
    const unknown = (): ReadonlyArray<TransactionId> => {
      const ids = new Set<TransactionId>()
      for (let i = told; i < of.length; i++) {
        const { id, isDecision } = of[i]!
        if (id === null || !isWanted(of[i]!)) continue
        const row = rows.get(id)
        if (row === undefined || (row !== "missing" && isDecision && row.recorded === null)) ids.add(id)
      }
      return Array.from(ids)
    }

    tellSome([])
    if (told === of.length) return
    const since = yield* Clock.currentTimeMillis
    let askedAt = since + patience - offsetsInterval
    for (let wait = firstPause;; wait = Duration.min(Duration.times(wait, 2), longestPause)) {
      const now = yield* Clock.currentTimeMillis
      let recorder: ReadonlyArray<PartitionOffsets> = []
      if (now - askedAt >= offsetsInterval) {
        askedAt = now
        recorder = yield* readRecorder
      }
      const ids = unknown()
      const found = ids.length === 0 ? nothing : yield* read(ids)
      if (found !== null) {
        for (const id of ids) rows.set(id, found.get(id) ?? "missing")
        if (tellSome(recorder)) wait = firstPause
      }
      if (told === of.length) break
      yield* Effect.sleep(wait)
    }
    if (passedOver > 0) {
      yield* Effect.logWarning("decisions that the recorder passed over are not told").pipe(
        Effect.annotateLogs({ records: passedOver })
      )
    }
  })
})

export type TellInOrder = Effect.Effect.Success<typeof makeTellInOrder>
