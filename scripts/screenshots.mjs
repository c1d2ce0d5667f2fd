// @ts-check
/**
 * `npm run screenshots`: pictures of the panel's main states for the README, of a real gateway with real traffic, into
 * docs/images. `--seconds N` is how long the traffic runs before the first of them, which the chart shows.
 */
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { varied } from "../bench/lib/variety.ts"
import { en } from "../web/messages/en/index.ts"
import { chromiumRemedy, findChromium, launchChromium } from "./chromium.mjs"
import { inProject } from "./setup.mjs"

const { values } = parseArgs({ options: { seconds: { type: "string", default: "290" } } })

const path = findChromium()
if (path === undefined) {
  console.error(`There is no Chromium: ${chromiumRemedy}`)
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), "gateway-screenshots-"))
const images = inProject("docs/images")
mkdirSync(images, { recursive: true })

const key = (/** @type {string} */ name) => `${name}:${Buffer.alloc(32, name).toString("base64")}`

/** @param {string} cardKeys @param {string} [port] */
const start = async (cardKeys, port = "0") => {
  const child = spawn(process.execPath, [inProject("dist/main.js")], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      DATA_DIR: join(folder, "data"),
      PORT: port,
      MANAGEMENT_PORT: "0",
      RATE_LIMIT: "0",
      LOG_LEVEL: "warning",
      RESEND_BACK_OFF_MS: "500",
      CARD_KEYS: cardKeys
    }
  })
  process.once("exit", () => child.kill("SIGKILL"))
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text
  })
  while (!/ {2}Metrics /.test(output)) {
    if (child.exitCode !== null) throw new Error(`the gateway did not start: ${output}`)
    await sleep(50)
  }
  const url = /** @type {string} */ (/API\s+(http:\/\/\S+)\/v1/.exec(output)?.[1])
  while (!existsSync(join(folder, "data/demo-credential.json"))) await sleep(50)
  return { child, url }
}

let { child, url } = await start(key("2025"))
const operator = `operator:${JSON.parse(readFileSync(join(folder, "data/keys.json"), "utf8")).operatorSecret}`

/**
 * @param {string} as
 * @param {string} method
 * @param {string} target
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
const ask = async (as, method, target, body) => {
  const response = await fetch(`${url}${target}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(as).toString("base64")}`,
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return response.json()
}
/** @param {string} name */
const createAccount = async (name) => {
  const { id, secret } = await ask(operator, "POST", "/v1/accounts", { name })
  return `${id}:${secret}`
}
/** @param {object} changes */
const simulate = (changes) => ask(operator, "PATCH", "/v1/operator/simulation", changes)

const shop = await createAccount("Livraria Aurora")
const others = [await createAccount("Café Norte"), await createAccount("Bikes & Co.")]

// what is parked: accepted, and then the key of its card was gone
await simulate({ decision_delay_ms: 600_000 })
for (const as of [shop, shop, others[0] ?? shop]) await ask(as, "POST", "/v1/transactions", varied(0).submission)
child.kill("SIGKILL")
await new Promise((done) => child.once("close", done))
;({ child, url } = await start(key("2026"), new URL(url).port))
await simulate({ decision_delay_ms: 250 })

let isSending = true
const traffic = (async () => {
  const began = Date.now()
  while (isSending) {
    // a day of a shop, in minutes
    const rate = 9 + 7 * Math.sin((Date.now() - began) / 17_000) + 3 * Math.sin((Date.now() - began) / 2_300)
    const as = Math.random() < 0.7 ? shop : /** @type {string} */ (others[Math.random() < 0.5 ? 0 : 1])
    void ask(as, "POST", "/v1/transactions", varied(0.18).submission).catch(() => {})
    await sleep(-Math.log(1 - Math.random()) * 1000 / Math.max(1, rate))
  }
})()

const browser = await launchChromium(path)
/**
 * @param {string} credential
 * @param {string} target
 * @param {{ theme?: "light" | "dark", width?: number, height?: number }} [look]
 */
const open = async (credential, target, { height = 900, theme = "light", width = 1440 } = {}) => {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    locale: "en-US",
    reducedMotion: "reduce"
  })
  const page = await context.newPage()
  await page.goto(`${url}${target}`)
  const [account = "", secret = ""] = credential.split(":")
  await page.getByLabel(en.signIn.account, { exact: true }).fill(account)
  await page.getByLabel(en.signIn.secret, { exact: true }).fill(secret)
  await page.getByRole("button", { name: en.signIn.submit, exact: true }).click()
  await page.getByRole("status", { name: en.shell.connection.label }).getByText(en.shell.connection.live).waitFor()
  await page.mouse.move(5, 5)
  return page
}

/** @param {import("playwright-core").Page} page @param {string} name */
const take = async (page, name) => {
  // the chart is drawn, and no row is half there
  await sleep(2_500)
  const file = join(images, `${name}.png`)
  await page.screenshot({ path: file, animations: "disabled", caret: "hide" })
  console.log(`${file.slice(inProject("").length)}  ${Math.round(statSync(file).size / 1000)} kB`)
}

try {
  console.error(`Traffic for ${values.seconds} s …`)
  await sleep(Number(values.seconds) * 1000)
  const light = await open(shop, "/")
  await take(light, "live-light")
  await take(await open(shop, "/", { theme: "dark" }), "live-dark")
  await take(await open(shop, "/", { width: 390, height: 844 }), "phone")

  const { data } = await ask(shop, "GET", "/v1/transactions?status=rejected&limit=40")
  const rejected =
    data.find((/** @type {{ error: { code: string }, reference: string | null }} */ { error, reference }) =>
      error.code === "expired_card" && reference !== null
    ) ?? data[0]
  await take(await open(shop, `/?transaction=${rejected.id}`), "drawer")

  await light.getByRole("button", { name: en.shell.sendTest }).click()
  await take(light, "send")

  const pipeline = await open(operator, "/operator")
  await take(await open(operator, "/operator/parked"), "parked")
  await simulate({ decision_delay_ms: 7_000 })
  await sleep(20_000)
  await take(pipeline, "operator")
} finally {
  isSending = false
  await traffic
  await browser.close()
  child.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true })
}
