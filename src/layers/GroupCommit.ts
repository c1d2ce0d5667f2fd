import { Cause, Effect, Either, Exit, FiberId, type Scope } from "effect"
import { Overloaded } from "../services/Failure.ts"
import { Daemons } from "./Daemons.ts"

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
  /** Answers one result for each item, in their order; a failure is everybody's. */
  readonly commit: (items: ReadonlyArray<Item>) => Effect.Effect<ReadonlyArray<Either.Either<A, E>>, E2>
}): Effect.Effect<GroupCommit<Item, A, E | E2>, never, Scope.Scope | Daemons> =>
  Effect.gen(function*() {
    const daemons = yield* Daemons
    let waiting: Array<Waiting<Item, A, E | E2 | Overloaded>> = []
    let wakeWriter: (() => void) | undefined
    let ended: Exit.Exit<never> | undefined

    const end = (exit: Exit.Exit<never>) => {
      ended = exit
      for (const { resume } of waiting.splice(0)) resume(exit)
    }

    const nextBatch = Effect.async<ReadonlyArray<Waiting<Item, A, E | E2 | Overloaded>>>((resume) => {
      let turn: NodeJS.Immediate | undefined
      const take = () =>
        resume(Effect.sync(() => {
          if (waiting.length <= options.maxBatch) {
            const batch = waiting
            waiting = []
            return batch
          }
          return waiting.splice(0, options.maxBatch)
        }))
      const wake = () => {
        wakeWriter = undefined
        turn = setImmediate(take)
      }
      if (waiting.length > 0) wake()
      else wakeWriter = wake
      return Effect.sync(() => {
        wakeWriter = undefined
        clearImmediate(turn)
      })
    })

    const commitBatch = Effect.fnUntraced(function*(batch: ReadonlyArray<Waiting<Item, A, E | E2 | Overloaded>>) {
      const exit = yield* Effect.exit(options.commit(batch.map((_) => _.item)))
      if (Exit.isSuccess(exit)) {
        for (let i = 0; i < batch.length; i++) {
          const result = exit.value[i]!
          batch[i]!.resume(Either.isRight(result) ? Exit.succeed(result.right) : Exit.fail(result.left))
        }
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
