import { Clock, Duration, Effect } from "effect"
import { makeEventId } from "../domain/Ids.ts"
import type { FeedEvent, Hearer } from "./EventFeed.ts"
import { decodeCursor, encodeCursor, feedTopics, type Mark, type Marks } from "./FeedCursor.ts"
import type { FeedDelivery } from "./FeedDelivery.ts"
import type { Entry, FeedRing, Heard } from "./FeedRing.ts"
import type { PartitionOffsets, Topic } from "./Log.ts"
import type { StoredSubmission } from "./SubmissionRepository.ts"
import type { TellInOrder } from "./TellInOrder.ts"

/** Events that are read at a time for one who missed them. */
const batch = 200
/** Records that are walked over at a time: the event loop waits for it. */
const stride = 5_000
/** What another replica heard is here after a moment; a while later the log is asked whether it will ever be. */
const firstPause = Duration.millis(20)
const longestPause = Duration.millis(500)
const patience = Duration.toMillis("10 seconds")

/** What is told of a record whose row says so. */
export const eventOf = ({ isDecision }: Heard, submission: StoredSubmission, marks: Marks): FeedEvent => {
  const { acceptedAt, id, recorded } = submission
  return isDecision && recorded !== null
    ? {
      id: makeEventId(id, "decided"),
      type: `transaction.${recorded.decision.status}`,
      createdAt: recorded.decidedAt,
      submission,
      cursor: encodeCursor(marks)
    }
    : {
      id: makeEventId(id, "accepted"),
      type: "transaction.accepted",
      createdAt: acceptedAt,
      submission: recorded === null ? submission : { ...submission, recorded: null },
      cursor: encodeCursor(marks)
    }
}

/** A position of its own, that is moved on. */
const copyOf = (marks: Marks): Array<Array<Mark>> =>
  feedTopics.map((_, topic) => Array.from(marks[topic] ?? [], ({ digest, next }) => ({ next, digest })))

const moveTo = (marks: Array<Array<Mark>>, { digest, lane, offset }: Entry) => {
  const ofTopic = marks[lane.topic]!
  while (ofTopic.length <= lane.partition) ofTopic.push({ next: 0, digest: 0 })
  ofTopic[lane.partition] = { next: offset + 1, digest }
}

const isBeyond = (marks: Marks, topic: number, ends: ReadonlyArray<PartitionOffsets>) =>
  (marks[topic] ?? []).some(({ next }, partition) => next > (ends.find((_) => _.partition === partition)?.end ?? 0))

/** Lets a hearer go on from what it heard last: tells what it missed, out of the ring, until it hears what comes. */
export const makeFeedReplay = (
  { delivery, endsOf, ring, tellInOrder }: {
    readonly ring: FeedRing
    readonly delivery: FeedDelivery
    readonly tellInOrder: TellInOrder
    /** Answers when the log does. */
    readonly endsOf: (topic: Topic) => Effect.Effect<ReadonlyArray<PartitionOffsets>>
  }
) => {
  /** From here and now on it hears what comes. */
  const join = (hearer: Hearer, say: "begin" | "reset" | "nothing") => {
    delivery.join(hearer)
    if (say !== "nothing") hearer[say](encodeCursor(ring.marks))
  }

  /** Until this replica has heard what the cursor has; answers whether it ever will. */
  const untilReached = Effect.fnUntraced(function*(marks: Marks) {
    let since = yield* Clock.currentTimeMillis
    for (let pause = firstPause;; pause = Duration.min(Duration.times(pause, 2), longestPause)) {
      const place = ring.placeOf(marks)
      if (place !== "ahead") return
      if ((yield* Clock.currentTimeMillis) - since >= patience) {
        const ends = yield* Effect.forEach(feedTopics, endsOf)
        if (ends.some((_, topic) => isBeyond(marks, topic, _))) return
        since = yield* Clock.currentTimeMillis
      }
      yield* Effect.sleep(pause)
    }
  })

  const replay = Effect.fnUntraced(function*(hearer: Hearer, from: Marks, first: number, restarts: number) {
    const { scope } = hearer
    const marks = copyOf(from)
    const wasHeard = ({ lane, offset }: Entry) => offset < (from[lane.topic]?.[lane.partition]?.next ?? 0)
    const isWanted = (entry: Entry) => {
      if (!entry.told || (scope !== "all" && entry.account !== null && entry.account !== scope)) return false
      if (entry.isDecision) return true
      // another replica may have told the decision first
      const decision = ring.decisionOf(entry.id!)
      return decision === undefined || !ring.isCurrent(decision) || !wasHeard(decision)
    }
    let events: Array<FeedEvent> = []
    for (let next = first;;) {
      if (ring.restarts() !== restarts || next < ring.oldest()) return join(hearer, "reset")
      const missed: Array<Entry> = []
      let wanted = 0
      for (let left = stride; next < ring.end() && wanted < batch && left > 0; left--) {
        const entry = ring.at(next++)
        if (!ring.isCurrent(entry) || wasHeard(entry)) continue
        missed.push(entry)
        if (isWanted(entry)) wanted++
      }
      if (wanted === 0 && next === ring.end()) return join(hearer, "nothing")
      yield* tellInOrder({
        of: missed,
        isWanted,
        tell: (entry, telling) => {
          moveTo(marks, entry)
          if (telling === "passed over") ring.forgetDecision(entry.id!)
          if (typeof telling === "string" || (scope !== "all" && telling.accountId !== scope)) return
          events.push(eventOf(entry, telling, marks))
        },
        pause: () => {
          if (events.length === 0) return
          hearer.hear(events)
          events = []
        }
      })
      yield* wanted === 0 ? Effect.yieldNow() : hearer.ready
    }
  })

  /** Answers when the hearer has joined. */
  return Effect.fnUntraced(function*(hearer: Hearer) {
    const { after } = hearer
    if (after === null) return join(hearer, "begin")
    const marks = decodeCursor(after)
    if (marks === null) return join(hearer, "reset")
    yield* untilReached(marks)
    if (ring.placeOf(marks) !== "kept") return join(hearer, "reset")
    const [first, restarts] = [ring.firstAfter(marks), ring.restarts()]
    hearer.begin(after)
    return yield* replay(hearer, marks, first, restarts)
  })
}
