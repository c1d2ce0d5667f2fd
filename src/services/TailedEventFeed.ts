import { Context, Deferred, Duration, Effect, Layer, RcRef, Schedule } from "effect"
import { EventFeed, type Hearer } from "./EventFeed.ts"
import { encodeCursor, feedTopics } from "./FeedCursor.ts"
import { makeFeedDelivery } from "./FeedDelivery.ts"
import { eventOf, makeFeedReplay } from "./FeedReplay.ts"
import { type Heard, makeFeedRing } from "./FeedRing.ts"
import { Log, type StoredRecord, type Topic } from "./Log.ts"
import { Presenter } from "./Presenter.ts"
import { makeTellInOrder, type Telling } from "./TellInOrder.ts"

export class FeedSettings extends Context.Reference<FeedSettings>()("gateway/FeedSettings", {
  defaultValue: () => ({
    /** Records of all partitions together: how far back a stream can be gone on with. */
    kept: 50_000,
    /** Records within which a repeated one is found, when both topics have as many. */
    remembered: 100_000,
    /** How long the feed lasts when the last hearer has left. */
    idle: Duration.seconds(60)
  })
}) {}

/** While the log cannot be asked. */
const insisting = Schedule.exponential("100 millis").pipe(Schedule.union(Schedule.spaced("2 seconds")))
/** How often the log is asked again how far there is to read, until that was read: a topic may be made anew meanwhile. */
const lookAgain = Duration.seconds(10)
/** How often a hearer is told where it is, though nothing was to be heard. */
const passing = Duration.seconds(15)

const makeFeed = Effect.gen(function*() {
  const log = yield* Log
  const presenter = yield* Presenter
  const tellInOrder = yield* makeTellInOrder
  const delivery = yield* makeFeedDelivery
  const settings = yield* FeedSettings
  const ring = makeFeedRing(presenter.accountOf, { capacity: settings.kept, remembered: settings.remembered })
  const ready = yield* Deferred.make<void>()
  /** Read back first, so that none comes behind its decision only because the other tail was faster. */
  const acceptedAreRead = yield* Deferred.make<void>()
  /** What there was to read when the feed began, until it was read. */
  let ahead: Array<{ readonly topic: number; readonly partition: number; readonly end: number }> | null = null

  const endsOf = (topic: Topic) =>
    log.offsets(topic, topic === "transactions" ? "processor" : "recorder").pipe(
      Effect.retry(insisting),
      Effect.orDie
    )

  const look = () => {
    if (ahead === null) return
    ahead = ahead.filter(({ end, partition, topic }) => (ring.marks[topic]?.[partition]?.next ?? 0) < end)
    if (ahead.every(({ topic }) => feedTopics[topic] !== "transactions")) {
      Deferred.unsafeDone(acceptedAreRead, Effect.void)
    }
    if (ahead.length > 0) return
    ahead = null
    Deferred.unsafeDone(ready, Effect.void)
  }

  const isWanted = (heard: Heard): boolean =>
    delivery.isHeard(heard.account) && !ring.isRepeated(heard.id!, heard.isDecision)

  const tell = (heard: Heard, telling: Telling) => {
    if (typeof telling !== "string") {
      ring.add(heard, true, telling.accountId)
      if (delivery.isHeard(telling.accountId)) delivery.add(eventOf(heard, telling, ring.marks))
      return
    }
    const isEvent = telling === "unwanted" && heard.id !== null && !ring.isRepeated(heard.id, heard.isDecision)
    ring.add(heard, isEvent, heard.account)
  }

  const hearNow = (records: ReadonlyArray<StoredRecord>) =>
    Effect.suspend(() =>
      tellInOrder({
        of: ring.read(records),
        isWanted,
        tell,
        pause: () => {
          delivery.deliverSoon()
          look()
        }
      })
    )

  const hear = (records: ReadonlyArray<StoredRecord>) =>
    records[0]?.topic === "transactions"
      ? hearNow(records)
      : Effect.zipRight(Deferred.await(acceptedAreRead), hearNow(records))

  /** A mistake ends a tail; the next one goes on from where it was. */
  const tail = (topic: Topic, index: number) =>
    Effect.suspend(() =>
      log.tail(topic, new Map(ring.marks[index]!.map(({ next }, partition) => [partition, next])), hear)
    ).pipe(
      Effect.sandbox,
      Effect.tapError((cause) => Effect.logError(`the event feed's tail of ${topic} broke off, going on`, cause)),
      Effect.retry(insisting),
      Effect.orDie
    )

  const begin = Effect.gen(function*() {
    const found = yield* Effect.forEach(feedTopics, endsOf, { concurrency: "unbounded" })
    const toRead = found.flatMap((partitions, topic) =>
      partitions.map(({ end, low, partition }) => {
        const share = Math.floor(settings.kept / feedTopics.length / partitions.length)
        ring.begin(topic, partition, Math.max(low, end - share))
        return { topic, partition, end }
      })
    )
    ahead = toRead
    look()
  })

  const lookAtEnds = Effect.gen(function*() {
    while (ahead !== null) {
      yield* Effect.sleep(lookAgain)
      const ends = yield* Effect.forEach(feedTopics, endsOf, { concurrency: "unbounded" })
      ahead = (ahead ?? []).map((_) => ({
        ..._,
        end: Math.min(_.end, ends[_.topic]!.find(({ partition }) => partition === _.partition)?.end ?? 0)
      }))
      look()
    }
  })

  yield* Effect.forkScoped(
    Effect.zipRight(
      begin,
      Effect.all([...feedTopics.map(tail), lookAtEnds], { concurrency: "unbounded", discard: true })
    )
  )
  yield* Effect.forkScoped(delivery.run)
  yield* Effect.forkScoped(
    Effect.repeat(
      Effect.sync(() => delivery.pass(() => encodeCursor(ring.marks))),
      Schedule.spaced(passing)
    )
  )

  const resume = makeFeedReplay({ ring, delivery, tellInOrder, endsOf })
  return {
    listen: (hearer: Hearer) =>
      Deferred.await(ready).pipe(
        Effect.zipRight(resume(hearer)),
        Effect.zipRight(Effect.never),
        Effect.ensuring(Effect.sync(() => delivery.leave(hearer)))
      )
  } as const
})

/**
 * The event feed, from two tails of the log. It is made for the first hearer, and let go some time after the last one has
 * left: a process that nobody listens to reads nothing.
 */
export const TailedEventFeed = Layer.scoped(
  EventFeed,
  Effect.gen(function*() {
    const { idle } = yield* FeedSettings
    const feed = yield* RcRef.make({ acquire: makeFeed, idleTimeToLive: idle })
    return EventFeed.of({
      listen: (hearer) => Effect.scoped(Effect.flatMap(RcRef.get(feed), (_) => _.listen(hearer)))
    })
  })
)
