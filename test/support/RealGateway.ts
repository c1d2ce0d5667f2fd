import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inProject } from "../../scripts/setup.mjs"
import { eventually } from "./GatewayFixture.ts"

export interface RealGateway {
  readonly url: string
  readonly dataDir: string
  readonly child: ChildProcess
  readonly close: () => Promise<void>
}

/** The real entry point in a process of its own, on an empty folder. */
export const startRealGateway = async (): Promise<RealGateway> => {
  const folder = mkdtempSync(join(tmpdir(), "gateway-real-"))
  const dataDir = join(folder, "data")
  const child = spawn(process.execPath, ["--import", "tsx", inProject("src/main.ts")], {
    cwd: inProject("."),
    env: { PATH: process.env["PATH"], PORT: "0", MANAGEMENT_PORT: "0", DATA_DIR: dataDir },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
  }
  const ended = new Promise((done) => child.on("close", done))
  const urlIn = () => /API\s+(http:\/\/[^:]+:\d+)\/v1/.exec(output)?.[1]
  await eventually("a start", () => urlIn() !== undefined || child.exitCode !== null, (_) => _, 60_000)
  const url = urlIn()
  if (url === undefined) throw new Error(`the gateway did not start: ${output}`)
  return {
    url,
    dataDir,
    child,
    close: async () => {
      child.kill("SIGKILL")
      await ended
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, within the time a test has. */
export const runProgram = (
  command: string,
  args: ReadonlyArray<string>,
  options: {
    readonly cwd?: string
    readonly env?: Readonly<Record<string, string | undefined>>
    readonly onStart?: (child: ChildProcess) => void
    readonly seconds?: number
  } = {}
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: (options.seconds ?? 60) * 1000,
      killSignal: "SIGKILL"
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
    })
    child.on("error", reject)
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }))
    options.onStart?.(child)
  })
