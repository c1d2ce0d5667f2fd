import { assert } from "@effect/vitest"
import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { Agent, request } from "node:http"
import { availableParallelism, loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import { build } from "../../scripts/build.mjs"
import { builtStamp, inProject, sources } from "../../scripts/setup.mjs"
import { type HttpAnswer, within } from "../support/HttpConnection.ts"

/** What a test waits for must come within this, in milliseconds: a bound for what never comes, not for what is slow. */
const patience = 30_000

/** These milliseconds of a machine that has nothing else to do. */
export const unburdened = (milliseconds: number): number =>
  milliseconds * Math.max(1, loadavg()[0]! / availableParallelism())

/** What a test has begun and must not outlive it. */
export interface Owner {
  readonly onTestFinished: (end: () => Promise<void> | void) => void
}

/** For what all tests of a file use. */
export const ownerOfSuite = (): Owner & { readonly end: () => Promise<void> } => {
  const ends: Array<() => Promise<void> | void> = []
  return {
    onTestFinished: (end) => {
      ends.unshift(end)
    },
    end: async () => {
      for (const end of ends) await end()
    }
  }
}

/** What no longer runs when this process ends, however it ends. */
const children = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
})
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1))

/** The bundle of the sources as they are: that of `npm test`, or one of this run alone. */
const bundleOfNow = async (): Promise<string> => {
  const stamp = inProject(builtStamp)
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources()) return inProject("dist/main.js")
  const outdir = `.cache/main-${process.pid}`
  process.on("exit", () => rmSync(inProject(outdir), { recursive: true, force: true }))
  return build({ outdir })
}
let built: Promise<string> | undefined

/** The path of the bundle. */
export const bundle = (): Promise<string> => built ??= bundleOfNow()

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds since its start. */
  readonly took: number
}

export interface StartOptions {
  /** Null leaves it to the default. */
  readonly dataDir: string | null
  /** As its whole environment, beside what finds Node and a port. */
  readonly env?: Readonly<Record<string, string>>
  readonly args?: ReadonlyArray<string>
  readonly cwd?: string
  /** As which user, and whose group. */
  readonly uid?: number
}

export interface MainProcess {
  /** The port of the API, once it says that it runs. */
  readonly port: Promise<number>
  /** That of metrics and health, once it has said so. */
  readonly managementPort: () => number
  readonly ended: Promise<Ending>
  readonly hasEnded: () => boolean
  readonly stdout: () => string
  readonly kill: (signal: NodeJS.Signals) => void
}

/**
 * The lines of the welcome, to the last one: where everything is, or the command to try. The role panel has two of its own.
 */
const welcome =
  /\bAPI +http:\/\/\S+:(\d+)\/v1\n(?:(?: {2}(?!Demo)\S[^\n]*\n)+\n|[^]*?\ncurl [^\n]*\n)|\bPanel +http:\/\/\S+:(\d+)\/\n {2}Metrics [^\n]*\n/
const metrics = /\bMetrics +http:\/\/\S+:(\d+)\/metrics$/m

/** Runs the bundle, on a port of its own unless it is told one. */
export const start = async (
  owner: Owner,
  { args = [], cwd = tmpdir(), dataDir, env = {}, uid }: StartOptions
): Promise<MainProcess> => {
  const file = await bundle()
  const started = performance.now()
  const child = spawn(process.execPath, [file, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
    env: {
      PATH: process.env["PATH"],
      PORT: "0",
      MANAGEMENT_PORT: "0",
      ...(dataDir === null ? {} : { DATA_DIR: dataDir }),
      ...env
    }
  })
  children.add(child)
  let stdout = ""
  let stderr = ""
  let ending: Ending | undefined
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => {
      children.delete(child)
      ending = { code, signal, stdout, stderr, took: performance.now() - started }
      resolve(ending)
    })
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  const port = new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
      const found = welcome.exec(stdout)
      if (found !== null) resolve(Number(found[1] ?? found[2]))
    })
    ended.then(({ code, signal }) => reject(new Error(`it ended with ${code ?? signal}: ${stdout}${stderr}`)), reject)
  })
  const ready = within(port, "a start", patience)
  ready.catch(() => {})
  owner.onTestFinished(async () => {
    child.kill("SIGKILL")
    await ended
  })
  return {
    port: ready,
    managementPort: () => Number(metrics.exec(stdout)?.[1]),
    ended,
    hasEnded: () => ending !== undefined,
    stdout: () => stdout,
    kill: (signal) => {
      child.kill(signal)
    }
  }
}

/** How it ended, after it was told to. */
export const stop = (running: MainProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<Ending> => {
  running.kill(signal)
  return within(running.ended, `an end after ${signal}`, patience)
}

/** Whether it serves; if not, it has ended or will. */
export const serves = (running: MainProcess): Promise<boolean> => running.port.then(() => true, () => false)

/** Its end, which comes by itself. */
export const end = (running: MainProcess): Promise<Ending> => within(running.ended, "an end", patience)

/** Runs it to its end; one that serves instead is an error. */
export const run = async (owner: Owner, options: StartOptions): Promise<Ending> => {
  const running = await start(owner, options)
  if (await serves(running)) throw new Error(`it runs: ${running.stdout()}`)
  return end(running)
}

export const folder = (owner: Owner): string => {
  const made = mkdtempSync(join(tmpdir(), "gateway-main-"))
  owner.onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** A folder with what `original` holds. */
export const copyOf = (owner: Owner, original: string): string => {
  const copy = folder(owner)
  cpSync(original, copy, { recursive: true })
  return copy
}

/** The content of each file, but for what SQLite itself keeps beside a database, and for the log, which may be lost. */
export const contents = (dataDir: string): Readonly<Record<string, string>> => {
  if (!existsSync(dataDir)) return {}
  const files = readdirSync(dataDir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !/^log\.sqlite|-(wal|shm)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    files.toSorted().map((file) => [file, createHash("sha256").update(readFileSync(file)).digest("hex")])
  )
}

/** `account_id:secret` of the demo account. */
export const demoOf = (dataDir: string): string => {
  const { account, secret } = JSON.parse(readFileSync(join(dataDir, "demo-credential.json"), "utf8"))
  return `${account}:${secret}`
}

export const operatorOf = (dataDir: string): string =>
  `operator:${JSON.parse(readFileSync(join(dataDir, "keys.json"), "utf8")).operatorSecret}`

export interface Call {
  readonly as?: string
  readonly headers?: Readonly<Record<string, string>>
  /** As JSON. */
  readonly body?: unknown
  readonly agent?: Agent
}

/** One request, on a connection of its own unless there is an agent. */
export const call = (port: number, method: string, path: string, { agent, as, body, headers = {} }: Call = {}) =>
  within(
    new Promise<HttpAnswer>((resolve, reject) => {
      const sending = request(
        { agent: agent ?? false, host: "127.0.0.1", port, method, path, headers },
        (message) => {
          const chunks: Array<Buffer> = []
          message.on("data", (chunk: Buffer) => chunks.push(chunk))
          message.on("error", reject)
          message.on("end", () =>
            resolve({
              status: message.statusCode!,
              headers: Object.fromEntries(
                Object.entries(message.headers).map(([name, value]) => [name, String(value)])
              ),
              head: message.rawHeaders.join("\r\n"),
              text: Buffer.concat(chunks).toString("utf8"),
              interim: []
            }))
        }
      )
      sending.on("error", reject)
      if (as !== undefined) sending.setHeader("authorization", `Basic ${Buffer.from(as).toString("base64")}`)
      if (body !== undefined) sending.setHeader("content-type", "application/json")
      sending.end(body === undefined ? undefined : JSON.stringify(body))
    }),
    `an answer to ${method} ${path}`,
    patience
  )

/** Asks until the answer is yes. */
export const eventually = async <A>(
  what: string,
  ask: () => Promise<A> | A,
  isTrue: (answer: A) => boolean,
  milliseconds = patience
): Promise<A> => {
  const until = performance.now() + milliseconds
  for (;;) {
    const answer = await ask()
    if (isTrue(answer)) return answer
    if (performance.now() > until) throw new Error(`${what} did not become true, but stayed ${JSON.stringify(answer)}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 10)
    })
  }
}

/** That it ended in order without having begun to run, and the sentence that says why. */
export const assertRefused = ({ code, signal, stderr, stdout, took }: Ending): string => {
  assert.match(stderr, /^gateway: [^\n]+\n$/, `standard output: ${stdout}`)
  assert.notMatch(stderr, /\bat \S+:\d+:\d+|node:internal|\bundefined\b|\[object /)
  assert.notInclude(stdout, "The gateway is running.")
  assert.isNull(signal)
  assert.isNotNull(code)
  assert.notStrictEqual(code, 0)
  assert.isBelow(took, unburdened(5_000))
  return stderr
}
