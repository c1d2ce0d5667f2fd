// @ts-check
/** `npm start`: sets up what is missing and becomes the gateway; the arguments are its own. */
import { subscribe } from "node:diagnostics_channel"
import { pathToFileURL } from "node:url"
import { buildPanelBehind } from "./panel-behind.mjs"
import { ensureBuilt, ensureInstalled, inProject } from "./setup.mjs"

await ensureInstalled()
await ensureBuilt()

// Ctrl-C arrives twice, from the terminal and from npm, and to the program a second signal means "at once". Here it does
// when it comes a moment later. One that comes before the program listens ends the process, as it would without this.
/** @type {number | undefined} */
let told
let endPanelBuild = () => {}
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => {
    const meant = told === undefined ? process.listenerCount(signal) === 1 : performance.now() - told > 1000
    if (meant) process.exit(signal === "SIGINT" ? 130 : 143)
    told ??= performance.now()
    endPanelBuild()
  })
}

// The API first: the panel is built when the gateway runs, and shown as soon as it is there.
const [role = "all"] = process.argv.slice(2)
if (role === "all" || role === "panel") {
  subscribe("gateway.started", (message) => {
    if (told === undefined) endPanelBuild = buildPanelBehind(/** @type {{ url: string }} */ (message))
  })
}

await import(pathToFileURL(inProject("dist/main.js")).href)
