import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { type Answer, Connection, headOf } from "./lib/connection.ts"
import { basic, credentialFile, readCredential } from "./lib/credential.ts"
import { Histogram } from "./lib/histogram.ts"
import { fixed, table, whole } from "./lib/report.ts"
import { encode, pick } from "./lib/requests.ts"
import { varied } from "./lib/variety.ts"

const usage = `npm run traffic -- [options]: a steady, varied load for a running gateway

  --rate N            requests per second (50)
  --url URL           (http://127.0.0.1:8080)
  --data-dir DIR      where the gateway keeps its demo credential (./data)
  --credential A:S    account and secret, instead of the demo credential
  --seconds S         how long (until Ctrl-C)
  --rejected R        the share that the rules reject, 0 to 1 (0.25)
  --repeated R        the share that repeats a request with its Idempotency-Key (0.05)
  --waiting R         the share that asks for the decision with Prefer: wait=5 (0.2)`

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "50" },
    url: { type: "string", default: "http://127.0.0.1:8080" },
    "data-dir": { type: "string", default: process.env.DATA_DIR ?? "./data" },
    credential: { type: "string" },
    seconds: { type: "string", default: "Infinity" },
    rejected: { type: "string", default: "0.25" },
    repeated: { type: "string", default: "0.05" },
    waiting: { type: "string", default: "0.2" },
    help: { type: "boolean", default: false }
  }
})

const maxConnections = 512
/** Keyed requests that may be repeated. */
const remembered = 500
const waitForTheLast = 6_000

interface Request {
  readonly bytes: Buffer
  readonly expected: string
}

class Tally {
  sent = 0
  accepted = 0
  decided = 0
  replayed = 0
  errors = 0
  /** Decided otherwise than the request asked for. */
  wrong = 0
  /** Not sent, because every connection was waiting for an answer. */
  skipped = 0
  readonly latency = new Histogram()

  clear() {
    this.sent =
      this.accepted =
      this.decided =
      this.replayed =
      this.errors =
      this.wrong =
      this.skipped =
        0
    this.latency.clear()
  }

  toString() {
    const rare = [["wrong", this.wrong], ["skipped", this.skipped]] as const
    return `sent ${whole(this.sent)}  202 ${whole(this.accepted)}  201 ${whole(this.decided)}  ` +
      `replays ${whole(this.replayed)}  errors ${whole(this.errors)}  p95 ${fixed(this.latency.quantile(0.95), 1)} ms` +
      rare.filter(([, count]) => count > 0).map(([name, count]) => `  ${name} ${whole(count)}`).join("")
  }
}

const replayedField = /\r\nidempotent-replayed: *true/i

const decisionOf = ({ bodyAt, bytes }: Answer): string | undefined => {
  try {
    const { error, status } = JSON.parse(bytes.toString("utf8", bodyAt)) as {
      readonly status: string
      readonly error: { readonly code: string } | null
    }
    return error?.code ?? status
  } catch {
    return undefined
  }
}

const number = (name: string, value: string, least: number, most = Infinity) => {
  const parsed = Number(value)
  if (!(parsed >= least && parsed <= most)) throw new Error(`--${name} takes a number from ${least} to ${most}`)
  return parsed
}

const credential = () => {
  if (values.credential !== undefined) return values.credential
  try {
    return readCredential(values["data-dir"])
  } catch {
    throw new Error(
      `${
        credentialFile(values["data-dir"])
      } cannot be read: start the gateway, or name its folder with --data-dir or a ` +
        "credential with --credential account:secret"
    )
  }
}

/** Not a UUID: one in some thousands of these holds what reads as a card number, which the gateway refuses. */
const newKey = () => randomBytes(18).toString("base64url")

const byCount = (map: ReadonlyMap<string, number>) =>
  [...map].toSorted(([, a], [, b]) => b - a).map(([name, times]) => [name, whole(times)])

const main = async () => {
  if (values.help) return console.log(usage)
  const rate = number("rate", values.rate, 0.1)
  const seconds = number("seconds", values.seconds, 1)
  const rejected = number("rejected", values.rejected, 0, 1)
  const repeated = number("repeated", values.repeated, 0, 1)
  const waiting = number("waiting", values.waiting, 0, 1)
  const url = new URL(values.url)
  if (url.protocol !== "http:") throw new Error("--url takes an http address")
  const authorization = basic(credential())

  const recent: Array<Request> = []
  const nextRequest = (): Request => {
    if (recent.length > 0 && Math.random() < repeated) return pick(recent)
    const { expected, submission } = varied(rejected)
    const keyed = Math.random() < 0.5
    const bytes = encode({
      authorization,
      host: url.host,
      submission,
      headers: {
        ...(keyed ? { "Idempotency-Key": newKey() } : {}),
        ...(Math.random() < waiting ? { Prefer: "wait=5" } : {})
      }
    })
    const request = { bytes, expected }
    if (keyed) {
      recent.push(request)
      if (recent.length > remembered) recent.shift()
    }
    return request
  }

  const idle: Array<Connection> = []
  let connections = 0
  let pending = 0
  const second = new Tally()
  const total = new Tally()
  const count = (field: "accepted" | "decided" | "errors" | "replayed" | "sent" | "skipped" | "wrong") => {
    second[field] += 1
    total[field] += 1
  }
  const expectations = new Map<string, number>()
  const failures = new Map<string, number>()

  const answered = (request: Request, answer: Answer | undefined) => {
    if (answer?.status === 202) {
      count("accepted")
    } else if (answer?.status === 201) {
      count("decided")
      if (decisionOf(answer) !== request.expected) count("wrong")
    } else {
      count("errors")
      const what = answer === undefined ? "connection ended" : `status ${answer.status}`
      failures.set(what, (failures.get(what) ?? 0) + 1)
      return
    }
    if (replayedField.test(headOf(answer))) count("replayed")
    else expectations.set(request.expected, (expectations.get(request.expected) ?? 0) + 1)
  }

  const send = (due: number) => {
    let connection = idle.pop()
    if (connection === undefined) {
      if (connections === maxConnections) return count("skipped")
      connections += 1
      connection = new Connection(url.hostname, Number(url.port || 80))
    }
    const used = connection
    const request = nextRequest()
    count("sent")
    pending += 1
    used.send(request.bytes, (answer) => {
      const latency = performance.now() - due
      second.latency.record(latency)
      total.latency.record(latency)
      pending -= 1
      idle.push(used)
      answered(request, answer)
    })
  }

  const start = performance.now()
  let due = 0
  const arrivals = setInterval(() => {
    const now = performance.now()
    for (let at = start + due * 1_000 / rate; at <= now; at = start + due * 1_000 / rate) {
      due += 1
      send(at)
    }
  }, 2)
  const status = setInterval(() => {
    console.log(`${new Date().toISOString().slice(11, 19)}  ${second}`)
    second.clear()
  }, 1_000)

  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve).once("SIGTERM", resolve)
    if (seconds < Infinity) setTimeout(resolve, seconds * 1_000)
  })
  clearInterval(arrivals)
  clearInterval(status)
  // whoever stops it twice means it
  process.once("SIGINT", () => process.exit(130))
  const deadline = performance.now() + waitForTheLast
  while (pending > 0 && performance.now() < deadline) await sleep(20)
  for (const connection of idle) connection.close()

  console.log(`\nin all  ${total}${pending > 0 ? `  unanswered ${pending}` : ""}`)
  console.log(`\n${table(["sent to become", "transactions"], byCount(expectations))}`)
  if (failures.size > 0) console.log(`\n${table(["error", "times"], byCount(failures))}`)
  process.exit()
}

main().catch((cause) => {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exit(1)
})
