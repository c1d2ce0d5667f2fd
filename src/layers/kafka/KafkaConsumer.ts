import { Cause, Clock, Deferred, Duration, Effect, Fiber, Runtime, Schedule } from "effect"
import type { Consumer, EachBatchPayload } from "kafkajs"
import { Failpoints } from "../../services/Failpoints.ts"
import { type Handler, LogUnavailable, type Topic } from "../../services/Log.ts"
import { LogSettings } from "../Settings.ts"
import { KafkaClients } from "./KafkaClient.ts"
import { call, describeFailure } from "./KafkaFailure.ts"
import { toStored } from "./KafkaRecord.ts"
import { KafkaTopics } from "./KafkaTopics.ts"

/** Records that a handler is given at a time. */
const maxRecords = 500
const commitInterval = Duration.seconds(1)
const sessionTimeout = 10_000
const heartbeatInterval = Duration.seconds(2)
/** Records of all partitions together from which on the next batches may wait for the pace. */
const crowd = 32
/** How long an interrupted consumer may take to end the batches it has in hand. */
const batchGrace = Duration.seconds(2)
/** Without a word from the brokers for so long, the consumer is made anew. */
const longestSilence = Duration.seconds(30)
const shortestPause = 50
const longestPause = 5000

export interface Reading<E, R> {
  readonly topic: Topic
  readonly groupId: string
  readonly handler: Handler<E, R>
  /** Where a reader without offsets of its own begins, after each join; absent for a group that commits. */
  readonly positions?: Map<number, number>
}

/**
 * One life of a kafkajs consumer: it ends with the first failure that kafkajs does not mend by itself, or in silence, and
 * whoever runs it runs the next one. The batches in hand are ended before an interruption is.
 */
const life = <E, R>({ groupId, handler, positions, topic }: Reading<E, R>) =>
  Effect.gen(function*() {
    const clients = yield* KafkaClients
    const topics = yield* KafkaTopics
    const failpoints = yield* Failpoints
    const clock = yield* Effect.clock
    const runtime = yield* Effect.runtime<R>()
    const fork = Runtime.runFork(runtime)
    const name = topics.nameOf(topic)
    const interval = Duration.toMillis((yield* Effect.orDie(LogSettings)).pace)
    yield* topics.partitions(topic)

    const ended = yield* Deferred.make<never, LogUnavailable>()
    const end = (cause: unknown) => Deferred.unsafeDone(ended, new LogUnavailable({ cause }))
    const inHand = new Set<Fiber.RuntimeFiber<void>>()
    const failures = new Map<number, number>()
    /** The next offset of each partition whose batches are done and not committed. */
    const done = new Map<number, number>()
    let commitOffsets: EachBatchPayload["commitOffsetsIfNecessary"] | undefined
    let closing = false
    let assigned = 1
    let heardAt = clock.unsafeCurrentTimeMillis()
    const heard = () => {
      heardAt = clock.unsafeCurrentTimeMillis()
    }

    // an answer to SyncGroup may take as long as the session of a leader that died
    const consumer = clients.make({ requestTimeout: 12_000 }).consumer({
      groupId,
      allowAutoTopicCreation: false,
      sessionTimeout,
      rebalanceTimeout: 15_000,
      heartbeatInterval: 1500,
      maxWaitTimeInMs: 500,
      // without end, and never by itself: a life that fails is followed by another
      retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 1e9, restartOnFailure: () => Promise.resolve(false) }
    })
    const { CRASH, FETCH, GROUP_JOIN, HEARTBEAT } = consumer.events
    consumer.on(CRASH, ({ payload }) => end(payload.error))
    consumer.on(FETCH, heard)
    consumer.on(HEARTBEAT, heard)
    consumer.on(GROUP_JOIN, ({ payload }) => {
      heard()
      const mine = payload.memberAssignment[name] ?? []
      assigned = Math.max(1, mine.length)
      for (const partition of done.keys()) if (!mine.includes(partition)) done.delete(partition)
      for (const partition of positions === undefined ? [] : mine) {
        consumer.seek({ topic: name, partition, offset: `${positions!.get(partition) ?? 0}` })
      }
    })

    /** Another partition of the same broker must not wait for this one, so nothing waits here. */
    const retryLater = (partition: number, pause: () => () => void) => {
      const tries = failures.get(partition) ?? 0
      failures.set(partition, tries + 1)
      const resume = pause()
      fork(
        Effect.sleep(Math.min(shortestPause * 2 ** tries, longestPause)).pipe(
          Effect.zipRight(Effect.sync(() => !closing && resume())),
          Effect.ignore
        )
      )
    }

    const handle = Effect.fnUntraced(function*(payload: EachBatchPayload) {
      const { batch, isRunning, isStale, pause, resolveOffset } = payload
      const { messages, partition } = batch
      const startedAt = yield* Clock.currentTimeMillis
      for (let at = 0; at < messages.length; at += maxRecords) {
        if (closing || !isRunning() || isStale()) return
        const records = messages.slice(at, at + maxRecords).map((message) => toStored(topic, partition, message))
        const exit = yield* Effect.exit(handler(records))
        if (exit._tag === "Failure") {
          if (Cause.isInterruptedOnly(exit.cause)) return
          yield* Effect.logWarning(`handling ${topic} failed, trying again`, exit.cause).pipe(
            Effect.annotateLogs({ group: groupId, partition, records: records.length })
          )
          return retryLater(partition, pause)
        }
        failures.delete(partition)
        const last = records[records.length - 1]!.position.offset
        resolveOffset(`${last}`)
        if (positions === undefined) done.set(partition, last + 1)
        else positions.set(partition, last + 1)
        heard()
      }
      if (messages.length * assigned < crowd || messages.length >= maxRecords) return
      // never longer than the pace, should the clock be set back
      const early = startedAt + interval - (yield* Clock.currentTimeMillis)
      if (early > 0 && !closing) yield* Effect.sleep(Math.min(early, interval))
    })

    /** A batch may take longer than the session lasts. After a rebalance there is nothing to keep alive. */
    const beating = (heartbeat: () => Promise<void>) =>
      call(heartbeat, "5 seconds").pipe(
        Effect.zipRight(Effect.sleep(heartbeatInterval)),
        Effect.forever,
        Effect.ignore
      )

    const eachBatch = (payload: EachBatchPayload): Promise<void> => {
      if (closing) return Promise.resolve()
      commitOffsets = payload.commitOffsetsIfNecessary
      const fiber = fork(Effect.raceFirst(handle(payload), Effect.zipRight(beating(payload.heartbeat), Effect.never)))
      inHand.add(fiber)
      return new Promise((resolve) => {
        fiber.addObserver(() => {
          inHand.delete(fiber)
          resolve()
        })
      })
    }

    const commit = Effect.suspend(() => {
      const partitions = Array.from(done, ([partition, offset]) => ({ partition, offset: `${offset}` }))
      if (partitions.length === 0 || commitOffsets === undefined) return Effect.void
      const commitNow = commitOffsets
      return failpoints.reach("log.before_commit").pipe(
        Effect.zipRight(call(() => commitNow({ topics: [{ topic: name, partitions }] }), "5 seconds")),
        Effect.zipRight(failpoints.reach("log.after_commit")),
        Effect.tap(() =>
          Effect.sync(() => {
            for (const { offset, partition } of partitions) {
              if (done.get(partition) === Number(offset)) done.delete(partition)
            }
          })
        ),
        // a rebalance, most often: the offsets are a hint, and the next member handles these again
        Effect.catchAll((error) =>
          Effect.logDebug("committing offsets failed").pipe(Effect.annotateLogs({ groupId, cause: error.message }))
        )
      )
    })

    const silence = Effect.gen(function*() {
      for (;;) {
        yield* Effect.sleep("5 seconds")
        const silent = (yield* Clock.currentTimeMillis) - heardAt
        // a clock that was set back begins anew
        if (silent < 0) heard()
        if (silent > Duration.toMillis(longestSilence) && inHand.size === 0) {
          return yield* new LogUnavailable({ cause: new Error(`no word from the brokers for ${silent} ms`) })
        }
      }
    })

    const close = Effect.gen(function*() {
      closing = true
      const fibers = Array.from(inHand)
      yield* Effect.timeoutOption(Effect.interruptible(Fiber.awaitAll(fibers)), batchGrace)
      yield* Fiber.interruptAll(fibers)
      yield* commit
      yield* Effect.ignore(call(() => disconnect(consumer), "5 seconds"))
    })

    yield* Effect.addFinalizer(() => close)
    const running = Effect.gen(function*() {
      yield* call(() => consumer.connect(), "15 seconds")
      yield* call(() => consumer.subscribe({ topic: name, fromBeginning: true }), "15 seconds")
      yield* call(
        () =>
          consumer.run({
            autoCommit: false,
            eachBatchAutoResolve: false,
            partitionsConsumedConcurrently: 16,
            eachBatch
          }),
        "60 seconds"
      )
      return yield* Effect.zipRight(Effect.repeat(commit, Schedule.spaced(commitInterval)), Effect.never)
    })
    return yield* Effect.raceFirst(running, Effect.raceFirst(Deferred.await(ended), silence))
  }).pipe(Effect.scoped)

/** Leaves the group first, so that its partitions move at once. */
const disconnect = (consumer: Consumer) => consumer.disconnect()

/** Gives a topic's records to the handler for as long as it runs, through any failure of the brokers. */
export const read = <E, R>(reading: Reading<E, R>) =>
  life(reading).pipe(
    Effect.tapError(({ cause }) =>
      Effect.logWarning(`reading ${reading.topic} was interrupted, going on (${describeFailure(cause)})`)
    ),
    Effect.retry(Schedule.exponential("200 millis").pipe(Schedule.union(Schedule.spaced("5 seconds")))),
    Effect.orDie
  )
