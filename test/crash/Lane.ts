import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { FailpointLabel } from "../../src/services/Failpoints.ts"
import { check, type Fault, type Verdict, watchDecisions } from "./Checker.ts"
import { makeClient } from "./Client.ts"
import { accountAuthorization, type GatewayProcess, startGateway } from "./GatewayProcess.ts"
import { makeHistory } from "./History.ts"
import { connect } from "./Http.ts"
import { makePoison } from "./Poison.ts"
import type { Random } from "./Random.ts"
import { appendToTopic, hasTopics, undecidedOutsideLog } from "./Stores.ts"

/** One way to end a life of the gateway. */
export type Episode =
  | { readonly _tag: "label"; readonly label: FailpointLabel; readonly times: number }
  | { readonly _tag: "random" }
  /** Takes the log away besides: what is undecided is sent again. */
  | { readonly _tag: "log lost" }
  /** Kills the first start in a new folder, after so many ms. */
  | { readonly _tag: "first start"; readonly after: number }

export interface Fired {
  readonly label: FailpointLabel
  readonly times: number
}

/** A gateway with its own folder and client, killed again and again. */
export interface Lane {
  readonly run: (episode: Episode, random: Random) => Promise<void>
  /** After the last kill: starts once more, waits, checks everything. */
  readonly finish: (deadline: number) => Promise<Verdict>
  readonly kills: () => number
  readonly sent: () => number
  readonly fired: ReadonlyArray<Fired>
  readonly notFired: ReadonlyArray<Fired>
}

/** A label that is not reached within this has not fired. */
const labelLimit = 20_000
const startLimit = 30_000
/** Records that no delivery holds at once: the second half comes with another. */
const fullDelivery = 500

export const makeLane = (options: {
  readonly name: string
  readonly bundle: string
  /** The bundle whose role `audit` is asked. */
  readonly auditor: string
  readonly folder: string
  readonly random: Random
  readonly onKill: () => void
}): Lane => {
  const { auditor, bundle, folder, name, onKill, random } = options
  mkdirSync(folder, { recursive: true })
  const dataDir = join(folder, "data")
  const historyFile = join(folder, "history.jsonl")
  const errorFile = join(folder, "stderr.log")
  const faults: Array<Fault> = []
  const fired: Array<Fired> = []
  const notFired: Array<Fired> = []
  const history = makeHistory(historyFile)
  const client = makeClient({ name, history, random: random.fork("client") })
  const look = watchDecisions(dataDir, (fault) => faults.push(fault))
  let kills = 0
  let firstStarts = 0

  const start = (env: Readonly<Record<string, string>> = {}, folder = dataDir) =>
    startGateway({ bundle, dataDir: folder, errorFile, env })

  /** A gateway that has ended before it was killed. */
  const refuseEnding = async (gateway: GatewayProcess, when: string) => {
    if (!gateway.hasEnded()) return
    const { code, signal } = await gateway.ended
    throw failed(`the gateway ended by itself ${when} (exit code ${code}, signal ${signal})`)
  }

  const killed = () => {
    kills++
    look()
    onKill()
  }

  const failed = (what: string) => new Error(`lane ${name}: ${what}; ${lastWords()}`)
  const lastWords = () => {
    const text = readFileSync(errorFile, "utf8").trim()
    return text === "" ? "standard error is empty" : `standard error ends with:\n${text.slice(-2_000)}`
  }

  const within = async <A>(limit: number, promise: Promise<A>): Promise<A | null> => {
    const timeout = new AbortController()
    const result = await Promise.race([promise, sleep(limit, null, { signal: timeout.signal }).catch(() => null)])
    timeout.abort()
    return result
  }

  /** A start that nobody kills must come up. */
  const serving = async (gateway: GatewayProcess): Promise<number> => {
    const port = await within(startLimit, gateway.port)
    if (port !== null) return port
    await refuseEnding(gateway, "while it started")
    await gateway.kill()
    throw failed(`the gateway did not come up in ${startLimit} ms`)
  }

  /** Runs until the failpoint kills the process. */
  const killAtLabel = async (
    { label, times }: Fired,
    { env = {}, load }: { readonly load: boolean; readonly env?: Readonly<Record<string, string>> }
  ) => {
    const gateway = start({ ...env, FAILPOINT: `${label}:${times}` })
    const port = await within(startLimit, gateway.port)
    const session = port !== null && load ? client.open(port, accountAuthorization(dataDir)) : null
    const loading = session?.load()
    const ending = await within(labelLimit, gateway.ended)
    if (ending === null) await gateway.kill()
    await loading
    session?.close()
    if (ending !== null && ending.signal !== "SIGKILL") {
      throw failed(`the gateway ended by itself on its way to ${label}:${times} (exit code ${ending.code})`)
    }
    ;(ending === null ? notFired : fired).push({ label, times })
    killed()
  }

  /** Leaves submissions that only a resend can bring into the log. */
  const leaveOverdue = async (wanted: number) => {
    for (let attempt = 0; attempt < 8 && undecidedOutsideLog(dataDir).length < wanted; attempt++) {
      await killAtLabel({ label: "submission.after_insert", times: 1 }, { load: true })
    }
  }

  const leavePoison = async (count: number) => {
    if (!hasTopics(dataDir)) await killAtLabel({ label: "log.after_append", times: 1 }, { load: true })
    await leaveOverdue(1)
    const victim = undecidedOutsideLog(dataDir).at(-1)
    if (victim === undefined) throw failed("no submission was left undecided outside of the log")
    const poison = makePoison(victim, count)
    history.append({ _tag: "poison", foreignIds: poison.foreignIds })
    appendToTopic(dataDir, "transactions", poison.transactions)
    appendToTopic(dataDir, "transactions_result", poison.results)
  }

  const runLabel = async ({ label, times }: Fired, random: Random) => {
    if (label.startsWith("park.")) {
      await leavePoison(times === 1 ? 7 : times * fullDelivery)
      return killAtLabel({ label, times }, { load: random.chance(0.5) })
    }
    if (label === "resend.after_claim" || label === "resend.after_append") {
      await leaveOverdue(times)
      // one of them for each claim
      return killAtLabel({ label, times }, { load: false, env: times === 1 ? {} : { RESEND_LIMIT: "1" } })
    }
    return killAtLabel({ label, times }, { load: true })
  }

  const killAtRandom = async (random: Random) => {
    const duringStart = random.chance(0.15)
    const gateway = start()
    if (duringStart) {
      await within(random.int(20, 400), gateway.ended)
      await refuseEnding(gateway, "while it started")
    } else {
      const port = await serving(gateway)
      const session = client.open(port, accountAuthorization(dataDir))
      const loading = session.load()
      const life = random.chance(0.75) ? random.int(5, 400) : random.chance(0.75) ? random.int(400, 1_100) : 2_300
      await within(life, gateway.ended)
      // the connections break a moment before the end is told
      if (session.isGone()) await within(1_000, gateway.ended)
      await refuseEnding(gateway, "under load")
      if (session.isGone()) faults.push({ rule: "answered", what: "a connection broke while the gateway lived" })
      const killing = gateway.kill()
      await loading
      await killing
      session.close()
    }
    await gateway.kill()
    killed()
  }

  const killFirstStart = async (after: number) => {
    const folder = join(options.folder, `first-${firstStarts++}`)
    const gateway = start({}, folder)
    await within(after, gateway.ended)
    await refuseEnding(gateway, "at its first start")
    await gateway.kill()
    kills++
    onKill()
    const second = start({}, folder)
    const connection = connect(await serving(second), accountAuthorization(folder))
    const answer = await connection.send("POST", "/v1/transactions", {
      headers: { "content-type": "application/json", prefer: "wait=10" },
      body: JSON.stringify({
        amount: 1_999,
        card: { number: "4242424242424242", holder: "Ada", exp_month: 12, exp_year: 2_040, cvv: "123" }
      })
    })
    connection.close()
    await second.kill()
    if (answer.status !== 201) {
      faults.push({
        rule: "answered",
        what: `after a first start killed at ${after} ms, 201 was expected: ${answer.status}`
      })
    }
  }

  const run = (episode: Episode, random: Random) => {
    switch (episode._tag) {
      case "label":
        return runLabel(episode, random)
      case "random":
        return killAtRandom(random)
      case "log lost":
        return killAtRandom(random).then(() => {
          for (const end of ["", "-wal", "-shm"]) rmSync(`${join(dataDir, "log.sqlite")}${end}`, { force: true })
        })
      case "first start":
        return killFirstStart(episode.after)
    }
  }

  const finish = async (deadline: number): Promise<Verdict> => {
    const gateway = start()
    const port = await serving(gateway)
    const session = client.open(port, accountAuthorization(dataDir))
    await session.settle()
    // what comes late, if anything does
    await sleep(400)
    const verdict = await check({ auditor, port, dataDir, historyFile, deadline })
    session.close()
    await gateway.kill()
    look()
    return { ...verdict, faults: [...faults, ...verdict.faults] }
  }

  return { run, finish, kills: () => kills, sent: client.sent, fired, notFired }
}
