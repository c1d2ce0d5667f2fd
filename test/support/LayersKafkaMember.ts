import { runMain } from "@effect/platform-node/NodeRuntime"
import { Effect, Layer } from "effect"
import { writeSync } from "node:fs"
import { Log } from "../../src/services/Log.ts"
import { type Entries, kafkaLog } from "./LayersKafka.ts"
import { recordedMetrics } from "./LayersMetrics.ts"
import { textOf } from "./LayersSamples.ts"

const [, , brokers, entries] = process.argv

let holding = false
process.on("SIGUSR2", () => (holding = !holding))
const whileHolding = Effect.repeat(Effect.sleep("20 millis"), { while: () => holding })

/**
 * A processor that prints a line `partition offset text` for each record before it says that it is handled. SIGUSR2 makes
 * it hold what it has in hand, and another one lets it go on.
 */
Effect.flatMap(Log, (log) =>
  log.consume(
    { topic: "transactions", group: "processor" },
    (records) =>
      Effect.zipRight(
        whileHolding,
        Effect.sync(() => {
          const lines = records.map((_) => `${_.position.partition} ${_.position.offset} ${textOf(_)}\n`)
          // it is in the pipe, whatever happens to this process next
          writeSync(1, lines.join(""))
        })
      )
  )).pipe(
    Effect.provide(
      Layer.provide(kafkaLog(brokers!.split(","), JSON.parse(entries!) as Entries), recordedMetrics().layer)
    ),
    runMain
  )
