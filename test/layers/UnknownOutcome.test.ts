import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Daemons } from "../../src/layers/Daemons.ts"
import { Log } from "../../src/services/Log.ts"
import { faultySqlite } from "../support/LayersFaultySqlite.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { recordsOf } from "../support/LayersPipeline.ts"
import { textOf, textRecord } from "../support/LayersSamples.ts"
import { memoryGateway, memoryLog, memoryProcessor } from "../support/LayersSqlite.ts"
import { unknownOutcomes } from "./UnknownOutcome.conformance.ts"

const scene = Effect.map(faultySqlite, (faults) => {
  const { counted, layer } = recordedMetrics()
  const layers = Layer.mergeAll(memoryGateway, memoryProcessor, memoryLog).pipe(
    Layer.provide(Layer.merge(layer, Daemons.Default))
  )
  return { ...faults, counted, layers }
})

describe("on SQLite, after an unknown outcome", () => unknownOutcomes(scene))

describe("an append whose outcome is not known", () => {
  it.scoped("is told, and what follows is dense, carried out or not", () =>
    Effect.gen(function*() {
      const { layers, left, next } = yield* scene
      yield* Effect.gen(function*() {
        const log = yield* Log
        const append = (text: string) => Effect.map(log.append("transactions", [textRecord(text)]), ([_]) => _!.offset)
        assert.strictEqual(yield* append("first"), 0)
        next(/^INSERT INTO batches\b/, "answer lost")
        assert.strictEqual((yield* Effect.flip(append("perhaps")))._tag, "LogUnavailable")
        assert.strictEqual(yield* append("second"), 2)
        next(/^INSERT INTO batches\b/, "not carried out")
        assert.strictEqual((yield* Effect.flip(append("never")))._tag, "LogUnavailable")
        assert.strictEqual(yield* append("third"), 3)
        assert.strictEqual(left(), 0)
        const read = yield* recordsOf("transactions")
        assert.deepStrictEqual(read.map(textOf), ["first", "perhaps", "second", "third"])
        assert.deepStrictEqual(read.map((_) => _.position.offset), [0, 1, 2, 3])
      }).pipe(Effect.provide(layers))
    }))

  it.scoped("of an offer is counted as lost", () =>
    Effect.gen(function*() {
      const { counted, layers, next } = yield* scene
      yield* Effect.gen(function*() {
        const log = yield* Log
        next(/^INSERT INTO batches\b/, "not carried out")
        yield* log.offer("transactions", textRecord("lost"))
        yield* log.offer("transactions", textRecord("lost too"))
        yield* Effect.either(log.append("transactions", [textRecord("told")]))
        assert.strictEqual(counted.laneDropped.get("transactions"), 2)
        yield* log.append("transactions", [textRecord("kept")])
        assert.deepStrictEqual((yield* recordsOf("transactions")).map(textOf), ["kept"])
      }).pipe(Effect.provide(layers))
    }))
})
