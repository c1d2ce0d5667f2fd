import { SqlClient } from "@effect/sql"
import { SqlError } from "@effect/sql/SqlError"
import { type Config, Effect, Layer, Option } from "effect"
import { readFileSync } from "node:fs"
import { isIP } from "node:net"
import { Metrics } from "../../services/Metrics.ts"
import { CannotStart } from "../CannotStart.ts"
import { MysqlSettings, ServerSettings } from "../Settings.ts"
import { waitWhileLost } from "../sql/WaitWhileLost.ts"
import { mostBytes } from "./MysqlDialect.ts"
import { makeMysqlPool } from "./MysqlPool.ts"
import { type DatabaseName, refuseConnection, refuseStatement, variableOf } from "./MysqlRefusal.ts"
import { makeMysqlSqlClient } from "./MysqlSqlClient.ts"
import { parseMysqlUrl } from "./MysqlUrl.ts"
import { refuseOtherTables, refuseSameDatabase } from "./OtherDatabase.ts"

const tlsOf = Effect.fnUntraced(function*({ caFile, ssl }: Config.Config.Success<typeof MysqlSettings>, host: string) {
  if (!ssl) {
    if (Option.isNone(caFile)) return undefined
    return yield* new CannotStart({
      sentence: "MYSQL_SSL_CA_FILE is set, but without MYSQL_SSL=true nothing is encrypted: set it, or neither."
    })
  }
  if (isIP(host) !== 0) {
    return yield* new CannotStart({
      sentence: `MYSQL_SSL checks the server's name, but ${host} is an address: write the name in the URL.`
    })
  }
  if (Option.isNone(caFile)) return {}
  return yield* Effect.try({
    try: () => ({ ca: readFileSync(caFile.value, "utf8") }),
    catch: () =>
      new CannotStart({
        sentence:
          `MYSQL_SSL_CA_FILE names ${caFile.value}, which cannot be read: give the certificate that signed the servers'.`
      })
  })
})

const settingsOf = Effect.fnUntraced(function*(name: DatabaseName) {
  const settings = yield* MysqlSettings
  const text = (yield* ServerSettings)[variableOf[name]]
  if (Option.isNone(text)) {
    return yield* new CannotStart({ sentence: `${variableOf[name]} is not set: it says where the database is.` })
  }
  const url = yield* parseMysqlUrl(variableOf[name], text.value)
  yield* refuseSameDatabase(name, url)
  return { ...settings, ...url, ssl: yield* tlsOf(settings, url.host) }
})

/** What a server must be able to do. */
const checkServer = Effect.fnUntraced(function*(name: DatabaseName) {
  const sql = yield* SqlClient.SqlClient
  const [server] = yield* sql<{ readonly packet: number }>`SELECT @@max_allowed_packet AS packet`
  if (server !== undefined && server.packet < mostBytes) {
    return yield* new CannotStart({
      sentence:
        `The server of the ${name} database takes packets of ${server.packet} bytes: set its max_allowed_packet to ${mostBytes} at least.`
    })
  }
  yield* refuseOtherTables(name)
})

const connect = Effect.fnUntraced(function*(name: DatabaseName) {
  const settings = yield* settingsOf(name)
  const metrics = yield* Metrics
  const pool = yield* makeMysqlPool({ ...settings, onAcquire: (seconds) => metrics.acquired(name, seconds) })
  yield* Effect.acquireRelease(Effect.sync(() => metrics.pool(name, pool.state)), Effect.sync)
  const sql = yield* makeMysqlSqlClient(pool, settings)
  yield* pool.reach.pipe(
    Effect.mapError((cause) => refuseConnection(name, settings, cause) ?? new SqlError({ cause })),
    Effect.zipRight(Effect.provideService(checkServer(name), SqlClient.SqlClient, sql)),
    waitWhileLost(name, { server: `${settings.host}:${settings.port}` }),
    Effect.catchTag("SqlError", (error) => refuseStatement(name, error))
  )
  return sql
})

/** A pool of connections to one database of the distributed profile, which a start waits for. */
export const mysqlDatabase = (name: DatabaseName) => Layer.scoped(SqlClient.SqlClient, connect(name))
