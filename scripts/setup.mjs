// @ts-check
/**
 * What the other scripts need is set up here, and only what is missing: packages, Effect's diagnostics for `tsc`, the
 * bundle. Only Node's own modules are imported, since there may be no others yet. All that is said goes to stderr: stdout
 * belongs to the program.
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..")

/** @param {string} path relative to the project */
export const inProject = (path) => join(root, path)

/** @param {number} since a reading of `performance.now()` */
export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`

/**
 * @param {string} sentence
 * @returns {never}
 */
const giveUp = (sentence) => {
  console.error(`\n${sentence}`)
  process.exit(1)
}

/** @param {string} path undefined when there is no such file */
const read = (path) => {
  try {
    return readFileSync(inProject(path), "utf8")
  } catch {
    return undefined
  }
}

/** @param {ReadonlyArray<string | Buffer | undefined>} parts */
const digest = (parts) => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part ?? "").update("\0")
  return hash.digest("hex")
}

/**
 * Runs a program of the project to its end and answers its exit code. A signal ends the program, and then this process.
 *
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 * @param {{ env?: NodeJS.ProcessEnv, stdio?: import("node:child_process").StdioOptions, onOutput?: (text: string) => void }} [options]
 * @returns {Promise<number>}
 */
export const run = (command, args, { env, stdio = "inherit", onOutput } = {}) =>
  new Promise((done) => {
    const child = spawn(command, args, { cwd: root, stdio, env: { ...process.env, ...env } })
    let told = false
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      told = true
      child.kill(signal)
    }
    /** @param {number} code */
    const end = (code) => {
      if (told) process.exit(1)
      process.off("SIGINT", forward).off("SIGTERM", forward)
      done(code)
    }
    process.on("SIGINT", forward).on("SIGTERM", forward)
    if (onOutput !== undefined) {
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", onOutput)
    }
    child.on("error", (error) => {
      console.error(error.message)
      end(127)
    })
    child.on("close", (code) => end(code ?? 1))
  })

/**
 * A step that may take long: says what it does, that it goes on, and how long it took.
 *
 * @param {string} what
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 * @param {string} otherwise the sentence when it fails
 * @param {NodeJS.ProcessEnv} [env]
 */
const step = async (what, command, args, otherwise, env) => {
  const started = performance.now()
  console.error(`${what} …`)
  const alive = setInterval(() => console.error(`  … still at it after ${seconds(started)}`), 15_000)
  const code = await run(command, args, { ...(env && { env }), stdio: ["ignore", 2, 2] })
  clearInterval(alive)
  if (code !== 0) giveUp(otherwise)
  console.error(`  done in ${seconds(started)}`)
}

const checkNode = () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  if (major < 20 || (major === 20 && minor < 11)) {
    giveUp(`This needs Node 20.11 or newer; ${process.execPath} is ${process.versions.node}.`)
  }
}

const installedStamp = "node_modules/.installed"
const addon = "node_modules/better-sqlite3/build/Release/better_sqlite3.node"

/** What `npm ci` made or not: compares npm's own record inside node_modules with the lockfile. */
const agreesWithLockfile = () => {
  const record = read("node_modules/.package-lock.json")
  if (record === undefined || !existsSync(inProject(addon))) return false
  /** @type {Record<string, { version?: string, integrity?: string, optional?: boolean }>} */
  const there = JSON.parse(record).packages
  /** @type {typeof there} */
  const wanted = JSON.parse(read("package-lock.json") ?? "{}").packages
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) =>
    path === "" || (there[path] === undefined
      ? optional === true
      : there[path].version === version && there[path].integrity === integrity)
  )
}

/** The headers that came with this Node, so that compiling an addon downloads none. */
const nodedir = () => {
  const prefix = resolve(dirname(process.execPath), "..")
  try {
    const header = readFileSync(join(prefix, "include/node/node_version.h"), "utf8")
    return header.includes(`#define NODE_MODULE_VERSION ${process.versions.modules}\n`) ? prefix : undefined
  } catch {
    return undefined
  }
}

const missingTools = () => {
  const folders = (process.env["PATH"] ?? "").split(delimiter)
  return ["g++", "make", "python3"].filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))))
}

/** Packages as in the lockfile, for this version of Node, and `tsc` with Effect's diagnostics. */
export const ensureInstalled = async () => {
  checkNode()
  const addonFor = `${process.platform}-${process.arch}-${process.versions.modules}`
  const wanted = `${addonFor} ${digest([read("package-lock.json")])}`
  const found = read(installedStamp)
  if (found === wanted) return
  // Packages that somebody installed by hand are as good, unless they were compiled for another Node.
  const sameNode = found === undefined || found.startsWith(`${addonFor} `)
  if (!sameNode || !agreesWithLockfile()) {
    const tools = missingTools()
    const remedy = tools.length === 0
      ? ""
      : `\nNot found here: ${tools.join(", ")}. On Debian or Ubuntu: apt-get install g++ make python3`
    const headers = nodedir()
    await step(
      "Installing the packages (once; better-sqlite3 may compile, which takes 1 to 2 minutes and needs g++, make and python3)",
      "npm",
      ["ci", "--no-audit", "--no-fund", "--loglevel=notice"],
      `The packages could not be installed; npm says why above. If it is better-sqlite3, it had to be compiled.${remedy}`,
      headers === undefined || process.env["npm_config_nodedir"] !== undefined
        ? undefined
        : { npm_config_nodedir: headers }
    )
  }
  await step(
    "Giving tsc Effect's diagnostics",
    process.execPath,
    [inProject("node_modules/@effect/tsgo/dist/effect-tsgo.cjs"), "patch", "--typescript"],
    "effect-tsgo could not patch tsc; it says why above."
  )
  writeFileSync(inProject(installedStamp), wanted)
}

/**
 * @param {string} folder
 * @param {ReadonlySet<string>} [except] names that are passed over
 * @returns {ReadonlyArray<string>}
 */
const filesIn = (folder, except = new Set()) =>
  readdirSync(inProject(folder), { withFileTypes: true })
    .filter(({ name }) => !except.has(name))
    .map((entry) => ({ entry, path: `${folder}/${entry.name}` }))
    .sort((a, b) => a.path < b.path ? -1 : 1)
    .flatMap(({ entry, path }) => entry.isDirectory() ? filesIn(path, except) : [path])

/** @param {ReadonlyArray<string>} paths */
const digestOf = (paths) => digest(paths.flatMap((path) => [path, readFileSync(inProject(path))]))

/** Changes when anything changes that the bundle is made of. */
export const sources = () => digestOf([...filesIn("src"), "scripts/build.mjs", "tsconfig.json", "package-lock.json"])

export const builtStamp = "dist/.sources"

/** The bundle of the sources as they are. */
export const ensureBuilt = async () => {
  if (existsSync(inProject("dist/main.js")) && read(builtStamp) === sources()) return
  await step(
    "Building",
    process.execPath,
    [inProject("scripts/build.mjs")],
    "The build failed; esbuild says why above."
  )
}

export const panelFolder = "dist/panel"
export const panelStamp = ".sources"

/** What is in `web` but made, not written. */
const madeInWeb = new Set(["node_modules", ".next", "out", "next-env.d.ts", "tsconfig.tsbuildinfo"])

/** Changes when anything changes that the panel is made of: also the code of the gateway that is in it (types are not). */
export const panelSources = () =>
  digestOf([
    ...filesIn("web", madeInWeb),
    ...filesIn("src/domain"),
    "src/layers/client/EventParser.ts",
    "scripts/build-panel.mjs",
    "scripts/panel-export.mjs",
    "package-lock.json"
  ])

/** Whether the panel is that of the sources as they are; where there are no sources, there is nothing to build. */
export const isPanelBuilt = () =>
  !existsSync(inProject("web/package.json")) ||
  (existsSync(inProject(`${panelFolder}/manifest.json`)) && read(`${panelFolder}/${panelStamp}`) === panelSources())

/** The panel of the sources as they are, for who cannot go on without. */
export const ensurePanelBuilt = async () => {
  if (isPanelBuilt()) return
  const code = await run(process.execPath, [inProject("scripts/build-panel.mjs")], { stdio: ["ignore", 2, 2] })
  if (code !== 0) giveUp("There is no panel: what is above says why.")
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled()
  await ensureBuilt()
}
