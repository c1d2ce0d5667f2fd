import { assert, describe, it } from "@effect/vitest"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import { buildPanelBehind } from "../../scripts/panel-behind.mjs"
import { contentSecurityPolicy, exportPanel } from "../../scripts/panel-export.mjs"
import { inProject, panelSources } from "../../scripts/setup.mjs"
import { bundle } from "../main/MainProcess.ts"
import { eventually } from "../support/GatewayFixture.ts"
import { outOf, writeFiles } from "../support/PanelExport.ts"
import { runProgram } from "../support/RealGateway.ts"

interface Owner {
  readonly onTestFinished: (end: () => void) => void
}

const folder = (owner: Owner): string => {
  const made = mkdtempSync(join(tmpdir(), "gateway-panel-"))
  owner.onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** No process has it: Linux gives none above 2^22. */
const dead = 2 ** 22 + 1

const exported = async (owner: Owner, files = outOf("b1")) => {
  const root = folder(owner)
  writeFiles(join(root, "out"), files)
  const to = join(root, "dist/panel")
  await exportPanel({ from: join(root, "out"), to, stamp: "one" })
  return { root, to, manifest: () => JSON.parse(readFileSync(join(to, "manifest.json"), "utf8")) }
}

describe("the export of the panel", () => {
  it("has every file, its smaller forms, and a manifest of them", async (test) => {
    const { manifest, to } = await exported(test)
    const { files, notFound } = manifest()
    assert.deepStrictEqual(
      Object.keys(files).toSorted(),
      [
        "/",
        "/_next/static/chunks/[id]-1.js",
        "/_next/static/chunks/b1.js",
        "/_next/static/media/font.woff2",
        "/favicon.ico",
        "/index.txt",
        "/operator",
        "/operator.txt",
        "/operator/__next._tree.txt"
      ].toSorted()
    )
    assert.strictEqual(notFound.file, "files/404.html")
    for (const { codings, file } of [...Object.values<any>(files), notFound]) {
      const content = readFileSync(join(to, file))
      assert.strictEqual(content.toString(), outOf("b1")[file.slice("files/".length)])
      assert.strictEqual(existsSync(join(to, `${file}.br`)), codings.includes("br"))
      assert.strictEqual(existsSync(join(to, `${file}.gz`)), codings.includes("gzip"))
      if (codings.includes("br")) {
        const coded = readFileSync(join(to, `${file}.br`))
        assert.isBelow(coded.length, content.length)
        assert.deepStrictEqual(brotliDecompressSync(coded), content)
      }
      if (codings.includes("gzip")) assert.deepStrictEqual(gunzipSync(readFileSync(join(to, `${file}.gz`))), content)
    }
    assert.deepStrictEqual(files["/"].codings, ["br", "gzip"])
    assert.deepStrictEqual(files["/operator/__next._tree.txt"].codings, [], "two bytes do not get smaller")
    assert.deepStrictEqual(files["/_next/static/media/font.woff2"].codings, [], "packed already")
    assert.isUndefined(files["/operator.txt"].policy)
    assert.strictEqual(statSync(to).mode & 0o777, 0o755)
    assert.strictEqual(readFileSync(join(to, ".sources"), "utf8"), "one")
  })

  it("takes its place whole: until then, and when it fails, the one before stays", async (test) => {
    const { manifest, root, to } = await exported(test)
    const before = manifest()
    // what a build left that was killed
    mkdirSync(join(root, `dist/panel.new-${dead}-abc`))
    mkdirSync(join(root, `dist/panel.old-${dead}`))
    // and one that goes on
    const other = join(root, `dist/panel.new-${process.ppid}-def`)
    mkdirSync(other)
    rmSync(join(root, "out/index.html"))
    const failed = await exportPanel({ from: join(root, "out"), to, stamp: "two" }).then(() => null, (_) => _)
    assert.match(String(failed), /no index\.html/)
    assert.deepStrictEqual(manifest(), before)

    rmSync(join(root, "out"), { recursive: true })
    writeFiles(join(root, "out"), outOf("b2"))
    let seen = 0
    let missing = 0
    let done = false
    const look = async () => {
      while (!done) {
        try {
          // a manifest is never without its files
          for (const { file } of Object.values<any>(manifest().files)) statSync(join(to, file))
          seen++
        } catch {
          missing++
        }
        await new Promise((next) => {
          setImmediate(next)
        })
      }
    }
    const looking = look()
    await exportPanel({ from: join(root, "out"), to, stamp: "two" })
    done = true
    await looking
    assert.isAbove(seen, 0)
    assert.strictEqual(missing, 0)
    assert.property(manifest().files, "/_next/static/chunks/b2.js")
    assert.sameMembers(readdirSync(dirname(to)), ["panel", basename(other)])
  })

  it("puts the one before back that a killed build had put aside, also when the next one fails", async (test) => {
    const { manifest, root, to } = await exported(test)
    const before = manifest()
    renameSync(to, `${to}.old-${dead}`)
    rmSync(join(root, "out/index.html"))
    const failed = await exportPanel({ from: join(root, "out"), to, stamp: "two" }).then(() => null, (_) => _)
    assert.match(String(failed), /no index\.html/)
    assert.deepStrictEqual(manifest(), before)
    assert.deepStrictEqual(readdirSync(dirname(to)), ["panel"])
  })

  it("tells apart what changed", async (test) => {
    const { manifest } = await exported(test)
    const { manifest: changed } = await exported(test, { ...outOf("b1"), "operator.txt": "another" })
    const [one, other] = [manifest().files, changed().files]
    for (const path of Object.keys(one)) {
      assert.strictEqual(one[path].tag === other[path].tag, path !== "/operator.txt", path)
    }
  })

  it("names the inline scripts of a page, each once, and no script of a file", () => {
    const policy = contentSecurityPolicy(
      "<script>a</script><SCRIPT async>b\n</SCRIPT ><script src='/x.js'>c</script><script>a</script>"
    )
    assert.strictEqual(policy.match(/'sha256-/g)?.length, 2)
    assert.notMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline|https?:|\*/)
  })
})

describe("the stamp of the panel", () => {
  it("changes with what it is made of, and with nothing else", async (test) => {
    const root = folder(test)
    const stamp = async () => {
      const { code, stderr, stdout } = await runProgram(process.execPath, [
        "--input-type=module",
        "-e",
        `console.log((await import(${JSON.stringify(join(root, "scripts/setup.mjs"))})).panelSources())`
      ])
      assert.deepStrictEqual([code, stderr], [0, ""])
      return stdout
    }
    writeFiles(root, {
      "scripts/setup.mjs": readFileSync(inProject("scripts/setup.mjs"), "utf8"),
      "scripts/build-panel.mjs": "",
      "scripts/panel-export.mjs": "",
      "package-lock.json": "{}",
      "web/app/page.tsx": "",
      "web/next.config.ts": "",
      "src/domain/Money.ts": "",
      "src/layers/http/Api.ts": "",
      "src/layers/client/EventParser.ts": "",
      "src/layers/sql/Dialect.ts": ""
    })
    let last = await stamp()
    const put = (name: string) => writeFiles(root, { [name]: `changed ${name}` })
    for (
      const name of [
        "web/.next/cache/x",
        "web/out/index.html",
        "web/node_modules/nuqs/index.js",
        "web/next-env.d.ts",
        "src/layers/sql/Dialect.ts",
        // its types are in the panel, and leave nothing there
        "src/layers/http/Api.ts",
        "README.md"
      ]
    ) {
      put(name)
      assert.strictEqual(await stamp(), last, name)
    }
    for (
      const name of [
        "web/app/page.tsx",
        "web/feed/new.ts",
        "web/next.config.ts",
        "src/domain/Money.ts",
        "src/layers/client/EventParser.ts",
        "scripts/panel-export.mjs",
        "package-lock.json"
      ]
    ) {
      put(name)
      const next = await stamp()
      assert.notStrictEqual(next, last, name)
      last = next
    }
  }, 60_000)

  it("can be taken of this project", () => {
    if (existsSync(inProject("web"))) assert.match(panelSources(), /^[0-9a-f]{64}$/)
  })
})

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    // one that has ended and that nobody has heard of yet is no more
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

describe("a build beside the gateway", () => {
  const script = (owner: Owner, code: string) => {
    const file = join(folder(owner), "build.mjs")
    writeFileSync(file, code)
    return file
  }
  const never = "setInterval(() => {}, 1000)"

  it("says when the panel is ready, and where", async (test) => {
    const lines: Array<string> = []
    buildPanelBehind({
      url: "http://127.0.0.1:1",
      say: (_) => lines.push(_),
      isBuilt: () => false,
      script: script(test, "console.log('compiling')")
    })
    await eventually("its end", () => lines.length, (_) => _ === 2)
    assert.strictEqual(lines[0], "Building the panel …")
    assert.match(lines[1]!, /^The panel is ready: http:\/\/127\.0\.0\.1:1\/ \([\d.]+ s\)$/)
  })

  it("says why there is none, and what helps", async (test) => {
    const lines: Array<string> = []
    buildPanelBehind({
      say: (_) => lines.push(_),
      isBuilt: () => false,
      script: script(test, "console.error(`${'x'.repeat(9000)}\\nModule not found: react`); process.exitCode = 7")
    })
    await eventually("its end", () => lines.length, (_) => _ === 2)
    assert.match(lines[1]!, /Module not found: react\n\nThe panel could not be built \(exit code 7\).*npm run build/)
    assert.isBelow(lines[1]!.length, 4_000)
  })

  it("is told none of the gateway's secrets", async (test) => {
    const lines: Array<string> = []
    process.env["CARD_KEYS"] = "k1:secret"
    try {
      buildPanelBehind({
        say: (_) => lines.push(_),
        isBuilt: () => false,
        script: script(test, "process.exitCode = process.env.PATH && !process.env.CARD_KEYS ? 0 : 1")
      })
    } finally {
      delete process.env["CARD_KEYS"]
    }
    await eventually("its end", () => lines.length, (_) => _ === 2)
    assert.match(lines[1]!, /^The panel is ready \(/)
  })

  it("begins when the gateway serves, which says where", async () => {
    const { code, stderr, stdout } = await runProgram(process.execPath, [
      "--input-type=module",
      "-e",
      `import { subscribe } from "node:diagnostics_channel"
       subscribe("gateway.started", async ({ url }) => {
         console.error((await fetch(url + "/livez")).status)
         process.kill(process.pid, "SIGTERM")
       })
       await import(${JSON.stringify(await bundle())})`,
      "a script would stand here",
      "panel"
    ], { env: { PORT: "0", MANAGEMENT_PORT: "0" } })
    assert.deepStrictEqual([code, stderr], [0, "200\n"], stdout)
    // the bundle may have to be made first
  }, 120_000)

  it("does nothing where the panel is that of the sources", () => {
    const lines: Array<string> = []
    buildPanelBehind({ say: (_) => lines.push(_), isBuilt: () => true, script: "/nowhere" })()
    assert.deepStrictEqual(lines, [])
  })

  /** A build that has started a process of its own; both write down who they are. */
  const family = (owner: Owner) => {
    const child = script(owner, `process.on("SIGTERM", () => {}); ${never}`)
    const pids = join(dirname(child), "pids")
    const parent = script(
      owner,
      `import { spawn } from "node:child_process"
       import { writeFileSync } from "node:fs"
       process.stdin.on("close", () => process.kill(-process.pid, "SIGKILL")).resume()
       const { pid } = spawn(process.execPath, [${JSON.stringify(child)}], { stdio: "ignore" })
       writeFileSync(${JSON.stringify(pids)}, process.pid + " " + pid)
       ${never}`
    )
    const members = () =>
      eventually(
        "a build",
        () => existsSync(pids) ? readFileSync(pids, "utf8").split(" ").map(Number) : [],
        (_) => _.length === 2 && _.every((pid) => pid > 0)
      )
    return { parent, members }
  }

  it("ends with all that it started when it is told to, and says nothing more", async (test) => {
    const { members, parent } = family(test)
    const lines: Array<string> = []
    const end = buildPanelBehind({ say: (_) => lines.push(_), isBuilt: () => false, script: parent })
    const pids = await members()
    assert.deepStrictEqual(pids.map(isAlive), [true, true])
    end()
    await eventually("its end", () => pids.filter(isAlive), (_) => _.length === 0)
    end()
    assert.deepStrictEqual(lines, ["Building the panel …"])
  })

  for (const how of ["process.exit(0)", "process.kill(process.pid, 'SIGKILL')", "clearInterval(waiting)"]) {
    it(`does not keep its gateway, and does not outlive it: ${how}`, async (test) => {
      const { members, parent } = family(test)
      const gateway = script(
        test,
        `import { existsSync } from "node:fs"
         import { buildPanelBehind } from ${JSON.stringify(inProject("scripts/panel-behind.mjs"))}
         buildPanelBehind({ isBuilt: () => false, script: ${JSON.stringify(parent)} })
         const waiting = setInterval(() => {
           if (existsSync(${JSON.stringify(join(dirname(parent), "go"))})) ${how}
         }, 20)`
      )
      const ended = runProgram(process.execPath, [gateway], { seconds: 20 })
      const pids = await members()
      writeFileSync(join(dirname(parent), "go"), "")
      const { code, signal, stderr } = await ended
      assert.strictEqual(stderr, "Building the panel …\n")
      assert.strictEqual(signal ?? code, how.includes("SIGKILL") ? "SIGKILL" : 0)
      await eventually("its end", () => pids.filter(isAlive), (_) => _.length === 0)
    })
  }
})
