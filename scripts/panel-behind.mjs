// @ts-check
/**
 * Builds the panel beside a gateway that runs in this process. The gateway neither waits for it nor ends with it, and it
 * never outlives the gateway.
 */
import { spawn } from "node:child_process"
import { inProject, isPanelBuilt, seconds } from "./setup.mjs"

/** What a build needs of the environment: the gateway's secrets are there too, and npm's (`npm_config__auth`). */
const forBuild = /^(?:PATH|HOME|TMPDIR|LANG|LC_\w+|TERM|NO_COLOR|CI|NODE_EXTRA_CA_CERTS|NEXT_\w+|npm_config_(?!_)\w+)$/

/** ms after which a build counts as hung: it takes a minute on a slow machine. */
const longest = 15 * 60_000

/** Characters of what a failed build said. */
const tailLength = 3_000

/** @typedef {{ url?: string, say?: (line: string) => void, isBuilt?: () => boolean, script?: string }} Options */

/**
 * Begins, if there is something to build; answers how to end it.
 *
 * @param {Options} [options] where the panel is seen; the others are for tests
 * @returns {() => void}
 */
export const buildPanelBehind = (options = {}) => {
  const { say = console.error } = options
  // whatever goes wrong here, it is not the gateway's end
  try {
    return begin(options)
  } catch (error) {
    say(`The panel was not built: ${error instanceof Error ? error.message : error}. npm run build tries again.`)
    return () => {}
  }
}

/**
 * @param {Options} options
 * @returns {() => void}
 */
const begin = (
  { url, say = console.error, isBuilt = isPanelBuilt, script = inProject("scripts/build-panel.mjs") }
) => {
  if (isBuilt()) return () => {}
  const started = performance.now()
  say("Building the panel …")
  // a group of its own, so that one signal reaches everything that the build has started
  const child = spawn(process.execPath, [script, "--behind"], {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => forBuild.test(name)))
  })
  let said = ""
  let ended = false
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said = (said + text).slice(-tailLength)
    })
  }
  child.stdin.on("error", () => {})
  // none of them keeps this process
  child.unref()
  const pipes = /** @type {ReadonlyArray<unknown>} */ ([child.stdin, child.stdout, child.stderr])
  for (const pipe of /** @type {ReadonlyArray<import("node:net").Socket>} */ (pipes)) pipe.unref()

  const kill = () => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, "SIGKILL")
    } catch {
      // it has ended by itself
    }
  }
  const end = () => {
    if (ended) return
    ended = true
    clearTimeout(limit)
    kill()
  }
  process.once("exit", end)

  /** @param {string} how */
  const finish = (how) => {
    if (ended) return
    ended = true
    clearTimeout(limit)
    process.off("exit", end)
    if (how === "") return say(`The panel is ready${url === undefined ? "" : `: ${url}/`} (${seconds(started)})`)
    say(
      `${said.trim()}\n\nThe panel could not be built (${how}); its log ends above. The API is not affected. npm run build tries again, and the panel appears without a restart.`
    )
  }
  const limit = setTimeout(() => {
    finish(`no end after ${longest / 60_000} minutes`)
    kill()
  }, longest).unref()
  child.once("error", (error) => finish(error.message))
  child.once("close", (code, signal) => finish(code === 0 ? "" : signal ?? `exit code ${code}`))
  return end
}
