import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SystemRandomness } from "../../src/layers/SystemRandomness.ts"
import { Randomness } from "../../src/services/Randomness.ts"

describe("SystemRandomness", () => {
  it.effect("never gives the same bytes twice, and as many as were asked for", () =>
    Effect.gen(function*() {
      const { bytes } = yield* Randomness
      const seen = new Set<string>()
      for (let draw = 0; draw < 20_000; draw++) {
        const size = 8 + draw % 41
        const drawn = bytes(size)
        assert.strictEqual(drawn.length, size)
        seen.add(Buffer.from(drawn).toString("hex", 0, 8))
      }
      assert.strictEqual(seen.size, 20_000)
      for (const size of [0, 1, 4_096, 4_097, 100_000]) assert.strictEqual(bytes(size).length, size)
      assert.notDeepEqual([...bytes(5_000)], [...bytes(5_000)])
    }).pipe(Effect.provide(SystemRandomness)))

  it.effect("what it gave belongs to the caller", () =>
    Effect.gen(function*() {
      const { bytes } = yield* Randomness
      const mine = bytes(32)
      const before = [...mine]
      for (let draw = 0; draw < 1_000; draw++) bytes(32).fill(7)
      assert.deepStrictEqual([...mine], before)
    }).pipe(Effect.provide(SystemRandomness)))

  it.effect("every bit is as often set as not", () =>
    Effect.gen(function*() {
      const { bytes } = yield* Randomness
      const set = Array.from({ length: 80 }, () => 0)
      for (let draw = 0; draw < 4_000; draw++) {
        bytes(10).forEach((byte, at) => {
          for (let bit = 0; bit < 8; bit++) set[at * 8 + bit]! += (byte >> bit) & 1
        })
      }
      // six standard deviations, 32 each
      for (const count of set) assert.closeTo(count, 2_000, 190)
    }).pipe(Effect.provide(SystemRandomness)))
})
