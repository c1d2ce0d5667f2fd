// @ts-check
/** `npm start`: sets up what is missing and becomes the gateway; the arguments are its own. */
import { pathToFileURL } from "node:url"
import { ensureBuilt, ensureInstalled, inProject } from "./setup.mjs"

await ensureInstalled()
await ensureBuilt()

// Ctrl-C arrives twice, from the terminal and from npm, and the program listens once: the second would cut its shutdown
// short. A person who presses it again a moment later means it.
/** @type {number | undefined} */
let told
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => {
    const nobodyElseListens = told === undefined && process.listenerCount(signal) === 1
    if (nobodyElseListens || (signal === "SIGINT" && told !== undefined && performance.now() - told > 1000)) {
      process.exit(signal === "SIGINT" ? 130 : 143)
    }
    told ??= performance.now()
  })
}

await import(pathToFileURL(inProject("dist/main.js")).href)
