import { Cause, Effect, Either, Exit, FiberId, type Scope } from "effect"
import { Overloaded } from "../services/Failure.ts"
import { Daemons } from "./Daemons.ts"

const tooFew = Exit.die("a commit answered fewer results than it had items")

interface Waiting<Item, A, E> {
  readonly item: Item
  readonly resume: (exit: Exit.Exit<A, E>) => void
}

export interface GroupCommit<Item, A, E> {
  /** Answers when the item's commit is durable. A caller that goes away does not take its item along. */
  readonly submit: (item: Item) => Effect.Effect<A, E | Overloaded>
  /** Does not wait; false when the queue is full. A failed commit of the item is told to `onLost`. */
  readonly offer: (item: Item, onLost: () => void) => boolean
}

/**
 * Items that arrive in one turn of the event loop, or while the previous commit was running, share the next commit.
 *
 * The writer waits for one `setImmediate` before it takes what is there: Node drains microtasks between two sockets of
 * one poll, so without it every commit would hold a single item. There is no timer, so an idle process adds no latency.
 */
export const makeGroupCommit = <Item, A, E, E2>(options: {
  readonly name: string
  /** Items that may wait; one more is `Overloaded`. */
  readonly capacity: number
  readonly maxBatch: number
  /** Of a batch with more than one item. */
  readonly maxWeight?: number
  readonly weigh?: (item: Item) => number
  /** After a batch of so many items the next one is not taken before so many ms have passed, unless it is full. */
  readonly pace?: { readonly crowd: number; readonly interval: number }
  /** Answers one result for each item, in their order; a failure is everybody's. */
  readonly commit: (items: ReadonlyArray<Item>) => Effect.Effect<ReadonlyArray<Either.Either<A, E>>, E2>
}): Effect.Effect<GroupCommit<Item, A, E | E2>, never, Scope.Scope | Daemons> =>
  Effect.gen(function*() {
    const daemons = yield* Daemons
    const clock = yield* Effect.clock
    const waiting: Array<Waiting<Item, A, E | E2 | Overloaded>> = []
    let wakeWriter: (() => void) | undefined
    let ended: Exit.Exit<never> | undefined

    const end = (exit: Exit.Exit<never>) => {
      ended = exit
      for (const { resume } of waiting.splice(0)) resume(exit)
    }

    const batchSize = (entries: ReadonlyArray<{ readonly item: Item }>): number => {
      const most = Math.min(entries.length, options.maxBatch)
      if (options.weigh === undefined || options.maxWeight === undefined) return most
      let weight = 0
      for (let size = 0; size < most; size++) {
        weight += options.weigh(entries[size]!.item)
        if (weight > options.maxWeight) return Math.max(1, size)
      }
      return most
    }

    const { pace = { crowd: Infinity, interval: 0 } } = options
    let lastSize = 0
    let lastAt = 0
    const early = () =>
      lastSize < pace.crowd || waiting.length >= options.maxBatch
        ? 0
        // never longer than the interval, should the clock be set back
        : Math.min(lastAt + pace.interval - clock.unsafeCurrentTimeMillis(), pace.interval)

    const nextBatch = Effect.async<ReadonlyArray<Waiting<Item, A, E | E2 | Overloaded>>>((resume) => {
      let turn: NodeJS.Immediate | undefined
      let timer: NodeJS.Timeout | undefined
      const take = () => {
        wakeWriter = undefined
        resume(Effect.sync(() => {
          lastSize = batchSize(waiting)
          lastAt = clock.unsafeCurrentTimeMillis()
          return waiting.splice(0, lastSize)
        }))
      }
      const wake = () => {
        wakeWriter = undefined
        clearTimeout(timer)
        const wait = early()
        if (wait <= 0) {
          turn = setImmediate(take)
          return
        }
        timer = setTimeout(take, wait)
        wakeWriter = () => {
          if (waiting.length >= options.maxBatch) wake()
        }
      }
      if (waiting.length > 0) wake()
      else wakeWriter = wake
      return Effect.sync(() => {
        wakeWriter = undefined
        clearImmediate(turn)
        clearTimeout(timer)
      })
    })

    const commitBatch = Effect.fnUntraced(function*(batch: ReadonlyArray<Waiting<Item, A, E | E2 | Overloaded>>) {
      const exit = yield* Effect.exit(options.commit(batch.map((_) => _.item)))
      if (Exit.isSuccess(exit)) {
        for (let i = 0; i < batch.length; i++) {
          const result = exit.value[i]
          batch[i]!.resume(
            result === undefined ? tooFew : Either.isRight(result) ? Exit.succeed(result.right) : Exit.fail(result.left)
          )
        }
        if (exit.value.length < batch.length) return yield* tooFew
        return
      }
      for (const { resume } of batch) resume(Exit.failCause(exit.cause))
      if (!Cause.isFailType(exit.cause)) return yield* Effect.failCause(exit.cause)
    })

    yield* Effect.addFinalizer(() => Effect.sync(() => end(Exit.interrupt(FiberId.none))))
    yield* nextBatch.pipe(
      Effect.flatMap((batch) => Effect.uninterruptible(commitBatch(batch))),
      Effect.forever,
      Effect.onError((cause) => Effect.sync(() => end(Exit.failCause(cause as Cause.Cause<never>)))),
      (writer) => daemons.start(options.name, writer)
    )

    const enqueue = (entry: Waiting<Item, A, E | E2 | Overloaded>): boolean => {
      if (ended !== undefined || waiting.length >= options.capacity) return false
      waiting.push(entry)
      wakeWriter?.()
      return true
    }

    return {
      submit: (item) =>
        Effect.async<A, E | E2 | Overloaded>((resume) => {
          if (!enqueue({ item, resume })) resume(ended ?? new Overloaded({ what: options.name }))
        }),
      offer: (item, onLost) => enqueue({ item, resume: (exit) => Exit.isFailure(exit) && onLost() })
    }
  })
