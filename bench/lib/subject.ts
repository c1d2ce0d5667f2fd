import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, openSync, readFileSync, rmSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { basic, credentialFile, readCredential } from "./credential.ts"
import { root } from "./root.ts"

/** A program under test: how it is started, given a folder of its own. */
export interface Subject {
  readonly name: string
  readonly start: (dataDir: string) => Promise<Running>
}

export interface Running {
  readonly name: string
  readonly pid: number
  readonly host: string
  readonly port: number
  readonly managementPort: number
  readonly dataDir: string
  readonly authorization: string
  /** Seconds of CPU of the process and its threads since its start. */
  readonly cpu: () => number
  /** Bytes. */
  readonly memory: () => { readonly rss: number; readonly peak: number }
  /** After a collection; only for a subject that was made with `heap: true`. */
  readonly heap: () => Promise<NodeJS.MemoryUsage>
  /** Says why when the process is gone. */
  readonly check: () => void
  readonly stop: () => Promise<void>
}

const host = "127.0.0.1"
const startLimit = 30_000
const stopLimit = 15_000

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const waitUntil = async (limit: number, what: string, holds: () => boolean | Promise<boolean>) => {
  const deadline = performance.now() + limit
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limit / 1_000} s`)
    await sleep(20)
  }
}

const children = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
})

const clockTick = 100

const node = (
  { entry, heap = false, missing, name }: {
    readonly name: string
    readonly entry: string
    readonly missing: string
    readonly heap?: boolean
  }
): Subject => ({
  name,
  start: async (dataDir) => {
    const file = join(root, entry)
    if (!existsSync(file)) throw new Error(missing)
    await mkdir(dataDir, { recursive: true })
    const [port, managementPort] = [await freePort(), await freePort()]
    const heapFile = join(dataDir, "heap.json")
    const hook = new URL("./heap.mjs", import.meta.url).href
    const output = join(dataDir, "output.log")
    const out = openSync(output, "w")
    const child = spawn(
      process.execPath,
      ["--max-semi-space-size=64", ...(heap ? ["--expose-gc", "--import", hook] : []), file],
      {
        cwd: dataDir,
        stdio: ["ignore", out, out],
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          TMPDIR: process.env.TMPDIR,
          NODE_ENV: "production",
          HOST: host,
          PORT: String(port),
          MANAGEMENT_PORT: String(managementPort),
          DATA_DIR: dataDir,
          RATE_LIMIT: "0",
          LOG_LEVEL: process.env.LOG_LEVEL ?? "warning",
          BENCH_HEAP_FILE: heapFile
        }
      }
    )
    children.add(child)
    let ended = false
    const exited = new Promise<void>((resolve) =>
      child.once("close", () => {
        ended = true
        children.delete(child)
        resolve()
      })
    )
    const check = () => {
      if (ended) {
        const last = readFileSync(output, "utf8").split("\n").slice(-20).join("\n")
        throw new Error(`${name} ended with ${child.signalCode ?? `code ${child.exitCode}`}:\n${last}`)
      }
    }
    const stop = async () => {
      if (ended) return
      child.kill("SIGTERM")
      const timer = setTimeout(() => child.kill("SIGKILL"), stopLimit)
      await exited
      clearTimeout(timer)
    }
    const pid = child.pid!
    const status = (field: string) => {
      const text = readFileSync(`/proc/${pid}/status`, "utf8")
      return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1_024
    }
    try {
      await waitUntil(startLimit, `${name} answers /livez`, () => {
        check()
        return fetch(`http://${host}:${port}/livez`).then((response) => response.status === 200, () => false)
      })
      await waitUntil(
        startLimit,
        `${name} writes its demo credential`,
        () => existsSync(credentialFile(dataDir))
      )
    } catch (cause) {
      await stop()
      throw cause
    }
    return {
      name,
      pid,
      host,
      port,
      managementPort,
      dataDir,
      authorization: basic(readCredential(dataDir)),
      cpu: () => {
        const text = readFileSync(`/proc/${pid}/stat`, "utf8")
        const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
        return (Number(fields[11]) + Number(fields[12])) / clockTick
      },
      memory: () => ({ rss: status("VmRSS"), peak: status("VmHWM") }),
      heap: async () => {
        rmSync(heapFile, { force: true })
        child.kill("SIGUSR2")
        await waitUntil(30_000, `${name} writes its heap's size`, () => {
          check()
          return existsSync(heapFile)
        })
        return JSON.parse(readFileSync(heapFile, "utf8")) as NodeJS.MemoryUsage
      },
      check,
      stop
    }
  }
})

/** The programs that can be measured, by name. */
export const subject = (name: string, options: { readonly heap?: boolean } = {}): Subject => {
  switch (name) {
    case "gateway":
      return node({ ...options, name, entry: "dist/main.js", missing: "dist/main.js is missing: npm run build" })
    case "bare":
      return node({ ...options, name, entry: "bench/bare/main.mjs", missing: "bench/bare/main.mjs is missing" })
    default:
      throw new Error(`${name} is not a program this bench knows: gateway, bare`)
  }
}
