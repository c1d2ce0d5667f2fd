import { existsSync, readFileSync, rmSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { type Child, host, startNode, waitUntil } from "./child.ts"
import { basic, credentialFile, readCredential } from "./credential.ts"
import { gatewayEntry, root } from "./root.ts"

/** A program under test: how it is started, given a folder of its own. */
export interface Subject {
  readonly name: string
  readonly start: (dataDir: string) => Promise<Running>
}

export interface Running extends Pick<Child, "name" | "pid" | "cpu" | "memory" | "check" | "stop"> {
  readonly host: string
  readonly port: number
  readonly managementPort: number
  readonly dataDir: string
  readonly authorization: string
  /** After a collection; only for a subject that was made with `heap: true`. */
  readonly heap: () => Promise<NodeJS.MemoryUsage>
}

const startLimit = 30_000

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

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
    const child = startNode({
      name,
      args: ["--max-semi-space-size=64", ...(heap ? ["--expose-gc", "--import", hook] : []), file],
      folder: dataDir,
      outputFile: join(dataDir, "output.log"),
      env: {
        HOST: host,
        PORT: String(port),
        MANAGEMENT_PORT: String(managementPort),
        DATA_DIR: dataDir,
        RATE_LIMIT: "0",
        BENCH_HEAP_FILE: heapFile
      }
    })
    try {
      await waitUntil(startLimit, `${name} answers /livez`, () => {
        child.check()
        return fetch(`http://${host}:${port}/livez`).then((response) => response.status === 200, () => false)
      })
      await waitUntil(
        startLimit,
        `${name} writes its demo credential`,
        () => existsSync(credentialFile(dataDir))
      )
    } catch (cause) {
      await child.stop()
      throw cause
    }
    return {
      ...child,
      host,
      port,
      managementPort,
      dataDir,
      authorization: basic(readCredential(dataDir)),
      heap: async () => {
        rmSync(heapFile, { force: true })
        child.signal("SIGUSR2")
        await waitUntil(30_000, `${name} writes its heap's size`, () => {
          child.check()
          return existsSync(heapFile)
        })
        return JSON.parse(readFileSync(heapFile, "utf8")) as NodeJS.MemoryUsage
      }
    }
  }
})

/** The programs that can be measured, by name. */
export const subject = (name: string, options: { readonly heap?: boolean } = {}): Subject => {
  switch (name) {
    case "gateway":
      return node({ ...options, name, entry: gatewayEntry, missing: `${gatewayEntry} is missing: npm run build` })
    // another build, to compare before with after
    case "other":
      return node({ ...options, name, entry: process.env.BENCH_OTHER ?? "", missing: "BENCH_OTHER=path/main.js" })
    case "bare":
      return node({ ...options, name, entry: "bench/bare/main.mjs", missing: "bench/bare/main.mjs is missing" })
    default:
      throw new Error(`${name} is not a program this bench knows: gateway, other, bare`)
  }
}
