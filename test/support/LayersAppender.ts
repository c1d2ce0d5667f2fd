import { runMain } from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer } from "effect"
import { Log } from "../../src/services/Log.ts"
import type { Metrics } from "../../src/services/Metrics.ts"
import { recordedMetrics } from "./LayersMetrics.ts"
import { textRecord } from "./LayersSamples.ts"

/**
 * A program that appends until it is killed, from several fibers, and prints a line `partition offset text` for each
 * record that was acknowledged. A suite kills it and looks whether all of these are there.
 */
export const appendForever = <E>(layer: Layer.Layer<Log, E, Metrics>) => {
  const appender = (name: number) =>
    Effect.gen(function*() {
      const log = yield* Log
      for (let i = 0;; i++) {
        const text = `${name}-${i}`
        const [position] = yield* log.append("transactions", [textRecord(text, `key ${name}`)])
        yield* Console.log(`${position!.partition} ${position!.offset} ${text}`)
      }
    })
  Effect.forEach([1, 2, 3, 4], appender, { concurrency: "unbounded" }).pipe(
    Effect.provide(Layer.provide(layer, recordedMetrics().layer)),
    runMain
  )
}
