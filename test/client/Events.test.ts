import { afterEach, assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Stream, TestClock } from "effect"
import { type AddressInfo, connect, createServer } from "node:net"
import type { GatewayEvent } from "../../src/layers/client/Events.ts"
import { GatewayClient } from "../../src/layers/client/GatewayClient.ts"
import { clientOptions, failureOf, promiseClient } from "../support/Client.ts"
import { useGateway } from "../support/GatewayFixture.ts"
import { cards, holder } from "../support/HttpSamples.ts"
import { answers, type Fate, hangUp, problem, rawServer } from "../support/RawServer.ts"

const gateway = useGateway()

let closing: Array<() => void> = []
afterEach(() => {
  for (const close of closing) close()
  closing = []
})

const serve = async (...fates: ReadonlyArray<Fate>) => {
  const server = await rawServer(fates)
  closing.push(server.close)
  return { ...server, client: promiseClient(server.baseUrl) }
}

const event = (n: number, reference = "Zoë 😀") => ({
  id: `evt_01ARZ3NDEKTSV4RRFFQ69G5FA${n}0`,
  type: "transaction.accepted",
  created_at: "2026-11-28T18:00:00.000Z",
  transaction: {
    id: `txn_01ARZ3NDEKTSV4RRFFQ69G5FA${n}`,
    object: "transaction",
    status: "processing",
    amount: 1999,
    currency: "USD",
    card: { brand: "visa", bin: "424242", last4: "4242", exp_month: 12, exp_year: 2030, fingerprint: "x" },
    reference,
    metadata: {},
    created_at: "2026-11-28T18:00:00.000Z",
    error: null,
    decided_at: null
  }
})

const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
const message = (n: number, end = "\n") =>
  [`id: c${n}`, "event: transaction.accepted", `data: ${JSON.stringify(event(n))}`, "", ""].join(end)

const chunk = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")])

/** These bytes, in chunks of so many, and then the end of the connection, or none. */
const streams = (text: string, { ends = true, size = 7 } = {}): Fate => async (socket) => {
  socket.write(head)
  const bytes = Buffer.from(text)
  for (let i = 0; i < bytes.length; i += size) socket.write(chunk(bytes.subarray(i, i + size)))
  // what was written is sent before
  if (ends) setTimeout(() => socket.destroy(), 50)
}

const take = async (events: AsyncIterable<GatewayEvent>, count: number) => {
  const taken: Array<GatewayEvent> = []
  for await (const event of events) {
    taken.push(event)
    if (taken.length === count) break
  }
  return taken
}

const numbersOf = (events: ReadonlyArray<GatewayEvent>) =>
  events.map((_) => _.type === "reset" ? "reset" : _.id.slice(-2, -1))

describe("events", () => {
  it("go on where they were cut, without a gap or a repeat", async () => {
    const { client, requests } = await serve(
      // cut in the middle of the third one
      streams(`retry: 5\n\nid: c0\n\n${message(1)}${message(2, "\r\n")}${message(3).slice(0, -30)}`),
      hangUp,
      problem(503, "shutting_down", true),
      // told again
      streams(`${message(2, "\r")}${message(3)}`),
      streams(message(4), { ends: false })
    )
    const events = await take(client.events(), 4)
    assert.deepStrictEqual(numbersOf(events), ["1", "2", "3", "4"])
    assert.deepStrictEqual(events.map((_) => _.cursor), ["c1", "c2", "c3", "c4"])
    assert.deepInclude({ ...events[0] }, event(1))
    assert.deepStrictEqual(requests.map((_) => _.header("last-event-id")), [undefined, "c2", "c2", "c2", "c3"])
  })

  it("begin where they are told to", async () => {
    const { client, requests } = await serve(streams(message(1), { ends: false }))
    await take(client.events({ lastEventId: "c0", account: "acct_1", batch: true }), 1)
    assert.strictEqual(requests[0]!.header("last-event-id"), "c0")
    assert.match(requests[0]!.head, /^GET \/v1\/transactions\/events\?batch=true&account=acct_1 /)
  })

  it("remember a position that came without an event", async () => {
    const { client, requests } = await serve(
      streams("retry: 5\n\nid: c9\n\n"),
      streams(message(1), { ends: false })
    )
    await take(client.events(), 1)
    assert.deepStrictEqual(requests.map((_) => _.header("last-event-id")), [undefined, "c9"])
  })

  it("pass on a reset, and pass over what they do not know", async () => {
    const { client } = await serve(
      streams(`event: other\ndata: x\n\nid: c5\nevent: reset\ndata: {}\n\n${message(6)}`, { ends: false })
    )
    const events = await take(client.events({ lastEventId: "old" }), 2)
    assert.deepStrictEqual(events[0], { type: "reset", cursor: "c5" })
    assert.deepStrictEqual(numbersOf(events), ["reset", "6"])
  })

  it("come out of a bundle one by one, which is resumed as a whole", async () => {
    const batch = `id: c3\nevent: batch\ndata: ${JSON.stringify([event(1), event(2), event(3)])}\n\n`
    const { client } = await serve(streams(`id: c0\n\n${batch}`, { ends: false }))
    const events = await take(client.events({ batch: true }), 3)
    assert.deepStrictEqual(numbersOf(events), ["1", "2", "3"])
    assert.deepStrictEqual(events.map((_) => _.cursor), ["c0", "c0", "c3"])
  })

  for (const [status, code] of [[401, "unauthenticated"], [403, "forbidden"], [400, "invalid_query"]] as const) {
    it(`end with ${status}`, async () => {
      const { client, requests } = await serve(streams(`retry: 5\n\n${message(1)}`), problem(status, code, false))
      const events: Array<GatewayEvent> = []
      const read = async () => {
        for await (const event of client.events()) events.push(event)
      }
      assert.strictEqual((await failureOf(read())).code, code)
      assert.deepStrictEqual(numbersOf(events), ["1"])
      assert.lengthOf(requests, 2)
    })
  }

  it("end when nobody was ever there", async () => {
    const { client, requests } = await serve(answers(502, "", { "content-type": "text/html" }))
    assert.strictEqual((await failureOf(take(client.events(), 1))).code, "unexpected_answer")
    assert.lengthOf(requests, 5)
  })

  it.effect("are asked for again after 40 s without a sign of life", () =>
    Effect.gen(function*() {
      const opened: Array<Headers> = []
      let comment = () => {}
      const client = GatewayClient.make({
        ...clientOptions("http://gateway"),
        fetch: (_, init) => {
          opened.push(new Headers(init?.headers))
          const n = opened.length
          return Promise.resolve(
            new Response(
              new ReadableStream({
                start: (controller) => {
                  controller.enqueue(Buffer.from(message(n)))
                  comment = () => controller.enqueue(Buffer.from(":\n\n"))
                }
              })
            )
          )
        }
      })
      // streams and promises have turns of their own
      const settle = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
      const reading = yield* client.events().pipe(Stream.take(2), Stream.runCollect, Effect.fork)
      yield* settle
      yield* TestClock.adjust("39 seconds")
      comment()
      yield* settle
      yield* TestClock.adjust("39 seconds")
      yield* settle
      assert.lengthOf(opened, 1)
      yield* TestClock.adjust("1 second")
      yield* settle
      yield* TestClock.adjust("2 seconds")
      yield* settle
      assert.lengthOf(opened, 2)
      assert.strictEqual(opened[1]!.get("last-event-id"), "c1")
      assert.deepStrictEqual(numbersOf(Chunk.toReadonlyArray(yield* Fiber.join(reading))), ["1", "2"])
    }))
})

/** Between a client and the gateway: cuts every connection after some more bytes than the one before. */
const cutting = async (port: number) => {
  let connections = 0
  const server = createServer((socket) => {
    let left = 700 + 331 * connections++
    const upstream = connect(port, "127.0.0.1")
    socket.on("error", () => {}).on("close", () => upstream.destroy())
    upstream.on("error", () => {}).on("close", () => socket.destroy())
    socket.pipe(upstream)
    upstream.on("data", (bytes) => {
      // a test has no time to wait
      const text = bytes.toString("latin1").replace("retry: 2000", "retry: 0005")
      socket.write(Buffer.from(text.slice(0, left), "latin1"))
      left -= text.length
      if (left <= 0) socket.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  closing.push(() => server.close())
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections }
}

describe("events of a gateway", () => {
  const count = 20
  for (const batch of [false, true]) {
    it(`are each heard once over many connections${batch ? ", in bundles" : ""}`, async () => {
      const account = await gateway().createAccount()
      const { baseUrl, connections } = await cutting(gateway().port)
      const hearing = take(promiseClient(baseUrl, account).events({ batch }), 2 * count)
      const client = promiseClient(`http://127.0.0.1:${gateway().port}`, account)
      const ids: Array<string> = []
      await new Promise((resolve) => setTimeout(resolve, 300))
      for (let i = 0; i < count; i++) {
        const { id } = await client.submit({
          amount: i % 2 === 0 ? 1999 : 1,
          reference: "Zoë 😀 €",
          card: { number: cards.visa, holder, exp_month: 12, exp_year: new Date().getUTCFullYear() + 1, cvv: "739" }
        })
        ids.push(id)
      }
      const events = await hearing
      assert.isAbove(connections(), 2)
      assert.deepStrictEqual(
        events.map((_) => _.type === "reset" ? "reset" : `${_.type} ${_.transaction.id}`).toSorted(),
        ids.flatMap((id, i) => [
          `transaction.accepted ${id}`,
          `transaction.${i % 2 === 0 ? "approved" : "rejected"} ${id}`
        ]).toSorted()
      )
      for (const event of events) {
        if (event.type !== "reset") assert.strictEqual(event.transaction.reference, "Zoë 😀 €")
      }
    })
  }
})
