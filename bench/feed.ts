import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Connection, idOf } from "./lib/connection.ts"
import { basic } from "./lib/credential.ts"
import type { Quantiles } from "./lib/histogram.ts"
import { fixed, table, whole } from "./lib/report.ts"
import { prepare } from "./lib/requests.ts"
import { withSubject } from "./lib/round.ts"
import { digestOf, type Heard, type Latency, openStreams } from "./lib/streams.ts"
import type { Running, Subject } from "./lib/subject.ts"

export interface FeedOptions {
  readonly subject: Subject
  readonly accounts: number
  /** In all; 0 is measured first, to compare with. */
  readonly streams: number
  /** Events per second of all accounts together: two for each transaction. */
  readonly rate: number
  readonly seconds: number
  readonly warmup: number
}

export interface FeedRound {
  readonly streams: number
  readonly transactions: number
  /** Of the gateway, in the measured seconds. */
  readonly cpuPercent: number
  readonly cpuOfListeners: number
  readonly rss: number
  readonly peak: number
  readonly latency: Latency | null
  readonly heard: number
  readonly stalledIsClosed: boolean
}

const settleLimit = 30_000
const connectionsOfLoad = 64

/** The operator's credential of the embedded profile, as it was made at the start. */
const operatorOf = ({ dataDir }: Running): string => {
  for (const name of readdirSync(dataDir)) {
    if (!name.endsWith(".json")) continue
    const secret = /"(op_[A-Za-z0-9_-]+)"/.exec(readFileSync(join(dataDir, name), "utf8"))?.[1]
    if (secret !== undefined) return basic(`operator:${secret}`)
  }
  throw new Error(`no operator's secret is in ${dataDir}`)
}

const makeAccount = async ({ host, port }: Running, operator: string, name: string): Promise<string> => {
  const response = await fetch(`http://${host}:${port}/v1/accounts`, {
    method: "POST",
    headers: { authorization: operator, "content-type": "application/json" },
    body: JSON.stringify({ name })
  })
  if (response.status !== 201) throw new Error(`making an account: ${response.status} ${await response.text()}`)
  const { id, secret } = await response.json() as { readonly id: string; readonly secret: string }
  return basic(`${id}:${secret}`)
}

/** Of the stalled reader: it reads nothing, not even that it was closed. */
const slowOnesClosed = async ({ host, managementPort }: Running): Promise<number> => {
  const metrics = await (await fetch(`http://${host}:${managementPort}/metrics`)).text()
  return Number(/^gateway_event_streams_closed_total\{reason="slow"\} (\d+)/m.exec(metrics)?.[1] ?? 0)
}

/** Sends at a constant rate, each account in its turn, and answers the ids of each account. */
const send = async (
  { host, port }: Running,
  accounts: ReadonlyArray<string>,
  { onMeasuring, perSecond, seconds, warmup }: {
    readonly perSecond: number
    readonly warmup: number
    readonly seconds: number
    readonly onMeasuring: () => void
  }
): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const requests = accounts.map((authorization) =>
    prepare({ authorization, host: `${host}:${port}`, count: 200, idempotencyKeys: false })
  )
  const idle = Array.from({ length: connectionsOfLoad }, () => new Connection(host, port))
  const all = [...idle]
  await Promise.all(idle.map((_) => _.ready()))
  const ids = accounts.map((): Array<string> => [])
  const total = Math.round(perSecond * (warmup + seconds))
  let failures = 0
  let sent = 0
  let answered = 0
  const start = performance.now()
  setTimeout(onMeasuring, warmup * 1000)
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor((performance.now() - start) * perSecond / 1000))
      while (sent < due && idle.length > 0) {
        const account = sent % accounts.length
        const { bytes } = requests[account]![Math.floor(sent / accounts.length) % 200]!
        sent++
        const connection = idle.pop()!
        connection.send(bytes, (answer) => {
          const id = answer?.status === 202 ? idOf(answer) : undefined
          if (id === undefined) failures++
          else ids[account]!.push(id)
          idle.push(connection)
          if (++answered < total) return
          clearInterval(timer)
          resolve()
        })
      }
    }, 1)
  })
  for (const connection of all) connection.close()
  if (failures > 0) throw new Error(`${failures} requests were not answered with a 202`)
  return ids
}

/** Why what was heard is not exactly what was accepted and decided; null when it is. */
const disagreement = (ids: ReadonlyArray<ReadonlyArray<string>>, { ended, resets, streams }: Heard): string | null => {
  if (ended > 0 || resets > 0) return `${ended} streams ended, ${resets} were reset`
  for (const [account, own] of ids.entries()) {
    let sum = 0
    for (const id of own) {
      for (const end of ["0", "1"]) sum = (sum + digestOf(`evt_${id.slice("txn_".length)}${end}`)) | 0
    }
    for (const [index, stream] of streams[account]!.entries()) {
      if (stream.count === own.length * 2 && stream.sum === sum) continue
      return `stream ${index} of account ${account} heard ${stream.count} events of ${own.length * 2}` +
        (stream.count === own.length * 2 ? ", and others than its own" : "")
    }
  }
  return null
}

const round = (options: FeedOptions, streams: number): Promise<FeedRound> =>
  withSubject(options.subject, async (running) => {
    const operator = operatorOf(running)
    const accounts: Array<string> = []
    for (let i = 0; i < options.accounts; i++) accounts.push(await makeAccount(running, operator, `account ${i}`))
    const ofEach = Math.floor(streams / options.accounts)
    const listeners = ofEach === 0 ? null : await openStreams({
      host: running.host,
      port: running.port,
      accounts,
      streams: ofEach,
      stalled: operator
    })
    try {
      let before = { cpu: 0, listeners: 0, at: 0 }
      const measuring = async () => {
        listeners?.measure()
        before = { cpu: running.cpu(), listeners: (await listeners?.heard())?.cpu ?? 0, at: performance.now() }
      }
      const ids = await send(running, accounts, {
        perSecond: options.rate / 2,
        warmup: options.warmup,
        seconds: options.seconds,
        onMeasuring: () => void measuring()
      })
      const seconds = (performance.now() - before.at) / 1000
      const cpuPercent = (running.cpu() - before.cpu) / seconds * 100
      const { peak, rss } = running.memory()
      const deadline = performance.now() + settleLimit
      let heard = await listeners?.heard()
      const cpuOfListeners = ((heard?.cpu ?? 0) - before.listeners) / seconds * 100
      while (heard !== undefined) {
        const wrong = disagreement(ids, heard)
        if (wrong === null) break
        if (performance.now() > deadline) throw new Error(wrong)
        await sleep(200)
        heard = await listeners!.heard()
      }
      return {
        streams: ofEach * options.accounts,
        transactions: ids.flat().length,
        cpuPercent,
        cpuOfListeners,
        rss,
        peak,
        latency: heard?.latency ?? null,
        heard: heard?.streams.flat().reduce((sum, _) => sum + _.count, 0) ?? 0,
        stalledIsClosed: await slowOnesClosed(running) === 1
      }
    } finally {
      listeners?.close()
    }
  })

const figures = (of: Quantiles | undefined) =>
  of === undefined ? ["-", "-", "-"] : [of.p50, of.p99, of.max].map((ms) => fixed(ms, 0))

export const feed = async (options: FeedOptions) => {
  const rounds: Array<FeedRound> = []
  for (const streams of [0, options.streams]) {
    const done = await round(options, streams)
    rounds.push(done)
    console.log(
      `${done.streams} streams: ${whole(done.transactions)} transactions` +
        (done.streams === 0 ? "" : `, ${whole(done.heard)} events heard, each stream exactly its own`)
    )
  }
  console.log(
    `\nfeed: ${options.accounts} accounts, ${whole(options.rate)} events/s in all for ${options.seconds} s, and one ` +
      "reader of everything that stops reading"
  )
  console.log(table(
    [
      "streams",
      "heard/s",
      "accepted p50 ms",
      "p99",
      "max",
      "decided p50 ms",
      "p99",
      "max",
      "CPU %",
      "listeners %",
      "RSS MB",
      "peak MB",
      "stalled one"
    ],
    rounds.map((_) => [
      whole(_.streams),
      whole(_.heard / (options.seconds + options.warmup)),
      ...figures(_.latency?.accepted),
      ...figures(_.latency?.decided),
      fixed(_.cpuPercent, 0),
      fixed(_.cpuOfListeners, 0),
      whole(_.rss / 1_048_576),
      whole(_.peak / 1_048_576),
      _.streams === 0 ? "-" : _.stalledIsClosed ? "closed" : "open"
    ])
  ))
  return { rounds }
}
