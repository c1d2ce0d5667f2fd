import { join } from "node:path"
import { build } from "../../scripts/build.mjs"
import { makeRandom } from "../crash/Random.ts"
import { byRule } from "./Checker.ts"
import { type Control, controls } from "./ControlPlans.ts"
import { finish } from "./Finish.ts"
import { makeLocks } from "./Locks.ts"
import { startPipeline } from "./Pipeline.ts"
import { type Rule, rules } from "./Rules.ts"
import type { Servers } from "./Servers.ts"

export interface ControlResult {
  readonly name: string
  /** Null when what is wrong with it was found, or nothing where nothing is wrong. */
  readonly problem: string | null
}

/** Until everything is decided, ms. */
const deadline = 60_000
/** A submission that was lost on its way is sent again after 7 to 11 s: when nothing moves for so long, it never will be. */
const still = 15_000
const rate = 20
/** Controls that run at a time. */
const lanes = 3

interface Options {
  readonly servers: Servers
  readonly bundle: string
  /** Where the controls' bundles go, relative to the project. */
  readonly bundles: string
  readonly folder: string
  readonly seed: string
  /** Only these; all when empty. */
  readonly wanted: ReadonlyArray<string>
  readonly say: (line: string) => void
}

const runControl = async (control: Control, options: Options): Promise<ControlResult> => {
  const { bundle, bundles, folder, say, seed, servers } = options
  const { each, entry, expected, name, prepare, scenario } = control
  const random = makeRandom(`${seed}/${name}`)
  const result = expected === null ? `${name} passes where the controls are caught` : `control ${name} is caught`
  const started = performance.now()
  try {
    const wrong = await build({ entry: `test/faults/controls/${entry}.ts`, outdir: `${bundles}/${entry}` })
    const bundleOf = (role: "intake" | "processor" | "recorder") => control.roles.includes(role) ? wrong : bundle
    const pipeline = await startPipeline({
      name: name.replaceAll(/\W/g, ""),
      servers,
      folder: join(folder, name),
      random,
      bundles: {
        intake: bundleOf("intake"),
        processor: bundleOf("processor"),
        recorder: bundleOf("recorder"),
        tasks: bundle
      },
      each: { intake: 1, processor: 1, recorder: 1, ...each },
      partitions: 6,
      ...(control.first === undefined ? {} : { first: control.first }),
      ...(prepare === undefined ? {} : { prepare })
    })
    const { counts, load } = pipeline
    load.start(control.rate ?? rate)
    await scenario({ pipeline, random, length: "short", locks: makeLocks(), say: () => {} })
    const limit = control.deadline ?? deadline
    const { faults } = await finish(pipeline, {
      deadline: limit,
      still,
      since: performance.now(),
      whole: expected === null
    })
    await pipeline.stop()
    const found = (Object.keys(rules) as ReadonlyArray<Rule>).flatMap((rule) => {
      const [first, ...more] = byRule(faults, rule)
      return first === undefined ? [] : [{ rule, text: `${rule} (${more.length + 1}: ${first.slice(0, 300)})` }]
    })
    const took = Math.round((performance.now() - started) / 1_000)
    const accepted = counts.of("accepted (rows of submissions)")
    say(
      `  ${name}: ${accepted} accepted, ${took} s, ${
        found.length === 0 ? "no fault" : `\n    ${found.map(({ text }) => text).join("\n    ")}`
      }`
    )
    if (expected === null) {
      return { name: result, problem: found.length === 0 ? null : "a fault was found where none is" }
    }
    return {
      name: result,
      problem: found.some(({ rule }) => rule === expected) ? null : `no fault of "${rules[expected]}"`
    }
  } catch (error) {
    return { name: result, problem: error instanceof Error ? error.stack ?? error.message : String(error) }
  }
}

/** Each wiring that is known to be wrong must be found out, by the rule that it breaks. */
export const runControls = async (options: Options): Promise<ReadonlyArray<ControlResult>> => {
  const { say, wanted } = options
  const chosen = controls.filter(({ name }) =>
    wanted.length === 0 || wanted.some((each) => each === "all" || name.includes(each))
  )
  if (chosen.length === 0) throw new Error(`--control is one of ${controls.map(({ name }) => name).join(", ")}`)
  say(`controls: the checker must find what is wrong with each`)
  const results: Array<ControlResult> = []
  const left = chosen.filter(({ alone }) => alone !== true)
  const work = async () => {
    for (let control = left.shift(); control !== undefined; control = left.shift()) {
      results.push(await runControl(control, options))
    }
  }
  await Promise.all(Array.from({ length: lanes }, work))
  for (const control of chosen) if (control.alone === true) results.push(await runControl(control, options))
  return results
}
