import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FiberStatus, Layer, Logger } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { inject } from "vitest"
import { makeCertificates } from "../../scripts/servers/certificates.mjs"
import { startMariaDb } from "../../scripts/servers/databases.mjs"
import { gatewaySchema } from "../../src/layers/sql/GatewaySchema.ts"
import { alreadyMigrated, migrated } from "../../src/layers/sql/Migrations.ts"
import { processorSchema } from "../../src/layers/sql/ProcessorSchema.ts"
import { startProxy } from "../faults/Proxy.ts"
import { eventually, ownTime } from "../support/LayersEventually.ts"
import { mysqlClient, mysqlPair, password, urlOf } from "../support/LayersMysql.ts"
import { temporaryFolder } from "../support/LayersSqlite.ts"
import { losesReply } from "../support/LosesReply.ts"
import { refused } from "./Migrations.conformance.ts"

const adminUrl = inject("database")

const start = (name: "gateway" | "processor", entries: Readonly<Record<string, string>>) =>
  refused({ client: mysqlClient(name, entries) }, Layer.empty)

const migrate = (name: "gateway" | "processor", url: string) =>
  refused(
    { client: mysqlClient(name, { [name === "gateway" ? "DATABASE_URL" : "PROCESSOR_DATABASE_URL"]: url }) },
    migrated(name === "gateway" ? gatewaySchema : processorSchema)
  )

/** Lines of the log, from now on. */
const logged = () => {
  const lines: Array<string> = []
  const layer = Logger.replace(
    Logger.defaultLogger,
    Logger.map(Logger.logfmtLogger, (line) => void lines.push(line))
  )
  return { lines, layer }
}

const proxyTo = (url: string) =>
  Effect.acquireRelease(
    Effect.promise(() => startProxy(() => Number(new URL(url).port))),
    (_) => Effect.sync(_.close)
  )

const ownServer = (options: Omit<Parameters<typeof startMariaDb>[0], "folder">) =>
  Effect.flatMap(temporaryFolder, (folder) =>
    Effect.acquireRelease(
      Effect.promise(() => startMariaDb({ folder, ...options })),
      ({ server }) => Effect.promise(() => server.kill())
    ))

const throughPort = (url: string, port: number) => Object.assign(new URL(url), { port: `${port}` }).href

describe.runIf(adminUrl !== null)("a start on MySQL is refused with a sentence:", () => {
  const cases: ReadonlyArray<
    readonly [string, (url: string, database: string) => Readonly<Record<string, string>>, RegExp]
  > = [
    [
      "a wrong password",
      (url, database) => ({ DATABASE_URL: urlOf(url, database, database, "wrong") }),
      /Access denied for user .*: give the password of the user \w+ in DATABASE_URL, and/
    ],
    [
      "an unknown user",
      (url, database) => ({ DATABASE_URL: urlOf(url, "nobody", database) }),
      /Access denied for user 'nobody'.*: give the password of the user nobody in DATABASE_URL, and set MYSQL_SSL=true if/
    ],
    [
      "a database that is not there, or not the user's",
      (url, database) => ({ DATABASE_URL: urlOf(url, database, "elsewhere") }),
      /Access denied .*'elsewhere'.*: make the database elsewhere and grant the user \w+ the rights on it, or correct/
    ],
    [
      "an address where TLS wants a name",
      (url) => ({ DATABASE_URL: url, MYSQL_SSL: "true" }),
      /^MYSQL_SSL checks the server's name, but 127\.0\.0\.1 is an address: write the name in the URL\.$/
    ],
    [
      "a certificate that is not there",
      (url) => ({
        DATABASE_URL: url.replace("127.0.0.1", "localhost"),
        MYSQL_SSL: "true",
        MYSQL_SSL_CA_FILE: "/nowhere.pem"
      }),
      /^MYSQL_SSL_CA_FILE names \/nowhere\.pem, which cannot be read: give the certificate that signed the servers'\.$/
    ],
    [
      "a certificate that nothing uses",
      (url) => ({ DATABASE_URL: url, MYSQL_SSL_CA_FILE: "/nowhere.pem" }),
      /^MYSQL_SSL_CA_FILE is set, but without MYSQL_SSL=true nothing is encrypted: set it, or neither\.$/
    ],
    ["no URL", () => ({}), /^DATABASE_URL is not set/],
    [
      "one database for both",
      (url) => ({ DATABASE_URL: url, PROCESSOR_DATABASE_URL: url }),
      /^DATABASE_URL and PROCESSOR_DATABASE_URL name one database: give each of the two a database and a user/
    ]
  ]

  for (const [what, entries, sentence] of cases) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const { gateway, gatewayUrl } = yield* mysqlPair(adminUrl!)
        const said = `${yield* start("gateway", entries(gatewayUrl, gateway))}`
        assert.match(said, sentence)
        assert.notInclude(said, password)
        assert.notInclude(said, encodeURIComponent(password))
      }))
  }

  it.scopedLive("a user who can read the other database's tables", () =>
    Effect.gen(function*() {
      const pair = yield* mysqlPair(adminUrl!)
      assert.isNull(yield* migrate("gateway", pair.gatewayUrl))
      assert.isNull(yield* migrate("processor", pair.processorUrl))
      assert.isNull(yield* start("gateway", { DATABASE_URL: pair.gatewayUrl }))
      assert.isNull(yield* start("processor", { PROCESSOR_DATABASE_URL: pair.processorUrl }))

      yield* pair.admin(`GRANT SELECT ON ${pair.processor}.transactions TO '${pair.gateway}'@'%'`)
      assert.strictEqual(
        yield* start("gateway", { DATABASE_URL: pair.gatewayUrl }),
        `The user of DATABASE_URL can read the processor's table transactions in the database ${pair.processor}: give each of the two a database and a user of its own, so that neither decides for the other whatever goes wrong.`
      )
      yield* pair.admin(`GRANT SELECT ON ${pair.gateway}.* TO '${pair.processor}'@'%'`)
      assert.match(
        `${yield* start("processor", { PROCESSOR_DATABASE_URL: pair.processorUrl })}`,
        /^The user of PROCESSOR_DATABASE_URL can read the gateway's table submissions/
      )
      // one database for both, named in two ways
      const own = yield* mysqlPair(adminUrl!)
      assert.isNull(yield* migrate("gateway", own.gatewayUrl))
      assert.match(`${yield* migrate("processor", own.gatewayUrl)}`, /can read the gateway's table submissions/)
    }))

  it.scopedLive("a user who may not make a table, or a trigger", () =>
    Effect.gen(function*() {
      const { admin, processor, processorUrl } = yield* mysqlPair(adminUrl!)
      const only = (rights: string) =>
        Effect.zipRight(
          admin(`REVOKE ALL ON ${processor}.* FROM '${processor}'@'%'`),
          admin(`GRANT ${rights} ON ${processor}.* TO '${processor}'@'%'`)
        )
      yield* only("SELECT, INSERT, UPDATE")
      assert.match(
        `${yield* migrate("processor", processorUrl)}`,
        /^The processor database cannot be used \(CREATE command denied .*\): grant the user of the role migrate CREATE, /
      )
      yield* only("SELECT, INSERT, UPDATE, CREATE")
      assert.match(
        `${yield* migrate("processor", processorUrl)}`,
        /^The processor database cannot be used \(TRIGGER command denied .*\): grant the user of the role migrate .*TRIGGER/
      )
      yield* only("ALL")
      assert.isNull(yield* migrate("processor", processorUrl))

      const check = refused(
        { client: mysqlClient("processor", { PROCESSOR_DATABASE_URL: processorUrl }) },
        alreadyMigrated(processorSchema)
      )
      // may change nothing at all, so it need not see what would refuse it
      yield* only("SELECT, INSERT")
      assert.isNull(yield* check)
      yield* only("SELECT, INSERT, UPDATE, DELETE, TRIGGER")
      assert.isNull(yield* check)
      yield* only("SELECT, INSERT, UPDATE")
      assert.include(`${yield* check}`, "does not have the schema this version needs")
      yield* only("SELECT, INSERT, DELETE")
      assert.include(`${yield* check}`, "does not have the schema this version needs")
    }))

  it.scopedLive("a binary log that takes no triggers, packets that are too small, TLS that is not spoken", () =>
    Effect.gen(function*() {
      const server = yield* ownServer({
        options: ["--log-bin=binary", "--log-bin-trust-function-creators=0", "--skip-ssl"]
      })
      const { admin, processorUrl } = yield* mysqlPair(server.adminUrl)
      assert.match(
        `${yield* migrate("processor", processorUrl)}`,
        /^The processor database cannot be used \(.*binary logging.*\): start the server with log_bin_trust_function_creators=1 /
      )
      yield* admin("SET GLOBAL log_bin_trust_function_creators = 1")
      assert.isNull(yield* migrate("processor", processorUrl))
      const named = processorUrl.replace("127.0.0.1", "localhost")
      assert.match(
        `${yield* start("processor", { PROCESSOR_DATABASE_URL: named, MYSQL_SSL: "true" })}`,
        /^The processor database at localhost:\d+ refuses the connection \(.*\): give the server a certificate, or unset MYSQL_SSL\.$/
      )
      yield* admin("SET GLOBAL max_allowed_packet = 1048576")
      assert.match(
        `${yield* start("processor", { PROCESSOR_DATABASE_URL: processorUrl })}`,
        /takes packets of 1048576 bytes: set its max_allowed_packet to 4194304 at least\.$/
      )
    }))

  it.scopedLive("another authority than the one that is given, or none where TLS is asked for", () =>
    Effect.gen(function*() {
      const server = yield* ownServer({ tls: true })
      const { admin, gateway, gatewayUrl } = yield* mysqlPair(server.adminUrl)
      const url = gatewayUrl.replace("127.0.0.1", "localhost")
      const folder = yield* temporaryFolder
      const other = yield* Effect.promise(() => makeCertificates(join(folder, "other")))

      const tls = { DATABASE_URL: url, MYSQL_SSL: "true", MYSQL_SSL_CA_FILE: server.ca }
      assert.isNull(yield* start("gateway", tls))
      const [{ cipher }] = yield* Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{ readonly cipher: string }>`SHOW SESSION STATUS LIKE 'Ssl_cipher'`
      ).pipe(
        Effect.map((_) => _.map((row) => ({ cipher: `${Object.values(row)[1]}` })) as [{ cipher: string }]),
        Effect.provide(mysqlClient("gateway", tls))
      )
      assert.isNotEmpty(cipher)

      const remedy = /set MYSQL_SSL_CA_FILE to the certificate that signed the server's, which must name localhost\.$/
      assert.match(`${yield* start("gateway", { ...tls, MYSQL_SSL_CA_FILE: other.ca })}`, remedy)
      assert.match(`${yield* start("gateway", { DATABASE_URL: url, MYSQL_SSL: "true" })}`, remedy)
      writeFileSync(join(folder, "garbage.pem"), "garbage")
      assert.match(
        `${yield* start("gateway", { ...tls, MYSQL_SSL_CA_FILE: join(folder, "garbage.pem") })}`,
        remedy
      )

      yield* admin(`ALTER USER '${gateway}'@'%' REQUIRE SSL`)
      assert.isNull(yield* start("gateway", tls))
      assert.match(`${yield* start("gateway", { DATABASE_URL: url })}`, /set MYSQL_SSL=true/)
    }))
})

describe.runIf(adminUrl !== null)("a start on MySQL waits", () => {
  it.scopedLive("for a server that is not there yet, and says so", () =>
    Effect.gen(function*() {
      const { gatewayUrl } = yield* mysqlPair(adminUrl!)
      const proxy = yield* proxyTo(gatewayUrl)
      proxy.refuse()
      const { layer, lines } = logged()
      const started = yield* Effect.fork(
        start("gateway", { DATABASE_URL: throughPort(gatewayUrl, proxy.port) }).pipe(Effect.provide(layer))
      )
      yield* eventually("it says what it waits for", Effect.sync(() => lines), (_) => _.length > 0)
      assert.match(lines[0]!, /level=WARN .*waits for the gateway database.*server=127\.0\.0\.1:\d+ cause=/)
      yield* Effect.sleep("2 seconds")
      assert.lengthOf(lines, 1, "once in 10 s")
      proxy.pass()
      assert.isNull(yield* Fiber.join(started))
      assert.notInclude(lines.join("\n"), password)
    }))

  it.scopedLive("for one that lets it in and does not answer", () =>
    Effect.gen(function*() {
      const { gatewayUrl } = yield* mysqlPair(adminUrl!)
      const proxy = yield* proxyTo(gatewayUrl)
      proxy.hold("replies")
      const { layer, lines } = logged()
      const started = yield* Effect.fork(
        start("gateway", { DATABASE_URL: throughPort(gatewayUrl, proxy.port), MYSQL_CONNECT_TIMEOUT_MS: "200" }).pipe(
          Effect.provide(layer)
        )
      )
      yield* eventually("it says what it waits for", Effect.sync(() => lines), (_) => _.length > 0)
      assert.include(lines[0]!, "no connection within 200 ms")
      proxy.pass()
      assert.isNull(yield* Fiber.join(started))
    }))

  it.scopedLive("can be interrupted", () =>
    Effect.gen(function*() {
      const started = yield* Effect.fork(start("gateway", { DATABASE_URL: "mysql://a:b@127.0.0.1:1/c" }))
      yield* Effect.sleep(100)
      yield* Effect.timeout(Fiber.interrupt(started), "1 second")
    }))

  it.scopedLive("while another process migrates, and then finds it done", () =>
    Effect.gen(function*() {
      const { gateway, gatewayUrl } = yield* mysqlPair(adminUrl!)
      const { layer, lines } = logged()
      const holding = yield* Effect.fork(
        Effect.scoped(
          Effect.gen(function*() {
            const sql = yield* SqlClient.SqlClient
            const connection = yield* sql.reserve
            yield* connection.execute(
              `SELECT GET_LOCK(SHA2(CONCAT('gateway migrations ', ?), 224), 0)`,
              [gateway],
              undefined
            )
            yield* Effect.sleep("2 seconds")
          })
        ).pipe(Effect.provide(mysqlClient("gateway", { DATABASE_URL: gatewayUrl })))
      )
      yield* Effect.sleep(500)
      assert.isNull(yield* migrate("gateway", gatewayUrl).pipe(Effect.provide(layer)))
      assert.lengthOf(lines, 1)
      assert.match(
        lines[0]!,
        /level=INFO .*waits until another process \(connection \d+ of its server\) has migrated the gateway database/
      )
      yield* Fiber.join(holding)
    }))

  it.scoped("for five minutes, and then says who is in the way", () =>
    Effect.gen(function*() {
      const { gateway, gatewayUrl } = yield* mysqlPair(adminUrl!)
      const context = yield* Layer.build(mysqlClient("gateway", { DATABASE_URL: gatewayUrl }))
      const connection = yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql.reserve).pipe(Effect.provide(context))
      yield* connection.execute(
        `SELECT GET_LOCK(SHA2(CONCAT('gateway migrations ', ?), 224), 0)`,
        [gateway],
        undefined
      )
      const { layer, lines } = logged()
      const migrating = yield* Effect.fork(migrate("gateway", gatewayUrl).pipe(Effect.provide(layer)))
      yield* eventually("it gives up", migrating.status, FiberStatus.isDone, ownTime("2 seconds"), 30_000)
      assert.match(
        `${yield* Fiber.join(migrating)}`,
        /^The gateway database has been migrated by another process \(connection \d+ of its server\) for 5m: wait until that/
      )
      assert.isAbove(lines.length, 20)
    }))

  it.scopedLive("so that any number of processes may migrate at once", () =>
    Effect.gen(function*() {
      for (let round = 0; round < 3; round++) {
        const { processorUrl } = yield* mysqlPair(adminUrl!)
        const said = yield* Effect.replicateEffect(migrate("processor", processorUrl), 6, { concurrency: "unbounded" })
        assert.deepStrictEqual(said, [null, null, null, null, null, null])
      }
    }))

  it.scopedLive("for a server that is lost while it migrates, wherever that was", () =>
    Effect.gen(function*() {
      const each = Effect.fnUntraced(function*(statement: number) {
        const { admin, processor, processorUrl } = yield* mysqlPair(adminUrl!)
        const way = yield* losesReply(Number(new URL(processorUrl).port), statement)
        const url = throughPort(processorUrl, way.port)
        assert.isNull(yield* migrate("processor", url), `the reply ${statement} is lost`)
        assert.isAbove(way.replies(), statement)
        const records = yield* admin("SELECT migration_id AS id FROM effect_sql_migrations ORDER BY 1", [], processor)
        assert.deepStrictEqual(records, [{ id: 1 }, { id: 2 }, { id: 3 }])
      }, Effect.scoped)
      yield* Effect.forEach(Array.from({ length: 20 }, (_, i) => i + 1), each, { concurrency: 4 })
    }), 120_000)
})
