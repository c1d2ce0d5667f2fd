import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { notRun } from "../../scripts/not-run.mjs"
import { documentedVariables } from "../docs/ConfigurationPage.ts"
import {
  assertRefused,
  bundle,
  contents,
  copyOf,
  folder,
  type Owner,
  ownerOfSuite,
  run,
  start,
  type StartOptions,
  stop
} from "./MainProcess.ts"
import { assertStartsAgain, type RanBefore, ranBefore } from "./RanBefore.ts"

/** A start costs processor time above all. */
const concurrently = { concurrent: true, timeout: 120_000 }

const suite = ownerOfSuite()
let original: RanBefore
beforeAll(async () => {
  original = await ranBefore(suite)
})
afterAll(suite.end)

/** A folder of its own, in which a gateway ran before. */
const copied = (owner: Owner): RanBefore => ({ ...original, dataDir: copyOf(owner, original.dataDir) })

/** It refuses to start, says so, and leaves every file as it is; answers the sentence. */
const refused = async (owner: Owner, options: StartOptions): Promise<string> => {
  const before = contents(options.dataDir!)
  const sentence = assertRefused(await run(owner, options))
  assert.deepStrictEqual(contents(options.dataDir!), before)
  return sentence
}

const inDatabase = (dataDir: string, name: string, ...statements: ReadonlyArray<string>) => {
  const database = new Sqlite(join(dataDir, `${name}.sqlite`))
  for (const statement of statements) database.exec(statement)
  database.close()
}

/** A user that is not root, when this one is: root may write everywhere. */
const nobody = 65_534
const asRoot = process.getuid?.() === 0
const notRoot: { readonly uid?: number } = asRoot ? { uid: nobody } : {}
const canBeAnother = !asRoot ||
  spawnSync(process.execPath, ["--check", await bundle()], { uid: nobody, gid: nobody }).status === 0
if (!canBeAnother) {
  notRun("starting as a user without rights", "put the project and Node where every user may read them")
}

/** Gives the folder and what is in it to that user. */
const giveAway = (dataDir: string) => {
  if (!asRoot) return
  for (const path of [dataDir, ...readdirSync(dataDir).map((name) => join(dataDir, name))]) {
    chownSync(path, nobody, nobody)
  }
}

describe("DATA_DIR", concurrently, () => {
  it("whose parent is missing", async (test) => {
    const parent = join(folder(test), "missing")
    const dataDir = join(parent, "data")
    const sentence = await refused(test, { dataDir })
    assert.include(sentence, `DATA_DIR ${dataDir}`)
    assert.match(sentence, /parent/)
    assert.isFalse(existsSync(parent))
    mkdirSync(parent)
    await ranBefore(test, dataDir)
  })

  it("that is a file", async (test) => {
    const file = join(folder(test), "data")
    writeFileSync(file, "mine")
    const sentence = assertRefused(await run(test, { dataDir: file }))
    assert.include(sentence, `DATA_DIR ${file}`)
    assert.match(sentence, /not a (folder|directory)/)
    assert.strictEqual(readFileSync(file, "utf8"), "mine")
    rmSync(file)
    await ranBefore(test, file)
  })

  it.skipIf(!canBeAnother)("that may not be written to", async (test) => {
    const before = copied(test)
    const { dataDir } = before
    giveAway(dataDir)
    chmodSync(dataDir, 0o500)
    const sentence = await refused(test, { dataDir, ...notRoot })
    assert.include(sentence, `DATA_DIR ${dataDir}`)
    assert.match(sentence, /may write/)
    chmodSync(dataDir, 0o700)
    await assertStartsAgain(test, before, { dataDir, ...notRoot })
  })

  it.skipIf(!canBeAnother)("whose parent may not be written to", async (test) => {
    const parent = folder(test)
    chmodSync(parent, 0o555)
    const dataDir = join(parent, "data")
    const sentence = await refused(test, { dataDir, ...notRoot })
    assert.include(sentence, `DATA_DIR ${dataDir}`)
    assert.isFalse(existsSync(dataDir))
    giveAway(parent)
    chmodSync(parent, 0o755)
    const running = await start(test, { dataDir, ...notRoot })
    await running.port
  })

  it("that another process uses, and after that was killed", async (test) => {
    const before = copied(test)
    const { dataDir } = before
    const first = await start(test, { dataDir })
    await first.port
    for (const args of [[], ["migrate"]]) {
      const sentence = assertRefused(await run(test, { dataDir, args }))
      assert.include(sentence, `DATA_DIR ${dataDir}`)
      assert.match(sentence, /another process/i)
    }
    assert.isFalse(first.hasEnded())
    await stop(first, "SIGKILL")
    await assertStartsAgain(test, before, { dataDir })
  })

  it("without databases, for the audit", async (test) => {
    const dataDir = folder(test)
    for (const empty of [dataDir, join(dataDir, "missing")]) {
      const sentence = await refused(test, { dataDir: empty, args: ["audit"] })
      assert.include(sentence, `DATA_DIR ${empty}`)
      assert.match(sentence, /no databases/)
    }
    assert.deepStrictEqual(readdirSync(dataDir), [])
  })
})

describe("a port in use", concurrently, () => {
  for (const variable of ["PORT", "MANAGEMENT_PORT"]) {
    it(variable, async (test) => {
      const before = copied(test)
      const { dataDir } = before
      const other = createServer()
      test.onTestFinished(() => {
        other.close()
      })
      await once(other.listen(0, "127.0.0.1"), "listening")
      const { port } = other.address() as AddressInfo
      const env = { [variable]: `${port}` }
      const sentence = assertRefused(await run(test, { dataDir, env }))
      assert.match(sentence, new RegExp(`127\\.0\\.0\\.1:${port} is in use\\b.*\\bset ${variable} `))
      assert.isTrue(other.listening)
      other.close()
      await assertStartsAgain(test, before, { dataDir, env })
    })
  }
})

describe("a database from a newer version", concurrently, () => {
  for (const name of ["gateway", "processor"]) {
    const insert = (worksWith: number) =>
      `INSERT INTO effect_sql_migrations (migration_id, name) VALUES (9999, 'of_tomorrow__works_with_${worksWith}')`

    it(`${name}, which this one does not understand`, async (test) => {
      const before = copied(test)
      const { dataDir } = before
      inDatabase(dataDir, name, insert(9999))
      for (const args of [[], ["migrate"], ["audit"]]) {
        const sentence = await refused(test, { dataDir, args })
        assert.include(sentence, `${name} database`)
        assert.match(sentence, /newer version.*9999.*start that version, or restore a backup/)
      }
      inDatabase(dataDir, name, "DELETE FROM effect_sql_migrations WHERE migration_id = 9999")
      await assertStartsAgain(test, before, { dataDir })
    })

    it(`${name}, which this one still works with`, async (test) => {
      const before = copied(test)
      inDatabase(before.dataDir, name, insert(1))
      await assertStartsAgain(test, before, before)
    })
  }
})

describe("a damaged file", concurrently, () => {
  const garbage = Buffer.from("not what it was\n".repeat(1_000))
  /** The first page is whole: what is wrong shows only when it is read. */
  const behindFirstPage = (file: Buffer) =>
    Buffer.concat([file.subarray(0, 4_096), Buffer.alloc(file.length - 4_096, 0xa5)])
  const half = (file: Buffer) => file.subarray(0, file.length >> 1)
  const empty = () => Buffer.alloc(0)

  const cardKeys = (text: string) => (file: Buffer) =>
    Buffer.from(JSON.stringify({ ...JSON.parse(file.toString("utf8")), cardKeys: text }))

  const keyed = /keys\.json\b.*\bdamaged\b.*\bbackup\b/
  const demo = /demo-credential\.json is damaged: .*\bdelete\b/
  const database = (name: string) =>
    new RegExp(`\\b${name}( database|\\.sqlite)\\b.*(not a database|malformed|damaged|empty).*\\bbackup\\b`)
  const log = /\blog\b.*(not a database|malformed|damaged).*\bdelete log\.sqlite\b/

  const cases: ReadonlyArray<readonly [file: string, how: string, (file: Buffer) => Buffer, sentence: RegExp]> = [
    ["keys.json", "garbage", () => garbage, keyed],
    ["keys.json", "empty", empty, keyed],
    ["keys.json", "truncated", half, keyed],
    ["keys.json", "an empty object", () => Buffer.from("{}"), keyed],
    ["keys.json", "a card key that is too short", cardKeys(`k1:${Buffer.alloc(16).toString("base64")}`), keyed],
    ["keys.json", "a card key that is too long", cardKeys(`k1:${Buffer.alloc(33).toString("base64")}`), keyed],
    ["keys.json", "a card key without an id", cardKeys(Buffer.alloc(32).toString("base64")), keyed],
    ["demo-credential.json", "garbage", () => garbage, demo],
    ["demo-credential.json", "empty", empty, demo],
    ["demo-credential.json", "truncated", half, demo],
    ...["gateway", "processor"].flatMap((name) =>
      [
        [`${name}.sqlite`, "garbage", () => garbage, database(name)],
        [`${name}.sqlite`, "empty", empty, database(name)],
        [`${name}.sqlite`, "truncated", half, database(name)],
        [`${name}.sqlite`, "garbage behind its first page", behindFirstPage, database(name)]
      ] as const
    ),
    ["log.sqlite", "garbage", () => garbage, log],
    ["log.sqlite", "truncated", half, log],
    ["log.sqlite", "garbage behind its first page", behindFirstPage, log]
  ]

  for (const [file, how, damage, told] of cases) {
    it(`${file}: ${how}`, async (test) => {
      const before = copied(test)
      const { dataDir } = before
      const path = join(dataDir, file)
      const whole = readFileSync(path)
      writeFileSync(path, damage(whole))
      const sentence = await refused(test, { dataDir })
      assert.match(sentence, told)
      writeFileSync(path, whole)
      if (how === "garbage") await assertStartsAgain(test, before, { dataDir })
    })
  }

  for (const file of ["keys.json", "gateway.sqlite", "processor.sqlite"]) {
    it(`${file}: missing beside the others`, async (test) => {
      const before = copied(test)
      const { dataDir } = before
      const path = join(dataDir, file)
      const whole = readFileSync(path)
      rmSync(path)
      const sentence = await refused(test, { dataDir })
      assert.include(sentence, `${path} is missing`)
      assert.match(sentence, /restore it from your backup/)
      writeFileSync(path, whole)
      await assertStartsAgain(test, before, { dataDir })
    })
  }

  it("the log: without it everything is still there", async (test) => {
    const before = copied(test)
    rmSync(join(before.dataDir, "log.sqlite"))
    await assertStartsAgain(test, before, before)
  })

  it("the demo account's credential: without it everything is still there", async (test) => {
    const before = copied(test)
    rmSync(join(before.dataDir, "demo-credential.json"))
    await assertStartsAgain(test, before, before)
  })

  it("a table that is not what this version needs", async (test) => {
    const before = copied(test)
    const { dataDir } = before
    inDatabase(dataDir, "gateway", "ALTER TABLE submissions RENAME COLUMN amount TO sum")
    for (const args of [[], ["audit"]]) {
      const sentence = await refused(test, { dataDir, args })
      assert.match(sentence, /gateway database does not have the schema/)
    }
    inDatabase(dataDir, "gateway", "ALTER TABLE submissions RENAME COLUMN sum TO amount")
    await assertStartsAgain(test, before, { dataDir })
  })

  it("decisions that could be changed", async (test) => {
    const before = copied(test)
    inDatabase(before.dataDir, "processor", "DROP TRIGGER transactions_refuse_update")
    for (const args of [[], ["audit"]]) {
      assert.match(await refused(test, { ...before, args }), /processor database does not have the schema/)
    }
  })
})

describe("a file without the right to it", concurrently, () => {
  const rights: ReadonlyArray<readonly [mode: number, what: string]> = [
    [0o000, "read"],
    [0o444, "write"]
  ]
  const files = ["gateway.sqlite", "processor.sqlite", "log.sqlite", "lock"]
  for (const [mode, what] of rights) {
    for (const file of mode === 0 ? ["keys.json", "demo-credential.json", ...files] : files) {
      it.skipIf(!canBeAnother)(`to ${what} ${file}`, async (test) => {
        const before = copied(test)
        const { dataDir } = before
        giveAway(dataDir)
        const path = join(dataDir, file)
        const found = contents(dataDir)
        chmodSync(path, mode)
        const sentence = assertRefused(await run(test, { dataDir, ...notRoot }))
        assert.include(sentence, file === "lock" ? dataDir : path)
        assert.match(sentence, /\b(right|may|writable)\b/)
        chmodSync(path, 0o600)
        assert.deepStrictEqual(contents(dataDir), found)
        if (what === "write") await assertStartsAgain(test, before, { dataDir, ...notRoot })
      })
    }
  }
})

/** Beyond the bounds that docs/configuration.md tells, and within them. */
const notCount = ["0", "1000001"]
const mostCount = "1000000"
const notTime = ["5s", "2147483648"]
const mostTime = "2147483647"
/** No text makes no sense. */
const anything: ReadonlyArray<string> = []
const notPort = ["-1", "65536", "80.5", "0x50", " 80"]
const notKeys = [
  "k1",
  "k1:tooshort",
  `k1:${Buffer.alloc(31).toString("base64")}`,
  `k1:${Buffer.alloc(32).toString("base64")},`,
  `k1:${Buffer.alloc(32).toString("base64")},k1:${Buffer.alloc(32).toString("base64")}`
]

/** Servers that nobody is. */
const servers = {
  DATABASE_URL: "mysql://gateway:hunter2@127.0.0.1:1/gateway",
  PROCESSOR_DATABASE_URL: "mysql://processor:hunter2@127.0.0.1:1/processor",
  KAFKA_BROKERS: "127.0.0.1:1"
}

/** What the process must be for the variable to be used. */
const beside = (name: string): Pick<StartOptions, "args" | "env"> => {
  if (!/^(KAFKA|MYSQL)_(SSL_CA_FILE|SASL_USERNAME|SASL_PASSWORD)$/.test(name)) return {}
  const ssl = name.endsWith("_CA_FILE") ? { [name.replace("_CA_FILE", "")]: "true" } : {}
  // MYSQL_SSL wants a name
  return {
    args: ["recorder"],
    env: { ...servers, DATABASE_URL: "mysql://gateway:hunter2@localhost:1/gateway", ...ssl }
  }
}

/** What each variable cannot be. */
const nonsense: Readonly<Record<string, ReadonlyArray<string>>> = {
  HOST: ["192.0.2.1", "2001:db8::1"],
  PORT: notPort,
  MANAGEMENT_PORT: notPort,
  REQUEST_TIMEOUT_MS: notTime,
  SHUTDOWN_GRACE_MS: [...notTime, "0", "-1"],
  DATA_DIR: ["/dev/null", "/proc/nowhere"],
  // a folder that is not there may be made later, and one that holds something else is no reason not to decide
  PANEL_DIR: anything,
  OPERATOR_SECRET: anything,
  SECRET_PEPPER: anything,
  CARD_KEYS: notKeys,
  LOG_FORMAT: ["xml", "JSON"],
  LOG_LEVEL: ["loud", "INFO"],
  SUBMISSION_CAPACITY: [...notCount, "-1", "1.5", "many", "10,000"],
  LANE_CAPACITY: notCount,
  WAITS_PER_ACCOUNT: notCount,
  WAITS_PER_PROCESS: notCount,
  STREAMS_PER_ACCOUNT: notCount,
  STREAMS_PER_PROCESS: notCount,
  CONCURRENT_REQUESTS: notCount,
  CONNECTIONS: notCount,
  RATE_LIMIT: ["-1", "1.5", "1000001", "many"],
  TRUSTED_PROXIES: ["proxy", "10.0.0.0/33", "10.0.0.1,", "::1/129", "10.0.0.0/8/8"],
  LOG_PACE_MS: notTime,
  LOG_RETENTION_MS: notTime,
  RESULT_RETENTION_MS: notTime,
  RESEND_BACK_OFF_MS: notTime,
  RESEND_CEILING_MS: notTime,
  RESEND_INTERVAL_MS: notTime,
  RESEND_LIMIT: notCount,
  DATABASE_URL: ["mysql://gateway:hunter2@db/gateway"],
  PROCESSOR_DATABASE_URL: ["mysql://processor:hunter2@db/processor"],
  KAFKA_BROKERS: ["kafka-1:9092,kafka-2:9092", "kafka-1", "kafka-1:9092,", "http://kafka-1:9092", "kafka-1:port"],
  KAFKA_TOPIC_PREFIX: ["a b", "a/b", "a".repeat(101)],
  KAFKA_PARTITIONS: ["0", "1001", "6.5"],
  KAFKA_REPLICATION: ["0", "11"],
  KAFKA_SSL: ["yes", "1"],
  KAFKA_SSL_CA_FILE: ["/nowhere/ca.pem"],
  KAFKA_SASL_MECHANISM: ["gssapi", "PLAIN"],
  KAFKA_SASL_USERNAME: ["alone"],
  KAFKA_SASL_PASSWORD: ["hunter2"],
  MYSQL_SSL: ["yes", "1"],
  MYSQL_SSL_CA_FILE: ["/nowhere/ca.pem"],
  MYSQL_POOL_SIZE: ["0", "1001"],
  MYSQL_CONNECT_TIMEOUT_MS: notTime,
  MYSQL_STATEMENT_TIMEOUT_MS: notTime,
  OTEL_EXPORTER_OTLP_ENDPOINT: ["collector:4318", "ftp://collector", "http://user:hunter2@collector:4318"],
  // any text is a name
  OTEL_SERVICE_NAME: anything,
  OTEL_TRACES_SAMPLER_ARG: ["-1", "2", "1.5", "half", "1e-3"],
  FAILPOINT: ["nowhere:1", "log.after_append:0", "log.after_append:often"]
}

const ofTheCommandLine = new Set(["GATEWAY_URL", "GATEWAY_ACCOUNT", "GATEWAY_SECRET", "NO_COLOR"])

describe("a variable that makes no sense", concurrently, () => {
  it("is tried for every one that is documented", () => {
    const ofTheGateway = documentedVariables().map((_) => _.name).filter((_) => !ofTheCommandLine.has(_))
    assert.deepStrictEqual(Object.keys(nonsense).toSorted(), ofTheGateway.toSorted())
  })

  for (const [name, values] of Object.entries(nonsense)) {
    for (const value of values) {
      it(`${name}=${value}`, async (test) => {
        const { dataDir } = copied(test)
        const before = contents(dataDir)
        const options = beside(name)
        const sentence = assertRefused(await run(test, { dataDir, ...options, env: { ...options.env, [name]: value } }))
        assert.match(sentence, new RegExp(`\\b${name}\\b`))
        assert.notMatch(sentence, /hunter2|tooshort/)
        assert.deepStrictEqual(contents(dataDir), before)
      })
    }
  }

  it("is not one at the bounds that are documented", async (test) => {
    const before = copied(test)
    const atBound = Object.entries(nonsense).flatMap(([name, values]) =>
      !(name in servers) && (values.includes(notCount[1]!) || values.includes(notTime[0]!))
        ? [[name, name.endsWith("_MS") ? mostTime : mostCount]]
        : []
    )
    assert.isAbove(atBound.length, 10)
    await assertStartsAgain(test, before, { ...before, env: Object.fromEntries(atBound) })
  })

  it("is named beside another one", async (test) => {
    const { dataDir } = copied(test)
    const sentence = await refused(test, { dataDir, env: { PORT: "http", MANAGEMENT_PORT: "metrics" } })
    assert.match(sentence, /\bPORT makes no sense\b.*\bMANAGEMENT_PORT makes no sense\b/)
  })

  it("is refused by the roles that end, too", async (test) => {
    const { dataDir } = copied(test)
    for (const args of [["migrate"], ["audit"]]) {
      assert.match(await refused(test, { dataDir, args, env: { LOG_LEVEL: "loud" } }), /LOG_LEVEL makes no sense/)
      assert.match(
        await refused(test, { dataDir, args, env: { DATABASE_URL: "mysql://db" } }),
        /DATABASE_URL .*distributed profile/
      )
    }
  })

  it("is two of the three servers", async (test) => {
    const { dataDir } = copied(test)
    for (const missing of Object.keys(servers)) {
      const { [missing as keyof typeof servers]: _, ...env } = servers
      const sentence = await refused(test, { dataDir, env })
      assert.match(sentence, new RegExp(`distributed profile, but ${missing} is not set: set all three`))
      assert.notInclude(sentence, "hunter2")
    }
  })

  const notUrls = ["postgres://a:hunter2@db/gateway", "mysql://a:hunter2@db", "db", "mysql://a:hunter2@db:port/gateway"]
  for (const [name, role] of [["DATABASE_URL", "recorder"], ["PROCESSOR_DATABASE_URL", "processor"]] as const) {
    for (const url of notUrls) {
      it(`is a URL of no database: ${name}=${url}`, async (test) => {
        const { dataDir } = copied(test)
        const env = { ...servers, CARD_KEYS: `k1:${Buffer.alloc(32).toString("base64")}`, [name]: url }
        const sentence = await refused(test, { dataDir, env, args: [role] })
        assert.include(sentence, name)
        assert.notInclude(sentence, "hunter2")
      })
    }
  }

  for (
    const [role, missing] of [["processor", "CARD_KEYS"], [
      "intake",
      "(CARD_KEYS|SECRET_PEPPER|OPERATOR_SECRET)"
    ]] as const
  ) {
    it(`is a key that the role ${role} cannot make up`, async (test) => {
      const { dataDir } = copied(test)
      const env = { ...servers, CARD_KEYS: "", SECRET_PEPPER: "", OPERATOR_SECRET: "" }
      assert.match(await refused(test, { dataDir, env, args: [role] }), new RegExp(`${missing} is not set: give every`))
    })
  }
})

describe("a role", concurrently, () => {
  for (const role of ["intake", "processor", "recorder"]) {
    it(`of the distributed profile, without its servers: ${role}`, async (test) => {
      const { dataDir } = copied(test)
      const own = role === "processor" ? "PROCESSOR_DATABASE_URL" : "DATABASE_URL"
      const sentence = await refused(test, { dataDir, args: [role] })
      assert.match(sentence, new RegExp(`${own} and KAFKA_BROKERS are not set: the role ${role} runs with ${own} and`))
      const half = await refused(test, { dataDir, args: [role], env: { [own]: servers[own] } })
      assert.match(half, /KAFKA_BROKERS is not set/)
      assert.notInclude(half, "hunter2")
    })
  }

  for (const role of ["cashier", "toString", "__proto__", "--help", ""]) {
    it(`that does not exist: ${role}`, async (test) => {
      const { dataDir } = copied(test)
      const sentence = await refused(test, { dataDir, args: [role] })
      assert.include(sentence, `no role ${role}`)
      assert.match(sentence, /choose one of .*\bmigrate\b.*\baudit\b/)
    })
  }
})
