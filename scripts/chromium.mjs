// @ts-check
/** A real Chromium, for what looks at the panel: its tests, its measure and its pictures. */
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { chromium } from "playwright-core"

export const chromiumRemedy = "apt-get install chromium, or CHROMIUM=path"

/** The program: what CHROMIUM names, or the first that is on the PATH; undefined where there is none. */
export const findChromium = () => {
  const given = process.env["CHROMIUM"]
  if (given) return existsSync(given) ? given : undefined
  return (process.env["PATH"] ?? "").split(delimiter)
    .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
    .find((path) => existsSync(path))
}

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

/** Starts it on a new, empty profile, which goes with it. */
export const launchChromium = (/** @type {string} */ executablePath, /** @type {ReadonlyArray<string>} */ more = []) =>
  chromium.launch({ executablePath, args: [...flags, ...more], handleSIGINT: false, handleSIGTERM: false })
