// @ts-check
/** `npm run check`: types, lint and format, side by side. */
import { fileURLToPath } from "node:url"
import { ensureInstalled, inProject, run, seconds } from "./setup.mjs"

const color = process.stdout.isTTY === true

const checks = [
  { name: "types", tool: "tsc", args: ["--noEmit", "--pretty", String(color)], remedy: "" },
  { name: "panel", tool: "tsc", args: ["--noEmit", "-p", "web", "--pretty", String(color)], remedy: "" },
  {
    name: "browser",
    tool: "tsc",
    args: ["--noEmit", "-p", "tsconfig.browser.json", "--pretty", String(color)],
    remedy: ""
  },
  { name: "lint", tool: "oxlint", args: ["--deny-warnings", "--report-unused-disable-directives"], remedy: "" },
  {
    name: "format",
    tool: "dprint",
    args: ["check", "--list-different"],
    remedy: "Not formatted: npm run format mends it."
  }
]

/** @returns {Promise<ReadonlyArray<{ name: string, ok: boolean, took: string }>>} */
export const check = () =>
  Promise.all(checks.map(async ({ name, tool, args, remedy }) => {
    const started = performance.now()
    let output = ""
    const code = await run(inProject(`node_modules/.bin/${tool}`), args, {
      env: color ? { FORCE_COLOR: "1" } : {},
      stdio: ["ignore", "pipe", "pipe"],
      onOutput: (text) => {
        output += text
      }
    })
    const took = seconds(started)
    console.log(`${code === 0 ? "✓" : "✗"} ${name.padEnd(7)} ${took}`)
    if (code !== 0) console.log(`${output.trim()}\n${remedy}\n`)
    return { name, ok: code === 0, took }
  }))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled()
  const results = await check()
  if (results.some((_) => !_.ok)) process.exitCode = 1
}
