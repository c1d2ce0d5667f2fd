import { afterAll, assert, beforeAll, describe, inject, it } from "@effect/vitest"
import { randomBytes } from "node:crypto"
import { createDatabases } from "../../scripts/servers/databases.mjs"
import { eventually } from "../support/GatewayFixture.ts"
import { openEvents } from "../support/HttpEvents.ts"
import { newPrefix } from "../support/LayersKafka.ts"
import { assertRefused, end, folder, type MainProcess, type Owner, ownerOfSuite, start, stop } from "./MainProcess.ts"

const brokers = inject("kafka")
const database = inject("database")

type Environment = Readonly<Record<string, string>>

const operatorSecret = "op_of-the-distributed-test"
const keys: Environment = {
  OPERATOR_SECRET: operatorSecret,
  SECRET_PEPPER: "the pepper of the distributed test",
  CARD_KEYS: `k1:${Buffer.alloc(32, 7).toString("base64")}`
}

/** Databases and topics of its own. */
const place = async (): Promise<Environment> => {
  const name = randomBytes(5).toString("hex")
  const { gatewayUrl, processorUrl } = await createDatabases(database!, {
    gateway: `g_${name}`,
    processor: `p_${name}`
  })
  return {
    DATABASE_URL: gatewayUrl,
    PROCESSOR_DATABASE_URL: processorUrl,
    KAFKA_BROKERS: brokers!.join(","),
    KAFKA_TOPIC_PREFIX: newPrefix(),
    LOG_FORMAT: "json",
    ...keys
  }
}

const pick = (environment: Environment, names: ReadonlyArray<string>): Environment =>
  Object.fromEntries(
    Object.entries(environment).filter(([name]) => names.includes(name) || /^KAFKA_|^LOG_|^MYSQL_/.test(name))
  )

/** What each role needs, and nothing else. */
const environmentOf = (role: string, environment: Environment): Environment => {
  switch (role) {
    case "intake":
      return pick(environment, ["DATABASE_URL", ...Object.keys(keys)])
    case "processor":
      return pick(environment, ["PROCESSOR_DATABASE_URL", "CARD_KEYS"])
    case "recorder":
      return pick(environment, ["DATABASE_URL"])
    default:
      return pick(environment, ["DATABASE_URL", "PROCESSOR_DATABASE_URL"])
  }
}

const startRole = (owner: Owner, role: string, environment: Environment): Promise<MainProcess> =>
  start(owner, { dataDir: null, cwd: folder(owner), args: [role], env: environmentOf(role, environment) })

const ask = async (running: MainProcess, path: string, user: string, body?: unknown, headers: Environment = {}) => {
  const answer = await fetch(`http://127.0.0.1:${await running.port}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      authorization: `Basic ${Buffer.from(user).toString("base64")}`,
      "content-type": "application/json",
      ...headers
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000)
  })
  return { status: answer.status, body: await answer.json() as Record<string, unknown> }
}

const transaction = (amount: number) => ({
  amount,
  card: {
    number: "4242424242424242",
    holder: "Ada Lovelace",
    exp_month: 12,
    exp_year: new Date().getUTCFullYear() + 2,
    cvv: "123"
  }
})

const operator = `operator:${operatorSecret}`

const newAccount = async (intake: MainProcess): Promise<string> => {
  const { body, status } = await ask(intake, "/v1/accounts", operator, { name: "Ada" })
  assert.strictEqual(status, 201)
  return `${body["id"]}:${body["secret"]}`
}

const says = (running: MainProcess, sentence: RegExp) =>
  eventually(`it says ${sentence}`, running.stdout, (_) => sentence.test(_), 60_000)

describe.runIf(brokers !== null && database !== null)("the distributed profile", { timeout: 180_000 }, () => {
  const suite = ownerOfSuite()
  let environment: Environment
  beforeAll(async () => {
    environment = await place()
    const { code, stderr } = await end(await startRole(suite, "migrate", environment))
    assert.strictEqual(code, 0, stderr)
  })
  afterAll(suite.end)

  it("decides what an intake accepts, in two processors, and the audit agrees", async (test) => {
    const roles = ["intake", "processor", "processor", "recorder", "recorder", "intake"]
    const [intake, , , , , other] = await Promise.all(roles.map((role) => startRole(test, role, environment)))
    const account = await newAccount(intake!)
    const amounts = Array.from({ length: 60 }, (_, index) => 50 + index * 1800)
    const answers = await Promise.all(
      amounts.map((amount) =>
        ask(intake!, "/v1/transactions", account, transaction(amount), {
          prefer: "wait=30",
          "idempotency-key": `${amount}`
        })
      )
    )
    answers.forEach(({ body, status }, index) => {
      assert.strictEqual(status, 201)
      assert.strictEqual(body["status"], amounts[index]! < 100 || amounts[index]! > 100_000 ? "rejected" : "approved")
    })
    // another intake answers a repeat with the same transaction
    const repeat = await ask(other!, "/v1/transactions", account, transaction(amounts[7]!), {
      "idempotency-key": `${amounts[7]}`
    })
    assert.strictEqual(repeat.body["id"], answers[7]!.body["id"])
    const audit = await end(await startRole(test, "audit", environment))
    assert.strictEqual(audit.code, 0, audit.stderr)
    assert.deepInclude(JSON.parse(audit.stdout), { accepted: 60, decided: 60, undecided: 0, holds: true })
  })

  it("is one gateway, whichever intake is asked: waits, events, where a stream goes on, and what is revoked", async (test) => {
    const [one, other] = await Promise.all(["intake", "intake", "recorder"].map((_) => startRole(test, _, environment)))
    const account = await newAccount(one!)
    const begun = await openEvents(await other!.port, account)
    await eventually("the stream begins", begun.lastEventId, (_) => _ !== null, 60_000)
    const first = await ask(one!, "/v1/transactions", account, transaction(100))
    assert.strictEqual(first.status, 202)
    const path = `/v1/transactions/${String(first.body["id"])}`
    const waits = [one!, other!].map((_) => ask(_, path, account, undefined, { prefer: "wait=30" }))
    await eventually("it is heard of as accepted", begun.events, (_) => _.length === 1, 60_000)
    await startRole(test, "processor", environment)
    for (const { body } of await Promise.all(waits)) assert.strictEqual(body["status"], "approved")
    const heard = await eventually("it is heard of as decided", begun.events, (_) => _.length === 2, 60_000)
    assert.deepStrictEqual(heard.map((_) => _.type), ["transaction.accepted", "transaction.approved"])
    const cursor = begun.lastEventId()!
    begun.close()

    const second = await ask(one!, "/v1/transactions", account, transaction(100), { prefer: "wait=30" })
    assert.strictEqual(second.status, 201)
    const resumed = await openEvents(await one!.port, account, { lastEventId: cursor })
    const missed = await eventually("what was missed is heard", resumed.events, (_) => _.length >= 2, 60_000)
    assert.deepStrictEqual(missed.map((_) => [_.transaction.id, _.type]), [
      [second.body["id"], "transaction.accepted"],
      [second.body["id"], "transaction.approved"]
    ])

    assert.strictEqual((await ask(other!, "/v1/account", account)).status, 200)
    const fresh = await ask(one!, "/v1/account/secrets", account, { expire_current_in: 0 })
    assert.strictEqual(fresh.status, 201)
    const refused = () => ask(other!, "/v1/account", account)
    await eventually("the old secret is refused by the other intake", refused, (_) => _.status === 401, 5_000)
    await eventually("and its stream ends", resumed.hasEnded, (_) => _, 11_000)
  })

  it("ends within seconds of SIGTERM, every role, and decides what was left after the next start", async (test) => {
    const [intake, recorder] = await Promise.all(["intake", "recorder"].map((_) => startRole(test, _, environment)))
    const account = await newAccount(intake!)
    const accepted = await ask(intake!, "/v1/transactions", account, transaction(100))
    assert.strictEqual(accepted.status, 202)
    for (const running of [recorder!, intake!]) {
      const started = performance.now()
      const { code } = await stop(running)
      assert.include([0, 130, 143], code)
      assert.isBelow(performance.now() - started, 15_000)
    }
    const [again] = await Promise.all(["intake", "processor", "recorder"].map((_) => startRole(test, _, environment)))
    const path = `/v1/transactions/${accepted.body["id"]}`
    await eventually("it is decided", () => ask(again!, path, account), (_) => _.body["status"] === "approved", 60_000)
  })

  it("runs every role in one process, which brings its databases up to date", async (test) => {
    const env = await place()
    const running = await start(test, { dataDir: null, cwd: folder(test), env })
    const account = await newAccount(running)
    const { body, status } = await ask(running, "/v1/transactions", account, transaction(100), { prefer: "wait=30" })
    assert.deepStrictEqual([status, body["status"]], [201, "approved"])
  })

  it("accepts without Kafka, and says what it waits for", async (test) => {
    const intake = await startRole(test, "intake", { ...environment, KAFKA_BROKERS: "127.0.0.1:1" })
    const account = await newAccount(intake)
    assert.strictEqual((await ask(intake, "/v1/transactions", account, transaction(100))).status, 202)
    await says(intake, /waiting for Kafka at 127\.0\.0\.1:1 \(.*check KAFKA_BROKERS/)
    assert.include([0, 130, 143], (await stop(intake)).code)
  })

  const at = (url: string, change: (url: URL) => void): string => {
    const changed = new URL(url)
    change(changed)
    return changed.href
  }

  it("waits for a database that is not there, and says so", async (test) => {
    const url = at(environment["DATABASE_URL"]!, (_) => {
      _.port = "1"
    })
    const recorder = await startRole(test, "recorder", { ...environment, DATABASE_URL: url })
    recorder.port.catch(() => {})
    await says(recorder, /waits for the gateway database.*127\.0\.0\.1:1/)
    assert.isFalse(recorder.hasEnded())
  })

  const refusals: ReadonlyArray<readonly [string, string, (environment: Environment) => Promise<Environment>, RegExp]> =
    [
      ["a wrong password", "recorder", async (_) => ({
        ..._,
        DATABASE_URL: at(_["DATABASE_URL"]!, (url) => {
          url.password = "hunter2"
        })
      }), /gateway database .* refuses the connection .*DATABASE_URL/],
      ["a database that does not exist", "processor", async (_) => ({
        ..._,
        PROCESSOR_DATABASE_URL: at(_["PROCESSOR_DATABASE_URL"]!, (url) => {
          url.pathname = "/nowhere"
        })
      }), /processor database .*nowhere/],
      [
        "databases without migrations",
        "intake",
        () => place(),
        /gateway database has no migrations: run the role migrate/
      ],
      [
        "one database for both",
        "migrate",
        async (_) => ({ ..._, PROCESSOR_DATABASE_URL: _["DATABASE_URL"]! }),
        /name one database/
      ],
      ["a user that can read the other's tables", "processor", async (_) => ({
        ..._,
        PROCESSOR_DATABASE_URL: at(database!, (url) => {
          url.pathname = new URL(_["PROCESSOR_DATABASE_URL"]!).pathname
        })
      }), /can read the gateway's table submissions/],
      ["a server that does not speak TLS", "recorder", async (_) => ({
        ..._,
        MYSQL_SSL: "true",
        DATABASE_URL: at(_["DATABASE_URL"]!, (url) => {
          url.hostname = "localhost"
        })
      }), /MYSQL_SSL/]
    ]
  for (const [what, role, change, sentence] of refusals) {
    it(`refuses ${what}`, async (test) => {
      const refusal = await startRole(test, role, { ...await change(environment), KAFKA_BROKERS: "127.0.0.1:1" })
      refusal.port.catch(() => {})
      const ending = await end(refusal)
      const said = assertRefused(ending)
      assert.match(said, sentence)
      assert.notMatch(`${ending.stdout}${ending.stderr}`, /hunter2|of-this-machine/)
    })
  }

  it("refuses a topic with fewer partitions than it is told", async (test) => {
    const processor = await startRole(test, "processor", { ...environment, KAFKA_PARTITIONS: "50" })
    processor.port.catch(() => {})
    const said = assertRefused(await end(processor))
    assert.match(said, /topic \S*transactions\S* has \d+ partitions and KAFKA_PARTITIONS asks for 50: add partitions/)
  })
})
