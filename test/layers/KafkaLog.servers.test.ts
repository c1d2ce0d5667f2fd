import { describe, inject } from "vitest"
import { kafkaPlace } from "../support/LayersKafka.ts"
import { logConformance } from "./Log.conformance.ts"

const brokers = inject("kafka")

describe.runIf(brokers !== null)("on Apache Kafka", () => {
  logConformance([{ name: "KafkaLog", clock: "real", patience: 20_000, place: kafkaPlace(brokers!) }])
})
