import { Cause, Data, Deferred, Effect } from "effect"
import { CannotStart } from "./CannotStart.ts"

/** A part of the service that must run as long as the process does. */
export class DaemonDied extends Data.TaggedError("DaemonDied")<{
  readonly name: string
  readonly cause: Cause.Cause<unknown>
}> {
  override get message() {
    const error = Cause.squash(this.cause)
    if (error instanceof CannotStart) return error.sentence
    return `The ${this.name} stopped (${
      String(error)
    }), so the process ends: start it again, and if it stops again, the log says where.`
  }
}

/** Runs what must never end by itself, and tells when it did: a half-alive process is worse than none. */
export class Daemons extends Effect.Service<Daemons>()("gateway/Daemons", {
  effect: Effect.gen(function*() {
    const death = yield* Deferred.make<never, DaemonDied>()

    /** In the caller's scope: closing it ends the daemon, and that is no death. */
    const start = Effect.fnUntraced(function*<A, E, R>(name: string, daemon: Effect.Effect<A, E, R>) {
      let closing = false
      yield* daemon.pipe(
        Effect.zipRight(Effect.dieMessage("it came to an end")),
        Effect.onError((cause) =>
          closing ? Effect.void : Effect.logError(`the ${name} stopped`, cause).pipe(
            Effect.zipRight(Deferred.fail(death, new DaemonDied({ name, cause })))
          )
        ),
        // wherever it is started: a fiber inherits that it cannot be interrupted
        Effect.interruptible,
        Effect.forkScoped
      )
      // runs before the fiber is interrupted: a scope ends in the reverse order
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          closing = true
        })
      )
    })

    return { start, death: Deferred.await(death) } as const
  })
}) {}
