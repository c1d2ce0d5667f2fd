import { Clock, Effect, Layer, Option, Stream, SubscriptionRef } from "effect"
import { type Group, type Handler, Log, LogUnavailable } from "../services/Log.ts"
import { Metrics } from "../services/Metrics.ts"
import { type Simulated, Simulation } from "../services/Simulation.ts"

/** A log whose failures an operator chooses. */
const simulated = (
  log: Log["Type"],
  simulation: SubscriptionRef.SubscriptionRef<Simulated>,
  metrics: Metrics["Type"]
) => {
  const isDown = Effect.map(SubscriptionRef.get(simulation), (_) => _.log === "down")
  const untilUp = simulation.changes.pipe(Stream.takeUntil((_) => _.log === "up"), Stream.runDrain)
  const unlessDown = <A, E>(use: Effect.Effect<A, E>): Effect.Effect<A, E | LogUnavailable> =>
    Effect.if(isDown, {
      onTrue: () => new LogUnavailable({ cause: "the log is down, because an operator simulates it" }),
      onFalse: () => use
    })

  const given = <E, R>(group: Group | null, handler: Handler<E, R>): Handler<E, R> =>
    Effect.fnUntraced(function*(records) {
      yield* untilUp
      const { decisionDelay, redeliver } = yield* SubscriptionRef.get(simulation)
      const newest = records.at(-1)
      if (group === "processor" && decisionDelay > 0 && newest !== undefined) {
        const waited = (yield* Clock.currentTimeMillis) - newest.position.appendedAt
        yield* Effect.sleep(Math.max(0, decisionDelay - waited))
      }
      yield* handler(records)
      if (redeliver && group !== null) yield* handler(records)
    })

  return Log.of({
    ...log,
    append: (topic, records) => unlessDown(log.append(topic, records)),
    offer: (topic, record) =>
      Effect.if(isDown, {
        onTrue: () => Effect.sync(() => metrics.laneDropped(topic)),
        onFalse: () => log.offer(topic, record)
      }),
    consume: (options, handler) => log.consume(options, given(options.group, handler)),
    tail: (topic, from, handler) => log.tail(topic, from, given(null, handler)),
    offsets: (topic, group) => unlessDown(log.offsets(topic, group)),
    lag: (topic, group) => unlessDown(log.lag(topic, group))
  })
}

/** Around a log, where there is a simulation. */
export const SimulatedLog = Layer.effect(
  Log,
  Effect.gen(function*() {
    const log = yield* Log
    const metrics = yield* Metrics
    return Option.match(yield* Simulation, {
      onNone: () => log,
      onSome: (simulation) => simulated(log, simulation, metrics)
    })
  })
)
