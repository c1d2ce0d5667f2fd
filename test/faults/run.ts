/**
 * The fault campaign of the distributed profile:
 * `tsx test/faults/run.ts [--minutes N] [--seed S] [--only fault,…] [--nodes 1|3] [--rate N] [--control name,…|all | --no-controls]
 * [--check folder]`.
 *
 * Real processes on a real Kafka and two real databases, under load, with every fault there is; then a checker looks for
 * what was lost, changed or decided twice. Wirings that are known to be wrong must be caught by it.
 */
import { randomInt } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { build } from "../../scripts/build.mjs"
import { notRun } from "../../scripts/not-run.mjs"
import { databaseRemedy, findMariaDb } from "../../scripts/servers/databases.mjs"
import { ensureKafka, kafkaRemedy } from "../../scripts/servers/kafka.mjs"
import { inProject } from "../../scripts/setup.mjs"
import { makeRandom } from "../crash/Random.ts"
import { runCampaign } from "./Campaign.ts"
import { byRule, check, readWorld } from "./Checker.ts"
import { runControls } from "./Controls.ts"
import { faultKinds } from "./Plan.ts"
import { type Fault, type Rule, rules } from "./Rules.ts"
import { startServers } from "./Servers.ts"

const { values: args } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    seed: { type: "string", default: String(randomInt(1_000_000)) },
    only: { type: "string", default: "" },
    nodes: { type: "string", default: "3" },
    rate: { type: "string", default: "40" },
    control: { type: "string", default: "" },
    controls: { type: "boolean", default: true },
    check: { type: "string", default: "" }
  },
  allowNegative: true
})

const listOf = (text: string) => text.split(",").map((_) => _.trim()).filter((_) => _ !== "")
const { seed } = args
const minutes = Number(args.minutes)
if (!(minutes > 0)) throw new Error("--minutes is a positive number")
const rate = Number(args.rate)
if (!(rate >= 1)) throw new Error("--rate is requests a second")
if (args.nodes !== "1" && args.nodes !== "3") throw new Error("--nodes is 1 or 3")
const nodes = args.nodes === "1" ? 1 : 3
const wantedControls = listOf(args.control)
const only = listOf(args.only).map((wanted) => {
  const found = faultKinds.find(({ name }) => name === wanted) ?? faultKinds.find(({ name }) => name.includes(wanted))
  if (found === undefined) {
    throw new Error(
      `There is no fault "${wanted}"; there are:\n${faultKinds.map(({ name }) => `  ${name}`).join("\n")}`
    )
  }
  return found.name
})

const started = performance.now()
const say = (text: string) => console.log(text)
let passed = 0
let failed = 0
const hold = (what: string, problem: string | null) => {
  if (problem === null) return void passed++
  failed++
  say(`✗ ${what}: ${problem}`)
}

const holdRules = (faults: ReadonlyArray<Fault>) => {
  for (const rule of Object.keys(rules) as ReadonlyArray<Rule>) {
    const found = byRule(faults, rule)
    hold(
      rules[rule],
      found.length === 0 ? null : `${found.length} times\n    ${found.slice(0, 5).join("\n    ")}`
    )
  }
}

if (args.check !== "") {
  holdRules(check(readWorld(args.check)))
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
}

const folder = mkdtempSync(join(tmpdir(), "gateway-faults-"))
/** Of this run alone: another may run beside it. */
const bundles = `dist/faults/${process.pid}`
for (const pid of existsSync(inProject("dist/faults")) ? readdirSync(inProject("dist/faults")) : []) {
  // of a campaign that was killed; without /proc they stay
  if (existsSync("/proc/self") && !existsSync(`/proc/${pid}`)) {
    rmSync(inProject(`dist/faults/${pid}`), { recursive: true, force: true })
  }
}
let ended = false
process.on("exit", (code) => {
  rmSync(inProject(bundles), { recursive: true, force: true })
  if (!ended) failed++
  if (failed > 0 || code !== 0) {
    process.exitCode = 1
    say(`\nThe files are in ${folder}. The same plan again: npm run faults -- --minutes ${args.minutes} --seed ${seed}`)
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

const remedy = findMariaDb() === undefined
  ? databaseRemedy
  : await ensureKafka({ log: say }) === null
  ? kafkaRemedy
  : null
if (remedy !== null) {
  notRun("the fault campaign of the distributed profile", remedy)
  ended = true
  process.exit()
}

say(`faults: ${minutes} minutes, seed ${seed}, ${nodes} ${nodes === 1 ? "broker" : "brokers"}`)
const [bundle, servers] = await Promise.all([
  build({ outdir: `${bundles}/gateway` }),
  startServers({ folder: join(folder, "servers"), nodes, diskBytes: (minutes > 10 ? 4 : 1) * 1_024 ** 3, log: say })
])

if (wantedControls.length === 0) {
  const { ran, refused, table, verdict } = await runCampaign({
    servers,
    bundle,
    folder,
    random: makeRandom(seed),
    minutes,
    rate,
    only,
    say
  })
  for (const name of new Set(ran.map(({ name }) => name))) {
    const problems = ran.flatMap((_) => _.name === name && _.problem !== null ? [_.problem] : [])
    hold(`fault: ${name}`, problems.length === 0 ? null : `${problems.length} times: ${problems[0]}`)
  }
  for (const [name, why] of refused) notRun(`the fault "${name}"`, why)
  holdRules(verdict.faults)
  say(`\n${table.map((row) => `  ${row}`).join("\n")}\n`)
}
if (wantedControls.length > 0 || (args.controls && only.length === 0)) {
  const results = await runControls({ servers, bundle, bundles, folder, seed, wanted: wantedControls, say })
  for (const { name, problem } of results) hold(name, problem)
}
await servers.stop()
say(`${((performance.now() - started) / 1_000).toFixed(0)} s in all, seed ${seed}`)
ended = true
if (failed > 0) process.exitCode = 1
process.exit()
