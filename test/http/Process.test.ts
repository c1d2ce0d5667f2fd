import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { eventually, leakIn } from "../support/GatewayFixture.ts"
import { openConnection, rawRequest, within } from "../support/HttpConnection.ts"
import { cards, holder, type ListJson, transaction, type TransactionJson } from "../support/HttpSamples.ts"

const root = resolve(import.meta.dirname, "../..")
const folder = mkdtempSync(join(tmpdir(), "gateway-process-"))
const dataDir = join(folder, "data")

interface Started {
  readonly child: ChildProcess
  readonly port: number
  readonly credential: string
  readonly output: () => string
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** The real entry point, in a process of its own. */
const start = async (): Promise<Started> => {
  const child = spawn(process.execPath, ["--import", "tsx", join(root, "src/main.ts")], {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      PORT: "0",
      MANAGEMENT_PORT: "0",
      DATA_DIR: dataDir,
      RESEND_BACK_OFF_MS: "500",
      LOG_LEVEL: "debug",
      LOG_FORMAT: "json"
    },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
  }
  const ended = new Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>((done) =>
    child.on("close", (code, signal) => done({ code, signal }))
  )
  const isRunning = () => /curl .* -d '.*'/.test(output) || child.exitCode !== null
  await eventually("a start", isRunning, (_) => _, 60_000)
  assert.isNull(child.exitCode, output)
  const port = Number(/API\s+http:\/\/[^:]+:(\d+)\/v1/.exec(output)![1])
  const credential = /(acct_\w+:sk_\w+)/.exec(output)![1]!
  return { child, port, credential, output: () => output, ended }
}

let started: Started

beforeAll(async () => {
  started = await start()
}, 90_000)

afterAll(async () => {
  started.child.kill("SIGKILL")
  await started.ended
  rmSync(folder, { recursive: true, force: true })
}, 30_000)

const send = (method: string, path: string, body?: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`http://127.0.0.1:${started.port}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(started.credential).toString("base64")}`,
      "content-type": "application/json",
      ...headers
    },
    ...(body === undefined ? {} : { body })
  })

/** What the process itself is asked to print: the demo account's credential and a curl to paste. */
const withoutWelcome = (output: string) =>
  output.split("\n").filter((line) => !/^\s*Demo account |^curl /.test(line)).join("\n")

describe("the gateway as a process of its own", () => {
  it("makes a demo account whose printed credential and curl work", async () => {
    const example = /-d '([^']+)'/.exec(started.output())![1]!
    const answer = await send("POST", "/v1/transactions", example, { prefer: "wait=20" })
    assert.strictEqual(answer.status, 201)
    assert.strictEqual((await answer.json() as TransactionJson).status, "approved")
    assert.strictEqual(statSync(join(dataDir, "demo-credential.json")).mode & 0o777, 0o600)
    assert.strictEqual(statSync(join(dataDir, "keys.json")).mode & 0o777, 0o600)
  })

  it("prints no card, holder, CVV, key or secret, whatever is sent to it", async () => {
    const bodies = [
      JSON.stringify(transaction()),
      JSON.stringify(transaction({ reference: cards.visa })),
      JSON.stringify(transaction({ [cards.visa]: cards.visa })),
      JSON.stringify(transaction({ amount: cards.visa }, { number: 4_242_424_242_424_242 })),
      JSON.stringify(transaction()).slice(0, -5),
      `{"a":${cards.visa},"a":1}`,
      `"${cards.visa}"`
    ]
    for (const body of bodies) {
      await (await send("POST", "/v1/transactions", body, { "user-agent": cards.visa })).text()
      await (await send("POST", "/v1/transactions", body, { "idempotency-key": cards.visa })).text()
      await (await send("POST", "/v1/transactions", body, { authorization: `Basic ${cards.visa}` })).text()
      await (await send("POST", `/v1/accounts?${cards.visa}`, body)).text()
      await (await send("GET", `/v1/transactions/${cards.visa}?card=${cards.visa}`)).text()
    }
    await rawRequest(started.port, `GET /${cards.visa} HTTP/1.1\r\nX: a\r${cards.visa}\r\n\r\n`)
    const leak = withoutWelcome(started.output()).split("\n").map((line) => [leakIn(line, [holder]), line] as const)
      .find(([found]) => found !== null)
    assert.isUndefined(leak)
    const keys = Object.values(JSON.parse(readFileSync(join(dataDir, "keys.json"), "utf8")) as Record<string, string>)
    for (const key of keys) assert.notInclude(started.output(), key)
  })

  it("ends within 5 s of SIGTERM under load, and has what it accepted at its next start", async () => {
    const accepted: Array<string> = []
    let sending = true
    const clients = Array.from({ length: 8 }, async () => {
      while (sending) {
        const answer = await send("POST", "/v1/transactions", JSON.stringify(transaction({ reference: "load" })))
          .catch(() => null)
        if (answer === null) return
        const text = await answer.text().catch(() => "")
        if (answer.status === 202) accepted.push((JSON.parse(text) as TransactionJson).id)
        else assert.strictEqual(answer.status, 503, text)
      }
    })
    await eventually("load", () => accepted.length, (_) => _ > 100)
    const held = await openConnection(started.port)
    held.write("GET /v1/transactions HTTP/1.1\r\nHost: ")
    const killed = performance.now()
    started.child.kill("SIGTERM")
    const { code, signal } = await within(started.ended, "the end", 8_000)
    const took = performance.now() - killed
    sending = false
    await Promise.all(clients)
    held.destroy()
    assert.isBelow(took, 5_000)
    assert.isNull(signal)
    assert.include([0, 130, 143], code)
    assert.isNull(leakIn(withoutWelcome(started.output()), [holder]))

    const database = new Sqlite(join(dataDir, "gateway.sqlite"), { readonly: true })
    const there = new Set(database.prepare("SELECT id FROM submissions").pluck().all() as Array<string>)
    database.close()
    assert.isTrue(accepted.every((id) => there.has(id)))

    const credential = started.credential
    started = await start()
    assert.strictEqual(started.credential, credential)
    await eventually(
      "every decision",
      async () => {
        const pages = await Promise.all(
          accepted.slice(-100).map(async (id) => {
            const answer = await send("GET", `/v1/transactions/${id}`)
            return (await answer.json() as TransactionJson).status
          })
        )
        return pages.filter((_) => _ === "processing").length
      },
      (_) => _ === 0,
      20_000
    )
    const list = await (await send("GET", "/v1/transactions?limit=1")).json() as ListJson
    assert.strictEqual(list.data[0]?.status, "approved")
  }, 90_000)
})
