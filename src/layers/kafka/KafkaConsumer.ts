import { Cause, Clock, Deferred, Duration, Effect, Exit, Fiber, FiberId, Runtime, Schedule } from "effect"
import type { EachBatchPayload } from "kafkajs"
import { Failpoints } from "../../services/Failpoints.ts"
import { type Group, type Handler, LogUnavailable, type Topic } from "../../services/Log.ts"
import { Metrics, type Reader } from "../../services/Metrics.ts"
import { LogSettings } from "../Settings.ts"
import { KafkaClients } from "./KafkaClient.ts"
import { call, describeFailure, isMoving } from "./KafkaFailure.ts"
import { toStored } from "./KafkaRecord.ts"
import { KafkaTopics } from "./KafkaTopics.ts"

/** Records that a handler is given at a time. */
const maxRecords = 500
const commitInterval = Duration.seconds(1)
const sessionTimeout = 10_000
/** How long a batch holds the other partitions of its broker: a broker is asked again when all of its batches are done. */
const longestHold = Duration.seconds(1)
/** Records of all partitions together from which on the next batches may wait for the pace. */
const crowd = 32
/** How long an interrupted consumer may take to end the batches it has in hand. */
const batchGrace = Duration.seconds(2)
/** Without a heartbeat for so long, the consumer is made anew; joining may lawfully take almost as much. */
const longestSilence = Duration.seconds(30)
const shortestPause = 50
const longestPause = 5000

export interface Reading<E, R> {
  readonly topic: Topic
  readonly groupId: string
  readonly group: Group | "tail"
  readonly handler: Handler<E, R>
  /** Where a reader without offsets of its own begins, after each join; absent for a group that commits. */
  readonly positions?: Map<number, number>
}

/**
 * One life of a kafkajs consumer: it ends with the first failure that kafkajs does not mend by itself, or in silence, and
 * whoever runs it runs the next one. The batches in hand are ended before an interruption is.
 */
const life = <E, R>({ group, groupId, handler, positions, topic }: Reading<E, R>) =>
  Effect.gen(function*() {
    const clients = yield* KafkaClients
    const topics = yield* KafkaTopics
    const failpoints = yield* Failpoints
    const metrics = yield* Metrics
    const reader: Reader = { topic, group }
    const clock = yield* Effect.clock
    const runtime = yield* Effect.runtime<R>()
    const fork = Runtime.runFork(runtime)
    const name = topics.nameOf(topic)
    const interval = Duration.toMillis((yield* Effect.orDie(LogSettings)).pace)
    yield* topics.partitions(topic)

    const ended = yield* Deferred.make<never, LogUnavailable>()
    const end = (cause: unknown) => Deferred.unsafeDone(ended, new LogUnavailable({ cause }))
    const inHand = new Set<Fiber.RuntimeFiber<number>>()
    const failures = new Map<number, number>()
    /** The next offset of each partition whose batches are done and not committed. */
    const done = new Map<number, number>()
    let commitOffsets: EachBatchPayload["commitOffsetsIfNecessary"] | undefined
    let closing = false
    let assigned = 1
    let generation = 0
    let assignedNow = 0
    const tellAssigned = (count: number) => {
      metrics.assigned(reader, count - assignedNow)
      assignedNow = count
    }
    /** For each partition whose batch goes on without kafkajs, or waits. */
    const pausedNow = new Set<() => void>()
    const tellPaused = () => {
      metrics.paused(reader, 1)
      const resumed = () => void (pausedNow.delete(resumed) && metrics.paused(reader, -1))
      pausedNow.add(resumed)
      return resumed
    }
    /** The generation in which each partition came, and since which it was nobody else's. */
    const mineSince = new Map<number, number>()
    let heardAt = clock.unsafeCurrentTimeMillis()
    const heard = () => {
      heardAt = clock.unsafeCurrentTimeMillis()
    }

    // an answer to SyncGroup may take as long as the session of a leader that died
    const { cut, kafka } = clients.make({ requestTimeout: 12_000 })
    const consumer = kafka.consumer({
      groupId,
      allowAutoTopicCreation: false,
      sessionTimeout,
      rebalanceTimeout: 15_000,
      heartbeatInterval: 1500,
      maxWaitTimeInMs: 500,
      // how long an added partition may go unnoticed
      metadataMaxAge: 10_000,
      // without end, and never by itself: a life that fails is followed by another
      retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 1e9, restartOnFailure: () => Promise.resolve(false) }
    })
    const { CRASH, END_BATCH_PROCESS, GROUP_JOIN, HEARTBEAT, REBALANCING, REQUEST_TIMEOUT } = consumer.events
    consumer.on(CRASH, ({ payload }) => end(payload.error))
    // by then the session is over, and others may lead what this broker led
    consumer.on(
      REQUEST_TIMEOUT,
      ({ payload }) => end(new Error(`${payload.broker} does not answer ${payload.apiName}`))
    )
    consumer.on(HEARTBEAT, heard)
    // goes out before the request to join again
    consumer.on(REBALANCING, () => {
      metrics.rebalanced(reader)
      fork(commit)
    })
    consumer.on(GROUP_JOIN, ({ payload }) => {
      // kafkajs cannot stop a consumer that is still joining; this does
      if (closing) throw new Error("the consumer ends")
      heard()
      fork(topics.settled)
      generation++
      done.clear()
      const mine = payload.memberAssignment[name] ?? []
      assigned = Math.max(1, mine.length)
      tellAssigned(mine.length)
      for (const partition of mineSince.keys()) if (!mine.includes(partition)) mineSince.delete(partition)
      for (const partition of mine) if (!mineSince.has(partition)) mineSince.set(partition, generation)
      for (const partition of positions === undefined ? [] : mine) {
        consumer.seek({ topic: name, partition, offset: `${positions!.get(partition) ?? 0}` })
      }
    })

    const finished = (partition: number, next: number) => (positions ?? done).set(partition, next)

    // what holds nothing but marks of a transaction, or what was undone, comes to no handler
    consumer.on(END_BATCH_PROCESS, ({ payload: { batchSize, lastOffset, partition } }) => {
      if (batchSize === 0) finished(partition, Number(lastOffset) + 1)
    })

    const backOff = (partition: number): number => {
      const tries = failures.get(partition) ?? 0
      failures.set(partition, tries + 1)
      return Math.min(shortestPause * 2 ** tries, longestPause)
    }

    /** Answers how long its partition must wait now, in ms. */
    const handle = Effect.fnUntraced(function*(payload: EachBatchPayload) {
      const { batch, isRunning, isStale, resolveOffset } = payload
      const { messages, partition } = batch
      const givenIn = generation
      const since = mineSince.get(partition)
      const startedAt = yield* Clock.currentTimeMillis
      for (let at = 0; at < messages.length; at += maxRecords) {
        if (closing || !isRunning() || isStale()) return 0
        const some = messages.slice(at, at + maxRecords)
        const exit = yield* Effect.exit(
          Effect.suspend(() => handler(some.map((message) => toStored(topic, partition, message))))
        )
        if (Exit.isFailure(exit)) {
          if (Cause.isInterruptedOnly(exit.cause)) return 0
          yield* Effect.logWarning(`handling ${topic} failed, trying again`, exit.cause).pipe(
            Effect.annotateLogs({ group: groupId, partition, records: some.length })
          )
          metrics.batchFailed(reader)
          return backOff(partition)
        }
        failures.delete(partition)
        const { offset } = some.at(-1)!
        const next = Number(at + some.length < messages.length ? offset : batch.lastOffset()) + 1
        // it is another member's by now, or was: these are given again
        if (mineSince.get(partition) !== since) return 0
        finished(partition, next)
        if (positions === undefined || givenIn === generation) resolveOffset(offset)
        // whoever joined has gone back to where it was then
        else consumer.seek({ topic: name, partition, offset: `${next}` })
      }
      if (positions !== undefined || messages.length * assigned < crowd || messages.length >= maxRecords) return 0
      // never longer than the pace, should the clock be set back
      const early = startedAt + interval - (yield* Clock.currentTimeMillis)
      if (early > 0 && !closing) yield* Effect.sleep(Math.min(early, interval))
      return 0
    })

    /**
     * A batch that takes long, or must wait, goes on without kafkajs, with its partition paused: the others of its broker
     * are fetched meanwhile, heartbeats are sent, and a rebalance need not wait for it.
     */
    const eachBatch = (payload: EachBatchPayload) =>
      new Promise<void>((answer) => {
        let resume: (() => void) | undefined
        const leave = () => {
          if (resume === undefined) {
            const goOn = payload.pause()
            const tellResumed = tellPaused()
            resume = () => {
              tellResumed()
              goOn()
            }
          }
          answer()
        }
        // it is handled by whoever has the partition next
        if (closing) {
          payload.pause()
          return answer()
        }
        commitOffsets = payload.commitOffsetsIfNecessary
        const fiber = fork(handle(payload))
        inHand.add(fiber)
        const leaving = fork(Effect.delay(Effect.sync(leave), longestHold))
        fiber.addObserver((exit) => {
          inHand.delete(fiber)
          leaving.unsafeInterruptAsFork(FiberId.none)
          const wait = Exit.isSuccess(exit) ? exit.value : longestPause
          if (wait > 0) {
            leave()
            fork(Effect.delay(Effect.sync(() => resume?.()), wait))
          } else {
            resume?.()
            answer()
          }
        })
      })

    const commit = Effect.suspend(() => {
      const partitions = Array.from(done, ([partition, offset]) => ({ partition, offset: `${offset}` }))
      if (partitions.length === 0 || commitOffsets === undefined) return Effect.void
      const commitNow = commitOffsets
      return failpoints.reach("log.before_commit").pipe(
        Effect.zipRight(
          call(() => commitNow({ topics: [{ topic: name, partitions }] }), closing ? "1 second" : "5 seconds")
        ),
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
        yield* Effect.sleep("2 seconds")
        const silent = (yield* Clock.currentTimeMillis) - heardAt
        // a clock that was set back begins anew
        if (silent < 0) heard()
        if (silent > Duration.toMillis(longestSilence)) {
          return yield* new LogUnavailable({ cause: new Error(`no heartbeat for ${silent} ms`) })
        }
      }
    })

    const close = Effect.gen(function*() {
      closing = true
      tellAssigned(0)
      for (const tellResumed of Array.from(pausedNow)) tellResumed()
      const fibers = Array.from(inHand)
      yield* Effect.timeoutOption(Effect.interruptible(Fiber.awaitAll(fibers)), batchGrace)
      yield* Fiber.interruptAll(fibers)
      yield* commit
      // leaves the group first, so that its partitions move at once; if it cannot, they move when its session ends
      yield* Effect.ignore(call(() => consumer.disconnect(), "2 seconds"))
      cut()
    })

    yield* Effect.addFinalizer(() => close)
    const running = Effect.gen(function*() {
      // one of several brokers may hang, and the next client tries another one first
      yield* call(() => consumer.connect(), "7 seconds")
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

/** Gives a topic's records to the handler for as long as it runs, through any failure of the brokers. */
export const read = <E, R>(reading: Reading<E, R>) =>
  Effect.gen(function*() {
    const topics = yield* KafkaTopics
    const metrics = yield* Metrics
    let lives = 0
    const next = Effect.suspend(() => {
      const { groupId, positions } = reading
      // the member of a life that broke off would hold up the next one until its session ends
      return life(positions === undefined ? reading : { ...reading, groupId: `${groupId}.${++lives}` })
    })
    return yield* next.pipe(
      Effect.tapError(({ cause }) => {
        topics.forget(reading.topic)
        metrics.consumerRestarted({ topic: reading.topic, group: reading.group })
        const sentence = `reading ${reading.topic} was interrupted, going on (${describeFailure(cause)})`
        return isMoving(cause) ? Effect.logDebug(sentence) : topics.complain(sentence)
      }),
      Effect.retry(Schedule.exponential("200 millis").pipe(Schedule.union(Schedule.spaced("2 seconds")))),
      Effect.orDie
    )
  })
