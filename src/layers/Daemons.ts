import { Cause, Data, Deferred, Effect } from "effect"

/** A part of the service that must run as long as the process ended. */
export class DaemonDied extends Data.TaggedError("DaemonDied")<{
  readonly name: string
  readonly cause: Cause.Cause<unknown>
}> {
  override get message() {
    return `The ${this.name} stopped, so the process ends: ${Cause.pretty(this.cause)}`
  }
}

/** Runs what must never end by itself, and tells when it did: a half-alive process is worse than none. */
export class Daemons extends Effect.Service<Daemons>()("gateway/Daemons", {
  effect: Effect.gen(function*() {
    const death = yield* Deferred.make<never, DaemonDied>()

    /** In the caller's scope: closing it ends the daemon, and that is no death. */
    const start = <A, E, R>(name: string, daemon: Effect.Effect<A, E, R>) =>
      daemon.pipe(
        Effect.zipRight(Effect.dieMessage("it came to an end")),
        Effect.catchAllCause((cause) =>
          Cause.isInterruptedOnly(cause) ? Effect.interrupt : Deferred.fail(death, new DaemonDied({ name, cause }))
        ),
        Effect.forkScoped
      )

    return { start, death: Deferred.await(death) } as const
  })
}) {}
