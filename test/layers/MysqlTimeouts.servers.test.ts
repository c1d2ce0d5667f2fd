import { SqlClient } from "@effect/sql"
import type { SqlError } from "@effect/sql/SqlError"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Fiber, Layer } from "effect"
import { inject } from "vitest"
import { startMariaDb } from "../../scripts/servers/databases.mjs"
import { startProxy } from "../faults/Proxy.ts"
import { eventually } from "../support/LayersEventually.ts"
import { mysqlClient, mysqlPair, urlOf } from "../support/LayersMysql.ts"
import { temporaryFolder } from "../support/LayersSqlite.ts"

const adminUrl = inject("database")

const all = { concurrency: "unbounded" } as const

/** Milliseconds. */
const limit = 300

const limits = { MYSQL_STATEMENT_TIMEOUT_MS: `${limit}`, MYSQL_CONNECT_TIMEOUT_MS: `${limit}` }

const messageOf = (error: SqlError) => (error.cause as Error).message

/** A database behind a network that does as it is told. */
const scene = Effect.fnUntraced(function*(entries: Readonly<Record<string, string>> = {}) {
  const { admin, gateway, gatewayUrl } = yield* mysqlPair(adminUrl!)
  const { port } = new URL(gatewayUrl)
  const proxy = yield* Effect.acquireRelease(
    Effect.promise(() => startProxy(() => Number(port))),
    (_) => Effect.sync(_.close)
  )
  const url = urlOf(`mysql://127.0.0.1:${proxy.port}`, gateway, gateway)
  const context = yield* Layer.build(mysqlClient("gateway", { DATABASE_URL: url, ...limits, ...entries }))
  const connections = admin<{ readonly count: number }>(
    "SELECT COUNT(*) AS count FROM information_schema.processlist WHERE user = ?",
    [gateway]
  ).pipe(Effect.map((_) => _[0]!.count))
  const sql = yield* Effect.provide(SqlClient.SqlClient, context)
  /** Answers what only this statement can be answered. */
  const ask = (value: string | number) =>
    Effect.map(sql<{ readonly answer: string }>`SELECT CAST(${value} AS CHAR) AS answer`, (_) => _[0]!.answer)
  return { admin, ask, connections, proxy, sql }
})

/** How long it takes, in milliseconds, to fail. */
const failing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const asked = performance.now()
    return Effect.map(Effect.flip(effect), (error) => ({ error, took: performance.now() - asked }))
  })

const inTime = (took: number, most: number) => assert.isBelow(took, most + 250)

describe.runIf(adminUrl !== null)("a statement on MySQL", () => {
  it.scopedLive("that is not answered fails within its limit, and its late answer is nobody's", () =>
    Effect.gen(function*() {
      const { ask, connections, proxy } = yield* scene({ MYSQL_POOL_SIZE: "1" })
      assert.strictEqual(yield* ask("before"), "before")
      proxy.hold("replies")
      const { error, took } = yield* failing(ask("late"))
      assert.strictEqual(messageOf(error), `no answer within ${limit} ms`)
      inTime(took, limit)
      proxy.pass()
      for (let i = 0; i < 20; i++) assert.strictEqual(yield* ask(i), `${i}`)
      yield* eventually("the silent connection is gone", connections, (_) => _ === 1)
    }))

  it.scopedLive("that the server never hears of fails too, also when it had to be prepared", () =>
    Effect.gen(function*() {
      const { ask, proxy, sql } = yield* scene({ MYSQL_POOL_SIZE: "1" })
      yield* ask("before")
      proxy.hold("requests")
      const { error, took } = yield* failing(sql`SELECT ${"never prepared"} AS answer, 1 AS one`)
      assert.strictEqual(messageOf(error), `no answer within ${limit} ms`)
      inTime(took, limit)
      proxy.pass()
      assert.strictEqual(yield* ask("after"), "after")
    }))

  it.scopedLive("whose connection is cut fails at once, and the next one gets another", () =>
    Effect.gen(function*() {
      const { ask, proxy, sql } = yield* scene({ MYSQL_POOL_SIZE: "2" })
      const asked = yield* Effect.fork(failing(sql`SELECT SLEEP(0.25)`))
      yield* Effect.sleep(100)
      assert.isAbove(proxy.cut(), 0)
      const { took } = yield* Fiber.join(asked)
      assert.isBelow(took, 250)
      assert.strictEqual(yield* ask("after"), "after")
    }))

  it.scopedLive("waits for a connection only so long", () =>
    Effect.gen(function*() {
      const { ask, connections, sql } = yield* scene({ MYSQL_POOL_SIZE: "2", MYSQL_STATEMENT_TIMEOUT_MS: "800" })
      const slow = yield* Effect.fork(Effect.replicateEffect(sql`SELECT SLEEP(0.6)`, 4, all))
      yield* Effect.sleep(20)
      // two run now, two of the slow ones wait, and behind them there is no time left
      const { error, took } = yield* failing(ask("waits in vain"))
      assert.strictEqual(messageOf(error), "no free connection within 800 ms")
      inTime(took, 800)
      yield* Fiber.await(slow)
      assert.strictEqual(yield* ask("after"), "after")
      assert.strictEqual(yield* connections, 2)
    }))

  it.scopedLive("is refused at once when a thousand wait", () =>
    Effect.gen(function*() {
      const { ask, sql } = yield* scene({ MYSQL_POOL_SIZE: "1", MYSQL_STATEMENT_TIMEOUT_MS: "5000" })
      const slow = yield* Effect.fork(sql`SELECT SLEEP(0.5)`)
      yield* Effect.sleep(20)
      const answers = yield* Effect.forEach(
        Array.from({ length: 1_200 }, (_, i) => i),
        (i) => Effect.either(ask(i)),
        all
      )
      const refused = answers.filter((_) => Either.isLeft(_) && messageOf(_.left) === "too much waits for the database")
      assert.lengthOf(refused, 200)
      for (const [i, answer] of answers.entries()) if (Either.isRight(answer)) assert.strictEqual(answer.right, `${i}`)
      yield* slow
    }))

  it.scopedLive("whose caller goes away ends by itself and keeps its connection", () =>
    Effect.gen(function*() {
      const { ask, sql } = yield* scene({ MYSQL_POOL_SIZE: "1" })
      const id = Effect.map(sql<{ readonly id: number }>`SELECT CONNECTION_ID() AS id`, (_) => _[0]!.id)
      const before = yield* id
      for (let i = 0; i < 10; i++) {
        const gone = yield* Effect.fork(sql`SELECT SLEEP(0.05), ${i} AS answer`)
        const waits = yield* Effect.fork(ask("nobody waits for this"))
        yield* Effect.sleep(5)
        yield* Effect.all([Fiber.interrupt(gone), Fiber.interrupt(waits)], all)
        assert.strictEqual(yield* ask(i), `${i}`)
      }
      assert.strictEqual(yield* id, before)
    }))

  it.scopedLive("never gets another one's answer, whatever the network does", () =>
    Effect.gen(function*() {
      const { ask, connections, proxy } = yield* scene({ MYSQL_POOL_SIZE: "5", MYSQL_STATEMENT_TIMEOUT_MS: "60" })
      let [right, failed] = [0, 0]
      for (let round = 0; round < 25; round++) {
        const asked = yield* Effect.fork(Effect.forEach(
          Array.from({ length: 40 }, (_, i) => `${round} ${i}`),
          (_) =>
            Effect.map(Effect.either(Effect.delay(ask(_), Number(_.split(" ")[1]) * 2)), (answer) => {
              if (Either.isLeft(answer)) return void failed++
              right++
              assert.strictEqual(answer.right, _)
            }),
          all
        ))
        yield* Effect.sleep(round * 3)
        if (round % 5 === 4) proxy.cut()
        else proxy.hold(round % 2 === 0 ? "replies" : "requests")
        yield* Effect.sleep(20 + (round * 17) % 60)
        proxy.pass()
        yield* Fiber.join(asked)
      }
      assert.isAbove(right, 100)
      assert.isAbove(failed, 30)
      assert.strictEqual(yield* ask("after"), "after")
      yield* eventually("no connection leaks", connections, (_) => _ <= 5)
    }))

  it.scopedLive("runs in the session that the layers count on, alone", () =>
    Effect.gen(function*() {
      const { sql } = yield* scene()
      const [session] = yield* sql<Record<string, unknown>>`SELECT
        @@session.time_zone AS zone, @@innodb_lock_wait_timeout AS rowWait, @@lock_wait_timeout AS tableWait, @@sql_mode AS mode, @@autocommit AS auto,
        @@collation_connection AS collation /*M! , @@tx_isolation AS isolation, @@max_statement_time * 1000 AS most */
        /*!80000 , @@transaction_isolation AS isolation, @@max_execution_time AS most */`
      assert.deepStrictEqual({ ...session, most: Number(session!["most"]) }, {
        zone: "+00:00",
        rowWait: 2,
        tableWait: 1,
        mode: "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
        auto: 1,
        collation: "utf8mb4_bin",
        isolation: "READ-COMMITTED",
        most: limit
      })
      for (const two of [sql.unsafe("SELECT 1; SELECT 2"), sql.unsafe("SELECT 1; SELECT 2").unprepared]) {
        assert.strictEqual(messageOf(yield* Effect.flip(two)), "the statement is not understood (error 1064)")
      }
    }))
})

/** Sockets, timers and whatever else keeps a process alive. */
const handles = () =>
  (process as unknown as { readonly getActiveResourcesInfo: () => ReadonlyArray<string> })
    .getActiveResourcesInfo().filter((_) => _ === "TCPSocketWrap" || _ === "Timeout").length

describe.runIf(adminUrl !== null)("a database server", () => {
  const patience = 1000

  const ownServer = Effect.flatMap(temporaryFolder, (folder) =>
    Effect.acquireRelease(
      Effect.promise(() => startMariaDb({ folder })),
      ({ server }) => Effect.promise(() => server.kill())
    ))

  it.scopedLive(
    "that is paused and goes on, or is killed and comes back, is used again without a restart",
    () =>
      Effect.gen(function*() {
        const { adminUrl, server } = yield* ownServer
        const { gateway, gatewayUrl } = yield* mysqlPair(adminUrl)
        assert.include(gatewayUrl, gateway)
        yield* Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const ask = (value: string) =>
            Effect.map(sql<{ readonly answer: string }>`SELECT ${value} AS answer`, (_) => _[0]!.answer)
          const burst = (count: number) =>
            Effect.forEach(Array.from({ length: count }, (_, i) => `${i}`), (_) => Effect.either(ask(_)), all)
          const works = eventually(
            "it works again",
            Effect.either(ask("works")),
            (_) => Either.isRight(_) && _.right === "works",
            undefined,
            20_000
          )
          const openConnections = Effect.map(
            sql<{ readonly count: number }>`
            SELECT COUNT(*) AS count FROM information_schema.processlist WHERE user = ${gateway}`,
            (_) => _[0]!.count
          )
          yield* burst(50)
          const before = handles()

          for (let round = 0; round < 3; round++) {
            server.pause()
            // its threads stop one after the other
            yield* Effect.sleep(200)
            const asked = performance.now()
            const answers = yield* burst(50)
            inTime(performance.now() - asked, 2 * patience)
            assert.isTrue(answers.every(Either.isLeft))
            server.resume()
            assert.strictEqual(yield* works.pipe(Effect.as(true)), true)
            const after = yield* burst(50)
            for (const [i, answer] of after.entries()) assert.deepStrictEqual(answer, Either.right(`${i}`))
          }
          yield* eventually("no connection is left over", openConnections, (_) => _ <= 10)
          yield* eventually("nothing of the process is", Effect.sync(handles), (_) => _ <= before + 1)

          for (let round = 0; round < 2; round++) {
            const running = yield* Effect.fork(Effect.either(sql`SELECT SLEEP(10)`))
            yield* Effect.sleep(50)
            yield* Effect.promise(() => server.kill())
            assert.isTrue(Either.isLeft(yield* Fiber.join(running)))
            const asked = performance.now()
            assert.isTrue((yield* burst(50)).every(Either.isLeft))
            inTime(performance.now() - asked, patience)
            yield* Effect.promise(() => server.start())
            yield* works
            for (const [i, answer] of (yield* burst(50)).entries()) assert.deepStrictEqual(answer, Either.right(`${i}`))
          }
          yield* eventually("nothing of the process is", Effect.sync(handles), (_) => _ <= before + 1)
        }).pipe(
          Effect.provide(
            mysqlClient("gateway", {
              DATABASE_URL: gatewayUrl,
              MYSQL_STATEMENT_TIMEOUT_MS: `${patience}`,
              MYSQL_CONNECT_TIMEOUT_MS: `${patience}`
            })
          )
        )
      }),
    120_000
  )
})
