import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { en } from "../../web/messages/en/index.ts"
import {
  type Credential,
  gatewayGone,
  gone,
  hasChromium,
  refused,
  shown,
  until,
  useBrowser
} from "../support/Browser.ts"
import { cardKeys, PanelGateway } from "../support/PanelGateway.ts"
import { openLive, said } from "../support/PanelPage.ts"

const { accounts, audit, counts, parked, simulation, stages, verdict } = en.operator

describe.runIf(hasChromium)("the operator", () => {
  const browser = useBrowser()
  const gateway = new PanelGateway()
  let account: Credential = ""
  let ids: ReadonlyArray<string> = []

  beforeAll(async () => {
    await gateway.start({ CARD_KEYS: cardKeys("old"), RESEND_BACK_OFF_MS: "200" })
    account = await gateway.createAccount("Shop of the parked")
    ids = await gateway.park(account, 3, { CARD_KEYS: cardKeys("new"), RESEND_BACK_OFF_MS: "200" })
  })
  afterEach(() => gateway.calm())
  afterAll(() => gateway.end())

  const open = async (path: string) => {
    const visit = await browser.open({ url: gateway.url })
    await visit.signIn(gateway.operator, path)
    await visit.page.mouse.move(5, 5)
    return visit
  }

  it("sees who is parked and why; a replay that cannot help says so, and nothing is lost by it", async () => {
    const { page } = await open("/operator/parked")
    await shown(page.getByRole("heading", { name: parked.title }))
    const row = (id: string) => page.getByRole("row").filter({ hasText: id })
    for (const id of ids) await shown(row(id).getByText(parked.reasons.unknown_card_key.short))
    await shown(page.getByText(parked.reasons.unknown_card_key.sentence))
    const [id] = ids as [string]
    await page.getByRole("button", { name: parked.replayOf.replace("{id}", id) }).click()
    await shown(row(id).getByText(parked.again), 30_000)
    assert.strictEqual((await gateway.find(account, id)).status, "processing")
  })

  it("gives one up only after a question, and it is rejected as card_unreadable", async () => {
    const { page } = await open("/operator/parked")
    const [, id] = ids as [string, string]
    const row = page.getByRole("row").filter({ hasText: id })
    await page.getByRole("button", { name: parked.giveUpOf.replace("{id}", id) }).click()
    const question = page.getByRole("dialog", { name: parked.confirmTitle })
    await shown(question.getByText(id))
    await question.getByRole("button", { name: en.common.cancel }).click()
    await gone(question)
    assert.strictEqual((await gateway.find(account, id)).status, "processing")
    await page.getByRole("button", { name: parked.giveUpOf.replace("{id}", id) }).click()
    await question.getByRole("button", { name: parked.giveUp, exact: true }).click()
    await gone(row, 30_000)
    const decided = await until("rejected", () => gateway.find(account, id), (_) => _.status !== "processing")
    assert.strictEqual(decided.error?.code, "card_unreadable")
    const live = await openLive(await browser.open({ url: gateway.url }), account, `/?transaction=${id}`)
    await shown(live.drawer.getByText(en.common.reason.card_unreadable.sentence))
  })

  it("reads in a sentence how the pipeline is, and the sentence changes with it", async () => {
    const { page } = await open("/operator")
    const main = page.getByRole("main")
    await shown(main.getByText(said(verdict.parked)))
    for (const name of [stages.intake, stages.processor, stages.recorder, counts.undecided, counts.parked]) {
      await shown(main.getByRole("heading", { name, exact: true }).or(main.getByText(name, { exact: true })))
    }
    await main.getByLabel(simulation.log, { exact: true }).check()
    await shown(main.getByText(verdict.silent), 30_000)
    await shown(main.getByText(said(verdict.simulated)))
    const waiting = await gateway.send(account)
    assert.strictEqual(waiting.status, "processing")
    await main.getByRole("button", { name: simulation.end }).click()
    await until("the end of it", () => main.innerText(), (_) => !_.includes(verdict.silent), 30_000)
    await until("decided", () => gateway.find(account, waiting.id), (_) => _.status !== "processing")
  })

  it("counts a backlog while decisions are slow, and the counts are the gateway's", async () => {
    const { page } = await open("/operator")
    const main = page.getByRole("main")
    const shop = await gateway.createAccount()
    await gateway.simulate({ decision_delay_ms: 20_000 })
    for (let i = 0; i < 7; i++) await gateway.send(shop)
    const undecided = async () => {
      const { text } = await gateway.call("GET", "/v1/operator/pipeline", { as: gateway.operator })
      return (JSON.parse(text) as { readonly undecided: { readonly count: number } }).undecided.count
    }
    const tile = main.getByRole("heading", { name: counts.undecided, exact: true }).locator("xpath=..")
    await until(
      "the count",
      async () => [await tile.innerText(), await undecided()] as const,
      ([text, count]) => count >= 7 && new RegExp(`\\b${count}\\b`).test(text),
      30_000
    )
    await shown(main.getByText(said(verdict.backlog)).or(main.getByText(said(verdict.stalledProcessor))), 30_000)
    await gateway.calm()
  })

  it("the audit holds", async () => {
    const { page } = await open("/operator")
    await page.getByRole("button", { name: audit.check }).click()
    await shown(page.getByText(audit.holds))
  })

  it("says that the figures are old while the gateway does not answer", async () => {
    const visit = await open("/operator")
    visit.expect(gatewayGone, refused(503))
    const main = visit.page.getByRole("main")
    await shown(main.getByText(said(verdict.parked)))
    await gateway.kill()
    await shown(main.getByText(said(verdict.unreachable)), 30_000)
    await gateway.start({ CARD_KEYS: cardKeys("new"), RESEND_BACK_OFF_MS: "200" })
    await until("it answers again", () => main.innerText(), (_) => !said(verdict.unreachable).test(_), 30_000)
    await shown(main.getByText(said(verdict.parked)), 30_000)
  })

  it("makes an account, whose secret is shown once and works; rotates it; disables and enables it", async () => {
    const visit = await open("/operator/accounts")
    const { page } = visit
    const answers = async (credential: Credential) =>
      (await gateway.call("GET", "/v1/transactions?limit=1", { as: credential })).status
    await page.getByRole("button", { name: accounts.create }).click()
    const form = page.getByRole("dialog", { name: accounts.create })
    await form.getByRole("button", { name: accounts.createSubmit, exact: true }).click()
    await shown(form.getByText(accounts.nameRequired))
    await form.getByLabel(accounts.name, { exact: true }).fill("Bookshop")
    await form.getByRole("button", { name: accounts.createSubmit, exact: true }).click()
    const told = page.getByRole("dialog", { name: accounts.secretTitle.replace("{name}", "Bookshop") })
    const pairOf = async () => /acct_\w+:sk_\w+/.exec(await told.innerText())![0]
    await shown(told)
    const first = await pairOf()
    // not by accident
    await page.keyboard.press("Escape")
    await shown(told.getByText(accounts.notYet))
    await told.getByRole("button", { name: accounts.stored }).click()
    await gone(told)
    assert.notInclude(await page.content(), first.slice(first.indexOf(":") + 1))
    assert.strictEqual(await answers(first), 200)

    const row = page.getByRole("row").filter({ hasText: first.slice(0, first.indexOf(":")) })
    await row.getByRole("button", { name: accounts.rotateOf.replace("{name}", "Bookshop") }).click()
    const rotate = page.getByRole("dialog", { name: accounts.rotateTitle.replace("{name}", "Bookshop") })
    await rotate.getByLabel(accounts.rotateKeeps, { exact: true }).selectOption({ label: accounts.keeps.now })
    await rotate.getByRole("button", { name: accounts.rotateSubmit }).click()
    await shown(told)
    const second = await pairOf()
    await told.getByRole("button", { name: accounts.stored }).click()
    await until("the first is refused", () => answers(first), (_) => _ === 401)
    assert.strictEqual(await answers(second), 200)

    await row.getByRole("button", { name: accounts.disableOf.replace("{name}", "Bookshop") }).click()
    const question = page.getByRole("dialog", { name: accounts.disableTitle.replace("{name}", "Bookshop") })
    await question.getByRole("button", { name: accounts.disable, exact: true }).click()
    await shown(row.getByText(new RegExp(`^${accounts.disabled}`)))
    await until("it is refused", () => answers(second), (_) => _ === 401)
    await row.getByRole("button", { name: accounts.enableOf.replace("{name}", "Bookshop") }).click()
    await shown(row.getByText(accounts.enabled, { exact: true }))
    await until("it is let in", () => answers(second), (_) => _ === 200)
    // answered 401, in no page
    assert.deepStrictEqual(visit.noise(), [])
  })
})
