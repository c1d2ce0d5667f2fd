/**
 * The crash campaign: `tsx test/crash/run.ts [--kills N] [--seed S] [--no-controls | --controls-only]`.
 *
 * Kills the real bundle, on real files, at every label of `Failpoints` and at random times; restarts it; checks that
 * nothing was lost, changed or decided twice. Then the same checker must find the fault of each control.
 */
import { randomInt } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { build } from "../../scripts/build.mjs"
import { inProject } from "../../scripts/setup.mjs"
import { type FailpointLabel, failpointLabels } from "../../src/services/Failpoints.ts"
import { type Fault, type Rule, rules } from "./Checker.ts"
import { type Episode, type Lane, makeLane } from "./Lane.ts"
import { makeRandom, type Random } from "./Random.ts"

const { values: args } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(randomInt(1_000_000)) },
    controls: { type: "boolean", default: true },
    "controls-only": { type: "boolean", default: false }
  },
  allowNegative: true
})
const wanted = Number(args.kills)
if (!Number.isSafeInteger(wanted) || wanted < 1) throw new Error("--kills is a positive number")
const seed = args.seed

/** Until everything is decided after the last restart, in ms. */
const deadline = 60_000
/** The same for a control, where it may never come; the real bundle takes about 2 s. */
const controlDeadline = 8_000
const lanes = ["a", "b"] as const
const killsBetweenLines = 20
/** One pass over the labels, each the first and a later time, with the kills that come before some of them. */
const killsOfPass = 46
const killsPerPass = 100

const started = performance.now()
const elapsed = () => `${((performance.now() - started) / 1_000).toFixed(1)} s`
const say = (text: string) => console.log(text)

let passed = 0
let failed = 0
const hold = (what: string, problem: string | null) => {
  if (problem === null) {
    passed++
    return
  }
  failed++
  say(`✗ ${what}: ${problem}`)
}

const folder = mkdtempSync(join(tmpdir(), "gateway-crash-"))
/** Of this run alone: another may run beside it. */
const bundles = `dist/crash/${process.pid}`

let ended = false
process.on("exit", (code) => {
  rmSync(inProject(bundles), { recursive: true, force: true })
  if (!ended) failed++
  if (failed > 0 || code !== 0) {
    process.exitCode = 1
    say(`\nThe files are in ${folder}. The same plan again: npm run crash -- --kills ${wanted} --seed ${seed}`)
  } else {
    rmSync(folder, { recursive: true, force: true })
  }
  console.log(`${passed} passed, ${failed} failed`)
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    say(`${signal}: the campaign did not end`)
    process.exit(1)
  })
}

const laterTimes = (label: FailpointLabel, random: Random): number => {
  if (label.startsWith("park.") || label === "resend.after_claim" || label === "resend.after_append") return 2
  if (label === "resend.before_claim") return random.int(2, 15)
  // one second apart
  if (label === "log.before_commit" || label === "log.after_commit") return random.int(2, 3)
  if (label.startsWith("submission.")) return random.int(2, 25)
  return random.int(2, 8)
}

const plan = (random: Random): ReadonlyArray<ReadonlyArray<Episode>> => {
  const passes = Math.max(1, Math.round(wanted / killsPerPass))
  const labelled = Array.from({ length: passes }, () =>
    failpointLabels.flatMap((label): ReadonlyArray<Episode> => [
      { _tag: "label", label, times: 1 },
      { _tag: "label", label, times: laterTimes(label, random) }
    ])).flat()
  const firstStarts = Array.from({ length: Math.max(6, Math.round(wanted / 40)) }, (): Episode => ({
    _tag: "first start",
    after: random.int(100, 450)
  }))
  const left = wanted - passes * killsOfPass - firstStarts.length
  const others = Array.from(
    { length: Math.max(lanes.length, left) },
    (_, index): Episode => index < lanes.length ? { _tag: "log lost" } : { _tag: "random" }
  )
  const episodes = random.shuffle([...labelled, ...firstStarts, ...others])
  return lanes.map((_, lane) => episodes.filter((_, index) => index % lanes.length === lane))
}

/** Stops at the first episode that could not be carried out, and says why. */
const attempt = async (work: () => Promise<void>): Promise<string | null> => {
  try {
    await work()
    return null
  } catch (error) {
    return error instanceof Error ? error.stack ?? error.message : String(error)
  }
}

const byRule = (faults: ReadonlyArray<Fault>) =>
  (Object.keys(rules) as ReadonlyArray<Rule>).map((rule) => ({
    rule,
    found: faults.filter((fault) => fault.rule === rule).map(({ what }) => what)
  }))

const campaign = async (bundle: string) => {
  const random = makeRandom(seed)
  const made: Array<Lane> = []
  const kills = () => made.reduce((sum, lane) => sum + lane.kills(), 0)
  const onKill = () => {
    if (kills() % killsBetweenLines !== 0) return
    say(`  ${kills()} of ${wanted} kills, ${made.reduce((sum, _) => sum + _.sent(), 0)} transactions, ${elapsed()}`)
  }
  const planned = plan(random.fork("plan"))
  for (const name of lanes) {
    made.push(
      makeLane({ name, bundle, auditor: bundle, folder: join(folder, name), random: random.fork(name), onKill })
    )
  }
  say(`campaign: ${wanted} kills, seed ${seed}`)

  await Promise.all(made.map(async (lane, index) => {
    const name = lanes[index]!
    const random = makeRandom(`${seed}/${name}`)
    const problem = await attempt(async () => {
      const episodes = planned[index]!
      for (let i = 0; i < episodes.length || (kills() < wanted && failed === 0); i++) {
        await lane.run(episodes[i] ?? { _tag: "random" }, random.fork(String(i)))
      }
      const { answers, faults, submissions } = await lane.finish(deadline)
      say(
        `  gateway ${name}: ${lane.kills()} kills, ${submissions} submissions, ${answers} answers checked, ${elapsed()}`
      )
      for (const { found, rule } of byRule(faults)) {
        hold(
          `gateway ${name}: ${rules[rule]}`,
          found.length === 0 ? null : `${found.length} times\n    ${found.slice(0, 5).join("\n    ")}`
        )
      }
    })
    hold(`gateway ${name} comes up after every kill, to the end of its plan`, problem)
  }))

  const fired = made.flatMap((lane) => lane.fired)
  for (const label of failpointLabels) {
    const times = fired.filter((_) => _.label === label).map((_) => _.times)
    hold(`killed at ${label} the first time`, times.includes(1) ? null : "it did not fire")
    hold(`killed at ${label} a later time`, times.some((_) => _ > 1) ? null : "it did not fire")
  }
  const notFired = made.flatMap((lane) => lane.notFired)
  hold(
    "every label of the plan fires",
    notFired.length === 0 ? null : notFired.map((_) => `${_.label}:${_.times}`).join(", ")
  )
  hold(`${wanted} kills`, kills() >= wanted ? null : `only ${kills()}`)
  say(`  ${fired.length} kills at labels, ${kills() - fired.length} at random times, ${kills()} in all, ${elapsed()}`)
}

/** Each finds a piece of each fault for certain, and the real bundle comes through all of them. */
const focused: ReadonlyArray<Episode> = [
  { _tag: "label", label: "process.before_insert", times: 2 },
  { _tag: "label", label: "submission.after_insert", times: 20 },
  { _tag: "label", label: "process.after_insert", times: 2 },
  { _tag: "label", label: "log.after_append", times: 3 },
  { _tag: "label", label: "process.before_insert", times: 1 }
]

const controls: ReadonlyArray<{
  readonly name: string
  readonly entry: string | null
  /** The rule that the control breaks for certain. */
  readonly expected: Rule | null
}> = [
  { name: "CommitsBeforeWork", entry: "test/crash/controls/CommitsBeforeWork.ts", expected: "decided" },
  { name: "AnswersBeforeCommit", entry: "test/crash/controls/AnswersBeforeCommit.ts", expected: "accepted" },
  { name: "ReplacesDecisions", entry: "test/crash/controls/ReplacesDecisions.ts", expected: "unchanged" },
  { name: "RealGateway", entry: null, expected: null }
]

const runControl = async ({ entry, expected, name }: typeof controls[number], auditor: string) => {
  const bundle = entry === null ? auditor : await build({ entry, outdir: `${bundles}/${name}` })
  const random = makeRandom(`${seed}/${name}`)
  const lane = makeLane({ name, bundle, auditor, folder: join(folder, name), random, onKill: () => {} })
  const problem = await attempt(async () => {
    for (const [index, episode] of focused.entries()) await lane.run(episode, random.fork(String(index)))
    const { faults } = await lane.finish(expected === null ? deadline : controlDeadline)
    const found = byRule(faults).filter((_) => _.found.length > 0)
    const counted = found.map((_) => `${_.rule} (${_.found.length}: ${_.found[0]})`).join("\n    ")
    say(`  ${name}: ${found.length === 0 ? "no fault" : `\n    ${counted}`}`)
    if (lane.notFired.length > 0) throw new Error(`${lane.notFired[0]!.label} did not fire`)
    if (expected === null && found.length > 0) throw new Error("a fault was found where none is")
    if (expected !== null && !found.some((_) => _.rule === expected)) throw new Error("the fault was not found")
  })
  hold(expected === null ? `${name} in the campaign of the controls` : `control ${name} is caught`, problem)
}

const runControls = async (auditor: string) => {
  say("controls: the checker must find what is wrong with each")
  const left = [...controls]
  const work = async () => {
    for (let control = left.shift(); control !== undefined; control = left.shift()) await runControl(control, auditor)
  }
  await Promise.all([work(), work()])
}

const bundle = await build({ outdir: `${bundles}/gateway` })
if (!args["controls-only"]) await campaign(bundle)
if (args.controls) await runControls(bundle)
say(`${elapsed()}`)
ended = true
if (failed > 0) process.exitCode = 1
process.exit()
