import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"

/** A process of Node under test; its output goes to a file. */
export interface Child {
  readonly name: string
  readonly pid: number
  /** Seconds of CPU of the process and its threads since its start. */
  readonly cpu: () => number
  /** Bytes. */
  readonly memory: () => { readonly rss: number; readonly peak: number }
  /** Everything it has written. */
  readonly output: () => string
  readonly signal: (signal: NodeJS.Signals) => void
  /** Says why when the process is gone. */
  readonly check: () => void
  readonly stop: () => Promise<void>
}

export const host = "127.0.0.1"
const stopLimit = 15_000
const clockTick = 100

export const waitUntil = async (limit: number, what: string, holds: () => boolean | Promise<boolean>) => {
  const deadline = performance.now() + limit
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limit / 1_000} s`)
    await sleep(20)
  }
}

/** Seconds of CPU of a process and its threads since its start. */
export const cpuOf = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8")
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / clockTick
}

const children = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
})

/** The program's environment is what is given, and where things are found. */
export const startNode = (
  { args, env, folder, name, outputFile }: {
    readonly name: string
    readonly args: ReadonlyArray<string>
    readonly env: Readonly<Record<string, string>>
    readonly folder: string
    readonly outputFile: string
  }
): Child => {
  const out = openSync(outputFile, "w")
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ["ignore", out, out],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: process.env.TMPDIR,
      NODE_ENV: "production",
      LOG_LEVEL: process.env.LOG_LEVEL ?? "warning",
      ...env
    }
  })
  closeSync(out)
  children.add(child)
  let ended = false
  const exited = new Promise<void>((resolve) =>
    child.once("close", () => {
      ended = true
      children.delete(child)
      resolve()
    })
  )
  const pid = child.pid!
  const status = (field: string) => {
    const text = readFileSync(`/proc/${pid}/status`, "utf8")
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1_024
  }
  const output = () => readFileSync(outputFile, "utf8")
  return {
    name,
    pid,
    cpu: () => cpuOf(pid),
    memory: () => ({ rss: status("VmRSS"), peak: status("VmHWM") }),
    output,
    signal: (signal) => void child.kill(signal),
    check: () => {
      if (!ended) return
      const last = output().split("\n").slice(-20).join("\n")
      throw new Error(`${name} ended with ${child.signalCode ?? `code ${child.exitCode}`}:\n${last}`)
    },
    stop: async () => {
      if (ended) return
      child.kill("SIGTERM")
      const timer = setTimeout(() => child.kill("SIGKILL"), stopLimit)
      await exited
      clearTimeout(timer)
    }
  }
}
