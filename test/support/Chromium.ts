import type { TestProject } from "vitest/node"
import { chromiumRemedy, findChromium } from "../../scripts/chromium.mjs"
import { notRun } from "../../scripts/not-run.mjs"
import { ensureBuilt, inProject, isPanelBuilt, run } from "../../scripts/setup.mjs"

declare module "vitest" {
  interface ProvidedContext {
    /** The path of a Chromium; null where this machine has none. */
    readonly chromium: string | null
  }
}

/** For the whole run: the gateway and the panel as their sources are, and a Chromium to look at it with. */
export const setup = async ({ provide }: TestProject) => {
  const chromium = findChromium()
  provide("chromium", chromium ?? null)
  if (chromium === undefined) return notRun("the panel's suites in a browser", chromiumRemedy)
  await ensureBuilt()
  if (isPanelBuilt()) return
  const code = await run(process.execPath, [inProject("scripts/build-panel.mjs")], { stdio: ["ignore", 2, 2] })
  if (code !== 0) throw new Error("the panel could not be built: scripts/build-panel.mjs says why above")
}
