import { readFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { Histogram, type Quantiles } from "./lib/histogram.ts"
import { runLoad } from "./lib/load.ts"
import { reconcile, settled } from "./lib/reconcile.ts"
import { fixed, megabytes, percent, table, whole } from "./lib/report.ts"
import { assertAccepted, idsFile, settleLimit, withSubject } from "./lib/round.ts"
import type { Running, Subject } from "./lib/subject.ts"

export interface GrowthOptions {
  readonly subject: Subject
  readonly count: number
  readonly connections: number
  readonly idempotencyKeys: boolean
}

export interface GrowthSample {
  readonly transactions: number
  /** Of the step that ends here: accepted per second, and the latency of a 202. */
  readonly rate: number
  readonly latency: Quantiles
  /** Of this many rows: milliseconds of one GET and of one page of the list, asked one after the other. */
  readonly get: Quantiles | null
  readonly list: Quantiles | null
  /** Bytes, as they stand under load. */
  readonly rss: number
  readonly peak: number
  /** Bytes, after everything is decided and a collection. */
  readonly rssCollected: number
  readonly heap: number
  readonly external: number
}

const asked = 300

/** The latency of a GET of each path, or null when it is not served. */
const probe = async (running: Running, paths: ReadonlyArray<string>): Promise<Quantiles | null> => {
  const latency = new Histogram()
  for (const path of paths) {
    const since = performance.now()
    const response = await fetch(`http://${running.host}:${running.port}${path}`, {
      headers: { authorization: running.authorization }
    })
    await response.arrayBuffer()
    if (response.status !== 200) return null
    latency.record(performance.now() - since)
  }
  return latency.quantiles()
}

const middle = (quantiles: Quantiles | null) => quantiles === null ? "-" : fixed(quantiles.p50)
const maybe = (ratio: number | null) => ratio === null ? "-" : percent(ratio)

const collection = "/v1/transactions"

export const growth = async (options: GrowthOptions) => {
  const step = Math.max(1, Math.round(options.count / 10))
  const samples: Array<GrowthSample> = []
  await withSubject(options.subject, async (running) => {
    const files: Array<string> = []
    for (let done = 0; done < options.count;) {
      const count = Math.min(step, options.count - done)
      done += count
      const file = idsFile(running, `growth-${done}`)
      files.push(file)
      const load = await runLoad({
        host: running.host,
        port: running.port,
        authorization: running.authorization,
        connections: options.connections,
        idempotencyKeys: options.idempotencyKeys,
        idsFile: file,
        model: { kind: "count", count }
      })
      assertAccepted(running, load)
      const { peak, rss } = running.memory()
      await settled(running, settleLimit)
      const ids = readFileSync(file, "latin1").split("\n").slice(0, -1).map((line) => line.split(" ")[0]!)
      const get = await probe(
        running,
        Array.from({ length: asked }, (_, i) => `${collection}/${ids[Math.floor(i * ids.length / asked)]}`)
      )
      const list = await probe(
        running,
        Array.from(
          { length: asked },
          (_, i) => i % 2 === 0 ? collection : `${collection}?starting_after=${ids[Math.floor(i * ids.length / asked)]}`
        )
      )
      const memory = await running.heap()
      samples.push({
        transactions: done,
        rate: load.rate,
        latency: load.latency,
        get,
        list,
        rss,
        peak,
        rssCollected: running.memory().rss,
        heap: memory.heapUsed,
        external: memory.external
      })
      console.log(
        `${whole(done)}: ${whole(load.rate)}/s, RSS ${megabytes(rss)} MB, heap ${megabytes(memory.heapUsed)} MB`
      )
    }
    const { accepted } = reconcile(running, files)
    console.log(`${whole(accepted)} reconciled`)
    await Promise.all(files.map((file) => rm(file)))
  })
  const [first, last] = [samples[0]!, samples[samples.length - 1]!]
  const change = (of: (sample: GrowthSample) => number) => of(last) / of(first) - 1
  const grown = {
    from: first.transactions,
    to: last.transactions,
    rss: change((s) => s.rss),
    rssCollected: change((s) => s.rssCollected),
    heap: change((s) => s.heap),
    rate: change((s) => s.rate),
    p99: change((s) => s.latency.p99),
    get: first.get && last.get ? last.get.p50 / first.get.p50 - 1 : null,
    list: first.list && last.list ? last.list.p50 / first.list.p50 - 1 : null
  }
  console.log(
    `\ngrowth: ${options.subject.name}, ${whole(options.count)} transactions, ${options.connections} connections`
  )
  console.log(table(
    ["transactions", "202/s", "p99 ms", "GET p50", "list p50", "RSS MB", "collected", "heap MB", "peak MB"],
    [
      ...samples.map((s) => [
        whole(s.transactions),
        whole(s.rate),
        fixed(s.latency.p99),
        middle(s.get),
        middle(s.list),
        megabytes(s.rss),
        megabytes(s.rssCollected),
        megabytes(s.heap),
        megabytes(s.peak)
      ]),
      [
        "change",
        percent(grown.rate),
        percent(grown.p99),
        maybe(grown.get),
        maybe(grown.list),
        percent(grown.rss),
        percent(grown.rssCollected),
        percent(grown.heap),
        ""
      ]
    ]
  ))
  return { samples, grown }
}
