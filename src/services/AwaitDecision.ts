import { Context, Deferred, Duration, Effect, Either, Option } from "effect"
import type { TransactionId } from "../domain/Ids.ts"
import { Log, type StoredRecord } from "./Log.ts"
import { Metrics } from "./Metrics.ts"
import { Presenter } from "./Presenter.ts"
import { type Scope, type StoredSubmission, SubmissionRepository } from "./SubmissionRepository.ts"

export class WaitSettings extends Context.Reference<WaitSettings>()("gateway/WaitSettings", {
  defaultValue: () => ({
    /** Waits at one time; what comes beyond is answered at once. */
    perAccount: 1_000,
    perProcess: 10_000
  })
}) {}

/** Rows whose results were heard and that are not recorded yet are asked for again after this long, doubling. */
const firstLook = Duration.millis(5)
const longestPause = Duration.millis(500)

/** A wait that began when its result had passed already is not woken: it looks by itself after this long, doubling. */
const firstOwnLook = Duration.millis(50)
const longestOwnPause = Duration.seconds(2)

/**
 * Lets requests wait for a decision. One tail of `transactions_result` wakes them, after the row says what they will
 * say: what is heard can be read.
 */
export class AwaitDecision extends Effect.Service<AwaitDecision>()("gateway/AwaitDecision", {
  effect: Effect.gen(function*() {
    const log = yield* Log
    const submissions = yield* SubmissionRepository
    const presenter = yield* Presenter
    const metrics = yield* Metrics
    const bounds = yield* WaitSettings
    const waiting = new Map<TransactionId, Set<Deferred.Deferred<void>>>()
    const waitsOf = new Map<Scope, number>()
    let waits = 0
    let closed = false

    const count = (scope: Scope, by: 1 | -1) => {
      waits += by
      const ofScope = (waitsOf.get(scope) ?? 0) + by
      if (ofScope === 0) waitsOf.delete(scope)
      else waitsOf.set(scope, ofScope)
      metrics.waiting(waits)
    }

    const enter = (id: TransactionId, scope: Scope) =>
      Effect.map(Deferred.make<void>(), (woken) => {
        const others = waiting.get(id)
        if (others === undefined) waiting.set(id, new Set([woken]))
        else others.add(woken)
        count(scope, 1)
        return woken
      })

    const leave = (id: TransactionId, scope: Scope, woken: Deferred.Deferred<void>) => {
      const all = waiting.get(id)
      all?.delete(woken)
      if (all?.size === 0) waiting.delete(id)
      count(scope, -1)
    }

    const wake = (id: TransactionId) =>
      Effect.forEach(waiting.get(id) ?? [], (_) => Deferred.succeed(_, void 0), { discard: true })

    /** Whether a wait that begins now would wait at all. */
    const hasRoom = (scope: Scope) =>
      !closed && waits < bounds.perProcess && (waitsOf.get(scope) ?? 0) < bounds.perAccount

    /** The submission as it is after its decision, or after `atMost`, whichever is first; none when nobody may see it. */
    const await_ = Effect.fnUntraced(function*(id: TransactionId, scope: Scope, atMost: Duration.Duration) {
      const read = submissions.find(id, scope)
      if (!hasRoom(scope)) return yield* read
      return yield* Effect.acquireUseRelease(
        enter(id, scope),
        Effect.fnUntraced(function*(woken) {
          let left = Duration.toMillis(atMost)
          for (let pause = firstOwnLook;; pause = Duration.min(Duration.times(pause, 2), longestOwnPause)) {
            const now = yield* read
            if (left <= 0 || Option.isNone(now) || now.value.recorded !== null) return now
            const wait = Math.min(left, Duration.toMillis(pause))
            left -= wait
            const heard = yield* Effect.timeoutOption(Deferred.await(woken), wait)
            if (Option.isSome(heard)) return yield* read
          }
        }),
        (woken) => Effect.sync(() => leave(id, scope, woken))
      )
    })

    const awaited = (ids: ReadonlyArray<TransactionId>) => ids.filter((id) => waiting.has(id))

    /** Wakes whoever waits for these, each when its row is recorded; the rows may follow a moment after the results. */
    const tell = Effect.fnUntraced(function*(ids: ReadonlyArray<TransactionId>) {
      let left = awaited(ids)
      // one that is never recorded must not hold up the others: its waiters look for themselves
      for (
        let pause = firstLook;
        left.length > 0 && Duration.lessThan(pause, longestPause);
        pause = Duration.min(Duration.times(pause, 2), longestPause)
      ) {
        const rows = yield* submissions.findMany(left).pipe(
          Effect.catchTag("StorageUnavailable", () => Effect.succeed<ReadonlyArray<StoredSubmission>>([]))
        )
        const recorded = rows.filter((_) => _.recorded !== null)
        yield* Effect.forEach(recorded, (_) => wake(_.id), { discard: true })
        const told = new Set(recorded.map((_) => _.id))
        left = awaited(left).filter((id) => !told.has(id))
        if (left.length > 0) yield* Effect.sleep(pause)
      }
    })

    const hear = (records: ReadonlyArray<StoredRecord>) =>
      waiting.size === 0
        ? Effect.void
        : tell(records.flatMap((record) => {
          const result = presenter.readResult(record)
          return Either.isRight(result) ? [result.right.id] : []
        }))

    /** Ends every wait with what is known, and lets no new one begin. */
    const close = Effect.suspend(() => {
      closed = true
      return Effect.forEach(Array.from(waiting.keys()), wake, { discard: true })
    })

    return {
      await: await_,
      hasRoom,
      /** Waits now. */
      waiting: () => waits,
      close,
      run: log.tail("transactions_result", "end", hear)
    } as const
  })
}) {}
