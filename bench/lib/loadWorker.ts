import { closeSync, openSync, writeSync } from "node:fs"
import { type Answer, Connection, idOf } from "./connection.ts"
import { Histogram } from "./histogram.ts"
import type { Load, LoadResult, Message } from "./load.ts"
import { keyLength, prepare, type Prepared } from "./requests.ts"

/** How long requests that are already late may still be waited for when an open load has ended. */
const overtime = 15_000

const now = () => performance.now()
const epoch = (instant: number) => performance.timeOrigin + instant

const tell = (message: Message, then?: () => void) => process.send!(message, undefined, undefined, then)

const run = async (load: Load): Promise<LoadResult> => {
  const { model } = load
  const requests = prepare({
    authorization: load.authorization,
    host: `${load.host}:${load.port}`,
    count: 8_192,
    idempotencyKeys: load.idempotencyKeys
  })
  const connections = Array.from({ length: load.connections }, () => new Connection(load.host, load.port))
  await Promise.all(connections.map((connection) => connection.ready()))

  const latency = new Histogram()
  const failures: Record<string, number> = {}
  const file = openSync(load.idsFile, "w")
  const salt = process.pid.toString(36).padStart(8, "0")
  let lines: Array<string> = []
  let sent = 0
  let accepted = 0
  let measured = 0

  const start = now()
  const measureFrom = model.kind === "count" ? start : start + model.warmup * 1_000
  const measureTo = model.kind === "count" ? Infinity : measureFrom + model.seconds * 1_000
  let end = start
  setTimeout(() => tell({ kind: "measuring", accepted }), measureFrom - start)

  const next = (): Prepared => {
    const request = requests[sent % requests.length]!
    sent += 1
    // the bytes of the request before the last 8,192: the socket has long sent them
    if (request.keyAt !== -1) request.bytes.write(`${salt}-${sent}`.padEnd(keyLength, "x"), request.keyAt, "latin1")
    return request
  }

  const settle = (request: Prepared, answer: Answer | undefined, since: number, counts: boolean) => {
    end = now()
    const id = answer?.status === 202 ? idOf(answer) : undefined
    if (id === undefined) {
      const status = answer?.status ?? 0
      failures[status] = (failures[status] ?? 0) + 1
    } else {
      accepted += 1
      if (lines.push(`${id} ${request.expected}\n`) === 4_096) flush()
      if (counts) measured += 1
    }
    if (counts) latency.record(end - since)
  }

  const flush = () => {
    writeSync(file, lines.join(""))
    lines = []
  }

  const result = (seconds: number): LoadResult => {
    flush()
    closeSync(file)
    for (const connection of connections) connection.close()
    return {
      measured,
      seconds,
      rate: measured / seconds,
      latency: latency.quantiles(),
      accepted,
      failures,
      startedAt: epoch(start),
      endedAt: epoch(end),
      cpu: (process.cpuUsage().user + process.cpuUsage().system) / 1_000_000
    }
  }

  /** Each connection sends its next request when it has the answer to the last one. */
  const closed = (more: () => boolean) =>
    Promise.all(connections.map((connection) =>
      new Promise<void>((resolve) => {
        let request: Prepared
        let since = 0
        const step = () => {
          if (!more()) return resolve()
          request = next()
          since = now()
          connection.send(request.bytes, answered)
        }
        const answered = (answer: Answer | undefined) => {
          const instant = now()
          settle(request, answer, since, instant >= measureFrom && instant < measureTo)
          // a server that refuses connections must not be asked in a tight loop
          if (answer === undefined) setTimeout(step, 50)
          else step()
        }
        step()
      })
    ))

  if (model.kind === "count") {
    const { count } = model
    await closed(() => sent < count)
    return result((end - start) / 1_000)
  }
  if (model.kind === "closed") {
    await closed(() => now() < measureTo)
    return result(model.seconds)
  }

  const { rate } = model
  const total = Math.round(rate * (model.warmup + model.seconds))
  const idle = [...connections]
  let open = total
  await new Promise<void>((resolve) => {
    /** Sends what is due, in the order it became due; what finds no free connection goes on being late. */
    const dispatch = () => {
      const due = Math.min(total, Math.floor((now() - start) * rate / 1_000) + 1)
      for (let ready = Math.min(due - sent, idle.length); ready > 0; ready--) {
        const since = start + sent * 1_000 / rate
        const request = next()
        const connection = idle.pop()!
        connection.send(request.bytes, (answer) => {
          settle(request, answer, since, since >= measureFrom)
          idle.push(connection)
          if (--open === 0) finish()
          else if (answer !== undefined) dispatch()
        })
      }
    }
    const timer = setInterval(() => {
      dispatch()
      if (now() > measureTo + overtime) finish()
    }, 1)
    const finish = () => {
      clearInterval(timer)
      if (open > 0) failures.unanswered = open
      resolve()
    }
  })
  return result(Math.max(model.seconds, (end - measureFrom) / 1_000))
}

process.once("message", (load: Load) => {
  run(load).then(
    (result) => tell({ kind: "done", result }, () => process.disconnect()),
    (cause) => {
      console.error(cause)
      process.exit(1)
    }
  )
})
