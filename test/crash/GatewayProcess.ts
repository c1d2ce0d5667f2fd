import { type ChildProcess, spawn } from "node:child_process"
import { createWriteStream, readFileSync } from "node:fs"
import { join } from "node:path"

/** What no longer runs when this process ends, however it ends. */
const children = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
})

const spawnNode = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>): ChildProcess => {
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, LOG_FORMAT: "json", ...env }
  })
  children.add(child)
  child.once("exit", () => children.delete(child))
  return child
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const endOf = (child: ChildProcess) =>
  new Promise<Ending>((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", (code, signal) => resolve({ code, signal }))
  })

/** The lines of the welcome tell the port. */
const address = /\bAPI\s+http:\/\/\S+:(\d+)\//

export interface GatewayProcess {
  /** Where the API listens; null when the process ended before it did. */
  readonly port: Promise<number | null>
  readonly ended: Promise<Ending>
  readonly hasEnded: () => boolean
  readonly kill: () => Promise<Ending>
}

/** Starts a bundle on real files, on a port of its own. */
export const startGateway = (options: {
  readonly bundle: string
  readonly dataDir: string
  /** What it says on standard error is added to this file. */
  readonly errorFile: string
  readonly env: Readonly<Record<string, string>>
}): GatewayProcess => {
  const child = spawnNode([options.bundle], {
    PORT: "0",
    MANAGEMENT_PORT: "0",
    DATA_DIR: options.dataDir,
    LOG_LEVEL: "error",
    RESEND_BACK_OFF_MS: "200",
    RESEND_INTERVAL_MS: "50",
    RESEND_CEILING_MS: "1000",
    ...options.env
  })
  child.stderr!.pipe(createWriteStream(options.errorFile, { flags: "a" }))
  let ending: Ending | null = null
  const ended = endOf(child).then((_) => ending = _)
  const port = new Promise<number | null>((resolve, reject) => {
    let text = ""
    child.stdout!.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-10_000)
      const found = address.exec(text)
      if (found !== null) resolve(Number(found[1]))
    })
    ended.then(() => resolve(null), reject)
  })
  return {
    port,
    ended,
    hasEnded: () => ending !== null,
    kill: () => {
      child.kill("SIGKILL")
      return ended
    }
  }
}

/** What `main.js audit` prints. */
export interface AuditOutput {
  readonly accepted: number
  readonly decided: number
  readonly undecided: number
  readonly parked: number
  readonly holds: boolean
  readonly comparison: {
    readonly submissions: number
    readonly decisions: number
    readonly unrecorded: number
    readonly differences: ReadonlyArray<{ readonly id: string; readonly what: string }>
  }
}

/** The role `audit` of a bundle, beside the gateway that runs. */
export const runAudit = async (
  bundle: string,
  dataDir: string
): Promise<{ readonly code: number | null; readonly report: AuditOutput | null; readonly said: string }> => {
  const child = spawnNode([bundle, "audit"], { DATA_DIR: dataDir, LOG_LEVEL: "error" })
  let output = ""
  let said = ""
  child.stdout!.on("data", (chunk: Buffer) => output += chunk.toString())
  child.stderr!.on("data", (chunk: Buffer) => said += chunk.toString())
  const closed = new Promise((resolve) => child.once("close", resolve))
  const { code } = await endOf(child)
  await closed
  try {
    return { code, report: JSON.parse(output) as AuditOutput, said }
  } catch {
    return { code, report: null, said: `${output}${said}` }
  }
}

const basic = (username: string, secret: string) => `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`

const readJson = (dataDir: string, name: string) =>
  JSON.parse(readFileSync(join(dataDir, name), "utf8")) as Readonly<Record<string, string>>

/** The value of `Authorization` of the demo account. */
export const accountAuthorization = (dataDir: string): string => {
  const { account, secret } = readJson(dataDir, "demo-credential.json")
  return basic(account!, secret!)
}

export const operatorAuthorization = (dataDir: string): string =>
  basic("operator", readJson(dataDir, "keys.json").operatorSecret!)
