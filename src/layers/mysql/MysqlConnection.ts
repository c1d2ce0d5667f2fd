import { Duration, Redacted } from "effect"
import * as Mysql from "mysql2"
import { MysqlError } from "./MysqlError.ts"
import type { MysqlUrl } from "./MysqlUrl.ts"

export interface ConnectionSettings extends MysqlUrl {
  readonly ssl: { readonly ca?: string } | undefined
  readonly connectTimeout: Duration.Duration
  readonly statementTimeout: Duration.Duration
}

/**
 * One statement for both: the comments are read by MariaDB (M!), or by MySQL 8 and later (!80000), alone. The server ends
 * a statement that nobody waits for any more; MySQL only a SELECT, and the others wait for locks alone.
 */
const sessionOf = (limit: number) =>
  `SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 2, autocommit = 1,
  lock_wait_timeout = ${Math.min(Math.ceil(limit / 1000), 60)},
  sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'
  /*M! , tx_isolation = 'READ-COMMITTED', max_statement_time = ${limit / 1000} */
  /*!80000 , transaction_isolation = 'READ-COMMITTED', max_execution_time = ${limit} */`

/** mysql2 only half-closes: a server that does not answer would keep the socket, and could still answer. */
export const destroyConnection = (connection: Mysql.Connection): void => {
  connection.destroy()
  ;(connection as unknown as { readonly stream: { readonly destroy: () => void } }).stream.destroy()
}

/** Says goodbye to the server, and does not wait for its answer. */
export const endConnection = (connection: Mysql.Connection): void => {
  connection.end()
  ;(connection as unknown as { readonly stream: { readonly destroySoon: () => void } }).stream.destroySoon()
}

/**
 * Opens a connection whose session is set up; one call of `done`, unless it was given up before. Later errors of the
 * connection are told to the statement that runs, or to whoever listens.
 */
export const openConnection = (
  { connectTimeout, database, host, password, port, ssl, statementTimeout, user }: ConnectionSettings,
  done: (error: MysqlError | null, connection: Mysql.Connection) => void
): () => void => {
  const connection = Mysql.createConnection({
    host,
    port,
    database,
    user,
    password: Redacted.value(password),
    charset: "UTF8MB4_BIN",
    timezone: "Z",
    supportBigNumbers: true,
    // what a server asks for is not to be had
    flags: ["-LOCAL_FILES"],
    // the limit below is for all of it
    connectTimeout: 0,
    keepAliveInitialDelay: 10_000,
    ...(ssl === undefined ? {} : { ssl: { ...ssl, rejectUnauthorized: true, verifyIdentity: true } })
  })
  let over = false
  const finish = (error: MysqlError | null) => {
    if (over) return
    over = true
    clearTimeout(timer)
    if (error !== null) destroyConnection(connection)
    done(error, connection)
  }
  const limit = Duration.toMillis(connectTimeout)
  const timer = setTimeout(() => finish(MysqlError.timeout(`no connection within ${limit} ms`)), limit)
  connection.on("error", (error) => finish(MysqlError.from(error)))
  connection.once("connect", () => {
    if (over) return
    connection.query(
      sessionOf(Duration.toMillis(statementTimeout)),
      (error) => finish(error === null ? null : MysqlError.from(error))
    )
  })
  return () => {
    if (over) return
    over = true
    clearTimeout(timer)
    destroyConnection(connection)
  }
}
