import { assert, beforeEach, describe, it } from "@effect/vitest"
import { en } from "../../web/messages/en/index.ts"
import { type Credential, gatewayGone, hasChromium, refused, shown, until, useBrowser } from "../support/Browser.ts"
import { usePanelGateway } from "../support/PanelGateway.ts"
import { LivePage, mark, openLive, said } from "../support/PanelPage.ts"

describe.runIf(hasChromium)("the gateway is killed and started again", () => {
  const gateway = usePanelGateway({ RESEND_BACK_OFF_MS: "500" })
  const browser = useBrowser()
  let account: Credential = ""
  let live: LivePage

  beforeEach(async () => {
    account = await gateway().createAccount()
    const visit = await browser.open({ url: gateway().url })
    // 503: it is up, and not ready yet
    visit.expect(gatewayGone, refused(503))
    live = await openLive(visit, account)
  })

  /** Every id that the gateway has is a row, once, and there is no other; all of them as they were decided. */
  const agrees = async () => {
    const listed = await until(
      "everything is decided",
      () => gateway().list(account),
      (_) => _.every(({ status }) => status !== "processing"),
      30_000
    )
    const ids = listed.map((_) => _.id)
    // the first rows say when the last event has come
    await live.page.mouse.move(5, 5)
    await until("the newest row", async () => (await live.ids())[0], (_) => _ === ids[0])
    const shownIds = await live.allIds()
    assert.strictEqual(new Set(shownIds).size, shownIds.length, "a row is there twice")
    assert.deepStrictEqual(shownIds.filter((_) => !ids.includes(_)), [], "rows that the gateway does not know")
    assert.deepStrictEqual(ids.filter((_) => !shownIds.includes(_)), [], "rows that were lost")
    assert.deepStrictEqual(shownIds, ids, "their order")
    await until(
      "no row still waits",
      () => live.rows.allInnerTexts(),
      (texts) => texts.every((_) => !_.includes(en.common.status.processing))
    )
    return ids
  }

  it("no row is lost and none comes twice, with traffic before, while it starts, and after; the badge says how it is", async () => {
    const notReloaded = await mark(live.page)
    const before = gateway().load(account, 40)
    await until("some rows", () => live.ids(), (_) => _.length > 20)
    await gateway().kill()
    await before.stop()
    await shown(
      live.badge.getByText(en.shell.connection.reconnecting).or(live.badge.getByText(said(en.shell.connection.stale)))
    )
    await shown(live.badge.getByText(said(en.shell.connection.stale)))
    await gateway().start({ RESEND_BACK_OFF_MS: "500" })
    const after = gateway().load(account, 40)
    await live.isLive()
    await until("traffic after it", () => after.ids.length, (_) => _ >= 60)
    await after.stop()
    const ids = await agrees()
    for (const id of [...before.ids, ...after.ids]) assert.include(ids, id, "an accepted one is gone")
    await notReloaded()
  })

  it("twice in a row, with the page hidden behind a pause", async () => {
    for (let i = 0; i < 10; i++) await gateway().send(account)
    await until("ten rows", () => live.ids(), (_) => _.length === 10)
    await live.button(en.live.pause).click()
    for (const _ of [1, 2]) {
      const load = gateway().load(account, 30)
      await until("some waiting", () => load.ids.length, (_) => _ >= 20)
      await gateway().kill()
      await load.stop()
      await gateway().start({ RESEND_BACK_OFF_MS: "500" })
      await until("the stream goes on", () => live.badge.getAttribute("data-connection"), (_) => _ === "paused")
    }
    assert.lengthOf(await live.ids(), 10)
    await live.button(en.live.resume).click()
    await agrees()
  })

  it("a decision that was made while nobody could listen is shown", async () => {
    await gateway().simulate({ decision_delay_ms: 60_000 })
    const { id } = await gateway().send(account)
    await shown(live.row(id).getByText(en.common.status.processing))
    await gateway().kill()
    await gateway().start({ RESEND_BACK_OFF_MS: "500" })
    await shown(live.row(id).getByText(en.common.status.approved))
  })

  it("a page that is opened while there is no gateway says so, and fills itself when there is one", async () => {
    const { id } = await gateway().decide(account)
    await shown(live.row(id))
    // another filter is asked for while nobody answers
    await gateway().kill()
    await live.button(en.common.status.approved).click()
    await live.page.mouse.move(5, 5)
    await shown(live.page.getByRole("alert").getByText(en.common.failure.unreachable))
    await gateway().start()
    await live.isLive()
    await live.shows([id])
    // and by the button
    await gateway().kill()
    await live.button(en.live.filters.any).click()
    await live.page.mouse.move(5, 5)
    const retry = live.page.getByRole("alert").getByRole("button", { name: en.common.retry })
    await shown(retry)
    await gateway().start()
    await until("it fills itself, or by the button", async () => {
      if (await retry.count() > 0) await retry.click({ timeout: 500 }).catch(() => {})
      return (await live.ids()).join()
    }, (_) => _ === id)
  })
})
