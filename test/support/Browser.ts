import { afterAll, afterEach, assert, beforeAll } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Locator, Page } from "playwright-core"
import { inject } from "vitest"
import { launchChromium } from "../../scripts/chromium.mjs"
import { en } from "../../web/messages/en/index.ts"
import { eventually } from "../main/MainProcess.ts"

/** `account_id:secret`. */
export type Credential = string
export const accountOf = (credential: Credential): string => credential.slice(0, credential.indexOf(":"))
export const secretOf = (credential: Credential): string => credential.slice(credential.indexOf(":") + 1)

/** Whether there is a browser on this machine; scripts/not-run.mjs says where there is none. */
export const hasChromium = inject("chromium") !== null

/** What a page waits for must come within this, in milliseconds. */
export const patience = 15_000

/** What a page did besides what a person sees of it. */
interface Noise {
  readonly kind: "console" | "page error" | "failed request" | "other origin" | "policy violation"
  readonly text: string
}

/** What a test says will be written to the console, and why. */
export interface Expected {
  readonly because: string
  readonly text: RegExp
}

/** The browser itself writes a line for every answer above 399; no page can keep it from that. */
export const refused = (status: number): Expected => ({
  because: `the gateway answers ${status}`,
  text: new RegExp(`Failed to load resource: the server responded with a status of ${status}`)
})

/** What the browser writes, and what fails, while no gateway runs. */
export const gatewayGone: Expected = {
  because: "the gateway was killed",
  text:
    /net::ERR_(?:CONNECTION_(?:REFUSED|RESET|CLOSED)|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|SOCKET_NOT_CONNECTED|ABORTED|NETWORK_IO_SUSPENDED)/
}

/** A request that the page itself gave up: a filter changed, a page was left, somebody signed out. */
const givenUp = /net::ERR_ABORTED/

export interface VisitOptions extends BrowserContextOptions {
  readonly url: string
  readonly theme?: "light" | "dark"
}

/** A person's own browser: cookies and storage of its own, and everything that its pages do is kept. */
export class Visit {
  readonly context: BrowserContext
  readonly page: Page
  readonly url: string
  readonly #noise: Array<Noise>
  readonly #expected: Array<Expected> = []

  constructor(context: BrowserContext, page: Page, url: string, noise: Array<Noise>) {
    this.context = context
    this.page = page
    this.url = url
    this.#noise = noise
  }

  static async open(browser: Browser, { theme, url, ...options }: VisitOptions): Promise<Visit> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: "en-US",
      timezoneId: "America/Sao_Paulo",
      ...(theme === undefined ? {} : { colorScheme: theme }),
      ...options,
      // the policy that is tested
      bypassCSP: false
    })
    context.setDefaultTimeout(patience)
    const noise: Array<Noise> = []
    const add = (kind: Noise["kind"], text: string) => void noise.push({ kind, text })
    await context.exposeBinding("__violation", (_, text: string) => add("policy violation", text))
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        const { __violation } = globalThis as unknown as { readonly __violation: (text: string) => void }
        __violation(`${event.violatedDirective} refused ${event.blockedURI || event.sample} on ${location.pathname}`)
      })
    })
    context.on(
      "console",
      (message) => add("console", `${message.type()}: ${message.text()} (${message.location().url})`)
    )
    context.on("weberror", (error) => add("page error", error.error().stack ?? String(error.error())))
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url())
      if (/^(?:data|blob|about):$/.test(protocol)) return
      if (origin !== new URL(url).origin) add("other origin", request.url())
    })
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? ""
      if (!givenUp.test(why)) add("failed request", `${request.method()} ${request.url()}: ${why}`)
    })
    return new Visit(context, await context.newPage(), url, noise)
  }

  /** From now on, and for what was heard already. */
  expect(...expected: ReadonlyArray<Expected>): this {
    this.#expected.push(...expected)
    return this
  }

  /** No console message, page error, failed request, other origin or violated policy that no test has named. */
  assertQuiet(): void {
    const unexpected = this.#noise.filter(({ kind, text }) =>
      kind === "other origin" || kind === "policy violation" || !this.#expected.some((_) => _.text.test(text))
    )
    assert.deepStrictEqual(unexpected.map(({ kind, text }) => `${kind}: ${text}`), [], "the page was not quiet")
  }

  noise(): ReadonlyArray<string> {
    return this.#noise.map(({ kind, text }) => `${kind}: ${text}`)
  }

  /** For a test that provokes what no page may do: it looks at it itself. */
  forgive(): ReadonlyArray<string> {
    return this.#noise.splice(0).map(({ kind, text }) => `${kind}: ${text}`)
  }

  goto(path = "/") {
    return this.page.goto(`${this.url}${path}`, { waitUntil: "domcontentloaded" })
  }

  /** Another tab of the same browser. */
  newTab(): Promise<Page> {
    return this.context.newPage()
  }

  /** As a person does, from wherever one is. */
  async signIn(credential: Credential, path = "/"): Promise<void> {
    await this.goto(path)
    await this.enter(credential)
    await shown(this.page.getByRole("button", { name: en.shell.menu }))
  }

  /** Signed in without the form: what is not about signing in need not wait for it. */
  async arrive(credential: Credential, path = "/"): Promise<void> {
    const { page } = this
    const answer = await page.request.post(`${this.url}/v1/session`, {
      headers: { origin: this.url },
      data: { account: accountOf(credential), secret: secretOf(credential) }
    })
    assert.strictEqual(answer.status(), 201)
    await page.addInitScript((session) => {
      // once for each: who signs out later stays signed out
      if (sessionStorage.getItem(session) === null) localStorage.setItem("gateway.session", session)
      sessionStorage.setItem(session, "")
    }, await answer.text())
    await this.goto(path)
    await shown(page.getByRole("button", { name: en.shell.menu }))
  }

  /** Fills in the form and sends it off. */
  async enter(credential: Credential): Promise<void> {
    const { page } = this
    await page.getByLabel(en.signIn.account, { exact: true }).fill(accountOf(credential))
    await page.getByLabel(en.signIn.secret, { exact: true }).fill(secretOf(credential))
    await page.getByRole("button", { name: en.signIn.submit, exact: true }).click()
  }

  async signOut(): Promise<void> {
    await this.page.getByRole("button", { name: en.shell.menu }).click()
    await this.page.getByRole("button", { name: en.shell.signOut }).click()
    await shown(this.page.getByRole("heading", { name: en.signIn.title }))
  }

  /** Fails with what axe finds, in the theme that is shown. */
  async assertAccessible(what: string): Promise<void> {
    const { page } = this
    // what still moves has no colours yet
    await eventually(
      "nothing moves",
      () =>
        page.evaluate(() =>
          document.getAnimations().filter((_) =>
            _.playState === "running" && _.effect?.getComputedTiming().iterations !== Infinity
          ).length
        ),
      (_) => _ === 0,
      patience
    )
    const found = await axe(page)
    const lines = found.flatMap(({ help, id, nodes }) => [
      `${id}: ${help}`,
      ...nodes.map(({ failureSummary, html, target }) =>
        `    ${target.join(" ")}  ${html.slice(0, 160)}\n      ${failureSummary.replaceAll(/\s+/g, " ")}`
      )
    ])
    assert.strictEqual(lines.length, 0, `axe on ${what}:\n${lines.join("\n")}`)
  }

  async close(): Promise<void> {
    await this.context.close()
  }
}

interface Finding {
  readonly id: string
  readonly help: string
  readonly nodes: ReadonlyArray<{
    readonly html: string
    readonly target: ReadonlyArray<string>
    readonly failureSummary: string
  }>
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

/** In a world of its own: the page's policy stays as it is, and axe sees no script of the page. */
const axe = async (page: Page): Promise<ReadonlyArray<Finding>> => {
  const session = await page.context().newCDPSession(page)
  try {
    const { frameTree } = await session.send("Page.getFrameTree")
    const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id })
    const evaluate = async (expression: string): Promise<unknown> => {
      const { exceptionDetails, result } = await session.send("Runtime.evaluate", {
        expression,
        contextId: executionContextId,
        awaitPromise: true,
        returnByValue: true
      })
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? expression)
      return result.value
    }
    await evaluate(`${axeSource}; true`)
    const violations = await evaluate(
      `axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ["violations"] }).then((_) => _.violations)`
    )
    return violations as ReadonlyArray<Finding>
  } finally {
    await session.detach()
  }
}

/** One Chromium for a file of tests; what each of them opened is closed after it, and was quiet. */
export const useBrowser = () => {
  let browser: Browser | undefined
  let visits: Array<Visit> = []
  beforeAll(async () => {
    const path = inject("chromium")
    if (path === null || !existsSync(path)) throw new Error("there is no Chromium")
    browser = await launchChromium(path)
  })
  afterEach(async ({ task }) => {
    const ended = visits
    visits = []
    const failed = task.result?.state === "fail"
    for (const visit of ended) await visit.close()
    // why it failed says more
    if (!failed) { for (const visit of ended) visit.assertQuiet() }
  })
  afterAll(() => browser?.close())
  return {
    open: async (options: VisitOptions): Promise<Visit> => {
      const visit = await Visit.open(browser!, options)
      visits.push(visit)
      return visit
    },
    cdp: (page: Page): Promise<CDPSession> => page.context().newCDPSession(page)
  }
}

/** Waits until it is there to be seen. */
export const shown = (locator: Locator, milliseconds = patience): Promise<void> =>
  locator.first().waitFor({ state: "visible", timeout: milliseconds })

export const gone = (locator: Locator, milliseconds = patience): Promise<void> =>
  locator.first().waitFor({ state: "hidden", timeout: milliseconds })

/** Asks the page until the answer is yes. */
export const until = <A>(
  what: string,
  ask: () => Promise<A> | A,
  isTrue: (answer: A) => boolean,
  milliseconds = patience
): Promise<A> => eventually(what, ask, isTrue, milliseconds)
