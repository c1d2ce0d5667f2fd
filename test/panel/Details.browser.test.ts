import { assert, describe, it } from "@effect/vitest"
import { testAmounts, testCards } from "../../web/live/testCards.ts"
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
import { usePanelGateway } from "../support/PanelGateway.ts"
import { type LivePage, openLive, said } from "../support/PanelPage.ts"

const { drawer, send } = en

describe.runIf(hasChromium)("one transaction", () => {
  const gateway = usePanelGateway()
  const browser = useBrowser()
  const open = async (account: Credential, path?: string) =>
    openLive(await browser.open({ url: gateway().url }), account, path)

  it("a link opens it: why it was rejected, and every stage with the time between them", async () => {
    const account = await gateway().createAccount()
    const { id } = await gateway().decide(
      account,
      { amount: 4_200, reference: "order 7", metadata: { shop: "Lyon" } },
      {
        exp_year: 2020
      }
    )
    const live = await open(account, `/?transaction=${id}`)
    await shown(live.drawer.getByText(en.common.reason.expired_card.sentence))
    const timeline = live.drawer.getByRole("region", { name: drawer.timeline.title })
    for (const stage of Object.values(drawer.timeline.stage)) await shown(timeline.getByText(stage, { exact: true }))
    await until("recorded", () => timeline.locator("time").count(), (_) => _ === 4)
    const times = await timeline.locator("time").evaluateAll((all) => all.map((_) => (_ as HTMLTimeElement).dateTime))
    assert.deepStrictEqual(times, times.toSorted())
    await shown(timeline.getByText(said(drawer.timeline.position)))
    for (const text of [id, "order 7", "Lyon", "$42.00"]) await shown(live.drawer.getByText(text, { exact: true }))
    await live.drawer.getByText(drawer.json.title, { exact: true }).click()
    const json = JSON.parse(await live.drawer.getByRole("group", { name: drawer.json.title }).innerText())
    assert.deepStrictEqual(json, JSON.parse(JSON.stringify(await gateway().find(account, id))))
    await live.drawer.getByRole("button", { name: en.common.close }).click()
    await gone(live.drawer)
    assert.notInclude(live.page.url(), id)
  })

  it("changes while one looks, and says so to who listens", async () => {
    const account = await gateway().createAccount()
    await gateway().simulate({ decision_delay_ms: 6_000 })
    const live = await open(account)
    const { id } = await gateway().send(account, {}, { cvv: "1" })
    await live.row(id).click()
    await shown(live.drawer.getByText(en.common.status.processing))
    await shown(live.drawer.getByText(en.common.reason.invalid_cvv.sentence))
    await gateway().calm()
    await until(
      "it is announced",
      () => live.drawer.locator("[aria-live]").allInnerTexts(),
      (_) => _.join(" ").includes(en.common.status.rejected)
    )
  })

  it("copies its id, a link, and a command that works and has no secret in it", async () => {
    const account = await gateway().createAccount()
    const { id } = await gateway().decide(account)
    const visit = await browser.open({ url: gateway().url, permissions: ["clipboard-read", "clipboard-write"] })
    const live = await openLive(visit, account, `/?transaction=${id}`)
    const copied = async (name: string) => {
      await live.drawer.getByRole("button", { name, exact: true }).click()
      return until(
        "something is copied",
        () => live.page.evaluate(() => navigator.clipboard.readText()),
        (_) => _ !== ""
      )
    }
    assert.strictEqual(await copied(drawer.copyId), id)
    await until("the link", () => copied(drawer.copyLink), (_) => _ === `${gateway().url}/?transaction=${id}`)
    const command = await until("the command", () => copied(drawer.copyCurl), (_) => _.startsWith("curl"))
    assert.include(command, `/v1/transactions/${id}`)
    assert.include(command, "$SECRET")
    assert.notInclude(command, account.slice(account.indexOf(":") + 1))
  })

  it("one that is not there says so", async () => {
    const account = await gateway().createAccount()
    const visit = (await browser.open({ url: gateway().url })).expect(refused(404))
    const live = await openLive(visit, account, "/?transaction=txn_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    await shown(live.drawer.getByRole("heading", { name: drawer.missing.title }))
  })

  it("J and K go through the rows with the details open", async () => {
    const account = await gateway().createAccount()
    const ids = [await gateway().decide(account), await gateway().decide(account), await gateway().decide(account)]
      .map((_) => _.id).toReversed()
    const live = await open(account)
    await live.shows(ids)
    await live.row(ids[0]!).click()
    await shown(live.drawer.getByText(ids[0]!, { exact: true }))
    await live.page.keyboard.press("j")
    await shown(live.drawer.getByText(ids[1]!, { exact: true }))
    await live.page.keyboard.press("k")
    await shown(live.drawer.getByText(ids[0]!, { exact: true }))
    await live.page.keyboard.press("Escape")
    await gone(live.drawer)
  })

  describe("sending a test", () => {
    const openForm = async (account: Credential) => {
      const visit = await browser.open({ url: gateway().url })
      const live = await openLive(visit, account)
      await live.button(en.shell.sendTest).click()
      const form = live.page.getByRole("dialog", { name: send.title })
      await shown(form)
      return { visit, live, form, submit: form.getByRole("button", { name: send.submit, exact: true }) }
    }
    type Form = Awaited<ReturnType<typeof openForm>>["form"]
    const outcomeOf = async (live: LivePage, form: Form, account: Credential, expected: string) => {
      const word = expected === "approved" ? en.common.status.approved : en.common.status.rejected
      await shown(form.getByText(word, { exact: true }))
      if (expected !== "approved") {
        await shown(form.getByText(en.common.reason[expected as "invalid_cvv"].sentence))
      }
      await shown(form.getByRole("button", { name: send.outcome.open }))
      const [newest] = await gateway().list(account)
      assert.strictEqual(newest!.error?.code ?? newest!.status, expected)
      await shown(live.rows)
    }

    it("each test card becomes what it says, each amount too", async () => {
      const account = await gateway().createAccount()
      const { form, live, submit } = await openForm(account)
      const cards = testCards(new Date().getUTCFullYear())
      for (const card of cards) {
        const name = card.outcome === "approved"
          ? en.common.brand[card.brand]
          : en.common.reason[card.outcome].short
        await form.getByRole("radio", { name: new RegExp(`^${name}`) }).check()
        await submit.click()
        await outcomeOf(live, form, account, card.outcome)
        await form.getByRole("button", { name: send.outcome.another }).click()
      }
      for (const { cents, outcome } of testAmounts) {
        await form.getByRole("radio", { name: new RegExp(`^${en.common.brand.visa}`) }).check()
        await form.getByRole("group", { name: send.amounts }).getByRole("button", {
          name: new RegExp(`${send.amountOutcome[outcome]}$`)
        }).click()
        await submit.click()
        await outcomeOf(live, form, account, outcome)
        assert.strictEqual((await gateway().list(account))[0]!.amount, cents)
        await form.getByRole("button", { name: send.outcome.another }).click()
      }
      await form.getByRole("button", { name: en.common.close }).click()
      assert.lengthOf(await gateway().list(account), cards.length + testAmounts.length)
    })

    it("opens what was sent", async () => {
      const account = await gateway().createAccount()
      const { form, live, submit } = await openForm(account)
      await submit.click()
      await form.getByRole("button", { name: send.outcome.open }).click()
      await gone(form)
      const [newest] = await gateway().list(account)
      await shown(live.drawer.getByText(newest!.id, { exact: true }))
    })

    it("what does not fit is said at its field, and sends nothing", async () => {
      const account = await gateway().createAccount()
      const { form, submit, visit } = await openForm(account)
      visit.expect(refused(422))
      const amount = form.getByLabel(send.amount, { exact: true })
      await amount.fill("many")
      await submit.click()
      await shown(form.getByText(send.invalid.amount))
      assert.strictEqual(await amount.getAttribute("aria-invalid"), "true")
      await amount.fill("19.99")
      await form.getByText(send.details, { exact: true }).click()
      await form.getByLabel(send.reference, { exact: true }).fill("4242 4242 4242 4242")
      await submit.click()
      await shown(form.getByText(send.invalid.cardNumber))
      assert.lengthOf(await gateway().list(account), 0)
    })

    it("is made once when one clicks twice, and when the answer was lost with the gateway", async () => {
      const account = await gateway().createAccount()
      const { form, submit, visit } = await openForm(account)
      await gateway().simulate({ decision_delay_ms: 500 })
      await submit.dblclick()
      await shown(form.getByRole("button", { name: send.outcome.open }))
      assert.lengthOf(await gateway().list(account), 1)
      await form.getByRole("button", { name: send.outcome.another }).click()

      visit.expect(gatewayGone, refused(503))
      // accepted, and the answer is still waited for
      await gateway().simulate({ decision_delay_ms: 60_000 })
      await submit.click()
      await until("accepted", () => gateway().list(account), (_) => _.length === 2)
      await gateway().kill()
      await shown(form.getByText(send.sameKey))
      await gateway().start()
      const again = form.getByRole("button", { name: send.again, exact: true })
      await until("an answer", async () => {
        if (await again.isVisible()) await again.click({ timeout: 500 }).catch(() => {})
        return form.getByText(en.common.status.approved, { exact: true }).count()
      }, (_) => _ > 0)
      assert.lengthOf(await gateway().list(account), 2)
    })

    it("is not for who may only read, nor is it by hand", async () => {
      const account = await gateway().createAccount()
      const visit = (await browser.open({ url: gateway().url })).expect(refused(403))
      const live = await openLive(visit, await gateway().readOnly(account))
      assert.strictEqual(await live.button(en.shell.sendTest).count(), 0)
      await live.page.keyboard.press("s")
      assert.strictEqual(await live.page.getByRole("dialog").count(), 0)
      await live.button(en.shell.menu).click()
      await shown(live.page.getByText(en.shell.readOnly))
      const status = await live.page.evaluate(() =>
        fetch("/v1/transactions", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            amount: 1999,
            card: { number: "4242424242424242", holder: "A", exp_month: 12, exp_year: 2030, cvv: "123" }
          })
        }).then((_) => _.status)
      )
      assert.strictEqual(status, 403)
      assert.lengthOf(await gateway().list(account), 0)
    })
  })
})
