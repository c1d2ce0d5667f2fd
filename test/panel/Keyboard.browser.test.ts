import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Page } from "playwright-core"
import { en } from "../../web/messages/en/index.ts"
import { accountOf, gone, hasChromium, secretOf, shown, until, useBrowser } from "../support/Browser.ts"
import { cardKeys, PanelGateway } from "../support/PanelGateway.ts"
import { LivePage, said } from "../support/PanelPage.ts"

/** The name of what has the focus, as a screen reader would say it, nearly. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement | null
    if (element === null || element === document.body) return ""
    const labels = element instanceof HTMLInputElement || element instanceof HTMLSelectElement
      ? Array.from(element.labels ?? [], (_) => _.innerText)
      : []
    return (element.getAttribute("aria-label") ?? (labels.join(" ") || element.innerText)).trim()
  })

/** Tab, until this has the focus. */
const tabTo = async (page: Page, name: string | RegExp, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> => {
  const passed: Array<string> = []
  for (let i = 0; i < 120; i++) {
    const at = await focused(page)
    if (typeof name === "string" ? at === name : name.test(at)) return
    passed.push(at.slice(0, 40))
    await page.keyboard.press(key)
  }
  assert.fail(`Tab never came to ${name}, but to ${JSON.stringify(passed)}`)
}

describe.runIf(hasChromium)("with the keyboard alone", () => {
  const browser = useBrowser()
  const gateway = new PanelGateway()
  let parked = ""

  beforeAll(async () => {
    await gateway.start({ CARD_KEYS: cardKeys("old"), RESEND_BACK_OFF_MS: "200" })
    const account = await gateway.createAccount()
    const ids = await gateway.park(account, 1, { CARD_KEYS: cardKeys("new"), RESEND_BACK_OFF_MS: "200" })
    parked = ids[0]!
  })
  afterAll(() => gateway.end())

  const signIn = async (credential: string) => {
    const visit = await browser.open({ url: gateway.url })
    const { page } = visit
    await visit.goto()
    await until("the first field has the focus", () => focused(page), (_) => _ === en.signIn.account)
    await page.keyboard.type(accountOf(credential))
    await page.keyboard.press("Tab")
    assert.strictEqual(await focused(page), en.signIn.secret)
    await page.keyboard.type(secretOf(credential))
    await page.keyboard.press("Enter")
    const live = new LivePage(page)
    await live.isLive()
    return { page, live }
  }

  const signOut = async (page: Page) => {
    await tabTo(page, en.shell.menu)
    await page.keyboard.press("Enter")
    await tabTo(page, en.shell.signOut)
    await page.keyboard.press("Enter")
    await shown(page.getByRole("heading", { name: en.signIn.title }))
  }

  it("one signs in, sends a test, reads why it was rejected, closes it, filters and signs out", async () => {
    const account = await gateway.createAccount()
    await gateway.decide(account)
    const { live, page } = await signIn(account)
    await tabTo(page, en.shell.sendTest)
    await page.keyboard.press("Enter")
    const form = page.getByRole("dialog", { name: en.send.title })
    await shown(form)
    // the focus comes into it, and cannot leave it
    await until(
      "the focus is inside",
      () =>
        page.evaluate(() => document.querySelector("dialog[open], [role=dialog]")?.contains(document.activeElement)),
      (_) => _ === true
    )
    await tabTo(page, new RegExp(en.common.brand.visa))
    while (!(await focused(page)).startsWith(en.common.reason.invalid_cvv.short)) await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await shown(form.getByText(en.common.reason.invalid_cvv.sentence))
    await until("the way to it has the focus", () => focused(page), (_) => _ === en.send.outcome.open)
    await page.keyboard.press("Enter")
    await shown(live.drawer.getByText(en.common.reason.invalid_cvv.sentence))
    await page.keyboard.press("Escape")
    await gone(live.drawer)
    await until(
      "the focus is back on its row",
      () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset["id"] ?? ""),
      (_) => _.startsWith("txn_")
    )
    // and Enter opens it again
    await page.keyboard.press("Enter")
    await shown(live.drawer)
    await page.keyboard.press("Escape")
    await gone(live.drawer)
    assert.lengthOf(await live.ids(), 2)
    await tabTo(page, en.common.status.rejected, "Shift+Tab")
    await page.keyboard.press("Enter")
    await until("one row", () => live.ids(), (_) => _.length === 1)
    await page.keyboard.press("/")
    await page.keyboard.type("0000")
    await page.keyboard.press("Enter")
    await until("no row", () => live.ids(), (_) => _.length === 0)
    await signOut(page)
  })

  it("? tells the keys, Esc closes it, the link to the content skips the sections", async () => {
    const { page } = await signIn(await gateway.createAccount())
    await page.keyboard.press("?")
    const help = page.getByRole("dialog", { name: en.shell.shortcuts.title })
    await shown(help)
    for (const name of ["search", "next", "open", "pause", "send"] as const) {
      await shown(help.getByText(en.shell.shortcuts[name]))
    }
    await page.keyboard.press("Escape")
    await gone(help)
    await page.reload()
    await new LivePage(page).isLive()
    await page.keyboard.press("Tab")
    assert.strictEqual(await focused(page), en.shell.skip)
    await page.keyboard.press("Enter")
    assert.strictEqual(await page.evaluate(() => document.activeElement?.id), "content")
  })

  it("keys do nothing while one types", async () => {
    const account = await gateway.createAccount()
    const { live, page } = await signIn(account)
    await page.keyboard.press("/")
    await page.keyboard.type("jkpsn?")
    assert.strictEqual(await page.getByLabel(en.live.search.label).inputValue(), "jkpsn?")
    assert.strictEqual(await page.getByRole("dialog").count(), 0)
    assert.strictEqual(await live.badge.getAttribute("data-connection"), "live")
  })

  it("the operator gives a parked one up, after a question, and makes an account", async () => {
    const { page } = await signIn(gateway.operator)
    await tabTo(page, en.shell.parked)
    await page.keyboard.press("Enter")
    await shown(page.getByRole("heading", { name: en.operator.parked.title }))
    await tabTo(page, en.operator.parked.giveUpOf.replace("{id}", parked))
    await page.keyboard.press("Enter")
    const question = page.getByRole("dialog", { name: en.operator.parked.confirmTitle })
    await shown(question)
    await tabTo(page, en.operator.parked.giveUp)
    await page.keyboard.press("Enter")
    await shown(page.getByText(en.operator.parked.none), 30_000)
    await tabTo(page, en.shell.accounts, "Shift+Tab")
    await page.keyboard.press("Enter")
    await tabTo(page, en.operator.accounts.create)
    await page.keyboard.press("Enter")
    const form = page.getByRole("dialog", { name: en.operator.accounts.create })
    await shown(form)
    await until("its field has the focus", () => focused(page), (_) => _ === en.operator.accounts.name)
    await page.keyboard.type("By keyboard")
    await page.keyboard.press("Enter")
    const told = page.getByRole("dialog", { name: said(en.operator.accounts.secretTitle) })
    await shown(told)
    await tabTo(page, en.operator.accounts.stored)
    await page.keyboard.press("Enter")
    await gone(told)
    await shown(page.getByText("By keyboard", { exact: true }))
    await signOut(page)
  })

  it("what has the focus is seen to have it", async () => {
    const account = await gateway.createAccount()
    await gateway.decide(account)
    const { live, page } = await signIn(account)
    await shown(live.rows)
    const unseen: Array<string> = []
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab")
      const seen = await page.evaluate(() => {
        const element = document.activeElement
        if (element === null || element === document.body) return true
        const has = (_: Element | null) =>
          _ !== null && getComputedStyle(_).outlineStyle !== "none" && parseFloat(getComputedStyle(_).outlineWidth) > 0
        return has(element) || has(element.closest("label"))
      })
      if (!seen) unseen.push(await focused(page))
    }
    assert.deepStrictEqual(unseen, [])
  })
})
