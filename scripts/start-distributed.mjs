// @ts-check
/**
 * `npm run start:distributed`: the whole system on this machine, on servers of its own and with a process for each role.
 * What it keeps is in data/servers.
 */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { buildPanelBehind } from "./panel-behind.mjs"
import { interrupted, startServers, watchHealth } from "./servers/local.mjs"
import { bindToThisProcess } from "./servers/server.mjs"
import { ensureBuilt, ensureInstalled, inProject, seconds } from "./setup.mjs"

const usage = `npm run start:distributed -- [--processors N] [--kafka 1|3] [--mysql]

  --processors N   how many processes decide (1)
  --kafka 1|3      brokers (1)
  --mysql          MySQL's mysqld, on PATH or named by MYSQLD, instead of MariaDB`

const folder = inProject("data/servers")

/** @param {string} line */
const say = (line) => console.error(line)

/**
 * @param {string} sentence
 * @returns {never}
 */
const giveUp = (sentence) => {
  say(sentence)
  process.exit(1)
}

const options = () => {
  try {
    const { values } = parseArgs({
      options: {
        processors: { type: "string", default: "1" },
        kafka: { type: "string", default: "1" },
        mysql: { type: "boolean", default: false },
        help: { type: "boolean", default: false }
      }
    })
    if (!/^([1-9]|1\d|20)$/.test(values.processors)) throw new Error("There may be 1 to 20 processors")
    if (values.kafka !== "1" && values.kafka !== "3") throw new Error("Kafka has one broker here, or three")
    return values
  } catch (error) {
    return giveUp(`${/** @type {Error} */ (error).message}\n\n${usage}`)
  }
}

/** @param {string} file @param {object} content */
const writePrivately = (file, content) => {
  const parts = `${file}.new`
  writeFileSync(parts, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(parts, file)
}

/**
 * Made once: what is in the databases is worth nothing without them.
 *
 * @returns {Record<"OPERATOR_SECRET" | "SECRET_PEPPER" | "CARD_KEYS" | "DATABASE_PASSWORD", string>}
 */
const keys = () => {
  const file = join(folder, "keys.json")
  if (!existsSync(file)) {
    if (["mariadb", "mysql"].some((database) => existsSync(join(folder, database)))) {
      giveUp(
        `${file} is missing although databases are beside it: restore it, because what they hold is worth nothing without it, or remove ${folder} to begin anew.`
      )
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writePrivately(file, {
      OPERATOR_SECRET: `op_${randomBytes(32).toString("base64url")}`,
      SECRET_PEPPER: randomBytes(32).toString("base64"),
      CARD_KEYS: `k1:${randomBytes(32).toString("base64")}`,
      DATABASE_PASSWORD: randomBytes(18).toString("base64url")
    })
  }
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch {
    return giveUp(`${file} is damaged: restore it, or remove ${folder} to begin anew.`)
  }
}

/**
 * @typedef {object} Role
 * @property {string} name
 * @property {number} managementPort
 * @property {Promise<string>} ended how
 * @property {() => Promise<unknown>} stop SIGTERM, and SIGKILL if that takes too long
 */

/**
 * A role as a process; each line it writes gets its name.
 *
 * @param {string} name
 * @param {string} role
 * @param {number} managementPort
 * @param {NodeJS.ProcessEnv} env
 * @returns {Role}
 */
const startRole = (name, role, managementPort, env) => {
  const child = spawn(
    process.execPath,
    ["--max-semi-space-size=64", "--enable-source-maps", inProject("dist/main.js"), role],
    {
      // Ctrl-C reaches this process alone, which tells the roles in their order.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, MANAGEMENT_PORT: `${managementPort}`, ...env }
    }
  )
  bindToThisProcess(child)
  createInterface(child.stdout).on("line", (line) => {
    // the intake's own welcome is said for all roles, at the end
    if (!/^$|^The gateway is running\.$|^ {2}(Panel|API|Documentation|Metrics) +http:/.test(line)) {
      console.log(`${name.padEnd(12)}| ${line}`)
    }
  })
  createInterface(child.stderr).on("line", (line) => console.error(`${name.padEnd(12)}| ${line}`))
  /** @type {Promise<string>} */
  const ended = new Promise((done) => {
    child.once("error", (error) => done(error.message))
    child.once("close", (code, signal) => done(signal ?? `exit code ${code}`))
  })
  return {
    name,
    managementPort,
    ended,
    stop: () => {
      child.kill()
      const late = setTimeout(() => {
        say(`${name} does not end and is killed`)
        child.kill("SIGKILL")
      }, 15_000)
      return ended.finally(() => clearTimeout(late))
    }
  }
}

/** @param {Role} role @param {number} limit */
const ready = async ({ name, managementPort }, limit) => {
  const started = performance.now()
  let told = started
  for (;;) {
    const answer = await fetch(`${urlOf(managementPort)}/readyz`, { signal: AbortSignal.timeout(2000) })
      .catch(() => undefined)
    if (answer?.ok) return
    if (performance.now() - started > limit) throw new Error(`${name} was not ready after ${seconds(started)}`)
    if (performance.now() - told > 5000) {
      told = performance.now()
      say(`  … waiting for ${name} to be ready, for ${seconds(started)}`)
    }
    await sleep(100)
  }
}

/**
 * The demo account, made when there is none whose credential works.
 *
 * @param {string} base
 * @param {string} operatorSecret
 * @returns {Promise<string>} account:secret
 */
const demoAccount = async (base, operatorSecret) => {
  const file = join(folder, "demo-account.json")
  /** @param {string} credential @param {string} path @param {RequestInit} [init] */
  const call = (credential, path, init) =>
    fetch(`${base}${path}`, {
      signal: AbortSignal.timeout(10_000),
      headers: {
        "authorization": `Basic ${Buffer.from(credential).toString("base64")}`,
        "content-type": "application/json"
      },
      ...init
    })
  if (existsSync(file)) {
    const { account, secret } = JSON.parse(readFileSync(file, "utf8"))
    const { status } = await call(`${account}:${secret}`, "/v1/transactions?limit=1")
    if (status !== 401) return `${account}:${secret}`
  }
  const made = await call(`operator:${operatorSecret}`, "/v1/accounts", {
    method: "POST",
    body: JSON.stringify({ name: "Demo" })
  })
  if (made.status !== 201) throw new Error(`The demo account could not be made: ${made.status} ${await made.text()}`)
  const { id, secret } = /** @type {{ id: string, secret: string }} */ (await made.json())
  writePrivately(file, { account: id, secret })
  return `${id}:${secret}`
}

const { processors, kafka, mysql, help } = options()
if (help) {
  console.log(usage)
  process.exit(0)
}
await ensureInstalled()
await ensureBuilt()
const { DATABASE_PASSWORD, ...secrets } = keys()
const host = process.env["HOST"] || "127.0.0.1"
const port = process.env["PORT"] || "8080"
/** @param {number | string} of */
const urlOf = (of) => `http://${host.includes(":") ? `[${host}]` : host}:${of}`
const { servers, env: addresses, stop: stopServers } = await startServers({
  folder,
  nodes: kafka === "3" ? 3 : 1,
  mysql,
  password: DATABASE_PASSWORD,
  log: say
}).catch((error) => giveUp(error.message))

/** @type {Array<Role>} */
const roles = []
let ending = false
let endPanelBuild = () => {}
/**
 * @param {number} code
 * @returns {Promise<never>}
 */
const end = async (code) => {
  if (ending) return new Promise(() => {})
  ending = true
  say("\nStopping …")
  endPanelBuild()
  // The intake first: those who wait at it for a decision still get one.
  await roles.find(({ name }) => name === "intake")?.stop()
  await Promise.all(roles.map(({ stop }) => stop()))
  await stopServers()
  say("Stopped.")
  process.exit(code)
}
void interrupted().then(() => end(0))
watchHealth(servers, (line) => {
  if (!ending) say(line)
})

// The secrets of the environment go before those of the file, as they do for `npm start`.
const env = {
  ...secrets,
  ...Object.fromEntries(Object.keys(secrets).flatMap((key) => process.env[key] ? [[key, process.env[key]]] : [])),
  ...addresses,
  HOST: host,
  PORT: port,
  LOG_FORMAT: process.env["LOG_FORMAT"] || (process.stdout.isTTY ? "pretty" : "json")
}

const migrated = await startRole("migrate", "migrate", 0, env).ended
if (migrated !== "exit code 0") {
  if (!ending) say(`The databases could not be brought up to date (${migrated}).`)
  await end(1)
}

try {
  const names = ["intake", "processor", "recorder"]
  for (let more = 2; more <= Number(processors); more++) names.push(`processor-${more}`)
  for (const [index, name] of names.entries()) {
    const role = startRole(name, /** @type {string} */ (name.split("-")[0]), 9464 + index, env)
    roles.push(role)
    void role.ended.then((how) => {
      if (ending) return
      say(`${name} has ended (${how}), so everything ends.`)
      void end(1)
    })
  }
  await Promise.all(roles.map((role) => ready(role, 120_000)))
  const base = urlOf(port)
  const demo = await demoAccount(base, env.OPERATOR_SECRET)
  const example = JSON.stringify({
    amount: 1999,
    card: {
      number: "4242424242424242",
      holder: "Ada Lovelace",
      exp_month: 12,
      exp_year: new Date().getUTCFullYear() + 2,
      cvv: "123"
    }
  })
  if (!ending) {
    console.log([
      "",
      "The gateway is running.",
      `  Panel          ${base}/`,
      `  API            ${base}/v1`,
      `  Documentation  ${base}/docs`,
      ...roles.map(({ name, managementPort }, index) =>
        `${index === 0 ? "  Metrics        " : "                 "}${urlOf(managementPort)}/metrics  ${name}`
      ),
      `  Kafka          ${addresses["KAFKA_BROKERS"]}`,
      ...(process.env["OPERATOR_SECRET"]
        ? []
        : [`  Operator       sign in as operator with OPERATOR_SECRET of ${join(folder, "keys.json")}`]),
      `  Demo account   ${demo}`,
      "",
      "Try it:",
      "",
      `curl -i ${base}/v1/transactions -u ${demo} -H 'Content-Type: application/json' -H 'Prefer: wait=5' -d '${example}'`,
      ""
    ].join("\n"))
    endPanelBuild = buildPanelBehind({ url: base })
  }
} catch (error) {
  if (!ending) {
    say(/** @type {Error} */ (error).message)
    await end(1)
  }
}
