import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { buildCli } from "../../scripts/build.mjs"
import { inProject, root } from "../../scripts/setup.mjs"
import { eventually } from "../support/GatewayFixture.ts"
import { cards } from "../support/HttpSamples.ts"
import { answers, hangUp, problem, rawServer } from "../support/RawServer.ts"
import { type RealGateway, runProgram, startRealGateway } from "../support/RealGateway.ts"

let gateway: RealGateway
let folder: string
let cli: string
let demo: { readonly account: string; readonly secret: string }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gateway-cli-"))
  cli = await buildCli({ outdir: relative(root, folder) })
  gateway = await startRealGateway()
  demo = JSON.parse(readFileSync(join(gateway.dataDir, "demo-credential.json"), "utf8"))
}, 120_000)

afterAll(async () => {
  await gateway.close()
  rmSync(folder, { recursive: true, force: true })
})

type Options = Parameters<typeof runProgram>[2]

/** As on the gateway's own machine. */
const run = (args: ReadonlyArray<string>, { env, ...options }: Options = {}) =>
  runProgram(process.execPath, [cli, ...args], {
    cwd: folder,
    env: { GATEWAY_URL: gateway.url, DATA_DIR: gateway.dataDir, ...env },
    ...options
  })

const json = async (args: ReadonlyArray<string>, code = 0): Promise<Record<string, any>> => {
  const ended = await run([...args, "--json"])
  assert.strictEqual(ended.code, code, ended.stderr)
  assert.strictEqual(ended.stdout.split("\n").length, 2, "one line")
  return JSON.parse(ended.stdout)
}

const lines = (text: string) => text.trimEnd().split("\n")

describe("gateway", () => {
  it("sends and gets", async () => {
    const made = await json([
      "send",
      "--amount",
      "1999",
      "--wait",
      "20",
      "--reference",
      "order-1",
      "--metadata",
      "a=b=c",
      "--metadata",
      "d="
    ])
    assert.deepInclude(made, { status: "approved", amount: 1999, reference: "order-1", metadata: { a: "b=c", d: "" } })
    assert.deepStrictEqual(await json(["get", made["id"]]), made)
    assert.lengthOf((await json(["get", made["id"], "--timeline"]))["stages"], 4)
    const { stdout } = await run(["get", made["id"]])
    assert.match(stdout, /^status {6}approved$/m)
    assert.match(stdout, /^amount {6}\$19\.99$/m)
  })

  it("makes one transaction under one key", async () => {
    const send = ["send", "--amount", "500", "--idempotency-key", "once"]
    assert.strictEqual((await json(send))["id"], (await json(send))["id"])
    const other = await run(["send", "--amount", "501", "--idempotency-key", "once"])
    assert.strictEqual(other.code, 2)
    assert.match(other.stderr, /^gateway: .+ \(idempotency_key_reused, req_\w+\)\n$/)
  })

  it("ends with 3 when the transaction is rejected", async () => {
    const made = await json(["send", "--amount", "-5", "--wait", "20"], 3)
    assert.strictEqual(made["error"].code, "amount_too_small")
    await json(["get", made["id"]], 3)
    const { code, stderr, stdout } = await run(["send", "--amount=1999", "--wait=20", "--number=" + cards.amex])
    assert.strictEqual(code, 3)
    assert.match(stdout, /^reason {5}invalid_cvv: /m)
    assert.strictEqual(stderr, "")
  })

  it("lists: a page, every page, CSV", async () => {
    for (let i = 0; i < 3; i++) await json(["send", "--amount", "777", "--reference", "listed", "--wait", "20"])
    const filter = [
      "list",
      "--reference",
      "listed",
      "--min-amount",
      "777",
      "--max-amount",
      "777",
      "--status",
      "approved"
    ]
    const page = await json([...filter, "--limit", "2"])
    assert.deepInclude(page, { object: "list", has_more: true })
    assert.lengthOf((await json([...filter, "--limit", "2", "--after", page["next"]]))["data"], 1)
    const all = await run([...filter, "--all", "--json"])
    const ids = lines(all.stdout).map((_) => JSON.parse(_).id)
    assert.deepStrictEqual(ids.slice(0, 2), page["data"].map((_: { readonly id: string }) => _.id))
    assert.lengthOf(ids, 3)
    const csv = await run([...filter, "--csv"])
    assert.deepStrictEqual(lines(csv.stdout).slice(1).map((_) => _.split(",")[0]), ids)
    const table = await run([...filter, "--all"])
    assert.lengthOf(lines(table.stdout), 4)
    assert.match(table.stdout, /^id +status +amount +card +created +reference +reason\n/)
    assert.lengthOf((await json(["list", "--before", "2020-01-01T00:00:00Z"]))["data"], 0)
    assert.strictEqual((await run(["list", "--since", "yesterday"])).code, 2)
  })

  it("tails until Ctrl-C, or for so many events", async () => {
    let heard = ""
    const tailing = run(["tail", "--json"], {
      onStart: (child) => {
        child.stdout!.on("data", (text: string) => {
          heard += text
        })
        void eventually("two events", () => lines(heard).length, (_) => _ >= 2, 30_000).then(
          () => child.kill("SIGINT"),
          () => child.kill("SIGKILL")
        )
      }
    })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const made = await json(["send", "--amount", "888", "--wait", "20"])
    const { code, signal, stderr, stdout } = await tailing
    assert.deepStrictEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: "" })
    const events = lines(stdout).map((_) => JSON.parse(_))
    assert.deepStrictEqual(events.map((_) => _.type), ["transaction.accepted", "transaction.approved"])
    assert.strictEqual(events[0].transaction.id, made["id"])
    const resumed = await run(["tail", "--after", events[0].cursor, "--limit", "1"])
    assert.strictEqual(resumed.code, 0)
    assert.include(resumed.stdout, `approved  ${made["id"]}  $8.88  visa 4242`)
    const all = await run(["tail", "--operator", "--after", events[0].cursor, "--limit", "1", "--batch", "--json"])
    assert.strictEqual(JSON.parse(all.stdout).transaction.account, demo.account)
  }, 60_000)

  it("does what the operator does", async () => {
    const { id, secret } = await json(["accounts", "create", "Corner shop"])
    const as = (account: string, secret: string) => ({ env: { GATEWAY_ACCOUNT: account, GATEWAY_SECRET: secret } })
    assert.strictEqual((await run(["send", "--amount", "100"], as(id, secret))).code, 0)
    assert.strictEqual((await json(["list", "--operator", "--account", id]))["data"][0].account, id)
    assert.include((await run(["accounts", "list", "--json"])).stdout, id)
    assert.match((await run(["accounts", "list"])).stdout, /Corner shop/)
    const own = await run(["accounts", "rotate", "--scope", "read_only", "--json"], as(id, secret))
    assert.strictEqual(JSON.parse(own.stdout).scope, "read_only")
    const reading = as(id, JSON.parse(own.stdout).secret)
    assert.strictEqual((await run(["list"], reading)).code, 0)
    assert.strictEqual((await run(["send", "--amount", "100"], reading)).code, 4)
    const rotated = await json(["accounts", "rotate", id, "--expire-current-in", "0"])
    assert.strictEqual((await run(["list"], as(id, rotated["secret"]))).code, 0)
    assert.isNotNull((await json(["accounts", "disable", id]))["disabled_at"])
    assert.isNull((await json(["accounts", "enable", id]))["disabled_at"])
    assert.strictEqual((await json(["audit"]))["holds"], true)
    assert.strictEqual((await json(["pipeline"]))["profile"], "embedded")
    assert.match((await run(["pipeline"])).stdout, /^processor +\d+ +[\d.]+$/m)
    assert.strictEqual((await run(["parked", "list"])).stdout, "Nothing is parked.\n")
    for (const what of ["replay", "give-up"]) {
      assert.strictEqual((await run(["parked", what, "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV"])).code, 5)
    }
  }, 90_000)

  it("ends with 5 when there is no such thing", async () => {
    const { code, stderr, stdout } = await run(["get", "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV"])
    assert.deepStrictEqual([code, stdout], [5, ""])
    assert.match(stderr, /^gateway: There is no such transaction\. \(resource_missing, req_\w+\)\n$/)
  })

  it("ends with 4 without a credential that is good", async () => {
    const wrong = await run(["list"], { env: { GATEWAY_ACCOUNT: demo.account, GATEWAY_SECRET: "sk_wrong" } })
    assert.strictEqual(wrong.code, 4)
    assert.match(wrong.stderr, /^gateway: .+ \(unauthenticated, req_\w+\)\n$/)
    const none = await run(["list"], { env: { DATA_DIR: folder } })
    assert.deepStrictEqual([none.code, none.stderr], [
      4,
      "gateway: There is no credential: set GATEWAY_ACCOUNT and GATEWAY_SECRET.\n"
    ])
    assert.strictEqual((await run(["audit"], { env: { DATA_DIR: folder } })).code, 4)
  })

  it("gives what the files of this machine hold to no other", async () => {
    for (const args of [["list"], ["audit"]]) {
      const { code, stderr } = await run([...args, "--url", "http://gateway.invalid"])
      assert.strictEqual(code, 4)
      assert.match(stderr, /credential/)
    }
    const inUrl = await run(["list", "--url", "http://a:b@127.0.0.1"])
    assert.strictEqual(inUrl.code, 2)
  })

  const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, says: RegExp]> = [
    [["nope"], /Invalid subcommand/],
    [["send"], /--amount/],
    [["send", "--amount", "10.5"], /10\.5/],
    [["send", "--amount", "100", "--nope", "x"], /--nope/],
    [["send", "--amount", "100", "--metadata", "x"], /name=value/],
    [["send", "--amount", "100", "--reference", cards.visa], /#\/reference .*card number/],
    [["list", "--status", "lost"], /rejected/],
    [["list", "--limit", "1000"], /#\/limit/],
    [["list", "--url", "nowhere"], /not an http or https URL/],
    [["get"], /id/]
  ]
  for (const [args, says] of wrong) {
    it(`ends with 2 for "${args.join(" ")}"`, async () => {
      const { code, stderr, stdout } = await run(args)
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.match(stderr, says)
      assert.notInclude(stderr, "\u001b")
    })
  }

  it("ends with 1 when the gateway cannot be reached, and tells the key", async () => {
    const server = await rawServer([hangUp])
    server.close()
    const { code, stderr } = await run(["send", "--amount", "100", "--url", server.baseUrl], {
      env: { GATEWAY_ACCOUNT: "a", GATEWAY_SECRET: "sk_hidden" }
    })
    assert.strictEqual(code, 1)
    assert.match(stderr, /^gateway: .+ \(unreachable\) Repeat it with --idempotency-key [0-9a-f-]{36} .+\n$/)
    assert.notInclude(stderr, "sk_hidden")
  }, 40_000)

  it("ends with 1 when the gateway cannot answer", async () => {
    const server = await rawServer([problem(500, "internal_error", false)])
    try {
      const { code, stderr } = await run(["list", "--url", server.baseUrl])
      assert.strictEqual(code, 1)
      assert.match(stderr, /^gateway: A detail\. \(internal_error, req_1\)\n$/)
    } finally {
      server.close()
    }
  })

  it("writes nothing to a terminal that would move its cursor", async () => {
    const item = {
      id: "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV",
      object: "transaction",
      status: "approved",
      amount: 100,
      currency: "USD",
      card: { brand: "visa", bin: "424242", last4: "4242", exp_month: 12, exp_year: 2040, fingerprint: "x" },
      reference: "\u001b[2J\u009b2J\nnext",
      metadata: {},
      created_at: "2026-11-28T18:00:00.000Z",
      error: null,
      decided_at: "2026-11-28T18:00:00.000Z"
    }
    const server = await rawServer([
      answers(200, { object: "list", data: [item], has_more: false, next: null, url: "/v1/transactions" })
    ])
    try {
      for (const args of [["list"], ["list", "--json"], ["list", "--all"]]) {
        const { stdout } = await run([...args, "--url", server.baseUrl])
        // eslint-disable-next-line no-control-regex
        assert.notMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
        assert.include(stdout, "[2J")
      }
    } finally {
      server.close()
    }
  })

  it("ends well when nobody reads on", async () => {
    for (let i = 0; i < 3; i++) await json(["send", "--amount", "100"])
    const { code, stderr } = await run(["list", "--all", "--json"], {
      onStart: (child) => child.stdout!.destroy()
    })
    assert.deepStrictEqual([code, stderr], [0, ""])
    const piped = await runProgram("bash", [
      "-c",
      `set -o pipefail; "$NODE" "$CLI" list --all --json | head -n 1 | wc -l`
    ], {
      env: { NODE: process.execPath, CLI: cli, GATEWAY_URL: gateway.url, DATA_DIR: gateway.dataDir }
    })
    assert.deepStrictEqual([piped.code, piped.stdout.trim(), piped.stderr], [0, "1", ""])
  })

  it("helps", async () => {
    for (const args of [[], ["--help"], ["-h"]]) {
      const { code, stdout } = await run(args)
      assert.strictEqual(code, 0)
      assert.match(stdout, /EXAMPLES/)
      assert.match(stdout, /EXIT CODES/)
    }
    assert.match((await run(["accounts"])).stdout, /accounts rotate/)
    for (
      const command of [["send"], ["get"], ["list"], ["tail"], ["audit"], ["pipeline"], ["accounts", "rotate"], [
        "parked",
        "replay"
      ]]
    ) {
      const { code, stdout } = await run([...command, "--help"])
      assert.strictEqual(code, 0)
      assert.include(stdout, `$ gateway ${command.join(" ")}`)
      assert.include(stdout, "--json")
      assert.notInclude(stdout, "\u001b")
    }
    const { version } = JSON.parse(readFileSync(inProject("package.json"), "utf8"))
    assert.strictEqual((await run(["--version"])).stdout.trim(), version)
  }, 60_000)
})
