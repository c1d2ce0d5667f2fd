import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { once } from "node:events"
import type { IncomingMessage } from "node:http"
import { connect, type Socket } from "node:net"
import { eventually, jsonOf, openGateway, requestBytes, useGateway } from "../support/GatewayFixture.ts"
import { openConnection, within } from "../support/HttpConnection.ts"
import { type ProblemJson, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()

const dial = async (port: number): Promise<Socket> => {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true })
  socket.on("error", () => {})
  socket.resume()
  await within(once(socket, "connect"), "a connection")
  return socket
}

/** The server's ends of the connections that were made meanwhile, and of the requests that it began to answer. */
const serverSide = () => {
  const connections: Array<Socket> = []
  const asked: Array<Socket> = []
  const onConnection = (message: unknown) => void connections.push((message as { readonly socket: Socket }).socket)
  const onRequest = (message: unknown) =>
    void asked.push((message as { readonly request: IncomingMessage }).request.socket)
  beforeAll(() => {
    subscribe("net.server.socket", onConnection)
    subscribe("http.server.request.start", onRequest)
  })
  afterAll(() => {
    unsubscribe("net.server.socket", onConnection)
    unsubscribe("http.server.request.start", onRequest)
  })
  return {
    connection: (client: Socket) =>
      eventually("it is connected", () => connections.find((_) => _.remotePort === client.localPort), Boolean),
    asked
  }
}

const server = serverSide()

// first: the page's module is imported once in a process, and must be on its way while the client hangs up
describe("the documentation", () => {
  it("is there for others when the first who asked for it hung up", async () => {
    const fresh = await openGateway()
    try {
      const first = await dial(fresh.port)
      const asked = once(first, "close")
      first.write(requestBytes("GET", "/docs"))
      setTimeout(() => first.resetAndDestroy(), 1)
      await asked
      const answer = await fresh.call("GET", "/docs")
      assert.strictEqual(answer.status, 200)
      assert.include(answer.text, "<html")
    } finally {
      await fresh.close()
    }
  })
})

const tunnel = "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"

for (const  of of["port", "managementPort"] as const) {
  describe(`CONNECT on the ${of}`, () => {
    it("and a reset at once: the gateway goes on", async () => {
      for (let i = 0; i < 20; i++) {
        const client = await dial(gateway()[of])
        client.write(tunnel)
        client.resetAndDestroy()
      }
      assert.strictEqual((await gateway().call("GET", "/livez", { port: gateway()[of] })).status, 200)
    })

    it("is refused, and closed by the server when the client does not", async () => {
      const client = await dial(gateway()[of])
      const end = (await server.connection(client))!
      client.write(tunnel)
      await within(once(client, "end"), "a refusal")
      await eventually("it is closed", () => end.destroyed, (_) => _)
      client.destroy()
    })
  })
}

describe("CONNECT behind a request that waits", () => {
  it("and a reset: the gateway goes on", async () => {
    const as = await gateway().createAccount()
    gateway().controls.hold()
    try {
      const client = await dial(gateway().port)
      const body = JSON.stringify(transaction())
      const end = (await server.connection(client))!
      client.write(requestBytes("POST", "/v1/transactions", { as, body, headers: { prefer: "wait=20" } }) + tunnel)
      client.resetAndDestroy()
      await eventually("it is closed", () => end.destroyed, (_) => _)
    } finally {
      gateway().controls.release()
    }
    assert.strictEqual((await gateway().call("GET", "/livez")).status, 200)
  })
})

describe("one connection", () => {
  it("gathers no listeners, however many requests it carries", async () => {
    const count = 300
    const already = server.asked.length
    const connection = await openConnection(gateway().port)
    try {
      connection.write(requestBytes("GET", "/livez").repeat(count))
      for (let i = 0; i < count; i++) assert.strictEqual((await connection.next()).status, 200)
      const sockets = new Set(server.asked.slice(already))
      assert.strictEqual(sockets.size, 1)
      for (const socket of sockets) {
        await eventually("few listeners", () => socket.listenerCount("close"), (_) => _ < 20)
      }
    } finally {
      connection.destroy()
    }
  })
})

describe("what is longer than anybody needs", () => {
  it("a Prefer header of more than 256 characters is ignored", async () => {
    const as = await gateway().createAccount()
    const answer = await gateway().submit(as, transaction(), { prefer: `wait=20; ${"x".repeat(256)}` })
    assert.strictEqual(answer.status, 202, answer.text)
    assert.notProperty(answer.headers, "preference-applied")
  })

  it("a Content-Type of more than 256 characters is not JSON's", async () => {
    const as = await gateway().createAccount()
    const typed = (spaces: number) =>
      gateway().submit(as, transaction(), { "content-type": `application/json${" ".repeat(spaces)}; charset=utf-8` })
    assert.strictEqual((await typed(200)).status, 202)
    assert.strictEqual((await typed(256)).status, 415)
  })

  it("of 2,000 unknown members 100 are told", async () => {
    const as = await gateway().createAccount()
    const letters = Array.from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    const names = letters.flatMap((a) => letters.map((b) => a + b)).slice(0, 2_000)
    const unknown = Object.fromEntries(names.map((name) => [name, 1]))
    const answer = await gateway().submit(as, { ...transaction(), ...unknown })
    assert.strictEqual(answer.status, 422)
    assert.lengthOf(jsonOf<ProblemJson>(answer).errors, 100)
  })
})
