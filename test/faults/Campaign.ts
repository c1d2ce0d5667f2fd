import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Random } from "../crash/Random.ts"
import { assassinate } from "./Assassin.ts"
import { type FaultKind, faultLimit, type Length } from "./Fault.ts"
import { finish, type Verdict } from "./Finish.ts"
import { makeLocks } from "./Locks.ts"
import { startPipeline } from "./Pipeline.ts"
import { faultKinds, longPlan, type Round, shortPlan } from "./Plan.ts"
import type { Servers } from "./Servers.ts"

/** ms from the last fault until everything has to be decided. */
const deadline = 60_000
const lookEvery = 15_000
const progressEvery = 10_000

export interface Ran {
  readonly name: string
  /** Null when it was done; why not otherwise. */
  readonly problem: string | null
}

export interface CampaignResult {
  readonly verdict: Verdict
  /** What happened how often, before everything was stopped. */
  readonly table: ReadonlyArray<string>
  readonly ran: ReadonlyArray<Ran>
  /** Kinds that this machine cannot do, and why. */
  readonly refused: ReadonlyMap<string, string>
}

const withLimit = async (work: Promise<void>): Promise<void> => {
  const late = new AbortController()
  const limit = sleep(faultLimit, null, { signal: late.signal }).then(
    () => Promise.reject(new Error(`not done within ${faultLimit} ms`)),
    () => {}
  )
  try {
    await Promise.race([work, limit])
  } finally {
    late.abort()
  }
}

/** The real roles on real servers, under load, with one round of faults after the other. */
export const runCampaign = async (options: {
  readonly servers: Servers
  readonly bundle: string
  readonly folder: string
  readonly random: Random
  readonly minutes: number
  readonly rate: number
  /** Only these, one after the other, again and again until the time is over. */
  readonly only: ReadonlyArray<string>
  readonly say: (line: string) => void
}): Promise<CampaignResult> => {
  const { bundle, folder, minutes, only, random, rate, say, servers } = options
  const length: Length = minutes > 10 ? "long" : "short"
  const started = performance.now()
  const elapsed = () => `${Math.round((performance.now() - started) / 1_000)} s`
  const isOver = () => performance.now() - started > minutes * 60_000
  const pipeline = await startPipeline({
    name: "faults",
    servers,
    folder: join(folder, "campaign"),
    random,
    bundles: { intake: bundle, processor: bundle, recorder: bundle, tasks: bundle },
    each: { intake: 2, processor: 2, recorder: 2 }
  })
  const { counts, history, load, watch } = pipeline
  say(`  six processes are ready after ${elapsed()}`)
  load.start(rate)
  // something to be lost
  await sleep(3_000)

  const locks = makeLocks()
  const ran: Array<Ran> = []
  const refused = new Map<string, string>()
  let round = 0
  let ended = false

  const runOne = async ({ name, run, refusal }: FaultKind, random: Random) => {
    const no = refusal?.(pipeline) ?? null
    if (no !== null) return void refused.set(name, no)
    history.append({ _tag: "fault", what: `begins: ${name}`, at: Date.now() })
    const began = performance.now()
    try {
      await withLimit(run({ pipeline, random, length, locks, say }))
      ran.push({ name, problem: null })
      say(`  ${elapsed()}: ${name} (${((performance.now() - began) / 1_000).toFixed(1)} s)`)
    } catch (error) {
      const problem = error instanceof Error ? error.stack ?? error.message : String(error)
      ran.push({ name, problem })
      say(`  ${elapsed()}: ✗ ${name}: ${problem}`)
    }
    history.append({ _tag: "fault", what: `ended: ${name}`, at: Date.now() })
  }

  const runRound = async (lanes: Round) => {
    const number = round++
    await Promise.all(lanes.map(async (lane, at) => {
      for (const [index, name] of lane.entries()) {
        const kind = faultKinds.find((kind) => kind.name === name)
        if (kind === undefined) throw new Error(`there is no fault "${name}"`)
        await runOne(kind, random.fork(`${number}/${at}/${index}`))
      }
    }))
  }

  const looking = (async () => {
    while (!ended) {
      await watch.look()
      for (let i = 0; i < lookEvery / 500 && !ended; i++) await sleep(500)
    }
  })()
  const progress = setInterval(() => {
    const kills = (["intake", "processor", "recorder"] as const).map((role) => counts.of(`kills of ${role}`))
    say(
      `  ${elapsed()}: ${load.accepted()} accepted, ${counts.of("records of transactions_result")} results, kills ${
        kills.join("/")
      }, brokers ${counts.of("kills of brokers")}, databases ${
        counts.of("kills of databases")
      }, ${load.unknown()} unanswered`
    )
  }, length === "short" ? progressEvery : 3 * progressEvery)

  const assassin = length === "long" && only.length === 0
    ? assassinate(pipeline, locks, random.fork("assassin"), () => ended)
    : Promise.resolve()
  if (only.length > 0) {
    do await runRound([only])
    while (length === "long" && !isOver())
  } else if (length === "short") {
    for (const lanes of shortPlan(random.fork("plan"))) await runRound(lanes)
  } else {
    for (const lanes of longPlan(random.fork("plan"))) {
      if (isOver()) break
      await runRound(lanes)
      await sleep(random.int(0, 2_000))
    }
  }
  ended = true
  await assassin
  const since = performance.now()
  say(`  ${elapsed()}: the last fault is over`)
  await looking
  clearInterval(progress)
  const verdict = await finish(pipeline, { deadline, since, whole: true })
  say(`  ${elapsed()}: checked ${verdict.world.history.length} lines of history`)
  const table = counts.table()
  await pipeline.stop()
  return { verdict, table, ran, refused }
}
