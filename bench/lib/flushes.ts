import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { waitUntil } from "./child.ts"

export interface Written {
  /** Bytes of all writes. */
  readonly bytes: number
  readonly writes: number
  readonly flushes: number
}

export const hasStrace = () => spawnSync("strace", ["-V"]).status === 0

/**
 * Watches what the first thread of a process writes to files and flushes, where SQLite works. It slows the process down:
 * what it counts is right, how many share a commit is that of the slower process.
 */
export const watchFiles = async (pid: number, outputFile: string) => {
  const strace = spawn("strace", [
    "-q",
    "-y",
    "-s0",
    "-e",
    "trace=pwrite64,fdatasync,fsync",
    "-o",
    outputFile,
    "-p",
    String(pid)
  ], { stdio: "ignore" })
  const ended = new Promise((resolve) => strace.once("close", resolve))
  await waitUntil(
    10_000,
    "strace watches",
    () => /^TracerPid:\s+[1-9]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  )
  return async (): Promise<ReadonlyMap<string, Written>> => {
    strace.kill("SIGINT")
    await Promise.race([ended, sleep(10_000)])
    const files = new Map<string, Written>()
    for (const line of readFileSync(outputFile, "utf8").split("\n")) {
      const found = /(pwrite64|fdatasync|fsync)\(\d+<([^>]*)>.* = (\d+)$/.exec(line)
      if (found === null) continue
      const name = basename(found[2]!)
      const so = files.get(name) ?? { bytes: 0, writes: 0, flushes: 0 }
      const isWrite = found[1] === "pwrite64"
      files.set(name, {
        bytes: so.bytes + (isWrite ? Number(found[3]) : 0),
        writes: so.writes + (isWrite ? 1 : 0),
        flushes: so.flushes + (isWrite ? 0 : 1)
      })
    }
    return files
  }
}
