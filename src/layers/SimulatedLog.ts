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
  const now = SubscriptionRef.get(simulation)
  const untilUp = simulation.changes.pipe(Stream.takeUntil((_) => _.log === "up"), Stream.runDrain)
  const unlessDown = <A, E>(use: Effect.Effect<A, E>): Effect.Effect<A, E | LogUnavailable> =>
    Effect.flatMap(
      now,
      ({ log }): Effect.Effect<A, E | LogUnavailable> =>
        log === "up" ? use : new LogUnavailable({ cause: "the log is down, because an operator simulates it" })
    )

  const given = <E, R>(group: Group | null, handler: Handler<E, R>): Handler<E, R> =>
    Effect.fnUntraced(function*(records) {
      if ((yield* now).log === "down") yield* untilUp
      const { decisionDelay, redeliver } = yield* now
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
      Effect.flatMap(
        now,
        (_) => _.log === "up" ? log.offer(topic, record) : Effect.sync(() => metrics.laneDropped(topic))
      ),
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
