import { afterAll, afterEach, beforeAll, describe, it } from "@effect/vitest"
import { en } from "../../web/messages/en/index.ts"
import { type Credential, gatewayGone, hasChromium, refused, shown, until, useBrowser } from "../support/Browser.ts"
import { cards } from "../support/HttpSamples.ts"
import { cardKeys, PanelGateway } from "../support/PanelGateway.ts"
import { openLive, said } from "../support/PanelPage.ts"

/** WCAG 2.2 AA, as far as a program can tell, in every state that a person may find. */
describe.runIf(hasChromium)("axe finds nothing", () => {
  const browser = useBrowser()
  const gateway = new PanelGateway()
  const restarted = { CARD_KEYS: cardKeys("new"), RESEND_BACK_OFF_MS: "200" }
  let account: Credential = ""
  let rejected = ""

  beforeAll(async () => {
    await gateway.start({ CARD_KEYS: cardKeys("old"), RESEND_BACK_OFF_MS: "200" })
    account = await gateway.createAccount("Shop")
    await gateway.park(account, 2, restarted)
    await gateway.decide(account, { reference: "order 1" })
    await gateway.decide(account, {}, { number: cards.amex, cvv: "7391" })
    await gateway.decide(account, {}, { number: "1" })
    for (let i = 0; i < 30; i++) await gateway.send(account)
    rejected = (await gateway.decide(account, { amount: 99, metadata: { shop: "Lyon" } })).id
  })
  afterEach(() => gateway.calm())
  afterAll(() => gateway.end())

  const sizes = { wide: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } } as const

  for (const theme of ["light", "dark"] as const) {
    for (const size of ["wide", "phone"] as const) {
      describe(`${theme}, ${size}`, () => {
        const open = () => browser.open({ url: gateway.url, theme, viewport: sizes[size], reducedMotion: "reduce" })

        it("signing in, refused", async () => {
          const visit = (await open()).expect(refused(401))
          const { page } = visit
          await visit.goto()
          await shown(page.getByRole("heading", { name: en.signIn.title }))
          await visit.assertAccessible("the sign-in")
          await visit.enter(`${account.slice(0, account.indexOf(":"))}:sk_wrong`)
          await shown(page.getByText(en.signIn.wrong))
          await page.getByText(en.signIn.where).click()
          await visit.assertAccessible("a refused sign-in")
        })

        it("the list: empty, loaded, filtered, paused, standing still", async () => {
          const visit = await open()
          const empty = await openLive(visit, await gateway.createAccount())
          await shown(empty.page.getByRole("heading", { name: en.live.empty.title }))
          await visit.assertAccessible("an empty list")
          await visit.signOut()
          const live = await openLive(visit, account)
          await shown(live.rows)
          await visit.assertAccessible("the list")
          await live.button(en.live.filters.open).click()
          await live.page.getByLabel(en.live.filters.min, { exact: true }).fill("many")
          await live.page.getByLabel(en.live.filters.min, { exact: true }).press("Enter")
          await shown(live.page.getByText(en.live.filters.badAmount))
          await visit.assertAccessible("the filters, with an error")
          await live.page.getByLabel(en.live.filters.brand, { exact: true }).selectOption("visa")
          await live.button(en.live.pause).click()
          await gateway.decide(account)
          await until("one waits", () => live.waiting(), (_) => _ > 0)
          await visit.assertAccessible("a paused list with a filter")
          await visit.goto("/?reference=nothing")
          await shown(live.page.getByRole("heading", { name: en.live.nothing.title }))
          await visit.assertAccessible("a list in which nothing matches")
        })

        it("the details, of one that is rejected and of one that is not there", async () => {
          const visit = (await open()).expect(refused(404))
          const live = await openLive(visit, account, `/?transaction=${rejected}`)
          await shown(live.drawer.getByText(en.common.reason.amount_too_small.sentence))
          await until("recorded", () => live.drawer.locator("time").count(), (_) => _ >= 4)
          await live.drawer.getByText(en.drawer.json.title, { exact: true }).click()
          await visit.assertAccessible("the details")
          await visit.goto("/?transaction=txn_01ARZ3NDEKTSV4RRFFQ69G5FAV")
          await shown(live.drawer.getByRole("heading", { name: en.drawer.missing.title }))
          await visit.assertAccessible("details that are not there")
        })

        it("the form, with errors and with an outcome; the keys; the menu", async () => {
          const visit = await open()
          const live = await openLive(visit, account)
          await live.button(en.shell.sendTest).click()
          const form = live.page.getByRole("dialog", { name: en.send.title })
          await form.getByText(en.send.details, { exact: true }).click()
          await form.getByLabel(en.send.amount, { exact: true }).fill("many")
          await form.getByLabel(en.send.month, { exact: true }).fill("x")
          await form.getByRole("button", { name: en.send.submit, exact: true }).click()
          await shown(form.getByText(en.send.invalid.amount))
          await visit.assertAccessible("the form with errors")
          await form.getByLabel(en.send.amount, { exact: true }).fill("0.50")
          await form.getByLabel(en.send.month, { exact: true }).fill("12")
          await form.getByRole("button", { name: en.send.submit, exact: true }).click()
          await shown(form.getByText(en.common.status.rejected, { exact: true }))
          await visit.assertAccessible("what became of it")
          await live.page.keyboard.press("Escape")
          await live.page.keyboard.press("?")
          await shown(live.page.getByRole("dialog", { name: en.shell.shortcuts.title }))
          await visit.assertAccessible("the keys")
          await live.page.keyboard.press("Escape")
          await live.button(en.shell.menu).click()
          await shown(live.button(en.shell.signOut))
          await visit.assertAccessible("the menu")
        })

        it("the operator's pages, their questions, and a secret that is shown", async () => {
          const visit = await open()
          const { page } = visit
          await visit.signIn(gateway.operator, "/operator")
          await shown(page.getByText(said(en.operator.verdict.parked)))
          await page.getByRole("button", { name: en.operator.audit.check }).click()
          await shown(page.getByText(en.operator.audit.holds))
          await visit.assertAccessible("the pipeline")
          await gateway.simulate({ log: "down" })
          await shown(page.getByText(en.operator.verdict.silent), 30_000)
          await visit.assertAccessible("the pipeline without its log")
          await gateway.calm()
          await visit.goto("/operator/parked")
          await shown(page.getByText(en.operator.parked.reasons.unknown_card_key.sentence))
          await visit.assertAccessible("what is parked")
          await page.getByRole("button", { name: said(en.operator.parked.giveUpOf) }).first().click()
          await shown(page.getByRole("dialog"))
          await visit.assertAccessible("the question before giving up")
          await visit.goto("/operator/accounts")
          await shown(page.getByText("Shop", { exact: true }))
          await visit.assertAccessible("the accounts")
          await page.getByRole("button", { name: en.operator.accounts.create }).click()
          await page.getByLabel(en.operator.accounts.name, { exact: true }).fill("Shop of axe")
          await page.getByRole("button", { name: en.operator.accounts.createSubmit, exact: true }).click()
          await shown(page.getByRole("dialog", { name: said(en.operator.accounts.secretTitle) }))
          await visit.assertAccessible("a secret that is shown")
          await page.getByRole("button", { name: en.operator.accounts.stored }).click()
        })
      })
    }
  }

  it("stale and failed, in both appearances", async () => {
    const visits = await Promise.all(
      (["light", "dark"] as const).map((theme) => browser.open({ url: gateway.url, theme, reducedMotion: "reduce" }))
    )
    const pages = []
    for (const visit of visits) {
      visit.expect(gatewayGone, refused(503))
      pages.push(await openLive(visit, account))
    }
    await gateway.kill()
    for (const [index, live] of pages.entries()) {
      await shown(live.badge.getByText(said(en.shell.connection.stale)), 20_000)
      await live.button(en.common.status.approved).click()
      await shown(live.page.getByRole("alert").getByText(en.common.failure.unreachable))
      await visits[index]!.assertAccessible("a list that is stale and could not be read")
    }
    await gateway.start(restarted)
  })
})
