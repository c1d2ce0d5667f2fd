// @ts-check
/**
 * `npm test`: checks, vitest, crash campaign, fault campaign. The last line counts what really ran: `N passed, N failed`.
 * Arguments go to vitest, which then runs alone: `npm test -- test/domain`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { check } from "./check.mjs"
import { notices, noticesVariable } from "./not-run.mjs"
import { ensureBuilt, ensureInstalled, inProject, run, seconds } from "./setup.mjs"

/** @typedef {{ name: string, passed: number, failed: number, note: string }} Result */

const only = process.argv.slice(2)
const requireAll = process.env["REQUIRE_ALL"] === "1"

// Whatever ends this, the last line is a count.
let verdict = "0 passed, 1 failed"
const folder = mkdtempSync(join(tmpdir(), "gateway-test-"))
process.on("exit", () => {
  rmSync(folder, { recursive: true, force: true })
  console.log(`\n${verdict}`)
})
const noticesFile = join(folder, "not-run")
writeFileSync(noticesFile, "")
const env = { [noticesVariable]: noticesFile }

/** @param {string} title */
const heading = (title) => console.log(`\n── ${title} ──`)

/** @returns {Promise<ReadonlyArray<Result>>} */
const checks = async () => {
  heading("checks")
  return (await check()).map(({ name, ok, took }) => ({
    name,
    passed: ok ? 1 : 0,
    failed: ok ? 0 : 1,
    note: took
  }))
}

/** @returns {Promise<Result>} */
const vitest = async () => {
  heading("vitest")
  const started = performance.now()
  const report = join(folder, "vitest.json")
  const code = await run(
    inProject("node_modules/.bin/vitest"),
    [
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...(only.length > 0 ? only : ["--allowOnly=false"])
    ],
    { env }
  )
  /** @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, testResults: ReadonlyArray<{ status: string, assertionResults: ReadonlyArray<{ status: string }> }> }} */
  const { numPassedTests: passed, numFailedTests, numPendingTests: skipped, testResults } = existsSync(report)
    ? JSON.parse(readFileSync(report, "utf8"))
    : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] }
  // A file that does not load, or whose hook fails, fails without a failed test of its own.
  const brokenFiles =
    testResults.filter((file) => file.status === "failed" && file.assertionResults.every((_) => _.status !== "failed"))
      .length
  const counted = numFailedTests + brokenFiles
  // Something else that went wrong (an unhandled rejection), or no test at all, is one failure.
  const failed = counted === 0 && (code !== 0 || passed === 0) ? 1 : counted
  return {
    name: "vitest",
    passed,
    failed,
    note: `${seconds(started)}${skipped > 0 ? `, ${skipped} skipped` : ""}${
      passed + counted === 0 ? ", no test ran" : ""
    }`
  }
}

/**
 * @param {string} name
 * @param {string} campaign
 * @returns {Promise<Result>}
 */
const runCampaign = async (name, campaign) => {
  heading(name)
  const started = performance.now()
  const said = notices(noticesFile).length
  let last = ""
  const code = await run(inProject("node_modules/.bin/tsx"), [campaign], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    onOutput: (text) => {
      process.stdout.write(text)
      last = (last + text).slice(-1000)
    }
  })
  const [, passed = "0", counted = "0"] = /(?:^|\n)(\d+) passed, (\d+) failed\s*$/.exec(last) ?? []
  // nothing ran: that is a failure unless it said why
  const silent = Number(passed) === 0 && notices(noticesFile).length === said
  const failed = Number(counted) === 0 && (code !== 0 || silent) ? 1 : Number(counted)
  return { name, passed: Number(passed), failed, note: seconds(started) }
}

await ensureInstalled()
await ensureBuilt()

/** @type {ReadonlyArray<Result>} */
const results = only.length > 0
  ? [await vitest()]
  : [
    ...await checks(),
    await vitest(),
    await runCampaign("crashes", "test/crash/run.ts"),
    await runCampaign("faults", "test/faults/run.ts")
  ]

heading("summary")
for (const { name, passed, failed, note } of results) {
  console.log(`${failed === 0 ? "✓" : "✗"} ${name.padEnd(8)} ${passed} passed, ${failed} failed (${note})`)
}

const left = notices(noticesFile)
if (left.length > 0) {
  console.log(`\nNot run on this machine${requireAll ? " (REQUIRE_ALL=1: each is a failure)" : ""}:`)
  for (const notice of left) console.log(`  ${notice}`)
}

const passed = results.reduce((sum, _) => sum + _.passed, 0)
const failed = results.reduce((sum, _) => sum + _.failed, 0) + (requireAll ? left.length : 0)
if (failed > 0) process.exitCode = 1
verdict = `${passed} passed, ${failed} failed`
