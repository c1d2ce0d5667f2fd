import { afterEach, assert, describe, it } from "@effect/vitest"
import { en } from "../../web/messages/en/index.ts"
import { hasChromium, shown, until, useBrowser } from "../support/Browser.ts"
import { transaction } from "../support/HttpSamples.ts"
import { usePanelGateway } from "../support/PanelGateway.ts"
import { LivePage, mark, openLive, quantile } from "../support/PanelPage.ts"

/** Transactions per second, of a shop that sells well. */
const rate = 200

describe.runIf(hasChromium)("the live list", () => {
  const gateway = usePanelGateway()
  const browser = useBrowser()
  const open = async (credential: string, path?: string) =>
    openLive(await browser.open({ url: gateway().url }), credential, path)

  afterEach(() => gateway().calm())

  it("an empty account sees a command, and its first transaction in place of it", async () => {
    const account = await gateway().createAccount()
    const live = await open(account)
    await shown(live.page.getByRole("heading", { name: en.live.empty.title }))
    const { id } = await gateway().send(account)
    await shown(live.row(id))
    assert.strictEqual(await live.page.getByRole("heading", { name: en.live.empty.title }).count(), 0)
  })

  it("a transaction appears as it is accepted and changes in place to what was decided, with the reason", async () => {
    const account = await gateway().createAccount()
    const live = await open(account)
    const notReloaded = await mark(live.page)
    await gateway().simulate({ decision_delay_ms: 800 })
    const { id } = await gateway().send(account, {}, { cvv: "12" })
    await shown(live.row(id).getByText(en.common.status.processing), 1_000)
    await shown(live.row(id).getByText(en.common.status.rejected), 2_500)
    await shown(live.row(id).getByText(en.common.reason.invalid_cvv.short), 100)
    await gateway().calm()
    const approved = await gateway().send(account)
    await shown(live.row(approved.id).getByText(en.common.status.approved), 1_000)
    assert.deepStrictEqual(await live.ids(), [approved.id, id])
    await notReloaded()
  })

  it("moves for who has just signed in with the mouse, although the pointer lies on it", async () => {
    const account = await gateway().createAccount()
    for (let i = 0; i < 20; i++) await gateway().send(account)
    const visit = await browser.open({ url: gateway().url })
    await visit.signIn(account)
    const live = new LivePage(visit.page)
    await live.isLive()
    const { id } = await gateway().send(account)
    await shown(live.row(id))
  })

  it("shows what is accepted while the log is away, which no event tells", async () => {
    const account = await gateway().createAccount()
    const live = await open(account)
    await gateway().simulate({ log: "down" })
    const { id } = await gateway().send(account)
    await shown(live.row(id).getByText(en.common.status.processing), 30_000)
    await gateway().calm()
    await shown(live.row(id).getByText(en.common.status.approved), 30_000)
  })

  it("a row is there within a second of curl, p95 of 50, and so is its decision", async () => {
    const account = await gateway().createAccount()
    const live = await open(account)
    await gateway().decide(account)
    await shown(live.rows)
    // instants at which a row was first drawn, and first drawn with a decision, in ms since the epoch
    await live.page.evaluate((decided) => {
      const seen: Record<string, { drawn: number; decided?: number }> = {}
      ;(globalThis as unknown as { seen: typeof seen }).seen = seen
      new MutationObserver(() => {
        const now = performance.timeOrigin + performance.now()
        for (const row of document.querySelectorAll<HTMLElement>("[role=row][data-id]")) {
          const of = seen[row.dataset["id"]!] ??= { drawn: now }
          if (of.decided === undefined && row.innerText.includes(decided)) of.decided = now
        }
      }).observe(document.body, { subtree: true, childList: true, characterData: true })
    }, en.common.status.approved)
    const sentAt = new Map<string, number>()
    for (let i = 0; i < 50; i++) {
      const at = performance.timeOrigin + performance.now()
      sentAt.set((await gateway().send(account)).id, at)
      await new Promise((resolve) => {
        setTimeout(resolve, 13)
      })
    }
    const seen = await until(
      "all are decided in the page",
      () =>
        live.page.evaluate(() =>
          (globalThis as unknown as { seen: Record<string, { drawn: number; decided?: number }> }).seen
        ),
      (_) => [...sentAt.keys()].every((id) => _[id]?.decided !== undefined)
    )
    const drawn = [...sentAt].map(([id, at]) => seen[id]!.drawn - at)
    const decided = [...sentAt].map(([id, at]) => seen[id]!.decided! - at)
    const figures = [drawn, decided].map((_) => [0.5, 0.95, 1].map((share) => Math.round(quantile(_, share))))
    console.log(
      `curl to row, ms: p50 ${figures[0]![0]}, p95 ${figures[0]![1]}, max ${figures[0]![2]}; ` +
        `to its decision: p50 ${figures[1]![0]}, p95 ${figures[1]![1]}, max ${figures[1]![2]}`
    )
    assert.isBelow(quantile(drawn, 0.95), 1_000)
    assert.isBelow(quantile(decided, 0.95), 1_000)
    assert.isAtLeast(Math.min(...drawn), 0)
  })

  it("paused, new rows wait and are counted, those that are shown still change; then all of them come", async () => {
    const account = await gateway().createAccount()
    const live = await open(account)
    await gateway().simulate({ decision_delay_ms: 1_500 })
    const first = await gateway().send(account)
    await shown(live.row(first.id).getByText(en.common.status.processing))
    await live.button(en.live.pause).click()
    await shown(live.badge.getByText(en.shell.connection.paused))
    const others = [await gateway().send(account), await gateway().send(account)]
    await until("two wait", () => live.waiting(), (_) => _ === 2)
    await shown(live.row(first.id).getByText(en.common.status.approved))
    await live.shows([first.id], "paused")
    await gateway().calm()
    await live.button(en.live.resume).click()
    await live.shows([...others.map((_) => _.id).toReversed(), first.id], "after going on")
    await live.isLive()
    assert.strictEqual(await live.waiting(), 0)
  })

  it("the pill shows what waits, and so does N; P pauses and goes on", async () => {
    const account = await gateway().createAccount()
    const live = await open(account)
    const sent = [await gateway().decide(account)]
    await shown(live.row(sent[0]!.id))
    const shows = () => live.shows(sent.map((_) => _.id).toReversed())
    await live.page.keyboard.press("p")
    await shown(live.badge.getByText(en.shell.connection.paused))
    sent.push(await gateway().decide(account))
    await live.pill.click()
    await shows()
    // the pointer may rest on a row now; the keyboard goes on
    await live.page.mouse.move(5, 5)
    await live.page.keyboard.press("p")
    await shown(live.badge.getByText(en.shell.connection.paused))
    sent.push(await gateway().decide(account))
    await until("one waits", () => live.waiting(), (_) => _ === 1)
    await live.page.keyboard.press("n")
    await shows()
  })

  describe("what a person reads stands still while the shop sells", () => {
    /** What is under the pointer, or shown in a place, is looked at for as long as many rows come. */
    const standsStill = async (account: string, live: LivePage, look: () => Promise<string | null>) => {
      const load = gateway().load(account, rate)
      try {
        const before = await look()
        assert.isNotNull(before)
        const start = await live.waiting()
        for (;;) {
          assert.strictEqual(await look(), before, "another row came in its place")
          if (await live.waiting() >= start + 300) break
        }
        return before!
      } finally {
        await load.stop()
      }
    }
    const filled = async () => {
      const account = await gateway().createAccount()
      await Promise.all(Array.from({ length: 60 }, () => gateway().send(account)))
      const live = await open(account)
      await shown(live.rows)
      return { account, live }
    }
    const under = (live: LivePage, x: number, y: number) => () =>
      live.page.evaluate(
        ([x, y]) => document.elementFromPoint(x!, y!)?.closest<HTMLElement>("[data-id]")?.dataset["id"] ?? null,
        [x, y]
      )

    it("without a reason to stand still, rows move", async () => {
      const { account, live } = await filled()
      const load = gateway().load(account, rate)
      const first = (await live.ids())[0]!
      await until("the first row has gone down", () => live.ids(), (_) => _.indexOf(first) !== 0)
      await load.stop()
    })

    it("under the pointer, and a click opens the row that was aimed at", async () => {
      const { account, live } = await filled()
      const box = (await live.rows.nth(5).boundingBox())!
      const [x, y] = [box.x + 200, box.y + box.height / 2]
      await live.page.mouse.move(x, y)
      const aimed = await standsStill(account, live, under(live, x, y))
      await live.page.mouse.down()
      await live.page.mouse.up()
      await until("opened", () => live.page.url(), (_) => _.includes(aimed))
    })

    it("with the focus on a row", async () => {
      const { account, live } = await filled()
      await live.page.mouse.move(5, 5)
      await live.page.keyboard.press("j")
      await live.page.keyboard.press("j")
      const focused = () =>
        live.page.evaluate(() => {
          const row = document.activeElement as HTMLElement | null
          return row?.dataset["id"] === undefined ? null : `${row.dataset["id"]} ${row.getBoundingClientRect().top}`
        })
      await until("a row has the focus", focused, (_) => _ !== null)
      await standsStill(account, live, focused)
    })

    it("scrolled away from the top, and comes back there", async () => {
      const { account, live } = await filled()
      const box = (await live.rows.nth(5).boundingBox())!
      await live.page.mouse.move(box.x + 200, box.y + 5)
      await live.page.mouse.wheel(0, 400)
      await live.page.mouse.move(5, 5)
      await until("scrolled", () => live.ids(), (ids) => ids.length > 0)
      await standsStill(account, live, under(live, box.x + 200, box.y + 5))
      await live.pill.click()
      await until("at the top, with the newest", () => live.waiting(), (_) => _ === 0)
      const newest = (await gateway().list(account)).slice(0, 3).map((_) => _.id)
      await until("the newest", async () => (await live.ids()).slice(0, 3).join(), (_) => _ === newest.join())
    })

    it("with the details open", async () => {
      const { account, live } = await filled()
      const box = (await live.rows.nth(3).boundingBox())!
      await live.rows.nth(3).click()
      await shown(live.drawer)
      await live.page.mouse.move(5, 5)
      await standsStill(account, live, under(live, box.x + 100, box.y + box.height / 2))
    })
  })

  it("decisions come in a list that is not touched, whatever the order of events", async () => {
    const account = await gateway().createAccount()
    const live = await open(account)
    await gateway().simulate({ redeliver: true, decision_delay_ms: 300 })
    const sent = await Promise.all(
      Array.from({ length: 10 }, (_, i) => gateway().send(account, transaction({ amount: 1000 + i })))
    )
    const wanted = sent.map((_) => _.id).toSorted().toReversed()
    await live.shows(wanted)
    await until(
      "all are approved",
      () => live.rows.allInnerTexts(),
      (texts) => texts.every((_) => _.includes(en.common.status.approved))
    )
    await live.shows(wanted)
  })
})
