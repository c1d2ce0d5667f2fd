import { Context, Effect, type Option, SubscriptionRef } from "effect"

export interface Simulated {
  /** Milliseconds that a transaction waits in the log before it is given to the processor, at least. */
  readonly decisionDelay: number
  /** Whether the log gives its records twice. */
  readonly redeliver: boolean
  readonly log: "up" | "down"
}

/** What an operator lets go wrong on purpose, so that clients can try out their retries; none where all is real. */
export class Simulation
  extends Context.Tag("gateway/Simulation")<Simulation, Option.Option<SubscriptionRef.SubscriptionRef<Simulated>>>()
{
  static readonly make: Effect.Effect<Simulation["Type"]> = Effect.asSome(
    SubscriptionRef.make<Simulated>({ decisionDelay: 0, redeliver: false, log: "up" })
  )
}
