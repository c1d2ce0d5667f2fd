import { Effect, Layer } from "effect"
import { randomBytes } from "node:crypto"
import { Daemons } from "../../src/layers/Daemons.ts"
import { KafkaLog } from "../../src/layers/kafka/KafkaLog.ts"
import { SystemRandomness } from "../../src/layers/SystemRandomness.ts"
import type { LogPlace } from "./LayersLog.ts"
import { settings } from "./LayersSqlite.ts"

/** Variables of the environment. */
export type Entries = Readonly<Record<string, string>>

/** Topics and groups of its own at these brokers. */
export const newPrefix = () => `test-${randomBytes(6).toString("hex")}.`

/** With the daemons, whose death ends a process. */
export const kafkaLogWithDaemons = (brokers: ReadonlyArray<string>, entries: Entries = {}) =>
  KafkaLog.pipe(
    Layer.provideMerge(Daemons.Default),
    Layer.provide(
      Layer.merge(SystemRandomness, settings({ KAFKA_BROKERS: brokers.join(","), KAFKA_PARTITIONS: "3", ...entries }))
    )
  )

export const kafkaLog = (brokers: ReadonlyArray<string>, entries: Entries = {}) =>
  Layer.provide(
    KafkaLog,
    Layer.mergeAll(
      SystemRandomness,
      Daemons.Default,
      settings({ KAFKA_BROKERS: brokers.join(","), KAFKA_PARTITIONS: "3", ...entries })
    )
  )

/** An empty log of its own. */
export const kafkaPlace = (brokers: ReadonlyArray<string>): Effect.Effect<LogPlace> =>
  Effect.sync(() => {
    const prefix = newPrefix()
    return {
      open: ({ laneCapacity } = {}) =>
        kafkaLog(brokers, {
          KAFKA_TOPIC_PREFIX: prefix,
          ...(laneCapacity === undefined ? {} : { LANE_CAPACITY: `${laneCapacity}` })
        }),
      appender: { program: "test/support/LayersKafkaAppender.ts", args: [brokers.join(","), prefix] }
    }
  })
