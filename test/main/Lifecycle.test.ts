import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { execFile, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { Agent } from "node:http"
import { join } from "node:path"
import { promisify } from "node:util"
import { notRun } from "../../scripts/not-run.mjs"
import { containsCardNumber } from "../../src/domain/CardNumberInText.ts"
import { documentedFiles, documentedVariables } from "../docs/ConfigurationPage.ts"
import { openConnection } from "../support/HttpConnection.ts"
import { cards, holder, type ProblemJson, transaction, type TransactionJson } from "../support/HttpSamples.ts"
import {
  call,
  copyOf,
  demoOf,
  eventually,
  folder,
  type MainProcess,
  operatorOf,
  type Owner,
  ownerOfSuite,
  run,
  start,
  type StartOptions,
  stop,
  unburdened
} from "./MainProcess.ts"
import { assertStartsAgain, type RanBefore, ranBefore } from "./RanBefore.ts"

const concurrently = { concurrent: true, timeout: 120_000 }

const suite = ownerOfSuite()
let original: RanBefore
beforeAll(async () => {
  original = await ranBefore(suite)
})
afterAll(suite.end)

const copied = (owner: Owner): RanBefore => ({ ...original, dataDir: copyOf(owner, original.dataDir) })

const submit = (port: number, as: string, headers: Readonly<Record<string, string>> = {}, agent?: Agent) =>
  call(port, "POST", "/v1/transactions", { as, headers, body: transaction(), ...(agent && { agent }) })

const inDatabase = <A>(dataDir: string, name: string, use: (database: Sqlite.Database) => A): A => {
  const database = new Sqlite(join(dataDir, `${name}.sqlite`), { timeout: 5_000 })
  try {
    return use(database)
  } finally {
    database.close()
  }
}

const submissionIds = (dataDir: string) =>
  inDatabase(dataDir, "gateway", (_) => _.prepare("SELECT id FROM submissions").pluck().all() as Array<string>)

interface AuditOutput {
  readonly accepted: number
  readonly decided: number
  readonly undecided: number
  readonly holds: boolean
  readonly comparison: {
    readonly submissions: number
    readonly decisions: number
    readonly differences: ReadonlyArray<{ readonly id: string; readonly what: string }>
  }
}

const audit = async (owner: Owner, dataDir: string) => {
  const ending = await run(owner, { dataDir, args: ["audit"] })
  return { ending, report: JSON.parse(ending.stdout) as AuditOutput }
}

const demoLine = (running: MainProcess) => /^ {2}Demo account +(\S+)$/m.exec(running.stdout())?.[1]
const curlLine = (running: MainProcess) => /^curl .+$/m.exec(running.stdout())![0]

const hasCurl = spawnSync("bash", ["-c", "curl --version"]).status === 0
if (!hasCurl) notRun("the printed curl command", "install bash and curl")
const bash = promisify(execFile)

describe("the first start", concurrently, () => {
  it("makes the folder and its keys for nobody else, and tells where everything is", async (test) => {
    const dataDir = join(folder(test), "data")
    const running = await start(test, { dataDir })
    const port = await running.port

    assert.strictEqual(statSync(dataDir).mode & 0o777, 0o700)
    for (const file of ["keys.json", "demo-credential.json"]) {
      assert.strictEqual(statSync(join(dataDir, file)).mode & 0o777, 0o600, file)
    }
    for (const file of readdirSync(dataDir)) assert.strictEqual(statSync(join(dataDir, file)).mode & 0o077, 0, file)
    const printed = running.stdout()
    assert.include(printed, `Panel          http://127.0.0.1:${port}/\n`)
    assert.include(printed, `sign in as operator with operatorSecret of ${join(dataDir, "keys.json")}\n`)
    assert.include(printed, `API            http://127.0.0.1:${port}/v1\n`)
    assert.include(printed, `Documentation  http://127.0.0.1:${port}/docs\n`)
    const managementPort = running.managementPort()
    assert.include(printed, `Metrics        http://127.0.0.1:${managementPort}/metrics\n`)
    assert.strictEqual(demoLine(running), demoOf(dataDir))
    assert.notInclude(printed, operatorOf(dataDir).split(":")[1]!)

    for (const path of ["/docs", "/openapi.json", "/livez", "/readyz"]) {
      assert.strictEqual((await call(port, "GET", path)).status, 200, path)
    }
    for (const path of ["/metrics", "/livez", "/readyz"]) {
      assert.strictEqual((await call(managementPort, "GET", path)).status, 200, path)
    }
    const { code, stderr } = await stop(running)
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.deepStrictEqual(readdirSync(dataDir).toSorted(), documentedFiles().toSorted())
  })

  it.skipIf(!hasCurl)("prints a command that works when it is pasted, as the next start does", async (test) => {
    const dataDir = folder(test)
    const first = await start(test, { dataDir })
    await first.port
    const { stdout } = await bash("bash", ["-c", curlLine(first)])
    assert.match(stdout, /^HTTP\/1\.1 201 /)
    const { id, status } = JSON.parse(stdout.slice(stdout.indexOf("\r\n\r\n"))) as TransactionJson
    assert.strictEqual(status, "approved")
    const credential = demoLine(first)
    await stop(first)

    const second = await start(test, { dataDir })
    const port = await second.port
    assert.isNotEmpty(credential)
    assert.strictEqual(demoLine(second), credential)
    assert.match((await bash("bash", ["-c", curlLine(second)])).stdout, /^HTTP\/1\.1 201 /)
    assert.strictEqual((await call(port, "GET", `/v1/transactions/${id}`, { as: credential! })).status, 200)
  })

  for (const file of documentedFiles()) {
    it(`can be killed as soon as there is ${file}: the next one makes good what is missing`, async (test) => {
      const dataDir = folder(test)
      const running = await start(test, { dataDir })
      await eventually(file, () => existsSync(join(dataDir, file)), (_) => _)
      await stop(running, "SIGKILL")
      await ranBefore(test, dataDir)
    })
  }

  it("can be killed in the middle of a write: the next one makes good what is missing", async (test) => {
    const dataDir = folder(test)
    cpSync(join(original.dataDir, "keys.json"), join(dataDir, "keys.json"))
    const elsewhere = folder(test)
    // more than the cache holds: pages are in the file, and the journal would take them back
    inDatabase(elsewhere, "gateway", (database) => {
      database.pragma("cache_size = 1")
      database.exec("BEGIN; CREATE TABLE half (a)")
      const insert = database.prepare("INSERT INTO half VALUES (randomblob(1000))")
      for (let i = 0; i < 1_000; i++) insert.run()
      for (const file of readdirSync(elsewhere)) cpSync(join(elsewhere, file), join(dataDir, file))
    })
    assert.includeMembers(readdirSync(dataDir), ["gateway.sqlite", "gateway.sqlite-journal"])
    await ranBefore(test, dataDir)
  })

  it("can be killed between the demo account and its secret: the next one makes good what is missing", async (test) => {
    const dataDir = folder(test)
    const running = await start(test, { dataDir })
    await running.port
    await stop(running, "SIGKILL")
    inDatabase(dataDir, "gateway", (_) => _.exec("DELETE FROM accounts"))
    await ranBefore(test, dataDir)
  })

  it("needs no DATA_DIR", async (test) => {
    const cwd = folder(test)
    const running = await start(test, { dataDir: null, cwd })
    await running.port
    assert.deepStrictEqual(readdirSync(cwd), ["data"])
    assert.include(readdirSync(join(cwd, "data")), "gateway.sqlite")
  })

  it("takes a folder that is there, empty", async (test) => {
    const dataDir = join(folder(test), "data")
    mkdirSync(dataDir)
    await assertStartsAgain(test, await ranBefore(test, dataDir), { dataDir })
  })

  it("takes an empty variable for none", async (test) => {
    const cwd = folder(test)
    const empty = documentedVariables().map(({ name }) => [name, ""])
    const running = await start(test, {
      dataDir: null,
      cwd,
      env: { ...Object.fromEntries(empty), PORT: "0", MANAGEMENT_PORT: "0" }
    })
    const port = await running.port
    assert.deepStrictEqual(readdirSync(cwd), ["data"])
    assert.strictEqual((await call(port, "GET", "/v1/operator/audit", { as: "operator:" })).status, 401)
    const demo = demoOf(join(cwd, "data"))
    assert.strictEqual((await submit(port, demo, { prefer: "wait=10" })).status, 201)
    await stop(running)
    await assertStartsAgain(test, await ranBefore(test, join(cwd, "data")), { dataDir: join(cwd, "data") })
  })

  it("prints no credential that does not work", async (test) => {
    const before = copied(test)
    const running = await start(test, { ...before, env: { SECRET_PEPPER: "another one" } })
    await call(await running.port, "GET", "/livez")
    assert.isUndefined(demoLine(running))
    await stop(running)
    await assertStartsAgain(test, before, before)
  })

  it("does not print what the environment says about secrets", async (test) => {
    const { dataDir } = copied(test)
    const secret = "op_of-the-environment-0123456789abcdef"
    const running = await start(test, { dataDir, env: { OPERATOR_SECRET: secret } })
    const port = await running.port
    const path = "/v1/operator/audit"
    assert.strictEqual((await call(port, "GET", path, { as: `operator:${secret}` })).status, 200)
    assert.strictEqual((await call(port, "GET", path, { as: operatorOf(dataDir) })).status, 401)
    const { stderr, stdout } = await stop(running)
    assert.notInclude(stdout + stderr, secret)
    // that of the file would not let anybody in
    assert.notInclude(stdout, "operatorSecret")
  })
})

/** Sends one request after another until the gateway has gone; answers what it said. */
const keepSending = async (port: number, as: string, wait: boolean, answered: { count: number }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const accepted: Array<string> = []
  try {
    for (;;) {
      const answer = await submit(port, as, wait ? { prefer: "wait=10" } : {}, agent)
      if (answer.status === 503) {
        const { code } = JSON.parse(answer.text) as ProblemJson
        assert.strictEqual(code, "shutting_down")
        continue
      }
      assert.include([201, 202], answer.status, answer.text)
      accepted.push((JSON.parse(answer.text) as TransactionJson).id)
      answered.count++
    }
  } catch (error) {
    // what a request hears that was never taken
    assert.include(["ECONNREFUSED", "ECONNRESET", "EPIPE"], (error as NodeJS.ErrnoException).code, String(error))
    return accepted
  } finally {
    agent.destroy()
  }
}

const noLongerListens = (port: number) =>
  eventually(
    "that nothing is accepted",
    () =>
      call(port, "GET", "/livez").then(
        (_) => _.status,
        (error: NodeJS.ErrnoException) => error.code
      ),
    (_) => _ === "ECONNREFUSED"
  )

/** A request of which the rest never comes, and which the gateway has begun to read. */
const hang = async (owner: Owner, running: MainProcess, as: string) => {
  const connection = await openConnection(await running.port)
  owner.onTestFinished(connection.destroy)
  connection.write(
    `POST /v1/transactions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Basic ${
      Buffer.from(as).toString("base64")
    }\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{`
  )
  await eventually(
    "that it is read",
    () => call(running.managementPort(), "GET", "/metrics"),
    ({ text }) => /^http_server_active_requests 1$/m.test(text)
  )
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  describe(signal, concurrently, () => {
    it("under load: what was accepted is answered", async (test) => {
      const { dataDir, demo } = copied(test)
      const before = submissionIds(dataDir)
      const running = await start(test, { dataDir })
      const port = await running.port
      const answered = { count: 0 }
      const clients = Promise.all(
        Array.from({ length: 16 }, (_, index) => keepSending(port, demo, index % 2 === 0, answered))
      )
      await eventually("a hundred answers", () => answered.count, (_) => _ >= 100)
      const told = performance.now()
      const { code, stderr } = await stop(running, signal)
      assert.isBelow(performance.now() - told, unburdened(5_000))
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      const accepted = (await clients).flat()
      assert.sameMembers(submissionIds(dataDir), [...before, ...accepted])

      const again = await start(test, { dataDir })
      await again.port
      await eventually("everything decided", () => audit(test, dataDir), ({ report }) => report.undecided === 0)
      await stop(again, signal)
    })

    it("while a request waits for its decision: it is answered with what is known", async (test) => {
      const { dataDir, demo } = copied(test)
      const running = await start(test, { dataDir })
      const port = await running.port
      assert.strictEqual((await submit(port, demo, { prefer: "wait=10" })).status, 201)
      inDatabase(dataDir, "processor", (_) => _.exec("ALTER TABLE transactions RENAME TO hidden"))
      const waiting = submit(port, demo, { prefer: "wait=30", "idempotency-key": "waits" })
      await eventually("its row", () => submissionIds(dataDir).length, (_) => _ === 3)
      const { code } = await stop(running, signal)
      assert.strictEqual(code, 0)
      const answer = await waiting
      assert.strictEqual(answer.status, 202, answer.text)
      const { id } = JSON.parse(answer.text) as TransactionJson

      inDatabase(dataDir, "processor", (_) => _.exec("ALTER TABLE hidden RENAME TO transactions"))
      const again = await start(test, { dataDir })
      const found = await call(await again.port, "GET", `/v1/transactions/${id}`, {
        as: demo,
        headers: { prefer: "wait=10" }
      })
      assert.strictEqual((JSON.parse(found.text) as TransactionJson).status, "approved")
    })

    it("while a request hangs: it is cut after the grace", async (test) => {
      const { dataDir, demo } = copied(test)
      const running = await start(test, { dataDir, env: { SHUTDOWN_GRACE_MS: "300", REQUEST_TIMEOUT_MS: "60000" } })
      await hang(test, running, demo)
      const told = performance.now()
      const { code, stderr } = await stop(running, signal)
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.isAbove(performance.now() - told, 250)
      assert.isBelow(performance.now() - told, unburdened(3_000))
    })

    it("a second time: at once", async (test) => {
      const before = copied(test)
      const { dataDir, demo } = before
      const running = await start(test, { dataDir, env: { SHUTDOWN_GRACE_MS: "60000", REQUEST_TIMEOUT_MS: "60000" } })
      const port = await running.port
      await hang(test, running, demo)
      running.kill(signal)
      await noLongerListens(port)
      assert.isFalse(running.hasEnded())
      const told = performance.now()
      const ending = await stop(running, signal)
      assert.isBelow(performance.now() - told, unburdened(1_000))
      assert.notStrictEqual(ending.code, 0)
      await assertStartsAgain(test, before, { dataDir })
    })

    it("during the start: it ends, and starts again", async (test) => {
      const before = copied(test)
      const untold = await start(test, before)
      await stop(untold, signal)
      const told = await start(test, before)
      await eventually("that it works", () => existsSync(join(before.dataDir, "gateway.sqlite-wal")), (_) => _)
      assert.strictEqual((await stop(told, signal)).stderr, "")
      await assertStartsAgain(test, before, before)
    })
  })
}

describe("the role migrate", concurrently, () => {
  const quiet = { code: 0, stdout: "", stderr: "" }
  const migrate = async (owner: Owner, dataDir: string) => {
    const { code, stderr, stdout } = await run(owner, { dataDir, args: ["migrate"] })
    return { code, stdout, stderr }
  }

  it("can be run twice where a gateway was", async (test) => {
    const before = copied(test)
    assert.deepStrictEqual(await migrate(test, before.dataDir), quiet)
    assert.deepStrictEqual(await migrate(test, before.dataDir), quiet)
    await assertStartsAgain(test, before, before)
  })

  it("can be run twice on an empty folder, before the first start", async (test) => {
    const dataDir = folder(test)
    assert.deepStrictEqual(await migrate(test, dataDir), quiet)
    assert.deepStrictEqual(await migrate(test, dataDir), quiet)
    const before = await ranBefore(test, dataDir)
    await assertStartsAgain(test, before, before)
  })
})

describe("the role audit", concurrently, () => {
  it("finds everything in order, alone and beside a gateway that runs", async (test) => {
    const { dataDir, demo } = copied(test)
    const alone = await audit(test, dataDir)
    assert.strictEqual(alone.ending.code, 0)
    assert.strictEqual(alone.ending.stderr, "")
    assert.deepInclude(alone.report, { accepted: 1, decided: 1, undecided: 0, holds: true })

    const running = await start(test, { dataDir })
    assert.strictEqual((await submit(await running.port, demo, { prefer: "wait=10" })).status, 201)
    const beside = await audit(test, dataDir)
    assert.strictEqual(beside.ending.code, 0)
    assert.deepInclude(beside.report, { accepted: 2, decided: 2, undecided: 0, holds: true })
    assert.deepInclude(beside.report.comparison, { submissions: 2, decisions: 2, differences: [] })
    assert.strictEqual((await submit(await running.port, demo, { prefer: "wait=10" })).status, 201)
  })

  it("finds everything in order while the gateway is under load", async (test) => {
    const { dataDir, demo } = copied(test)
    const running = await start(test, { dataDir })
    const port = await running.port
    const answered = { count: 0 }
    const clients = Promise.all(Array.from({ length: 4 }, () => keepSending(port, demo, false, answered)))
    await eventually("answers", () => answered.count, (_) => _ >= 20)
    const { ending, report } = await audit(test, dataDir)
    assert.strictEqual(ending.code, 0, ending.stderr)
    assert.isTrue(report.holds)
    await stop(running)
    await clients
  })

  /** Changes a decision as somebody would who has the file: without the trigger that refuses it, and then with it again. */
  const tamper = (dataDir: string, statement: string) =>
    inDatabase(dataDir, "processor", (database) => {
      const triggers = database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all() as Array<
        { readonly name: string; readonly sql: string }
      >
      for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`)
      assert.strictEqual(database.prepare(statement).run().changes, 1)
      for (const { sql } of triggers) database.exec(sql)
    })

  const otherDecisions: ReadonlyArray<readonly [what: string, statement: string]> = [
    ["recorded_otherwise", "UPDATE transactions SET status = 'rejected', reason = 'expired_card'"],
    ["recorded_otherwise", "UPDATE transactions SET decided_at = decided_at + 1"],
    ["decided_of_other_facts", "UPDATE transactions SET amount = amount + 1"],
    ["recorded_without_decision", "DELETE FROM transactions"]
  ]
  const assertFound = async (owner: Owner, { dataDir, id }: RanBefore, what: string) => {
    const { ending, report } = await audit(owner, dataDir)
    assert.notStrictEqual(ending.code, 0)
    assert.match(ending.stderr, /^gateway: [^\n]*audit found differences[^\n]*\n$/)
    assert.isFalse(report.holds)
    assert.deepStrictEqual(report.comparison.differences, [{ id, what }])
  }

  for (const [what, statement] of otherDecisions) {
    it(`finds a decision that was changed: ${statement}`, async (test) => {
      const before = copied(test)
      tamper(before.dataDir, statement)
      await assertFound(test, before, what)
    })
  }

  it("finds a submission that is gone, also beside a gateway that runs", async (test) => {
    const before = copied(test)
    const running = await start(test, before)
    await running.port
    inDatabase(before.dataDir, "gateway", (_) => _.exec("DELETE FROM submissions"))
    await assertFound(test, before, "decision_without_submission")
    assert.isFalse(running.hasEnded())
  })
})

describe("a damaged batch of the log", concurrently, () => {
  it("is skipped: the gateway goes on, says so, and decides everything", async (test) => {
    const { dataDir, demo } = copied(test)
    const running = await start(test, { dataDir, env: { LOG_FORMAT: "json", RESEND_BACK_OFF_MS: "500" } })
    const port = await running.port
    // what an append of another process, or a broken disk, would leave
    inDatabase(
      dataDir,
      "log",
      (_) =>
        _.exec(`INSERT INTO batches (topic, base_offset, count, appended_at, records)
          SELECT topic, MAX(base_offset + count), 1, 0, x'ffff' FROM batches WHERE topic = 'transactions'`)
    )
    for (let i = 0; i < 5; i++) assert.strictEqual((await submit(port, demo)).status, 202)
    await eventually("it is told", running.stdout, (_) => _.includes("skipped a damaged batch of the log"))
    const undecided = () =>
      inDatabase(
        dataDir,
        "gateway",
        (_) => _.prepare("SELECT COUNT(*) FROM submissions WHERE status IS NULL").pluck().get() as number
      )
    await eventually("everything decided", undecided, (_) => _ === 0)
    assert.strictEqual((await submit(port, demo, { prefer: "wait=10" })).status, 201)
    const { code, stderr } = await stop(running)
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.lengthOf(submissionIds(dataDir), 7)
  })
})

describe("a daemon that dies", concurrently, () => {
  it("ends the process with a sentence", async (test) => {
    const root = join(import.meta.dirname, "../..")
    const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "DyingDaemon.ts")], {
      cwd: root,
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", "ignore", "pipe"]
    })
    test.onTestFinished(() => void child.kill("SIGKILL"))
    let stderr = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
    })
    const [code, signal] = await once(child, "close") as [number | null, NodeJS.Signals | null]
    assert.match(stderr, /^gateway: The part that dies stopped \([^\n]+\n$/)
    assert.isNull(signal)
    assert.isNotNull(code)
    assert.notStrictEqual(code, 0)
  })
})

describe("what is logged", concurrently, () => {
  /** All that was printed but the welcome. */
  const entries = (stdout: string) =>
    stdout.replace(/\nThe gateway is running\.\n[^]*?\ncurl [^\n]*\n\n/, "").split("\n").filter((_) => _ !== "")

  /** Everything that a gateway logs about: requests it refuses, a database that fails, and its end. */
  const misadventures = async (owner: Owner, { dataDir, demo }: RanBefore, env: StartOptions["env"]) => {
    const running = await start(owner, { dataDir, env: { LOG_LEVEL: "debug", ...env } })
    const port = await running.port
    inDatabase(dataDir, "processor", (_) => _.exec("DROP TABLE transactions"))
    const accepted = await submit(port, demo, { "idempotency-key": "canary-key-of-a-client" })
    assert.strictEqual(accepted.status, 202)
    await submit(port, demo.replace(/:.*/, ":canary-password"))
    await call(port, "POST", "/v1/transactions", { as: demo, body: { ...transaction(), reference: cards.mastercard } })
    await call(port, "POST", "/v1/transactions", { as: demo, body: { card: { number: cards.amex } } })
    await call(port, "GET", `/v1/transactions/${cards.visa}?q=${cards.visa}`, { as: demo })
    await eventually("a warning", running.stdout, (_) => _.includes("handling transactions failed"))
    inDatabase(dataDir, "gateway", (_) => _.exec("ALTER TABLE submissions RENAME TO elsewhere"))
    assert.strictEqual((await submit(port, demo)).status, 503)
    await eventually("another warning", running.stdout, (_) => _.includes("overdue"))
    return stop(running)
  }

  it("is one JSON object on each line with LOG_FORMAT=json, and holds no secret", async (test) => {
    const before = copied(test)
    const { stderr, stdout } = await misadventures(test, before, { LOG_FORMAT: "json" })
    const lines = entries(stdout)
    assert.isAbove(lines.length, 2)
    for (const line of lines) {
      const entry = JSON.parse(line) as Readonly<Record<string, unknown>>
      assert.containsAllKeys(entry, ["message", "logLevel", "timestamp"], line)
    }

    const keys = JSON.parse(readFileSync(join(before.dataDir, "keys.json"), "utf8")) as Readonly<Record<string, string>>
    const sealed = inDatabase(
      before.dataDir,
      "gateway",
      (_) => _.prepare("SELECT sealed_card FROM elsewhere WHERE sealed_card IS NOT NULL").pluck().get() as string
    )
    const secrets = [
      ...Object.values(keys),
      keys["cardKeys"]!.slice(keys["cardKeys"]!.indexOf(":") + 1),
      before.demo.slice(before.demo.indexOf(":") + 1),
      Buffer.from(before.demo).toString("base64"),
      sealed,
      holder,
      "canary-password",
      "canary-key-of-a-client"
    ]
    for (const text of [...lines, stderr]) {
      assert.isFalse(containsCardNumber(text), text)
      for (const secret of secrets) assert.notInclude(text, secret)
      assert.notMatch(text, /"cvv"|\bsk_[0-9a-f]{8}|\bBasic [A-Za-z0-9+/]{8}/i)
    }
  })

  it("says why a database cannot be used", async (test) => {
    const { stdout } = await misadventures(test, copied(test), { LOG_FORMAT: "json" })
    assert.match(stdout, /no such table: transactions/)
    const answered = entries(stdout).find((_) => _.includes("answered unavailable"))
    assert.match(
      answered ?? "",
      /no such table: submissions.*"request_id":"req_[0-9A-Z]+".*"route":"\/v1\/transactions"/
    )
  })

  it("leaves out what is below LOG_LEVEL", async (test) => {
    const running = await start(test, { ...copied(test), env: { LOG_LEVEL: "info" } })
    await running.port
    assert.deepStrictEqual(entries((await stop(running)).stdout), [])
  })

  it("is for a person with LOG_FORMAT=pretty, each entry once", async (test) => {
    const running = await start(test, { ...copied(test), env: { LOG_FORMAT: "pretty", LOG_LEVEL: "debug" } })
    await running.port
    const lines = entries((await stop(running)).stdout)
    const migrations = lines.filter((_) => _.includes("the schema of this version"))
    assert.lengthOf(migrations, 2)
    for (const line of migrations) assert.match(line, /^\[[\d:.]+\] DEBUG/)
  })
})
