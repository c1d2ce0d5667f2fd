// @ts-check
/** How a suite says that this machine cannot run it; scripts/test.mjs tells it at the end. */
import { appendFileSync, readFileSync } from "node:fs"

/** The environment variable that names the file of notices. */
export const noticesVariable = "GATEWAY_NOT_RUN"

/**
 * @param {string} what "the Kafka suites"
 * @param {string} remedy "install Java 17"
 */
export const notRun = (what, remedy) => {
  const line = `${what} :: ${remedy}`
  const file = process.env[noticesVariable]
  if (file === undefined) console.error(`Not run on this machine: ${line}`)
  else appendFileSync(file, `${line}\n`)
}

/**
 * Each notice once.
 *
 * @param {string} file
 */
export const notices = (file) => [...new Set(readFileSync(file, "utf8").split("\n").filter((line) => line !== ""))]
