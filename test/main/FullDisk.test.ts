import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { notRun } from "../../scripts/not-run.mjs"
import { assertProblem } from "../support/HttpAssertions.ts"
import { transaction, type TransactionJson } from "../support/HttpSamples.ts"
import {
  assertRefused,
  call,
  end,
  eventually,
  type Owner,
  ownerOfSuite,
  run,
  serves,
  start,
  stop
} from "./MainProcess.ts"
import { assertStartsAgain, type RanBefore, ranBefore } from "./RanBefore.ts"

const megabyte = 1024 * 1024

/** A disk of its own; null where this user may not mount one. */
const mountDisk = (bytes: number) => {
  const disk = mkdtempSync(join(tmpdir(), "gateway-disk-"))
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "gateway-test", disk])
  const remove = () => {
    if (status === 0) spawnSync("umount", ["--lazy", disk])
    rmSync(disk, { recursive: true, force: true })
  }
  if (status === 0) return { disk, remove }
  remove()
  return null
}

const probe = mountDisk(megabyte)
probe?.remove()
if (probe === null) notRun("the full disk", "run the tests on Linux as root, where mount -t tmpfs is allowed")

const smallDisk = (owner: Owner, bytes: number): string => {
  const { disk, remove } = mountDisk(bytes)!
  owner.onTestFinished(remove)
  return disk
}

const freeOn = (disk: string): number => {
  const { bavail, bsize } = statfsSync(disk)
  return bavail * bsize
}

/** Leaves this many bytes. */
const fill = (disk: string, left: number) =>
  writeFileSync(join(disk, "ballast"), Buffer.alloc(Math.max(0, freeOn(disk) - left)))

const makeSpace = (disk: string) => rmSync(join(disk, "ballast"))

const suite = ownerOfSuite()
let original: RanBefore
beforeAll(async () => {
  if (probe !== null) original = await ranBefore(suite)
})
afterAll(suite.end)

/** A folder on that disk, in which a gateway ran before. */
const copiedTo = (disk: string): RanBefore => {
  const dataDir = join(disk, "data")
  cpSync(original.dataDir, dataDir, { recursive: true })
  return { ...original, dataDir }
}

const concurrently = { concurrent: true, timeout: 120_000 }

/** Sends what is overdue again without much ado. */
const env = {
  LOG_FORMAT: "json",
  RESEND_BACK_OFF_MS: "200",
  RESEND_INTERVAL_MS: "100",
  RESEND_CEILING_MS: "1000"
}

const assertAuditHolds = async (owner: Owner, dataDir: string, accepted: number) => {
  const { code, stderr, stdout } = await run(owner, { dataDir, args: ["audit"] })
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
  assert.deepInclude(JSON.parse(stdout), { accepted, decided: accepted, undecided: 0, parked: 0, holds: true })
}

const assertDecided = async (port: number, demo: string, ids: ReadonlyArray<string>) => {
  for (const id of ids) {
    await eventually("a decision", async () => {
      const { text } = await call(port, "GET", `/v1/transactions/${id}`, { as: demo })
      return (JSON.parse(text) as TransactionJson).status
    }, (_) => _ === "approved")
  }
}

describe.skipIf(probe === null)("a disk that is full while the gateway runs", concurrently, () => {
  /** Requests on a gateway whose disk fills, each with a key of its own. */
  const traffic = (port: number, demo: string) => {
    /** By key, the id of what was accepted; null while that is not known. */
    const sent = new Map<string, string | null>()

    const send = async (key: string) => {
      const answer = await call(port, "POST", "/v1/transactions", {
        as: demo,
        body: transaction({ reference: "x".repeat(200) }),
        headers: { "idempotency-key": key }
      })
      if (answer.status === 503) {
        assertProblem(answer, 503, "unavailable")
        sent.set(key, sent.get(key) ?? null)
        return false
      }
      assert.include([201, 202], answer.status, answer.text)
      const { id } = JSON.parse(answer.text) as TransactionJson
      assert.strictEqual(sent.get(key) ?? id, id, "one key, one transaction")
      sent.set(key, id)
      return true
    }

    return {
      accepted: () => Array.from(sent.values()).filter((_) => _ !== null),
      size: () => sent.size,
      /** Until that many of them were refused, one after another. */
      untilRefused: (refusals: number) => {
        let refused = 0
        return eventually("refusals", async () => {
          refused = await send(`key-${sent.size}`) ? 0 : refused + 1
          return refused
        }, (_) => _ >= refusals)
      },
      /** What a client does that was told so. */
      repeatRefused: async () => {
        for (const [key, id] of sent) {
          if (id === null) assert.isTrue(await send(key), "it is accepted when it is repeated")
        }
      }
    }
  }

  it("answers 503, lives, and loses nothing", async (test) => {
    const disk = smallDisk(test, 8 * megabyte)
    const { dataDir, demo, id } = copiedTo(disk)
    const running = await start(test, { dataDir, env })
    const port = await running.port
    fill(disk, megabyte)
    const clients = traffic(port, demo)
    await clients.untilRefused(20)
    assert.isAbove(clients.accepted().length, 0)

    assert.strictEqual((await call(port, "GET", "/livez")).status, 200)
    for (
      const path of [`/v1/transactions/${id}`, "/v1/transactions", `/v1/transactions/${clients.accepted().at(-1)}`]
    ) {
      const answer = await call(port, "GET", path, { as: demo })
      if (answer.status !== 200) assertProblem(answer, 503, "unavailable")
    }
    assert.isFalse(running.hasEnded())

    makeSpace(disk)
    await clients.repeatRefused()
    await assertDecided(port, demo, clients.accepted())
    const { code, stderr } = await stop(running)
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    await assertAuditHolds(test, dataDir, clients.size() + 1)
    assert.match(running.stdout(), /answered unavailable.*\bfull\b/)
  })

  it("and the gateway is killed: the next one, with space, decides everything", async (test) => {
    const disk = smallDisk(test, 8 * megabyte)
    const { dataDir, demo } = copiedTo(disk)
    const running = await start(test, { dataDir, env })
    fill(disk, megabyte)
    const clients = traffic(await running.port, demo)
    await clients.untilRefused(20)
    await stop(running, "SIGKILL")

    // with what is left it may start or not
    const meanwhile = await start(test, { dataDir, env })
    if (await serves(meanwhile)) await stop(meanwhile, "SIGKILL")
    else assert.match(assertRefused(await end(meanwhile)), /\b(full|space)\b/)

    makeSpace(disk)
    const again = await start(test, { dataDir, env })
    const port = await again.port
    await assertDecided(port, demo, clients.accepted())
    await eventually("everything decided", () => run(test, { dataDir, args: ["audit"] }), ({ code, stdout }) => {
      assert.strictEqual(code, 0, stdout)
      const { accepted, undecided } = JSON.parse(stdout) as { readonly accepted: number; readonly undecided: number }
      // what was refused may have been stored
      assert.isAtLeast(accepted, clients.accepted().length + 1)
      return undecided === 0
    })
  })
})

describe.skipIf(probe === null)("a disk that is full at the start", concurrently, () => {
  const page = 4_096

  for (const left of [0, 1, 2, 10, 28, 40, 56]) {
    it(`the first one, with ${left} pages left: it says so, and starts when there is space`, async (test) => {
      const disk = smallDisk(test, 2 * megabyte)
      const dataDir = join(disk, "data")
      fill(disk, left * page)
      const sentence = assertRefused(await run(test, { dataDir, env }))
      assert.match(sentence, /\b(full|space)\b/)
      assert.notMatch(sentence, /\bdelete\b|\bbackup\b/)
      makeSpace(disk)
      await assertStartsAgain(test, await ranBefore(test, dataDir), { dataDir })
    })
  }

  for (const left of [0, 1, 8, 24]) {
    it(`a later one, with ${left} pages left: it says so, and starts when there is space`, async (test) => {
      const disk = smallDisk(test, 2 * megabyte)
      const before = copiedTo(disk)
      fill(disk, left * page)
      const sentence = assertRefused(await run(test, { dataDir: before.dataDir, env }))
      assert.match(sentence, /\b(full|space)\b/)
      assert.notMatch(sentence, /\bdelete\b|\bbackup\b/)
      makeSpace(disk)
      await assertStartsAgain(test, before, before)
    })
  }
})
