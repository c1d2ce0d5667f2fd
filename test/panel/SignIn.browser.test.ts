import { assert, describe, it } from "@effect/vitest"
import { en } from "../../web/messages/en/index.ts"
import { ptBR } from "../../web/messages/pt-BR/index.ts"
import { accountOf, gone, hasChromium, refused, secretOf, shown, until, useBrowser } from "../support/Browser.ts"
import { usePanelGateway } from "../support/PanelGateway.ts"

describe.runIf(hasChromium)("signing in and out", () => {
  const gateway = usePanelGateway()
  const browser = useBrowser()
  const open = () => browser.open({ url: gateway().url })

  it("an account signs in, sees its name and signs out", async () => {
    const visit = await open()
    const { page } = visit
    await visit.signIn(gateway().demo)
    await page.getByRole("button", { name: en.shell.menu }).click()
    await shown(page.getByText(accountOf(gateway().demo)))
    await page.keyboard.press("Escape")
    await visit.signOut()
    // nothing of it is left to go back to
    await visit.page.reload()
    await shown(page.getByRole("heading", { name: en.signIn.title }))
    await gone(page.getByText(en.signIn.ended))
  })

  it("the operator signs in with the secret of keys.json, and has sections of its own", async () => {
    const visit = await open()
    await visit.signIn(gateway().operator)
    const sections = visit.page.getByRole("navigation", { name: en.shell.navigation })
    for (const name of ["pipeline", "parked", "accounts"] as const) {
      await shown(sections.getByRole("link", { name: en.shell[name], exact: true }))
    }
    await visit.signOut()
    await visit.signIn(gateway().demo)
    await gone(sections.getByRole("link", { name: en.shell.parked }))
  })

  it("account:secret, pasted as one, fills both fields", async () => {
    const visit = await open()
    const { page } = visit
    await visit.goto()
    await page.getByLabel(en.signIn.account, { exact: true }).focus()
    await page.evaluate((text) => {
      const data = new DataTransfer()
      data.setData("text", text)
      document.activeElement!.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
      )
    }, gateway().demo)
    await page.keyboard.press("Enter")
    await shown(page.getByRole("button", { name: en.shell.menu }))
  })

  it("says that a secret is wrong, that a field is empty, and after how long one may try again", async () => {
    const visit = (await open()).expect(refused(401), refused(429))
    const { page } = visit
    await visit.goto()
    const alert = page.getByRole("main").getByRole("alert")
    await page.getByRole("button", { name: en.signIn.submit, exact: true }).click()
    await shown(alert.getByText(en.signIn.required))
    // of an account of its own: failed attempts are counted for each
    const account = await gateway().createAccount()
    await visit.enter(`${accountOf(account)}:sk_wrong`)
    await shown(alert.getByText(en.signIn.wrong))
    await until("throttled", async () => {
      await page.getByRole("button", { name: en.signIn.submit, exact: true }).click()
      return alert.innerText()
    }, (text) => /\d+ seconds?/.test(text))
    // a right one is never held up
    await visit.enter(account)
    await shown(page.getByRole("button", { name: en.shell.menu }))
  })

  it("what was aimed at is shown after the sign-in", async () => {
    const visit = await open()
    await visit.signIn(gateway().demo, "/?status=rejected&brand=amex")
    assert.strictEqual(visit.page.url(), `${gateway().url}/?status=rejected&brand=amex`)
    const operator = await open()
    await operator.signIn(gateway().operator, "/operator/parked")
    await shown(operator.page.getByRole("heading", { name: en.shell.parked }))
  })

  it("an account is told that a page is the operator's", async () => {
    const visit = await open()
    for (const path of ["/operator", "/operator/parked", "/operator/accounts"]) {
      if (path === "/operator") await visit.signIn(gateway().demo, path)
      else await visit.goto(path)
      await shown(visit.page.getByRole("heading", { name: en.shell.onlyOperator.title }))
    }
  })

  it("a session that ended elsewhere leads to the sign-in, and says so", async () => {
    const visit = (await open()).expect(refused(401))
    const account = await gateway().createAccount()
    await visit.signIn(account, "/?status=approved")
    await gateway().disable(account)
    await shown(visit.page.getByText(en.signIn.ended), 30_000)
    assert.strictEqual(visit.page.url(), `${gateway().url}/?status=approved`)
  })

  it("signing out in one tab signs out the other, signing in as well", async () => {
    const visit = await open()
    await visit.signIn(gateway().demo)
    const other = await visit.newTab()
    await other.goto(gateway().url)
    await shown(other.getByRole("button", { name: en.shell.menu }))
    await visit.signOut()
    await shown(other.getByRole("heading", { name: en.signIn.title }))
    await visit.enter(gateway().demo)
    await shown(other.getByRole("button", { name: en.shell.menu }))
  })

  it("no script can read the secret once one is signed in, nor the cookie", async () => {
    const visit = await open()
    const account = await gateway().createAccount()
    await visit.signIn(account)
    const readable = await visit.page.evaluate(() => ({
      local: JSON.stringify(localStorage),
      session: JSON.stringify(sessionStorage),
      cookie: document.cookie,
      page: document.documentElement.outerHTML,
      fields: Array.from(document.querySelectorAll("input"), (_) => _.value).join("\n"),
      history: JSON.stringify(history.state),
      address: location.href,
      globals: Object.keys(globalThis).map((name) => {
        const value: unknown = (globalThis as unknown as Record<string, unknown>)[name]
        return typeof value === "string" ? value : ""
      }).join("\n")
    }))
    for (const [where, text] of Object.entries(readable)) {
      assert.notInclude(text, secretOf(account), `the secret is in ${where}`)
    }
    assert.strictEqual(readable.cookie, "")
    const cookies = await visit.context.cookies()
    assert.deepStrictEqual(cookies.map((_) => [_.httpOnly, _.sameSite]), [[true, "Strict"]])
    assert.notInclude(JSON.stringify(cookies), secretOf(account))
  })

  it("the page comes with a strict policy, and what the policy forbids does not run", async () => {
    const visit = await open()
    const answer = await visit.goto()
    const policy = answer!.headers()["content-security-policy"] ?? ""
    const rules = new Map(policy.split("; ").map((rule) => [rule.split(" ")[0]!, rule.split(" ").slice(1)]))
    assert.deepStrictEqual(rules.get("default-src"), ["'self'"])
    assert.isTrue(rules.get("script-src")?.every((source) => /^'(?:self|sha256-[\w+/]+=*)'$/.test(source)), policy)
    assert.deepStrictEqual(rules.get("connect-src"), ["'self'"])
    assert.deepStrictEqual(rules.get("frame-ancestors"), ["'none'"])
    assert.deepStrictEqual(rules.get("object-src"), ["'none'"])
    assert.deepStrictEqual(rules.get("base-uri"), ["'none'"])
    await shown(visit.page.getByRole("heading", { name: en.signIn.title }))
    // the policy, tried: in a page that the quiet one is not compared with
    const tried = await open()
    await tried.goto()
    await shown(tried.page.getByRole("heading", { name: en.signIn.title }))
    const ran = await tried.page.evaluate(() => {
      const script = document.createElement("script")
      script.textContent = "document.title = \"ran\""
      document.body.append(script)
      return document.title === "ran"
    })
    assert.isFalse(ran)
    await until("the policy said no", () => tried.noise().join("\n"), (_) => _.includes("policy violation"))
    assert.match(tried.forgive().join("\n"), /policy violation: script-src/)
  })

  it("the form speaks Portuguese where the browser does", async () => {
    const visit = await browser.open({ url: gateway().url, locale: "pt-BR" })
    await visit.goto()
    await shown(visit.page.getByRole("heading", { name: ptBR.signIn.title }))
    assert.strictEqual(await visit.page.getAttribute("html", "lang"), "pt-BR")
  })
})
