import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Browser, CDPSession, Page } from "playwright-core"
import { chromiumRemedy, findChromium, launchChromium } from "../scripts/chromium.mjs"
import { en } from "../web/messages/en/index.ts"
import { waitUntil } from "./lib/child.ts"
import { readCredential } from "./lib/credential.ts"
import { type Load, runLoad } from "./lib/load.ts"
import { reconcile, settled } from "./lib/reconcile.ts"
import { fixed, megabytes, table, whole } from "./lib/report.ts"
import { assertAccepted, idsFile, settleLimit, withSubject } from "./lib/round.ts"
import type { Running, Subject } from "./lib/subject.ts"

export interface PanelOptions {
  readonly subject: Subject
  /** Rows that the page has heard of before anything is measured. */
  readonly count: number
  /** Events per second: two for each transaction. */
  readonly rate: number
  readonly seconds: number
  readonly warmup: number
  readonly connections: number
}

interface Seen {
  /** ms between two frames. */
  readonly frames: ReadonlyArray<number>
  /** ms of every task longer than 50 ms. */
  readonly longTasks: ReadonlyArray<number>
  /** When which row was the first, in ms since the epoch. */
  readonly tops: ReadonlyArray<readonly [at: number, id: string]>
}

interface Window {
  readonly seconds: number
  readonly framesPerSecond: number
  readonly frameP95: number
  readonly longestFrame: number
  readonly longTasks: number
  readonly longestTask: number
  /** Share of the time in which the page's main thread did something. */
  readonly busy: number
  /** What of it was spent on a processor: what others on the machine take is not in it. */
  readonly cpu: number
}

/** What TransactionStore keeps, and what it lets come before it drops a chunk. */
const [capacity, chunk] = [100_000, 5_000]

/** Plain script for the page: what tsx makes of a function has helpers in it that no page knows. */
const script = fileURLToPath(new URL("./lib/inPage.js", import.meta.url))
const inPage = <A>(page: Page, call: string): Promise<A> => page.evaluate(`inPage.${call}`)

interface Weight {
  readonly scriptBytes: number
  readonly styleBytes: number
  readonly firstContentfulPaint: number | null
}

const quantile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** ms since the epoch: the first ten characters of a ULID (48 bits, Crockford's base 32). */
const acceptedAt = (id: string): number => {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
  return Array.from(id.slice("txn_".length, "txn_".length + 10)).reduce((sum, _) => sum * 32 + alphabet.indexOf(_), 0)
}

const idsOf = (file: string): ReadonlyArray<string> =>
  readFileSync(file, "latin1").split("\n").filter((line) => line !== "").map((line) => line.slice(0, line.indexOf(" ")))

const signIn = async (browser: Browser, running: Running) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" })
  await context.addInitScript({ path: script })
  const page = await context.newPage()
  const [account = "", secret = ""] = readCredential(running.dataDir).split(":")
  await page.goto(`http://${running.host}:${running.port}/`)
  await page.getByLabel(en.signIn.account, { exact: true }).fill(account)
  await page.getByLabel(en.signIn.secret, { exact: true }).fill(secret)
  await page.getByRole("button", { name: en.signIn.submit, exact: true }).click()
  await page.getByRole("status", { name: en.shell.connection.label }).getByText(en.shell.connection.live).waitFor()
  // signed in, and loaded as it is the next morning
  await page.reload()
  await page.getByRole("status", { name: en.shell.connection.label }).getByText(en.shell.connection.live).waitFor()
  await page.mouse.move(5, 5)
  return page
}

/** What the page weighs and when it first shows something, from an empty cache. */
const loading = async (browser: Browser, page: Page) => {
  const context = await browser.newContext({ storageState: await page.context().storageState() })
  await context.addInitScript({ path: script })
  try {
    const fresh = await context.newPage()
    await fresh.goto(page.url())
    await fresh.getByRole("status", { name: en.shell.connection.label }).getByText(en.shell.connection.live).waitFor()
    return await inPage<Weight>(fresh, "weight()")
  } finally {
    await context.close()
  }
}

const metrics = async (session: CDPSession) => {
  const { metrics } = await session.send("Performance.getMetrics")
  const of = (name: string) => metrics.find((_) => _.name === name)?.value ?? Number.NaN
  return { at: of("Timestamp"), tasks: of("TaskDuration"), cpu: of("ThreadTime") }
}

const heap = async (session: CDPSession): Promise<number> => {
  await session.send("HeapProfiler.collectGarbage")
  return (await session.send("Runtime.getHeapUsage")).usedSize
}

const measured = async <A>(page: Page, session: CDPSession, during: () => Promise<A>) => {
  await inPage(page, "watch()")
  const before = await metrics(session)
  const result = await during()
  const after = await metrics(session)
  const seen = await inPage<Seen>(page, "stop()")
  const seconds = after.at - before.at
  const window: Window = {
    seconds,
    framesPerSecond: seen.frames.length / seconds,
    frameP95: quantile(seen.frames, 0.95),
    longestFrame: Math.max(...seen.frames),
    longTasks: seen.longTasks.length,
    longestTask: Math.max(0, ...seen.longTasks),
    busy: (after.tasks - before.tasks) / seconds,
    cpu: (after.cpu - before.cpu) / seconds
  }
  return { result, seen, window }
}

/** From acceptance until the frame in which the row, or a newer one, was the first. */
const latencies = (ids: ReadonlyArray<string>, { tops }: Seen): ReadonlyArray<number> => {
  const sorted = ids.toSorted()
  const found: Array<number> = []
  let next = 0
  for (const [at, top] of tops) {
    while (next < sorted.length && sorted[next]! <= top) found.push(at - acceptedAt(sorted[next++]!))
  }
  return found
}

/** Why the page does not show what was accepted; null when it does. */
const disagreement = (
  rows: number,
  accepted: number,
  newest: ReadonlyArray<string>,
  ids: ReadonlyArray<string>
): string | null => {
  const fits = accepted <= capacity + chunk ? rows === accepted : rows >= capacity && rows <= capacity + chunk
  if (!fits) return `the page has ${rows} rows of ${accepted} accepted`
  const wanted = ids.toSorted().toReversed()
  const wrong = wanted.findIndex((id, index) => newest[index] !== id)
  return wrong < 0 ? null : `row ${wrong + 1} is ${newest[wrong]}, not ${wanted[wrong]}`
}

export const panel = (options: PanelOptions) => {
  const path = findChromium()
  if (path === undefined) throw new Error(`there is no Chromium: ${chromiumRemedy}`)
  return withSubject(options.subject, async (running) => {
    const files: Array<string> = []
    const load = async (name: string, model: Load["model"], onMeasuring?: () => void) => {
      const file = idsFile(running, name)
      files.push(file)
      const { authorization, host, port } = running
      const result = await runLoad({
        host,
        port,
        authorization,
        connections: options.connections,
        idempotencyKeys: false,
        idsFile: file,
        model
      }, onMeasuring)
      assertAccepted(running, result)
      return file
    }
    const browser = await launchChromium(path)
    try {
      const page = await signIn(browser, running)
      const session = await page.context().newCDPSession(page)
      await session.send("Performance.enable", { timeDomain: "timeTicks" })
      await load("first", { kind: "count", count: 1 })
      await page.locator("[role=grid] [data-id]").first().waitFor()
      const weight = await loading(browser, page)
      const heapEmpty = await heap(session)
      const idle = await measured(page, session, () => page.waitForTimeout(3_000))

      const filling = await measured(page, session, () => load("filling", { kind: "count", count: options.count }))
      await settled(running, settleLimit)
      const heapFull = await heap(session)

      // the warm-up is not looked at, but counts among the rows
      let begin = () => {}
      const begun = new Promise<void>((resolve) => {
        begin = resolve
      })
      const loaded = load(
        "load",
        { kind: "open", rate: options.rate / 2, warmup: options.warmup, seconds: options.seconds },
        () => begin()
      )
      await Promise.race([begun, loaded])
      const underLoad = await measured(page, session, () => loaded)
      const { accepted } = await settled(running, settleLimit).then(() => reconcile(running, files))
      const heapAfter = await heap(session)
      const ids = idsOf(underLoad.result)
      const startOfWindow = underLoad.seen.tops[0]?.[0] ?? 0
      const newestShown = () => inPage<string>(page, "topId()")
      const last = ids.toSorted().at(-1)
      await waitUntil(10_000, "the newest row is the last that was accepted", async () => await newestShown() === last)
      const rows = await inPage<number>(page, "rows()")
      const wrong = disagreement(
        rows,
        accepted,
        await inPage<ReadonlyArray<string>>(page, `newest(${ids.length})`),
        ids
      )
      if (wrong !== null) throw new Error(wrong)
      const latency = latencies(ids.filter((id) => acceptedAt(id) > startOfWindow), underLoad.seen)
      const result = {
        rows,
        accepted,
        windows: { idle: idle.window, filling: filling.window, load: underLoad.window },
        /** ms from acceptance until its row, or a newer one, was the first in a frame. */
        latency: { p50: quantile(latency, 0.5), p95: quantile(latency, 0.95), max: Math.max(...latency) },
        heap: { empty: heapEmpty, full: heapFull, after: heapAfter },
        weight
      }
      console.log(
        `panel: ${whole(options.count)} rows came through the open page, then ${whole(options.rate)} events/s for ` +
          `${options.seconds} s\n`
      )
      console.log(table(
        ["", "frames/s", "frame p95 ms", "longest", "tasks > 50 ms", "longest", "main thread %", "of it CPU %"],
        Object.entries(result.windows).map(([name, _]) => [
          name,
          fixed(_.framesPerSecond, 1),
          fixed(_.frameP95, 1),
          fixed(_.longestFrame, 0),
          whole(_.longTasks),
          fixed(_.longestTask, 0),
          fixed(_.busy * 100, 1),
          fixed(_.cpu * 100, 1)
        ])
      ))
      console.log(
        `\naccepted to row: p50 ${fixed(result.latency.p50, 0)} ms, p95 ${fixed(result.latency.p95, 0)} ms, max ` +
          `${fixed(result.latency.max, 0)} ms\nheap: ${megabytes(heapEmpty)} MB empty, ${
            megabytes(heapFull)
          } MB full, ` +
          `${megabytes(heapAfter)} MB after\nscript ${fixed(weight.scriptBytes / 1_000, 1)} kB, style ` +
          `${fixed(weight.styleBytes / 1_000, 1)} kB, compressed; first contentful paint ` +
          `${fixed(weight.firstContentfulPaint ?? Number.NaN, 0)} ms\n${whole(rows)} rows of ${
            whole(accepted)
          } accepted, the newest ` +
          `${whole(ids.length)} of them by id`
      )
      return result
    } finally {
      await browser.close()
    }
  })
}
