import { assert, describe, it } from "@effect/vitest"
import { once } from "node:events"
import { connect, createServer, type Server, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { startProxy } from "./Proxy.ts"

/** Answers what it is told, and counts the bytes. */
const startEcho = async () => {
  let bytes = 0
  const server: Server = createServer((socket) => {
    socket.on("error", () => {})
    socket.on("data", (chunk) => {
      bytes += chunk.length
      socket.write(chunk)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  return { port: typeof address === "object" && address !== null ? address.port : 0, heard: () => bytes, server }
}

const client = async (port: number) => {
  const socket: Socket = connect({ port, host: "127.0.0.1" })
  socket.on("error", () => {})
  let said = ""
  let closed = false
  socket.on("data", (chunk) => said += chunk.toString())
  socket.on("close", () => closed = true)
  await Promise.race([once(socket, "connect"), once(socket, "close")])
  return { socket, said: () => said, isClosed: () => closed }
}

const eventually = async (what: () => boolean) => {
  for (let i = 0; i < 200 && !what(); i++) await sleep(10)
  assert.isTrue(what())
}

describe("the proxy", () => {
  it("passes, holds one way, loses replies, cuts and refuses", async () => {
    const echo = await startEcho()
    const proxy = await startProxy(() => echo.port)
    const first = await client(proxy.port)
    first.socket.write("a")
    await eventually(() => first.said() === "a")

    proxy.hold("requests")
    first.socket.write("b")
    await sleep(100)
    assert.strictEqual(echo.heard(), 1)
    proxy.pass()
    await eventually(() => first.said() === "ab")

    proxy.hold("replies")
    first.socket.write("c")
    await eventually(() => echo.heard() === 3)
    await sleep(100)
    assert.strictEqual(first.said(), "ab")
    const during = await client(proxy.port)
    during.socket.write("x")
    await eventually(() => echo.heard() === 4)
    assert.strictEqual(during.said(), "")
    proxy.pass()
    await eventually(() => first.said() === "abc" && during.said() === "x")

    proxy.loseReplies(1)
    first.socket.write("d")
    await eventually(() => first.isClosed())
    assert.deepStrictEqual([echo.heard(), first.said(), proxy.lost()], [5, "abc", 1])

    assert.strictEqual(proxy.cut(), 1)
    await eventually(() => during.isClosed())
    proxy.refuse()
    const refused = await client(proxy.port)
    await eventually(() => refused.isClosed())
    proxy.pass()
    const last = await client(proxy.port)
    last.socket.write("e")
    await eventually(() => last.said() === "e")
    proxy.close()
    echo.server.close()
  })
})
