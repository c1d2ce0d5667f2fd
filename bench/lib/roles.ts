import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { choosePorts } from "../../scripts/servers/server.mjs"
import { makeAccountId } from "../../src/domain/Ids.ts"
import { type Child, host, startNode, waitUntil } from "./child.ts"
import { basic } from "./credential.ts"
import type { Place } from "./place.ts"
import { gatewayEntry, root } from "./root.ts"

export type Role = "intake" | "processor" | "recorder"

/** A program of the distributed profile: one process per role. */
export interface Program {
  readonly name: string
  readonly entry: string
  /** Whether a process of it is ready: the gateway says so on its management port, the others write it. */
  readonly isReady: (process: Process) => boolean | Promise<boolean>
  readonly env: Readonly<Record<string, string>>
  /** Makes an account, and answers `account:secret`; without it, the intake is told one. */
  readonly createAccount?: (intake: Process, place: Place) => Promise<string>
}

export interface Process extends Child {
  readonly role: Role
  readonly port: number
  readonly managementPort: number
}

const startLimit = 60_000

/** `NAME=value,NAME=value` */
const parseEnv = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(",").filter((_) => _ !== "").map((pair) => {
      const equals = pair.indexOf("=")
      return [pair.slice(0, equals), pair.slice(equals + 1)]
    })
  )

const gateway: Program = {
  name: "gateway",
  entry: gatewayEntry,
  env: { RATE_LIMIT: "0" },
  isReady: ({ managementPort }) =>
    fetch(`http://${host}:${managementPort}/readyz`).then((response) => response.status === 200, () => false),
  createAccount: async ({ port }, place) => {
    const response = await fetch(`http://${host}:${port}/v1/accounts`, {
      method: "POST",
      headers: {
        authorization: basic(`operator:${place.env.OPERATOR_SECRET}`),
        "content-type": "application/json"
      },
      body: JSON.stringify({ name: "bench" })
    })
    if (response.status !== 201) throw new Error(`no account: ${response.status} ${await response.text()}`)
    const { id, secret } = await response.json() as { readonly id: string; readonly secret: string }
    return `${id}:${secret}`
  }
}

const byHand = (name: string, entry: string, env: Readonly<Record<string, string>> = {}): Program => ({
  name,
  entry,
  env,
  isReady: (process) => process.output().includes("ready\n")
})

const programs: ReadonlyArray<Program> = [
  gateway,
  // another build, or other settings, to compare before with after
  {
    ...gateway,
    name: "other",
    entry: process.env.BENCH_OTHER ?? gatewayEntry,
    env: { ...gateway.env, ...parseEnv(process.env.BENCH_OTHER_ENV ?? "") }
  },
  byHand("bare", "bench/bare/distributed.mjs"),
  byHand("single", "bench/bare/single.mjs"),
  // one message at a time in each partition, which a configuration gives to whoever looks for it
  byHand("single6", "bench/bare/single.mjs", { BENCH_CONCURRENCY: "6" })
]

export const program = (name: string): Program => {
  const found = programs.find((_) => _.name === name)
  if (found === undefined) {
    throw new Error(`${name} is not a program this bench knows: ${programs.map((_) => _.name).join(", ")}`)
  }
  if (!existsSync(join(root, found.entry))) throw new Error(`${found.entry} is missing: npm run build`)
  return found
}

/** Does not wait until it is ready. */
export const startRole = async (
  of: Program,
  role: Role,
  place: Place,
  env: Readonly<Record<string, string>> = {}
): Promise<Process> => {
  const [port, managementPort] = await choosePorts([25_010, 25_011 + ["intake", "processor", "recorder"].indexOf(role)])
  const child = startNode({
    name: `${of.name} ${role}`,
    args: ["--max-semi-space-size=64", ...profiling(role), join(root, of.entry), role],
    folder: place.folder,
    outputFile: join(place.folder, `${role}.log`),
    env: {
      ...place.env,
      ...of.env,
      ...env,
      HOST: host,
      PORT: String(port),
      MANAGEMENT_PORT: String(managementPort)
    }
  })
  return { ...child, role, port: port!, managementPort: managementPort! }
}

/** BENCH_PROFILE names a folder for the CPU profiles of the roles. */
const profiling = (role: Role) => {
  const folder = process.env.BENCH_PROFILE
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${role}-${Date.now()}`]
}

export const untilReady = async (of: Program, process: Process) =>
  waitUntil(startLimit, `${process.name} is ready`, () => {
    process.check()
    return of.isReady(process)
  })

/** All three roles, ready, and a credential for the intake. */
export const startRoles = async (of: Program, place: Place) => {
  const credential = of.createAccount === undefined
    ? `${makeAccountId(Date.now(), randomBytes(10))}:sk_${randomBytes(32).toString("base64url")}`
    : undefined
  const told: Readonly<Record<string, string>> = credential === undefined ? {} : { BENCH_CREDENTIAL: credential }
  const processes: Array<Process> = []
  const stop = async () => {
    for (const process of processes) await process.stop()
  }
  try {
    for (const role of ["recorder", "processor", "intake"] as const) {
      const process = await startRole(of, role, place, told)
      processes.push(process)
      await untilReady(of, process)
    }
    const intake = processes[2]!
    return {
      processes,
      intake,
      authorization: basic(credential ?? await of.createAccount!(intake, place)),
      check: () => processes.forEach((process) => process.check()),
      stop
    }
  } catch (cause) {
    await stop()
    throw cause
  }
}
