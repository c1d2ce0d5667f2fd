// @ts-check
/**
 * `npm run build`, and `npm start` once the gateway runs: builds web/ and puts it where the gateway serves it, unless it is
 * there as it is written. `--behind` is for a build beside a running gateway: it takes what processor time is left, says
 * what happens only when it fails, and ends when its standard input does.
 */
import { existsSync } from "node:fs"
import { constants, setPriority } from "node:os"
import { exportPanel } from "./panel-export.mjs"
import { ensureInstalled, inProject, isPanelBuilt, panelFolder, panelSources, run, seconds } from "./setup.mjs"

const isBehind = process.argv.includes("--behind")

if (isBehind) {
  // of this thread, and with it of every process and thread that it starts
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
  // whoever started this is gone, however that came: this process leads the group of all that it started
  process.stdin.on("error", () => {}).on("close", () => process.kill(-process.pid, "SIGKILL")).resume()
}

/** @param {string} sentence */
const fail = (sentence) => {
  console.error(sentence)
  process.exit(1)
}

await ensureInstalled()
if (!isPanelBuilt()) {
  const started = performance.now()
  if (!isBehind) console.error("Building the panel …")
  const next = ["web/node_modules", "node_modules"]
    .map((folder) => inProject(`${folder}/next/dist/bin/next`))
    .find((path) => existsSync(path))
  if (next === undefined) fail("The package next is missing: npm ci installs it.")
  // before the build: what is changed in the meantime is built again
  const stamp = panelSources()
  const code = await run(process.execPath, [/** @type {string} */ (next), "build", inProject("web")], {
    env: { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", 2, 2]
  })
  if (code !== 0) fail("The panel could not be built; Next says why above.")
  try {
    const { bytes, files } = await exportPanel({ from: inProject("web/out"), to: inProject(panelFolder), stamp })
    const size = `${files} files, ${(bytes / 1e6).toFixed(1)} MB`
    if (!isBehind) console.error(`  done in ${seconds(started)}: ${size}`)
  } catch (error) {
    fail(`The panel could not be put in its place: ${/** @type {Error} */ (error).message}`)
  }
}
// standard input would keep it
process.exit(0)
