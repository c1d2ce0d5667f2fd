import { assert } from "@effect/vitest"
import type { Locator, Page } from "playwright-core"
import { en } from "../../web/messages/en/index.ts"
import { type Credential, patience, shown, until, type Visit } from "./Browser.ts"

const quoted = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

/** The parts between braces of the first level, and those outside of them. */
const parts = (message: string): ReadonlyArray<{ readonly inside: boolean; readonly text: string }> => {
  const found: Array<{ readonly inside: boolean; readonly text: string }> = []
  let depth = 0
  let text = ""
  const end = (inside: boolean) => {
    if (text !== "") found.push({ inside, text })
    text = ""
  }
  for (const character of message) {
    if (character === "{" && depth++ === 0) end(false)
    else if (character === "}" && --depth === 0) end(true)
    else text += character
  }
  end(false)
  return found
}

const sourceOf = (message: string): string =>
  parts(message).map(({ inside, text }) => {
    if (!inside) return quoted(text).replaceAll("#", "[\\d.,]+")
    if (!/^\s*\w+\s*,\s*plural\s*,/.test(text)) return "[^]*?"
    return `(?:${parts(text).filter((_) => _.inside).map((_) => sourceOf(_.text)).join("|")})`
  }).join("")

/** What a message says, whatever its arguments are. */
export const said = (message: string): RegExp => new RegExp(`^${sourceOf(message)}$`)

/** The page of transactions, as somebody sees it who reads roles and names. */
export class LivePage {
  readonly page: Page
  readonly grid: Locator
  readonly rows: Locator
  /** How fresh it is. */
  readonly badge: Locator
  /** "N new". */
  readonly pill: Locator
  readonly drawer: Locator

  constructor(page: Page) {
    this.page = page
    this.grid = page.getByRole("grid", { name: en.live.title })
    this.rows = this.grid.locator("[role=row][data-id]")
    this.badge = page.getByRole("status", { name: en.shell.connection.label })
    this.pill = page.getByRole("button", { name: said(en.live.waitingLabel) })
    this.drawer = page.getByRole("complementary", { name: said(en.live.details) })
  }

  row(id: string): Locator {
    return this.grid.locator(`[role=row][data-id="${id}"]`)
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true })
  }

  /** Ids in the order in which they are shown. */
  ids(): Promise<ReadonlyArray<string>> {
    return this.rows.evaluateAll((rows) =>
      rows
        .toSorted((a, b) => Number(a.getAttribute("aria-rowindex")) - Number(b.getAttribute("aria-rowindex")))
        .map((row) => row.dataset["id"]!)
    )
  }

  /** Waits until exactly these are shown, in this order. */
  async shows(ids: ReadonlyArray<string>, what = "the rows", milliseconds = patience): Promise<void> {
    const wanted = ids.join(" ")
    const found = await until(what, async () => (await this.ids()).join(" "), (_) => _ === wanted, milliseconds)
      .catch(() => null)
    assert.deepStrictEqual(found === null ? await this.ids() : ids, ids, what)
  }

  async isLive(milliseconds = patience): Promise<void> {
    await shown(this.badge.getByText(en.shell.connection.live), milliseconds)
  }

  /** How many wait behind the pill; 0 where there is none. */
  async waiting(): Promise<number> {
    const [name] = await this.pill.evaluateAll((found) => found.map((_) => _.getAttribute("aria-label") ?? ""))
    return Number((name ?? "").replaceAll(/\D/g, ""))
  }

  /** All rows from the first to the last, read by scrolling down: only those in sight are in the page. */
  async allIds(): Promise<ReadonlyArray<string>> {
    const found = new Map<string, number>()
    const scroller = this.rows.first().locator("xpath=ancestor::*[@role='rowgroup']")
    const scroll = (top: number) => scroller.evaluate((element, to) => element.scrollTo(0, to), top)
    await scroll(0)
    for (let top = 0;;) {
      const seen = await this.rows.evaluateAll((rows) =>
        rows.map((row) => [row.dataset["id"]!, Number(row.getAttribute("aria-rowindex"))] as const)
      )
      for (const [id, index] of seen) {
        const before = found.get(id)
        assert.isTrue(before === undefined || before === index, `${id} stands at ${before} and at ${index}`)
        found.set(id, index)
      }
      const { height, total } = await scroller.evaluate((element) => ({
        height: element.clientHeight,
        total: element.scrollHeight
      }))
      if (top + height >= total) break
      top += Math.floor(height * 0.7)
      await scroll(top)
      await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    }
    await scroll(0)
    return Array.from(found).sort(([, a], [, b]) => a - b).map(([id]) => id)
  }
}

/** Signed in, with the event stream open. */
export const openLive = async (visit: Visit, credential: Credential, path = "/"): Promise<LivePage> => {
  await visit.arrive(credential, path)
  const live = new LivePage(visit.page)
  await live.isLive()
  return live
}

/** A page that is loaded again would have forgotten it. */
export const mark = (page: Page): Promise<() => Promise<void>> =>
  page.evaluate(() => {
    ;(globalThis as unknown as { mark: boolean }).mark = true
  }).then(() => async () => {
    assert.isTrue(
      await page.evaluate(() => (globalThis as unknown as { mark?: boolean }).mark === true),
      "the page was loaded again"
    )
  })

export const quantile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]!
}
