// @ts-check
/**
 * A server as a process of its own, in a session of its own: Ctrl-C in a terminal does not reach it, so that whoever
 * started it decides when it stops.
 *
 * **It never outlives this process**, however that ends, SIGKILL included: beside each server a shell waits on a pipe that
 * only this process holds open, and kills the server when the pipe closes. Whoever wants a clean stop calls `stop`.
 */
import { execFile, spawn } from "node:child_process"
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { connect, createServer } from "node:net"
import { delimiter, dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { seconds } from "../setup.mjs"

export const host = "127.0.0.1"

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {number | undefined} pid
 * @property {number} port where its clients connect
 * @property {boolean} running
 * @property {() => Promise<boolean>} answers whether a client gets a word out of it within 2 s
 * @property {string} logFile
 * @property {Promise<string>} ended how its process ended, when it does
 * @property {() => Promise<void>} start (again); waits until it is ready
 * @property {(limit?: number) => Promise<void>} stop SIGTERM, and SIGKILL if that takes too long; waits for the exit
 * @property {() => Promise<void>} kill SIGKILL; waits for the exit
 * @property {() => Promise<void>} pause SIGSTOP; waits until it has stopped
 * @property {() => void} resume SIGCONT
 */

/** @typedef {(line: string) => void} Log */

/**
 * Where a program is: also in the folders of system programs, which are not on everybody's PATH.
 *
 * @param {string} program
 */
export const find = (program) =>
  [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/usr/local/bin"]
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 * @param {{ env?: NodeJS.ProcessEnv, limit?: number, onOutput?: (text: string) => void }} [options] limit: milliseconds
 * @returns {Promise<{ ok: boolean, said: string }>} everything it wrote; one that did not end in time is killed, and not ok
 */
export const output = (command, args, { env, limit = 150_000, onOutput = () => {} } = {}) =>
  new Promise((done) => {
    const { stdout, stderr } = execFile(
      command,
      args,
      { env: { ...process.env, ...env }, timeout: limit, killSignal: "SIGKILL", maxBuffer: 2 ** 26 },
      (error, out, err) =>
        done({
          ok: error === null,
          said: `${out}${err}${error?.killed ? `\n(killed after ${limit / 1000} s)` : ""}`.trim() || `${error?.message}`
        })
    )
    for (const stream of [stdout, stderr]) stream?.on("data", onOutput)
  })

/**
 * @param {number} port
 * @returns {Promise<import("node:net").Server | undefined>} undefined when somebody else has it
 */
const hold = (port) =>
  new Promise((done) => {
    const server = createServer()
    server.once("error", () => done(undefined)).listen(port, host, () => done(server))
  })

/**
 * Those ports that are wanted, where nobody listens on them, and others in their place. The others are below those that
 * systems give to outgoing connections: a client that tries such a port again and again while the server is down may end
 * up connected to itself, and then the server cannot come back.
 *
 * @param {ReadonlyArray<number | undefined>} wanted
 * @returns {Promise<ReadonlyArray<number>>}
 */
export const choosePorts = async (wanted) => {
  const ports = []
  const held = []
  for (const first of wanted) {
    let port = first ?? 0
    let server = first === undefined ? undefined : await hold(port)
    while (server === undefined) {
      port = 20_000 + Math.floor(Math.random() * 10_000)
      server = await hold(port)
    }
    ports.push(port)
    held.push(server)
  }
  await Promise.all(held.map((server) => new Promise((done) => server.close(done))))
  return ports
}

/** @param {number} count */
export const freePorts = (count) => choosePorts(Array.from({ length: count }, () => undefined))

/**
 * @param {number} port
 * @param {Buffer} [request]
 * @returns {Promise<Buffer>} the first that a server answers, or says of itself; empty when it is not there or says nothing
 */
export const ask = (port, request) =>
  new Promise((done) => {
    const socket = connect({ host, port, timeout: 2000 })
    /** @param {Buffer} [said] */
    const end = (said = Buffer.alloc(0)) => {
      socket.destroy()
      done(said)
    }
    socket.once("data", end).once("timeout", () => end()).once("error", () => end()).once("close", () => end())
    if (request !== undefined) socket.write(request)
  })

/**
 * @param {string} file
 * @param {number} [from]
 */
const textOf = (file, from = 0) => existsSync(file) ? readFileSync(file).subarray(from).toString() : ""

/**
 * The end of a log, for the message of an error.
 *
 * @param {string} file
 */
export const endOf = (file) =>
  `The end of ${file}:\n${textOf(file).trimEnd().split("\n").slice(-30).map((line) => `  ${line}`).join("\n")}`

/**
 * Whether every thread has stopped; where that cannot be seen, it is taken to be so.
 *
 * @param {number} pid
 */
const isPaused = (pid) => {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      /\) [TtZX] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"))
    )
  } catch {
    return true
  }
}

/**
 * The child is killed when this process ends, however it ends.
 *
 * @param {import("node:child_process").ChildProcess} child
 */
export const bindToThisProcess = (child) => {
  const watchdog = spawn("sh", ["-c", "read -r _; kill -9 $1", "sh", `${child.pid}`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"]
  })
  watchdog.unref()
  const pipe = /** @type {import("node:net").Socket} */ (watchdog.stdin)
  pipe.unref()
  pipe.on("error", () => {})
  const dismiss = () => void watchdog.kill("SIGKILL")
  child.once("exit", dismiss).once("error", dismiss)
}

/**
 * @param {object} options
 * @param {string} options.name
 * @param {string} options.command
 * @param {ReadonlyArray<string>} options.args
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {number} options.port
 * @param {string} options.logFile begun anew here, and continued by every start
 * @param {() => Promise<boolean>} options.answers
 * @param {(said: string) => boolean} [options.ready] given what this start has written into the log; without it, ready is
 *   what answers
 * @param {number} options.startLimit milliseconds
 * @param {number} options.stopLimit milliseconds
 * @param {Log} [options.log]
 * @returns {Server}
 */
export const makeServer = (
  { name, command, args, env, port, logFile, answers, ready, startLimit, stopLimit, log = () => {} }
) => {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let child
  let ended = Promise.resolve("it was never started")
  mkdirSync(dirname(logFile), { recursive: true })
  rmSync(logFile, { force: true })

  const spawnServer = () => {
    const output = openSync(logFile, "a")
    const server = spawn(command, args, {
      detached: true,
      stdio: ["ignore", output, output],
      env: { ...process.env, ...env }
    })
    closeSync(output)
    // A program that is done is not held up by its servers.
    server.unref()
    bindToThisProcess(server)
    child = server
    ended = new Promise((done) => {
      /** @param {string} how */
      const end = (how) => {
        if (child === server) child = undefined
        done(how)
      }
      server.once("error", (error) => end(error.message))
      server.once("exit", (code, signal) => end(signal === null ? `exit code ${code}` : signal))
    })
  }

  /**
   * @param {NodeJS.Signals} signal
   * @param {number} limit
   * @returns {Promise<boolean>} whether it ended
   */
  const endBy = async (signal, limit) => {
    child?.kill(signal)
    const late = new AbortController()
    const done = await Promise.race([
      ended.then(() => true),
      sleep(limit, false, { signal: late.signal }).catch(() => false)
    ])
    late.abort()
    return done
  }

  const kill = async () => {
    if (child === undefined) return
    if (!await endBy("SIGKILL", 30_000)) throw new Error(`${name} (pid ${child?.pid}) does not end by SIGKILL`)
  }

  const start = async () => {
    if (child !== undefined) throw new Error(`${name} is running already`)
    const from = existsSync(logFile) ? statSync(logFile).size : 0
    const started = performance.now()
    let told = started
    spawnServer()
    /** @type {string | undefined} */
    let how
    void ended.then((_) => how = _)
    for (;;) {
      if (how !== undefined) throw new Error(`${name} ended before it was ready (${how}). ${endOf(logFile)}`)
      if (ready === undefined ? await answers() : ready(textOf(logFile, from))) return
      if (performance.now() - started > startLimit) {
        await kill()
        throw new Error(`${name} was not ready after ${seconds(started)}. ${endOf(logFile)}`)
      }
      if (performance.now() - told > 10_000) {
        told = performance.now()
        log(`  … ${name} is still starting after ${seconds(started)}`)
      }
      await sleep(50)
    }
  }

  return {
    name,
    port,
    logFile,
    answers,
    get pid() {
      return child?.pid
    },
    get running() {
      return child !== undefined
    },
    get ended() {
      return ended
    },
    start,
    kill,
    stop: async (limit = stopLimit) => {
      if (child === undefined) return
      child.kill("SIGCONT")
      if (await endBy("SIGTERM", limit)) return
      log(`${name} did not stop within ${limit / 1000} s and is killed`)
      await kill()
    },
    pause: async () => {
      const paused = child
      paused?.kill("SIGSTOP")
      // A signal is there when the process next runs: on a busy machine its threads go on for a while.
      const until = performance.now() + 10_000
      while (paused?.pid !== undefined && !isPaused(paused.pid) && performance.now() < until) await sleep(5)
    },
    resume: () => void child?.kill("SIGCONT")
  }
}
