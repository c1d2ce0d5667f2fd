import { Layer } from "effect"
import { randomFillSync } from "node:crypto"
import { Randomness } from "../services/Randomness.ts"

/** One call to the system's generator costs as much for 4,096 bytes as for ten. */
const poolSize = 4_096

export const SystemRandomness = Layer.sync(Randomness, () => {
  const pool = new Uint8Array(poolSize)
  let used = poolSize
  return {
    bytes: (size) => {
      if (size > poolSize) return randomFillSync(new Uint8Array(size))
      if (used + size > poolSize) {
        randomFillSync(pool)
        used = 0
      }
      const bytes = Buffer.from(pool.subarray(used, used + size))
      // what was handed out does not stay behind
      pool.fill(0, used, used + size)
      used += size
      return bytes
    }
  }
})
