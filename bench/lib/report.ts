import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { cpus, loadavg, totalmem } from "node:os"
import { join } from "node:path"
import { root } from "./root.ts"

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Of the machine: what else runs on it is in every figure. */
export const load = () => loadavg()[0]!

export const whole = (value: number) => Math.round(value).toLocaleString("en-US")
export const fixed = (value: number, digits = 2) => value.toFixed(digits)
export const megabytes = (bytes: number) => fixed(bytes / 1_048_576, 1)
export const percent = (ratio: number) => `${ratio >= 0 ? "+" : ""}${fixed(ratio * 100, 1)} %`

/** Columns as wide as their widest cell; numbers stand at the right. */
export const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    cells.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join("  ")
  return [line(header), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n")
}

const commit = () => {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"]
    }).trim()
  } catch {
    return null
  }
}

/** Where and when: figures mean nothing without it. */
export const machine = () => ({
  at: new Date().toISOString(),
  commit: commit(),
  node: process.version,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memory: totalmem(),
  load: loadavg()
})

export const writeResult = (name: string, result: unknown, file: string | undefined): ReadonlyArray<string> => {
  const folder = join(root, "bench/results")
  mkdirSync(folder, { recursive: true })
  const stamp = new Date().toISOString().replace(/[:.]/g, "-")
  const files = [join(folder, `${name}-${stamp}.json`), ...(file === undefined ? [] : [file])]
  for (const path of files) writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`)
  return files
}
