import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Page } from "playwright-core"
import { en } from "../../web/messages/en/index.ts"
import { ptBR } from "../../web/messages/pt-BR/index.ts"
import {
  accountOf,
  type Credential,
  gone,
  hasChromium,
  secretOf,
  shown,
  until,
  useBrowser,
  type Visit
} from "../support/Browser.ts"
import { cards } from "../support/HttpSamples.ts"
import { cardKeys, PanelGateway } from "../support/PanelGateway.ts"
import { LivePage, openLive, said } from "../support/PanelPage.ts"

const leaves = (messages: object): ReadonlyArray<string> =>
  Object.values(messages).flatMap((value: unknown) => typeof value === "string" ? [value] : leaves(value as object))

const ours = new Set(leaves(ptBR))
/** What would be English in a page that is Portuguese: not a name that both languages have, nor an argument alone. */
const english = leaves(en)
  .filter((message) => !ours.has(message) && /[a-z]{3}/i.test(message.replaceAll(/\{[^]*\}/g, "")))
  .map((message) => ({ message, pattern: said(message) }))

/** Everything that the page says: texts, names and hints. */
const textsOf = (page: Page): Promise<ReadonlyArray<string>> =>
  page.evaluate(() => {
    const found = new Set<string>()
    for (const element of document.querySelectorAll("body *")) {
      if (element.closest("script, style") !== null) continue
      for (const name of ["aria-label", "title", "placeholder", "alt"]) found.add(element.getAttribute(name) ?? "")
      for (const node of element.childNodes) {
        if (node.nodeType === Node.TEXT_NODE) found.add(node.textContent ?? "")
      }
    }
    return Array.from(found, (_) => _.trim()).filter((_) => _ !== "")
  })

const assertPortuguese = async (page: Page, where: string) => {
  const found = (await textsOf(page)).flatMap((text) => {
    const message = english.find(({ pattern }) => pattern.test(text))?.message
    return message === undefined ? [] : [`${text} (${message})`]
  })
  assert.deepStrictEqual(found, [], `English in ${where}`)
}

/** What makes a page scroll sideways; nothing in one that does not. */
const assertFits = async (page: Page, where: string) => {
  const wide = await page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement
    if (scrollWidth <= clientWidth) return []
    return Array.from(document.querySelectorAll("body *"))
      .filter((_) => _.getBoundingClientRect().right > clientWidth)
      .map((_) => `${_.tagName} ${_.className} to ${_.getBoundingClientRect().right} of ${clientWidth}`)
  })
  assert.deepStrictEqual(wide, [], `${where} is wider than its window`)
}

describe.runIf(hasChromium)("looks and languages", () => {
  const browser = useBrowser()
  const gateway = new PanelGateway()
  let account: Credential = ""
  let rejected = ""

  beforeAll(async () => {
    await gateway.start({ CARD_KEYS: cardKeys("old"), RESEND_BACK_OFF_MS: "200" })
    account = await gateway.createAccount("Loja")
    await gateway.park(account, 2, { CARD_KEYS: cardKeys("new"), RESEND_BACK_OFF_MS: "200" })
    await gateway.decide(account, { reference: "x".repeat(255) })
    await gateway.decide(account, {}, { number: cards.hipercard })
    rejected = (await gateway.decide(account, { amount: 99 })).id
  })
  afterAll(() => gateway.end())

  const portuguese = async (credential: Credential, path: string): Promise<Visit> => {
    const visit = await browser.open({ url: gateway.url, locale: "pt-BR" })
    const { page } = visit
    await visit.goto(path)
    await shown(page.getByRole("heading", { name: ptBR.signIn.title }))
    await assertPortuguese(page, "the sign-in")
    await page.getByLabel(ptBR.signIn.account, { exact: true }).fill(accountOf(credential))
    await page.getByLabel(ptBR.signIn.secret, { exact: true }).fill(secretOf(credential))
    await page.getByRole("button", { name: ptBR.signIn.submit, exact: true }).click()
    await shown(page.getByRole("button", { name: ptBR.shell.menu }))
    await page.mouse.move(5, 5)
    return visit
  }

  it("an account finds everything in Portuguese", async () => {
    const { page } = await portuguese(account, "/")
    await shown(page.getByRole("grid", { name: ptBR.live.title }).locator(`[data-id="${rejected}"]`))
    await assertPortuguese(page, "the list")
    await page.getByRole("button", { name: ptBR.live.filters.open, exact: true }).click()
    await assertPortuguese(page, "the filters")
    await page.goto(`${gateway.url}/?transaction=${rejected}&min=1&brand=visa&last4=4242`)
    await shown(page.getByText(ptBR.common.reason.amount_too_small.sentence))
    await assertPortuguese(page, "the details")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await shown(page.getByRole("dialog", { name: ptBR.shell.shortcuts.title }))
    await assertPortuguese(page, "the keys")
    await page.keyboard.press("Escape")
    await page.getByRole("button", { name: ptBR.shell.sendTest }).click()
    const form = page.getByRole("dialog", { name: ptBR.send.title })
    await shown(form)
    await assertPortuguese(page, "the form")
    await form.getByRole("button", { name: ptBR.send.submit, exact: true }).click()
    await shown(form.getByText(ptBR.common.status.approved, { exact: true }))
    await assertPortuguese(page, "its outcome")
    await form.getByRole("button", { name: ptBR.common.close }).click()
    await page.goto(`${gateway.url}/?reference=nothing`)
    await shown(page.getByText(ptBR.live.nothing.title))
    await assertPortuguese(page, "an empty list")
    await page.goto(`${gateway.url}/operator`)
    await shown(page.getByText(ptBR.shell.onlyOperator.title))
    await assertPortuguese(page, "what is the operator's")
  })

  it("so does the operator", async () => {
    const { page } = await portuguese(gateway.operator, "/operator")
    await shown(page.getByText(said(ptBR.operator.verdict.parked)))
    await assertPortuguese(page, "the pipeline")
    await page.goto(`${gateway.url}/operator/parked`)
    await shown(page.getByText(ptBR.operator.parked.reasons.unknown_card_key.sentence))
    await assertPortuguese(page, "what is parked")
    await page.getByRole("button", { name: said(ptBR.operator.parked.giveUpOf) }).first().click()
    await shown(page.getByRole("dialog"))
    await assertPortuguese(page, "the question")
    await page.goto(`${gateway.url}/operator/accounts`)
    await shown(page.getByText("Loja", { exact: true }))
    await assertPortuguese(page, "the accounts")
    await page.getByRole("button", { name: ptBR.operator.accounts.create }).click()
    await shown(page.getByRole("dialog"))
    await assertPortuguese(page, "the new account")
  })

  it("a language and an appearance that were chosen are remembered, in other tabs as well", async () => {
    const visit = await browser.open({ url: gateway.url, theme: "light" })
    const { page } = visit
    await openLive(visit, account)
    const dataTheme = () => page.getAttribute("html", "data-theme")
    assert.strictEqual(await dataTheme(), "light")
    await page.getByRole("button", { name: en.shell.menu }).click()
    await page.getByLabel(en.shell.theme, { exact: true }).selectOption({ label: en.shell.themes.dark })
    await until("dark", dataTheme, (_) => _ === "dark")
    await page.getByLabel(en.shell.language, { exact: true }).selectOption("pt-BR")
    await shown(page.getByRole("button", { name: ptBR.shell.menu }))
    await page.reload()
    await shown(page.getByRole("button", { name: ptBR.shell.menu }))
    assert.strictEqual(await dataTheme(), "dark")
    assert.strictEqual(await page.getAttribute("html", "lang"), "pt-BR")
    const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    assert.strictEqual(background, "rgb(16, 18, 19)")
  })

  it("the system's appearance is followed, also when it changes", async () => {
    const visit = await browser.open({ url: gateway.url, theme: "dark" })
    await openLive(visit, account)
    const dataTheme = () => visit.page.getAttribute("html", "data-theme")
    assert.strictEqual(await dataTheme(), "dark")
    await visit.page.emulateMedia({ colorScheme: "light" })
    await until("light", dataTheme, (_) => _ === "light")
  })

  it("nothing moves where motion is not wanted", async () => {
    const visit = await browser.open({ url: gateway.url, reducedMotion: "reduce" })
    const live = await openLive(visit, account)
    // the parked ones are still waiting, which breathes elsewhere
    await shown(live.rows.getByText(en.common.status.processing))
    await gateway.decide(account)
    const running = () =>
      visit.page.evaluate(() => document.getAnimations().filter((_) => _.playState === "running").length)
    await until("no animation", running, (_) => _ === 0)
    const moving = await browser.open({ url: gateway.url })
    await shown((await openLive(moving, account)).rows.getByText(en.common.status.processing))
    const others = await moving.page.evaluate(() =>
      document.getAnimations().filter((_) => _.playState === "running").length
    )
    assert.isAbove(others, 0, "elsewhere something breathes: else this proves nothing")
  })

  for (
    const [what, size] of [
      ["a phone", { width: 360, height: 740 }],
      ["320 px, which is 1280 at 400 %", { width: 320, height: 640 }],
      ["a screen at 200 %", { width: 640, height: 400 }]
    ] as const
  ) {
    it(`${what}: nothing is cut off at the side, and rows show their status`, async () => {
      const visit = await browser.open({
        url: gateway.url,
        viewport: size,
        ...(size.width === 640 ? { deviceScaleFactor: 2 } : {})
      })
      const { page } = visit
      await visit.goto()
      await shown(page.getByRole("heading", { name: en.signIn.title }))
      await assertFits(page, "the sign-in")
      const live = await openLive(visit, account)
      await shown(live.row(rejected).getByText(en.common.status.rejected))
      const box = (await live.row(rejected).getByText(en.common.status.rejected).boundingBox())!
      assert.isAtMost(box.x + box.width, size.width)
      await assertFits(page, "the list")
      await live.button(en.live.filters.open).click()
      await assertFits(page, "the filters")
      await live.button(en.live.filters.open).click()
      await live.row(rejected).click()
      await shown(live.drawer.getByText(en.common.reason.amount_too_small.sentence))
      await assertFits(page, "the details")
      await live.drawer.getByRole("button", { name: en.common.close }).click()
      await gone(live.drawer)
      await live.button(en.shell.sendTest).click()
      await shown(page.getByRole("dialog", { name: en.send.title }))
      const submit = page.getByRole("dialog").getByRole("button", { name: en.send.submit, exact: true })
      const end = (await submit.boundingBox())!
      assert.isAtMost(end.y + end.height, size.height, "the button is below the window")
      await assertFits(page, "the form")
      await page.keyboard.press("Escape")
      const operator = await browser.open({ url: gateway.url, viewport: size })
      await operator.signIn(gateway.operator, "/operator")
      await shown(operator.page.getByText(said(en.operator.verdict.parked)))
      await assertFits(operator.page, "the pipeline")
      for (const path of ["/operator/parked", "/operator/accounts", "/"]) {
        await operator.goto(path)
        await new LivePage(operator.page).isLive()
        await assertFits(operator.page, path)
      }
    })
  }
})
