/**
 * Loaded into a program under test (`--expose-gc --import`): on SIGUSR2 it collects and writes `process.memoryUsage()`
 * to the file named by `BENCH_HEAP_FILE`, by a rename, so that a reader never sees half of it.
 */
import { renameSync, writeFileSync } from "node:fs"

const file = process.env.BENCH_HEAP_FILE

process.on("SIGUSR2", async () => {
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  writeFileSync(`${file}.part`, JSON.stringify(process.memoryUsage()))
  renameSync(`${file}.part`, file)
})
