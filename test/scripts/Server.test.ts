import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { pathToFileURL } from "node:url"
import { afterAll, assert, describe, it } from "vitest"
import { choosePorts, freePorts, makeServer } from "../../scripts/servers/server.mjs"
import { inProject } from "../../scripts/setup.mjs"

const folder = mkdtempSync(join(tmpdir(), "gateway-server-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const shell = (name: string, script: string, more: Partial<Parameters<typeof makeServer>[0]> = {}) =>
  makeServer({
    name,
    command: "sh",
    args: ["-c", script],
    port: 0,
    logFile: join(folder, `${name}.log`),
    answers: async () => true,
    ready: (said) => said.includes("ready"),
    startLimit: 10_000,
    stopLimit: 300,
    ...more
  })

const failure = (starting: Promise<void>) => starting.then(() => "it started", (error: Error) => error.message)

const lives = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("a server", () => {
  it("that ends before it is ready shows the end of its log", async () => {
    const message = await failure(shell("broken", "echo the port is taken; exit 3").start())
    assert.match(message, /broken ended before it was ready \(exit code 3\).*\n {2}the port is taken/s)
  })

  it("that is never ready is killed at the limit", async () => {
    const server = shell("slow", "echo still loading; sleep 60", { startLimit: 300 })
    assert.match(await failure(server.start()), /slow was not ready after 0\.\d s.*still loading/s)
    assert.isFalse(server.running)
  })

  it("that cannot be run says so", async () => {
    assert.match(await failure(shell("absent", "", { command: "/nowhere/absent" }).start()), /ENOENT/)
  })

  it("that does not hear SIGTERM is killed, and can be started again", async () => {
    const server = shell("deaf", "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    await server.start()
    assert.match(await failure(server.start()), /is running already/)
    await server.stop()
    assert.strictEqual(await server.ended, "SIGKILL")
    await server.start()
    assert.isTrue(server.running)
    await server.kill()
  })

  it("does not outlive a process that is killed", async () => {
    const parent = spawn(process.execPath, [
      "--input-type=module",
      "--eval",
      `import { makeServer } from ${JSON.stringify(pathToFileURL(inProject("scripts/servers/server.mjs")).href)}
       const server = makeServer({
         name: "orphan", command: "sleep", args: ["60"], port: 0, logFile: ${
        JSON.stringify(join(folder, "orphan.log"))
      },
         answers: async () => true, startLimit: 10_000, stopLimit: 1000
       })
       await server.start()
       console.log(server.pid)
       setInterval(() => {}, 1000)`
    ], { stdio: ["ignore", "pipe", "inherit"] })
    const pid = Number(await new Promise((done) => parent.stdout.once("data", done)))
    assert.isTrue(lives(pid))
    parent.kill("SIGKILL")
    for (let tries = 0; lives(pid) && tries < 100; tries++) await sleep(50)
    assert.isFalse(lives(pid))
  })
})

it("ports are what is wanted where that is free, and below those of outgoing connections where not", async () => {
  const [free = 0] = await freePorts(1)
  assert.isBelow(free, 30_000)
  assert.deepStrictEqual(await choosePorts([free]), [free])
  const [twice, other] = await choosePorts([free, free])
  assert.strictEqual(twice, free)
  assert.notStrictEqual(other, free)
})
