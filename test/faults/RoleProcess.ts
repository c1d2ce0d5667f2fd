import { type ChildProcess, spawn } from "node:child_process"
import { createWriteStream, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import type { Counts } from "./Counts.ts"
import { ask } from "./Http.ts"
import { tell } from "./Watchdog.ts"

/** What no longer runs when this process ends, however it ends. */
const children = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
})

export type Role = "intake" | "processor" | "recorder"

export type Environment = Readonly<Record<string, string>>

export const spawnNode = (args: ReadonlyArray<string>, env: Environment): ChildProcess => {
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, ...env }
  })
  children.add(child)
  if (child.pid !== undefined) tell("started", child.pid)
  child.once("exit", () => {
    children.delete(child)
    if (child.pid !== undefined) tell("ended", child.pid)
  })
  return child
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** ms until a started process must say that it is ready. */
const startLimit = 90_000
const stopLimit = 20_000
const slice = 250

interface Life {
  readonly child: ChildProcess
  readonly ended: Promise<Ending>
  ending: Ending | null
  ready: boolean
  /** Why it may end: it was killed, it was stopped, or a failpoint is set. */
  excuse: "killed" | "stopped" | "failpoint" | null
  /** Its pipes have told everything. */
  readonly said: () => string
}

/** One process of a role that is started again and again, with the same ports and the same log file. */
export interface RoleProcess {
  readonly name: string
  readonly role: Role
  readonly port: number
  readonly managementPort: number
  /** Undefined while none runs. */
  readonly pid: () => number | undefined
  /** Whether what runs now has said that it is ready. */
  readonly wasReady: () => boolean
  /** Spawns it; it is started again when it ends without being told to. */
  readonly start: (extra?: Environment) => void
  /** Waits until it says that it is ready. */
  readonly ready: (limit?: number) => Promise<void>
  readonly kill: () => Promise<void>
  /** SIGTERM, and the wait for the end. */
  readonly stop: () => Promise<void>
  /** Starts it with a failpoint, at which it kills itself. */
  readonly arm: (failpoint: string) => void
  /**
   * Waits until its failpoint has killed it; false when that did not fire within `limit` ms without trouble at the servers,
   * and it is killed by us.
   */
  readonly fired: (limit: number) => Promise<boolean>
  readonly pause: () => void
  readonly resume: () => void
  /** Whether the system has stopped it, by a signal of its own or of ours. */
  readonly isStopped: () => boolean
  /** Nobody else touches it while `work` runs. */
  readonly exclusive: <A>(work: () => Promise<A>) => Promise<A>
  readonly isFree: () => boolean
}

export const makeRoleProcess = (options: {
  readonly name: string
  readonly role: Role
  readonly port: number
  readonly managementPort: number
  /** The arguments of node. */
  readonly args: ReadonlyArray<string>
  readonly env: Environment
  readonly logFile: string
  readonly counts: Counts
  /** Whether a start may be refused now, because what it asks for is not there. */
  readonly mayBeRefused: () => boolean
  readonly onFinding: (what: string) => void
}): RoleProcess => {
  const { args, counts, env, logFile, managementPort, mayBeRefused, name, onFinding, port, role } = options
  let life: Life | null = null
  let wanted = false
  let extraEnv: Environment = {}
  let queue: Promise<unknown> = Promise.resolve()
  let waiting = 0

  const onEnd = (ended: Life, ending: Ending, refusable: boolean) => {
    ended.ending = ending
    const { excuse, ready } = ended
    if (excuse === "killed" || (excuse === "failpoint" && ending.signal === "SIGKILL")) return
    const how = `${name} ended with ${ending.code ?? ending.signal}`
    if (excuse === "stopped") {
      if (ending.code === 0 || ending.code === 130 || ending.code === 143) return counts.add(`stops of ${role}`)
      return onFinding(`${how} when it was stopped: ${ended.said()}`)
    }
    // a sentence, and 1, before it was ready, while a server is away
    if (!ready && ending.code === 1 && refusable && ended.said().includes("gateway: ")) {
      counts.add(`starts of ${role} refused while a server was away`)
    } else {
      onFinding(`${how} by itself ${ready ? "while it ran" : "while it started"}: ${ended.said()}`)
    }
    if (!wanted) return
    setTimeout(() => {
      if (wanted && life === ended) spawnLife(null)
    }, 500)
  }

  const spawnLife = (excuse: Life["excuse"]) => {
    const refusableAtStart = mayBeRefused()
    const child = spawnNode(args, { ...env, ...extraEnv })
    const log = createWriteStream(logFile, { flags: "a" })
    let last = ""
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.pipe(log, { end: false })
      stream.on("data", (chunk: Buffer) => last = (last + chunk.toString()).slice(-2_000))
    }
    const ended = new Promise<Ending>((resolve, reject) => {
      child.once("error", reject)
      child.once("close", (code, signal) => {
        log.end()
        resolve({ code, signal })
      })
    })
    const born: Life = { child, ended, ending: null, ready: false, excuse, said: () => last.trim() }
    life = born
    void ended.then((ending) => onEnd(born, ending, refusableAtStart || mayBeRefused()))
    counts.add(`starts of ${role}`)
  }

  const start = (extra: Environment = {}) => {
    if (life !== null && life.ending === null) throw new Error(`${name} runs already`)
    extraEnv = extra
    wanted = true
    spawnLife(null)
  }

  const ready = async (limit = startLimit) => {
    const until = performance.now() + limit
    while (performance.now() < until) {
      const current = life
      if (current !== null && current.ending === null) {
        const answer = await ask({ port: managementPort, method: "GET", path: "/readyz", limit: 2_000 }).catch(() =>
          null
        )
        if (answer?.status === 200) {
          current.ready = true
          return
        }
      }
      await sleep(50)
    }
    throw new Error(`${name} was not ready within ${limit} ms; it said last: ${life?.said() ?? "nothing"}`)
  }

  const kill = async () => {
    wanted = false
    if (life === null || life.ending !== null) return
    life.excuse = "killed"
    life.child.kill("SIGKILL")
    await life.ended
    counts.add(`kills of ${role}`)
  }

  const stop = async () => {
    wanted = false
    const current = life
    if (current === null || current.ending !== null) return
    current.excuse = "stopped"
    current.child.kill("SIGTERM")
    await Promise.race([current.ended, sleep(stopLimit)])
    if (current.ending !== null) return
    onFinding(`${name} did not end within ${stopLimit} ms after SIGTERM: ${current.said()}`)
    await kill()
  }

  const arm = (failpoint: string) => {
    extraEnv = { FAILPOINT: failpoint }
    wanted = false
    spawnLife("failpoint")
  }

  const fired = async (limit: number) => {
    const current = life
    if (current === null) return false
    const ended = current.ended.then(() => true)
    for (let left = limit; left > 0 && current.ending === null; left -= mayBeRefused() ? 0 : slice) {
      await Promise.race([ended, sleep(slice)])
    }
    if (current.ending === null) await kill()
    else if (current.ending.signal === "SIGKILL") {
      counts.add(`kills of ${role}`)
      return true
    }
    return false
  }

  const signal = (signal: NodeJS.Signals) => {
    if (life !== null && life.ending === null) life.child.kill(signal)
  }

  return {
    name,
    role,
    port,
    managementPort,
    pid: () => life === null || life.ending !== null ? undefined : life.child.pid,
    wasReady: () => life?.ready === true,
    start,
    ready,
    kill,
    stop,
    arm,
    fired,
    pause: () => {
      counts.add(`pauses of ${role}`)
      signal("SIGSTOP")
    },
    resume: () => signal("SIGCONT"),
    isStopped: () => life?.child.pid !== undefined && stateOf(life.child.pid) === "T",
    exclusive: (work) => {
      waiting++
      const result = queue.then(work, work)
      queue = result.catch(() => {}).finally(() => waiting--)
      return result
    },
    isFree: () => waiting === 0
  }
}

/** A letter (proc(5)); null where there is no /proc. */
const stateOf = (pid: number): string | null => {
  try {
    return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? null
  } catch {
    return null
  }
}

/** Resident bytes of a process; null where there is no /proc. */
export const residentBytes = (pid: number): number | null => {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? []
    return kilobytes === undefined ? null : Number(kilobytes) * 1_024
  } catch {
    return null
  }
}
