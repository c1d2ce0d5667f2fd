import { assert, describe, it } from "@effect/vitest"
import { en } from "../../web/messages/en/index.ts"
import { hasChromium, shown, until, useBrowser } from "../support/Browser.ts"
import { usePanelGateway } from "../support/PanelGateway.ts"
import { LivePage, openLive } from "../support/PanelPage.ts"

const rtl = "\u202Edesrever\u202C"

/** What somebody may send to break a page. */
const hostile: Readonly<Record<string, string>> = {
  "a script": "<script>document.title='owned'</script>",
  "an image": "<img src=x onerror=\"document.title='owned'\">",
  "an image of elsewhere": "<img src=https://example.com/pixel.png>",
  "a link": "javascript:document.title='owned'",
  "an end of an attribute": "\"><svg/onload=document.title='owned'>",
  "a template": "{{constructor.constructor('document.title=1')()}}${document.title='owned'}",
  "a message's argument": "{count, plural, one {#} other {#}} {x}",
  "from right to left": rtl,
  "as long as it may be": "long ".repeat(51),
  "without a space": "w".repeat(255),
  "emoji": "👩🏽‍🚀🏳️‍🌈 ﷽ Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L",
  "a formula": "=cmd|' /C calc'!A0"
}

describe.runIf(hasChromium)("what others sent", () => {
  const gateway = usePanelGateway()
  const browser = useBrowser()

  it("an account sees its own rows alone, also by address and by search; the operator sees all, with whose they are", async () => {
    const [mine, theirs] = [await gateway().createAccount("mine"), await gateway().createAccount("theirs")]
    const own = await gateway().decide(mine)
    const foreign = await gateway().decide(theirs)
    const visit = (await browser.open({ url: gateway().url })).expect({
      because: "the gateway does not tell whether another's transaction exists",
      text: /status of 404/
    })
    const live = await openLive(visit, mine)
    await live.shows([own.id])
    // another's comes while this page listens
    const later = await gateway().decide(theirs)
    const mark = await gateway().decide(mine)
    await live.shows([mark.id, own.id])
    // nor by an address
    await live.page.goto(`${gateway().url}/?transaction=${foreign.id}`)
    await shown(live.rows)
    await shown(live.drawer)
    await until("the details say something", () => live.drawer.innerText(), (_) => _.length > 0)
    assert.notInclude(await live.drawer.innerText(), "4242")
    await live.page.goto(`${gateway().url}/?account=${theirs.slice(0, theirs.indexOf(":"))}`)
    await until("nothing of theirs", () => live.page.getByRole("main").innerText(), (_) => _.length > 0)
    const ids = await live.ids()
    assert.notIncludeMembers([...ids], [foreign.id, later.id])
    visit.expect({ because: "an account may not ask for another", text: /status of 40[03]/ })

    const operator = await openLive(await browser.open({ url: gateway().url }), gateway().operator)
    await shown(operator.row(own.id))
    await shown(operator.row(foreign.id))
    for (const [id, credential] of [[own.id, mine], [later.id, theirs]] as const) {
      await shown(operator.row(id).getByText(credential.slice(0, credential.indexOf(":"))))
    }
  })

  it("is text, wherever it is shown", async () => {
    const account = await gateway().createAccount(hostile["a script"])
    const visit = await browser.open({ url: gateway().url })
    const live = await openLive(visit, account)
    const title = await live.page.title()
    for (const [what, text] of Object.entries(hostile)) {
      const { id } = await gateway().decide(account, {
        reference: text,
        metadata: { [text.slice(0, 40)]: text.slice(0, 255) }
      })
      await shown(live.row(id))
      await until(`${what} as it was sent`, () => live.row(id).innerText(), (_) => _.includes(text.trim().slice(0, 20)))
      await live.row(id).click()
      await shown(live.drawer)
      await until(`${what} in the details`, () => live.drawer.innerText(), (_) => _.includes(text.trim().slice(0, 20)))
      await live.page.goBack()
      await live.page.mouse.move(5, 5)
      const made = await live.page.evaluate(() =>
        document.querySelectorAll("main img, main script, main iframe, main [onload], main [onerror]").length
      )
      assert.strictEqual(made, 0, `${what} became an element`)
      assert.strictEqual(await live.page.title(), title, `${what} ran`)
    }
    const isWide = await live.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    assert.isFalse(isWide, "a long text makes the page wider")
    const links = await live.page.locator("a").evaluateAll((all) => all.map((_) => (_ as HTMLAnchorElement).protocol))
    assert.deepStrictEqual(links.filter((_) => _ !== "http:"), [])
  })

  it("an address is text as well", async () => {
    const account = await gateway().createAccount()
    await gateway().decide(account)
    const live = await openLive(await browser.open({ url: gateway().url }), account)
    const visit = await browser.open({ url: gateway().url })
    visit.expect({ because: "no transaction has such an id", text: /status of 40[04]/ })
    await visit.signIn(account)
    const title = await visit.page.title()
    for (const text of Object.values(hostile)) {
      const query = new URLSearchParams({ reference: text, brand: text, transaction: text })
      await visit.page.goto(`${gateway().url}/?${query}`)
      await shown(new LivePage(visit.page).badge)
      const made = await visit.page.evaluate(() => document.querySelectorAll("main img, main iframe").length)
      assert.strictEqual(made, 0)
      assert.strictEqual(await visit.page.title(), title)
    }
    await live.isLive()
    assert.strictEqual(en.live.title.length > 0, true)
  })

  it("the operator's list of accounts shows a hostile name as it is", async () => {
    for (const name of Object.values(hostile)) await gateway().createAccount(name)
    const visit = await browser.open({ url: gateway().url })
    await visit.signIn(gateway().operator, "/operator/accounts")
    const title = await visit.page.title()
    for (const [what, name] of Object.entries(hostile)) {
      await until(
        `${what} as it is`,
        () => visit.page.getByRole("main").innerText(),
        (_) => _.includes(name.trim().slice(0, 20))
      )
    }
    const made = await visit.page.evaluate(() => document.querySelectorAll("main img, main script, main iframe").length)
    assert.strictEqual(made, 0)
    assert.strictEqual(await visit.page.title(), title)
    const isWide = await visit.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    assert.isFalse(isWide, "a long name makes the page wider")
  })
})
