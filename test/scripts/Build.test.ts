import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { join, relative } from "node:path"
import { build, buildClient } from "../../scripts/build.mjs"
import { inProject, root } from "../../scripts/setup.mjs"
import { runProgram } from "../support/RealGateway.ts"

let folder: string
let modules: string

beforeAll(async () => {
  // inside the project, where better-sqlite3 is found; .cache is not tracked
  mkdirSync(inProject(".cache"), { recursive: true })
  folder = mkdtempSync(inProject(".cache/build-"))
  modules = join(folder, "node_modules")
  await build({ outdir: join(relative(root, folder), "main") })
  await buildClient({ outdir: join(relative(root, folder), "client") })
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const textOf = (file: string) => readFileSync(join(folder, file), "utf8")

describe("the bundles", () => {
  it("of the gateway have nothing of the command line and the client", () => {
    const files = readdirSync(join(folder, "main"), { recursive: true, encoding: "utf8" }).filter((_) =>
      _.endsWith(".js")
    )
    assert.isAbove(files.length, 3)
    for (const file of files) {
      const text = textOf(join("main", file))
      for (const foreign of ["node_modules/@effect/cli/", "src/layers/cli/", "src/layers/client/"]) {
        assert.notInclude(text, `// ${foreign}`, file)
      }
    }
  })

  it("of the client import effect and nothing else", () => {
    const imported = Array.from(textOf("client/client.js").matchAll(/^import .*?from "([^"]+)";$/gm), ([, _]) => _!)
    assert.isAbove(imported.length, 10)
    assert.deepStrictEqual(imported.filter((_) => !/^effect(\/|$)/.test(_)), [])
    assert.notMatch(textOf("client/client.js"), /\brequire\(|\bimport\(/)
  })

  it("of the client run with effect alone", async () => {
    mkdirSync(modules)
    symlinkSync(inProject("node_modules/effect"), join(modules, "effect"))
    cpSync(join(folder, "client/client.js"), join(folder, "client.mjs"))
    const { code, stderr, stdout } = await runProgram(process.execPath, [
      "--input-type=module",
      "-e",
      `import { GatewayClient } from ${JSON.stringify(join(folder, "client.mjs"))}
       const { find } = GatewayClient.promise({ baseUrl: "http://127.0.0.1:9", account: "a", secret: "b" })
       console.log(await find("txn_1").catch((_) => _.code))`
    ])
    assert.deepStrictEqual([code, stdout, stderr], [0, "invalid_request\n", ""])
  })
})
