import * as Reactivity from "@effect/experimental/Reactivity"
import { makeCompiler } from "@effect/sql-mysql2/MysqlClient"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import { Duration, Effect, type Scope, Stream } from "effect"
import { type ConnectionSettings, destroyConnection, endConnection, openConnection } from "./MysqlConnection.ts"
import type { MysqlError } from "./MysqlError.ts"
import { carryOut, type MysqlPool, type Order } from "./MysqlPool.ts"

type Run = (order: Order) => Effect.Effect<unknown, MysqlError>

/** A migration changes every row of a table, for all that is known. */
const reservedLimit = Duration.hours(1)

const rowsOf = (result: unknown): ReadonlyArray<any> => Array.isArray(result) ? result : []

const connectionOn = (run: Run): Connection => {
  const send = (method: "execute" | "query", sql: string, values: ReadonlyArray<unknown>, rowsAsArray = false) =>
    run((connection, done) => connection[method]({ sql, values: values as Array<any>, rowsAsArray }, done)).pipe(
      Effect.mapError((cause) => new SqlError({ cause, message: "the statement failed" }))
    )
  const rows = (method: "execute" | "query"): Connection["execute"] => (sql, values, transform) =>
    Effect.map(send(method, sql, values), (_) => transform === undefined ? rowsOf(_) : transform(rowsOf(_)))
  return {
    execute: rows("execute"),
    executeUnprepared: rows("query"),
    executeRaw: (sql, values) => send("execute", sql, values),
    executeValues: (sql, values) => Effect.map(send("execute", sql, values, true), rowsOf),
    executeStream: (sql, values, transform) => Stream.fromIterableEffect(rows("execute")(sql, values, transform))
  }
}

/** A connection beside the pool, whose statements may take long; its session ends with the scope, and what it holds. */
const reserve = (settings: ConnectionSettings): Effect.Effect<Connection, SqlError, Scope.Scope> =>
  Effect.gen(function*() {
    const patient = { ...settings, statementTimeout: reservedLimit }
    let owesAnswer = false
    const connection = yield* Effect.acquireRelease(
      Effect.async<Parameters<Order>[0], SqlError>((resume) => {
        const giveUp = openConnection(patient, (cause, connection) =>
          resume(
            cause === null
              ? Effect.succeed(connection)
              : Effect.fail(new SqlError({ cause, message: "no connection" }))
          ))
        return Effect.sync(giveUp)
      }),
      (connection) => Effect.sync(() => (owesAnswer ? destroyConnection : endConnection)(connection))
    )
    return connectionOn((order) =>
      Effect.async<unknown, MysqlError>((resume) => {
        owesAnswer = true
        carryOut(connection, order, Duration.toMillis(reservedLimit), (error, result) => {
          owesAnswer = error?.isLost ?? false
          resume(error === null ? Effect.succeed(result) : Effect.fail(error))
        })
      })
    )
  })

/**
 * The client of @effect/sql over our own pool. Its own client for MySQL waits for a pool, a connection and an answer
 * without a limit, and switches several statements in one text on.
 */
export const makeMysqlSqlClient = (pool: MysqlPool, settings: ConnectionSettings) =>
  SqlClient.make({
    acquirer: Effect.succeed(connectionOn(pool.run)),
    transactionAcquirer: reserve(settings),
    compiler: makeCompiler(),
    spanAttributes: [["db.system.name", "mysql"], ["db.namespace", settings.database]]
  }).pipe(Effect.provide(Reactivity.layer))
