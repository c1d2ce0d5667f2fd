import { assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { en } from "../../web/messages/en/index.ts"
import { type Credential, gone, hasChromium, shown, until, useBrowser } from "../support/Browser.ts"
import { cards, type TransactionJson } from "../support/HttpSamples.ts"
import { usePanelGateway } from "../support/PanelGateway.ts"
import { LivePage, openLive } from "../support/PanelPage.ts"

const { filters } = en.live

describe.runIf(hasChromium)("filters", () => {
  const gateway = usePanelGateway()
  const browser = useBrowser()
  let account: Credential = ""
  let all: ReadonlyArray<TransactionJson> = []
  /** An instant in the middle of them. */
  let middle = ""

  beforeAll(async () => {
    account = await gateway().createAccount()
    const send = (amount: number, number: string, reference: string | undefined, cardChanges = {}) =>
      gateway().decide(account, { amount, ...(reference === undefined ? {} : { reference }) }, {
        number,
        ...cardChanges
      })
    await send(1_000, cards.visa, "order 1")
    await send(2_000, cards.mastercard, "order 2")
    await send(3_000, cards.amex, "order 2", { cvv: "7391" })
    await send(4_000, cards.visa, undefined, { cvv: "1" })
    middle = (await send(250_000, cards.visa, "order 5")).created_at
    await send(50, cards.discover, "order 6")
    await send(6_000, cards.jcb, "=1+1")
    await send(7_000, "1", "=cmd|' /C calc'!A0")
    all = await gateway().list(account)
  })

  const open = async (path?: string) => openLive(await browser.open({ url: gateway().url }), account, path)
  const idsOf = (keep: (transaction: TransactionJson) => boolean) => all.filter(keep).map((_) => _.id)
  const field = (live: LivePage, name: string) => live.page.getByLabel(name, { exact: true })
  const openFields = async (live: LivePage) => {
    await live.button(filters.open).click()
    await shown(field(live, filters.brand))
  }
  const fill = async (live: LivePage, name: string, value: string) => {
    await field(live, name).fill(value)
    await field(live, name).press("Enter")
    await live.page.mouse.move(5, 5)
  }
  const parameters = (live: LivePage) => new URL(live.page.url()).searchParams

  const each: ReadonlyArray<{
    readonly name: string
    readonly address: Readonly<Record<string, string>>
    readonly keep: (transaction: TransactionJson) => boolean
    readonly set: (live: LivePage) => Promise<unknown>
  }> = [
    {
      name: "status",
      address: { status: "rejected" },
      keep: (_) => _.status === "rejected",
      set: (live) => live.button(en.common.status.rejected).click()
    },
    {
      name: "brand",
      address: { brand: "mastercard" },
      keep: (_) => _.card.brand === "mastercard",
      set: async (live) => {
        await openFields(live)
        await field(live, filters.brand).selectOption({ label: en.common.brand.mastercard })
      }
    },
    {
      name: "amount from",
      address: { min: "3000" },
      keep: (_) => _.amount >= 3_000,
      set: async (live) => {
        await openFields(live)
        await fill(live, filters.min, "30.00")
      }
    },
    {
      name: "amount to",
      address: { max: "2000" },
      keep: (_) => _.amount <= 2_000,
      set: async (live) => {
        await openFields(live)
        await fill(live, filters.max, "20")
      }
    },
    {
      name: "last four digits",
      address: { last4: "0005" },
      keep: (_) => _.card.last4 === "0005",
      set: async (live) => {
        await openFields(live)
        await fill(live, filters.last4, "0005")
      }
    },
    {
      name: "reference",
      address: { reference: "order 2" },
      keep: (_) => _.reference === "order 2",
      set: async (live) => {
        await openFields(live)
        await fill(live, filters.reference, "order 2")
      }
    },
    {
      name: "the search, for a card",
      address: { last4: "4444" },
      keep: (_) => _.card.last4 === "4444",
      set: (live) => fill(live, en.live.search.label, "4444")
    },
    {
      name: "the search, for a reference",
      address: { reference: "=1+1" },
      keep: (_) => _.reference === "=1+1",
      set: (live) => fill(live, en.live.search.label, "=1+1")
    }
  ]

  for (const { address, keep, name, set } of each) {
    it(`${name}: in the address, kept by a reload, the same for whom the link is sent, and taken away by going back`, async () => {
      const live = await open()
      await live.shows(all.map((_) => _.id), "all of them")
      await set(live)
      await live.page.mouse.move(5, 5)
      const wanted = idsOf(keep)
      assert.isAbove(wanted.length, 0)
      assert.isBelow(wanted.length, all.length)
      await live.shows(wanted, "what the filter lets through")
      for (const [key, value] of Object.entries(address)) assert.strictEqual(parameters(live).get(key), value)
      const link = live.page.url()
      await live.page.reload()
      await live.shows(wanted, "after a reload")
      const other = await open(link.slice(gateway().url.length))
      await other.shows(wanted, "by the link")
      await live.page.goBack()
      await live.shows(all.map((_) => _.id), "after going back")
      await live.page.goForward()
      await live.shows(wanted, "after going forward again")
    })
  }

  it("time: from and to, in the reader's own zone", async () => {
    const live = await open(`/?from=${encodeURIComponent(middle)}`)
    await live.shows(idsOf((_) => _.created_at >= middle), "from an instant on")
    await live.page.goto(`${gateway().url}/?to=${encodeURIComponent(middle)}`)
    await live.shows(idsOf((_) => _.created_at < middle), "before an instant")
    await live.page.goto(gateway().url)
    await live.shows(all.map((_) => _.id))
    await openFields(live)
    // São Paulo is three hours behind UTC
    await field(live, filters.to).fill("2026-01-01T00:00")
    // Tab would go from its month to its day
    await field(live, filters.to).blur()
    await live.shows([], "before the year")
    assert.strictEqual(parameters(live).get("to"), "2026-01-01T03:00:00.000Z")
    await shown(live.page.getByRole("heading", { name: en.live.nothing.title }))
  })

  it("several together, each in words, each taken away by its own button, or all at once", async () => {
    const live = await open("/?status=rejected&brand=visa&max=5000")
    await live.shows(idsOf((_) => _.status === "rejected" && _.card.brand === "visa" && _.amount <= 5_000))
    await live.button(filters.remove.replace("{filter}", filters.chips.max.replace("{value}", "$50.00"))).click()
    await live.page.mouse.move(5, 5)
    await live.shows(idsOf((_) => _.status === "rejected" && _.card.brand === "visa"))
    assert.isFalse(parameters(live).has("max"))
    await live.button(filters.clear).click()
    await live.page.mouse.move(5, 5)
    await live.shows(all.map((_) => _.id))
    assert.strictEqual(live.page.url().replace(/\/$/, ""), gateway().url)
  })

  it("what makes no sense says so and changes nothing; an address that makes none shows everything", async () => {
    const live = await open()
    await openFields(live)
    await fill(live, filters.min, "many")
    await shown(live.page.getByText(filters.badAmount))
    await fill(live, filters.last4, "12")
    await shown(live.page.getByText(filters.badDigits))
    await live.shows(all.map((_) => _.id))
    await live.page.goto(`${gateway().url}/?status=nonsense&min=x&last4=12345&from=never`)
    await live.shows(all.map((_) => _.id), "a nonsensical address")
  })

  it("what comes while a filter is set is shown only if it matches, and leaves when it no longer does", async () => {
    const shop = await gateway().createAccount()
    const live = await openLive(await browser.open({ url: gateway().url }), shop, "/?status=processing")
    await gateway().simulate({ decision_delay_ms: 1_000 })
    const { id } = await gateway().send(shop)
    await shown(live.row(id))
    await gone(live.row(id))
    await live.button(en.common.status.approved).click()
    await live.page.mouse.move(5, 5)
    await live.shows([id])
    await gateway().calm()
    await gateway().decide(shop, {}, { cvv: "1" })
    const approved = await gateway().decide(shop)
    await live.shows([approved.id, id])
  })

  it("an id in the search opens its transaction, and going back closes it", async () => {
    const live = await open()
    const { id } = all[3]!
    await fill(live, en.live.search.label, id)
    await shown(live.drawer)
    assert.strictEqual(parameters(live).get("transaction"), id)
    await live.page.goBack()
    await gone(live.drawer)
  })

  for (
    const [what, query, keep] of [
      ["everything", "", () => true],
      ["what a filter lets through", "?status=rejected", (_: TransactionJson) => _.status === "rejected"]
    ] as const
  ) {
    it(`the CSV is ${what}, with cells that no table takes for a formula`, async () => {
      const live = await open(`/${query}`)
      await live.shows(idsOf(keep))
      const [download] = await Promise.all([live.page.waitForEvent("download"), live.button(en.live.csv.label).click()])
      assert.strictEqual(download.suggestedFilename(), "transactions.csv")
      const [header = "", ...lines] = readFileSync(await download.path(), "utf8").trim().split(/\r?\n/)
      const at = header.replace("\uFEFF", "").split(",").indexOf("id")
      assert.deepStrictEqual(lines.map((line) => line.split(",")[at]), idsOf(keep))
      for (const line of lines) {
        assert.notMatch(line, /(?:^|,)"?[=+@]/, "a formula")
      }
      assert.match(lines.join("\n"), /'=cmd\|/)
    })
  }

  it("the operator narrows to an account, by field and by search", async () => {
    const other = await gateway().createAccount()
    const { id } = await gateway().decide(other)
    const live = await openLive(await browser.open({ url: gateway().url }), gateway().operator)
    await shown(live.row(id))
    const owner = other.slice(0, other.indexOf(":"))
    await openFields(live)
    await fill(live, filters.account, owner)
    await live.shows([id])
    assert.strictEqual(parameters(live).get("account"), owner)
    await live.button(filters.clear).click()
    await until("all again", () => live.ids(), (_) => _.length > all.length)
    await fill(live, en.live.search.label, account.slice(0, account.indexOf(":")))
    await live.shows(all.map((_) => _.id))
  })
})
