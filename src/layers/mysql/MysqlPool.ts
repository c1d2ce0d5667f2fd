import { Duration, Effect, type Scope } from "effect"
import type * as Mysql from "mysql2"
import type { PoolState } from "../../services/Metrics.ts"
import { type ConnectionSettings, destroyConnection, endConnection, openConnection } from "./MysqlConnection.ts"
import { MysqlError } from "./MysqlError.ts"

/** What a connection is asked to do; one call of `done`. */
export type Order = (connection: Mysql.Connection, done: (error: unknown, result: unknown) => void) => void

export interface MysqlPool {
  /**
   * Carries the order out on a connection that nobody else has meanwhile. Fails within the limit of its wait plus the
   * limit of the statement. Interrupted, it ends by itself within its limit.
   */
  readonly run: (order: Order) => Effect.Effect<unknown, MysqlError>
  /** Opens a connection and leaves it in the pool. */
  readonly reach: Effect.Effect<void, MysqlError>
  readonly state: () => PoolState
}

interface Waiting {
  readonly taken: (error: MysqlError | null, connection: Mysql.Connection | null) => void
  readonly timer: NodeJS.Timeout
}

/** Statements that may wait for a connection. */
const mostWaiting = 1000

const tooMany = new MysqlError({ kind: "unknown", errno: 0, code: "", message: "too much waits for the database" })

/**
 * Runs an order within its limit. What is not answered then may be answered later: its connection is destroyed, so that
 * a late answer is never taken for the next statement's.
 */
export const carryOut = (
  connection: Mysql.Connection,
  order: Order,
  limit: number,
  done: (error: MysqlError | null, result: unknown) => void
): void => {
  let over = false
  const finish = (error: MysqlError | null, result: unknown) => {
    if (over) return
    over = true
    clearTimeout(timer)
    done(error, result)
  }
  const expire = () => finish(MysqlError.timeout(`no answer within ${limit} ms`), undefined)
  // an answer that came while this process was held up is read before a timer is believed
  const timer = setTimeout(() => setImmediate(expire), limit)
  try {
    order(connection, (error, result) => finish(error === null ? null : MysqlError.from(error), result))
  } catch (error) {
    // values that mysql2 cannot send
    finish(MysqlError.from(error), undefined)
  }
}

/**
 * Connections that are opened when there is need, and never given on while one of them owes an answer. mysql2's own pool
 * has no limit on a statement's time or on a wait for a connection, and keeps what waited in vain.
 */
export const makeMysqlPool = (
  settings: ConnectionSettings & {
    readonly poolSize: number
    /** Told how long a statement waited for its connection, in seconds. */
    readonly onAcquire: (seconds: number) => void
  }
): Effect.Effect<MysqlPool, never, Scope.Scope> =>
  Effect.gen(function*() {
    const limit = Duration.toMillis(settings.statementTimeout)
    const idle: Array<Mysql.Connection> = []
    const open = new Set<Mysql.Connection>()
    const opening = new Set<() => void>()
    const waiting = new Set<Waiting>()
    const clock = yield* Effect.clock
    let closed = false

    const next = (): Waiting | undefined => {
      for (const first of waiting) {
        waiting.delete(first)
        clearTimeout(first.timer)
        return first
      }
    }

    const give = (connection: Mysql.Connection) => {
      if (!open.has(connection)) return
      const first = next()
      if (first === undefined) idle.push(connection)
      else first.taken(null, connection)
    }

    const drop = (connection: Mysql.Connection) => {
      if (!open.delete(connection)) return
      const at = idle.indexOf(connection)
      if (at >= 0) idle.splice(at, 1)
      destroyConnection(connection)
      openMore()
    }

    const openOne = (onFailure: (error: MysqlError) => void, onOpen: () => void) => {
      const giveUp = openConnection(settings, (error, connection) => {
        opening.delete(giveUp)
        if (error !== null) {
          onFailure(error)
          return openMore()
        }
        open.add(connection)
        // the statement that runs on it is told by its own callback
        const ended = () => void (idle.includes(connection) && drop(connection))
        connection.on("error", ended)
        connection.on("end", ended)
        onOpen()
        give(connection)
      })
      opening.add(giveUp)
    }

    /** Not more than somebody waits for. */
    const openMore = () => {
      while (!closed && opening.size < waiting.size && opening.size + open.size < settings.poolSize) {
        openOne((error) => next()?.taken(error, null), () => {})
      }
    }

    const take = (taken: Waiting["taken"]): (() => void) | undefined => {
      const connection = idle.pop()
      if (connection !== undefined) {
        settings.onAcquire(0)
        return void taken(null, connection)
      }
      if (waiting.size >= mostWaiting) return void taken(tooMany, null)
      const began = clock.unsafeCurrentTimeNanos()
      const entry: Waiting = {
        taken: (error, connection) => {
          // also in vain: a pool that is exhausted must not look fast
          settings.onAcquire(Number(clock.unsafeCurrentTimeNanos() - began) / 1e9)
          taken(error, connection)
        },
        timer: setTimeout(() => {
          waiting.delete(entry)
          entry.taken(MysqlError.timeout(`no free connection within ${limit} ms`), null)
        }, limit)
      }
      waiting.add(entry)
      openMore()
      return () => {
        clearTimeout(entry.timer)
        waiting.delete(entry)
      }
    }

    /** Where one connection is lost, those that nobody has used since may be lost as well: new ones will tell. */
    const dropIdle = () => {
      for (const connection of idle.slice()) drop(connection)
    }

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
        for (const giveUp of opening) giveUp()
        for (let first = next(); first !== undefined; first = next()) first.taken(MysqlError.timeout("closed"), null)
        for (const connection of open) {
          if (idle.includes(connection)) endConnection(connection)
          else destroyConnection(connection)
        }
        open.clear()
      })
    )

    return {
      run: (order) =>
        Effect.async<unknown, MysqlError>((resume) => {
          const giveUp = take((error, connection) => {
            if (connection === null) return resume(Effect.fail(error!))
            carryOut(connection, order, limit, (error, result) => {
              if (error === null || error.kind !== "unknown") give(connection)
              else {
                drop(connection)
                if (error.isLost) dropIdle()
              }
              resume(error === null ? Effect.succeed(result) : Effect.fail(error))
            })
          })
          return Effect.sync(() => giveUp?.())
        }),
      reach: Effect.async<void, MysqlError>((resume) => {
        openOne((error) => resume(Effect.fail(error)), () => resume(Effect.void))
      }),
      state: () => ({
        inUse: open.size - idle.length,
        idle: idle.length,
        opening: opening.size,
        waiting: waiting.size,
        limit: settings.poolSize
      })
    }
  })
