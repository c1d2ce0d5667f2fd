import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { pathToFileURL } from "node:url"
import { buildClient } from "../../scripts/build.mjs"
import { notRun } from "../../scripts/not-run.mjs"
import { inProject, root } from "../../scripts/setup.mjs"
import { exitCodes } from "../../src/layers/cli/Ending.ts"
import { problemTypes } from "../../src/layers/http/Problem.ts"
import { promiseClient } from "../support/Client.ts"
import { type RealGateway, runProgram, startRealGateway } from "../support/RealGateway.ts"

const page = readFileSync(inProject("docs/integrating.md"), "utf8")

/** The blocks of a language as one program. */
const programOf = (language: string): string =>
  Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms")), ([, code]) => code).join("\n")

/** The rows of the table with this first column, their cells without the marks of code. */
const rowsUnder = (first: string): ReadonlyArray<ReadonlyArray<string>> => {
  const table = page.split("\n\n").find((_) => _.startsWith(`| ${first} |`))!
  return table.trim().split("\n").slice(2).map((row) =>
    row.split("|").slice(1, -1).map((_) => _.trim().replaceAll("`", ""))
  )
}

const isThere = (command: string) => spawnSync(command, ["--version"]).status === 0

let gateway: RealGateway
let folder: string
let environment: Readonly<Record<string, string>>

beforeAll(async () => {
  gateway = await startRealGateway()
  folder = mkdtempSync(join(tmpdir(), "gateway-docs-"))
  symlinkSync(gateway.dataDir, join(folder, "data"))
  const { account, secret } = JSON.parse(readFileSync(join(gateway.dataDir, "demo-credential.json"), "utf8"))
  environment = { GATEWAY_URL: gateway.url, GATEWAY_ACCOUNT: account, GATEWAY_SECRET: secret }
  // as it is for a project that depends on this one
  const modules = join(folder, "node_modules")
  const own = join(modules, "payment-gateway")
  mkdirSync(own, { recursive: true })
  await buildClient({ outdir: relative(root, join(own, "dist")) })
  writeFileSync(join(own, "package.json"), readFileSync(inProject("package.json")))
  symlinkSync(inProject("node_modules/effect"), join(modules, "effect"))
  writeFileSync(join(folder, "package.json"), "{\"type\": \"module\"}")
}, 120_000)

afterAll(async () => {
  await gateway.close()
  rmSync(folder, { recursive: true, force: true })
})

describe("docs/integrating.md", () => {
  const hasCurl = isThere("curl")
  if (!hasCurl) notRun("the shell of docs/integrating.md", "install curl")
  it.skipIf(!hasCurl)("runs in a shell", async () => {
    writeFileSync(
      join(folder, "program.sh"),
      `set -eu\n${programOf("sh").replace("http://127.0.0.1:8080", gateway.url)}\necho reached the end\n`
    )
    const { code, stderr, stdout } = await runProgram("bash", ["program.sh"], { cwd: folder })
    assert.strictEqual(code, 0, `${stdout}\n${stderr}`)
    assert.match(stdout, /^HTTP\/1.1 201 Created\r$/m)
    assert.include(stdout, "\"reference\":\"order-1001\"")
    assert.match(stdout, /^idempotent-replayed: true/im)
    assert.match(stdout, /^304$/m)
    assert.match(stdout, /^txn_\w+,approved,2500,/m)
    assert.match(stdout, /(?:^event: transaction\.(?:accepted|approved)\n){4}/m)
    assert.match(stdout, /"object":"account".*"expires_at":"2/)
    assert.deepStrictEqual(
      Array.from(stdout.slice(stdout.indexOf("\"decision_delay_ms\"")).matchAll(/^HTTP\/1\.1 (\d+)/gm), (_) => _[1]),
      ["202", "201", "202", "201"]
    )
    assert.match(stdout, /reached the end\n$/)
    const { client } = clientOfDemo()
    const made: Array<string | null> = []
    for await (const { reference } of client.list({ reference: "order-1002" })) made.push(reference)
    assert.deepStrictEqual(made, ["order-1002"])
  }, 90_000)

  it("runs in TypeScript", async () => {
    writeFileSync(join(folder, "program.ts"), programOf("ts"))
    const tsx = pathToFileURL(inProject("node_modules/tsx/dist/esm/index.mjs")).href
    const { code, stderr, stdout } = await runProgram(process.execPath, ["--import", tsx, "program.ts"], {
      cwd: folder,
      env: environment
    })
    assert.strictEqual(code, 0, `${stdout}\n${stderr}`)
    assert.strictEqual(stderr, "")
    assert.match(stdout, /^txn_\w+ approved\nrejected amount_too_small\nnull\n/)
    assert.match(stdout, /^txn_\w+ 1999$/m)
    assert.match(stdout, /^txn_\w+,approved,1999,.*,order-2001,/m)
    assert.match(stdout, /^transaction\.rejected txn_/m)
    assert.match(stdout, /^approved, and \d+ approved\n$/m)
  }, 90_000)

  const hasPython = isThere("python3")
  if (!hasPython) notRun("the Python of docs/integrating.md", "install python3")
  it.skipIf(!hasPython)("runs in Python", async () => {
    writeFileSync(join(folder, "program.py"), programOf("python"))
    const { code, stderr, stdout } = await runProgram("python3", ["program.py"], { cwd: folder, env: environment })
    assert.strictEqual(code, 0, `${stdout}\n${stderr}`)
    assert.match(stdout, /^201 txn_\w+ approved\nmade once txn_\w+\nrejected amount_too_small\n\d+ approved\n/)
    assert.match(stdout, /^transaction\.rejected txn_/m)
  }, 90_000)

  it("tells what becomes of each test card", async () => {
    const { client } = clientOfDemo()
    const rows = rowsUnder("Number")
    assert.isAbove(rows.length, 10)
    for (const [number = "", expiry = "", cvv = "", amount = "", decision = ""] of rows) {
      const [month, year] = expiry.split("/").map(Number)
      const made = await client.submit({
        amount: Number(amount),
        card: { number, holder: "Test Card", exp_month: month!, exp_year: year!, cvv }
      }, { wait: "20 seconds" })
      assert.strictEqual(
        made.error?.code ?? made.status,
        decision.split(" ")[0],
        `${number} ${expiry} ${cvv} ${amount}`
      )
      const brand = /^approved \((\w+)/.exec(decision)?.[1]
      if (brand !== undefined) assert.strictEqual(made.card.brand, brand)
    }
  }, 60_000)

  it("has every code of an error with its status", () => {
    const documented = rowsUnder("Code").map(([code, status]) => [code, status!.split(",")[0]])
    const inCode = Object.entries(problemTypes)
      .filter(([name]) => name !== "unknown_cursor")
      .map(([name, { status }]) => [name, `${status}`])
    assert.deepStrictEqual(documented, inCode)
  })

  it("has every exit code", () => {
    assert.deepStrictEqual(rowsUnder("Exit code").map(([code]) => Number(code)), Object.values(exitCodes))
  })
})

const clientOfDemo = () => ({
  client: promiseClient(gateway.url, `${environment["GATEWAY_ACCOUNT"]}:${environment["GATEWAY_SECRET"]}`)
})
