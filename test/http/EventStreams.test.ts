import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Fiber, Layer, Runtime, TestClock } from "effect"
import { createServer, type ServerResponse } from "node:http"
import { type AddressInfo, connect, type Socket } from "node:net"
import { makeEventId, makeSecretId } from "../../src/domain/Ids.ts"
import { EventStreams, type StreamRequest, StreamSettings } from "../../src/layers/http/EventStreams.ts"
import { EventFeed, type FeedEvent, type Hearer } from "../../src/services/EventFeed.ts"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { eventually, remains } from "../support/LayersEventually.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { approved, newAccountId, noon, position, submissionOf } from "../support/LayersSamples.ts"

const acceptedEvent = (part: Parameters<typeof submissionOf>[0] = {}, cursor = "Cur-1_"): FeedEvent => {
  const submission = { ...submissionOf(part), recorded: null }
  return {
    id: makeEventId(submission.id, "accepted"),
    type: "transaction.accepted",
    createdAt: noon,
    submission,
    cursor
  }
}

const approvedEvent = (cursor = "Cur-2_"): FeedEvent => {
  const submission = {
    ...submissionOf(),
    recorded: { decision: approved, decidedAt: noon + 20, recordedAt: noon + 30, position: position(7) }
  }
  return {
    id: makeEventId(submission.id, "decided"),
    type: "transaction.approved",
    createdAt: noon + 20,
    submission,
    cursor
  }
}

/** A feed whose hearers the test talks to. */
const fakeFeed = () => {
  const hearers = new Set<Hearer>()
  const layer = Layer.succeed(EventFeed, {
    listen: (hearer) =>
      Effect.suspend(() => {
        hearers.add(hearer)
        return Effect.never
      }).pipe(Effect.ensuring(Effect.sync(() => hearers.delete(hearer))))
  })
  return { hearers, layer }
}

const account = newAccountId()
const own: StreamRequest = {
  principal: { _tag: "Account", id: account, secretId: makeSecretId(noon, new Uint8Array(10)), scope: "full" },
  scope: account,
  lastEventId: null,
  batch: false,
  credential: account,
  isStillAllowed: Effect.succeed(true)
}

interface Peer {
  readonly socket: Socket
  readonly text: () => string
  readonly isClosed: () => boolean
}

/** A server that answers every request with the stream that the test says, as the listener does. */
const serving = Effect.fnUntraced(function*(settings: Partial<StreamSettings["Type"]> = {}) {
  const { hearers, layer: feed } = fakeFeed()
  const { counted, layer: metrics } = recordedMetrics()
  const context = yield* Layer.build(
    EventStreams.Default.pipe(
      Layer.provide(Layer.merge(feed, metrics)),
      Layer.provide(Layer.effect(StreamSettings, Effect.map(StreamSettings, (_) => ({ ..._, ...settings }))))
    )
  )
  const streams = yield* Effect.provide(EventStreams, context)
  const runFork = Runtime.runFork(yield* Effect.runtime())
  let next = own
  const responses: Array<ServerResponse> = []
  const server = createServer((_, response) => {
    responses.push(response)
    runFork(Effect.either(streams.open(next))).addObserver((exit) => {
      if (exit._tag === "Failure") return response.destroy()
      if (Either.isLeft(exit.value)) return response.writeHead(429).end(exit.value.left.of)
      const { headers, status, stream } = exit.value.right
      response.writeHead(status, headers)
      const fiber = runFork(stream(response))
      fiber.addObserver(() => response.end())
      response.on("close", () => fiber.unsafeInterruptAsFork(fiber.id()))
    })
  })
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )
  const dial = Effect.fnUntraced(function*(request: Partial<StreamRequest> = {}, read = true) {
    next = { ...own, ...request }
    const before = responses.length
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1")
    yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
    let text = ""
    let closed = false
    socket.on("error", () => {})
    socket.on("close", () => {
      closed = true
    })
    if (read) {
      socket.on("data", (bytes) => {
        text += bytes.toString("latin1")
      })
    }
    socket.write("GET /v1/transactions/events HTTP/1.1\r\nHost: here\r\n\r\n")
    yield* eventually("it is asked", Effect.sync(() => responses.length), (_) => _ > before)
    return { socket, text: () => text, isClosed: () => closed } satisfies Peer
  })
  const open = Effect.fnUntraced(function*(request: Partial<StreamRequest> = {}, read = true) {
    const before = hearers.size
    const peer = yield* dial(request, read)
    yield* eventually("it listens", Effect.sync(() => hearers.size), (_) => _ > before)
    return { ...peer, hearer: Array.from(hearers).at(-1)!, response: responses.at(-1)! }
  })
  return { streams, hearers, counted, dial, open }
})

/** What chunks hold, without what frames them; of bytes as latin1, which frames count. */
const bodyOf = (text: string): string => {
  let body = ""
  for (let at = text.indexOf("\r\n\r\n") + 4; at < text.length;) {
    const end = text.indexOf("\r\n", at)
    const size = Number.parseInt(text.slice(at, end), 16)
    if (!(size > 0)) break
    body += text.slice(end + 2, end + 2 + size)
    at = end + 2 + size + 2
  }
  return Buffer.from(body, "latin1").toString("utf8")
}

const hasBody = (peer: Peer, what: string) =>
  eventually(`the body has ${what}`, Effect.sync(() => bodyOf(peer.text())), (_) => _.includes(what))

const isClosed = (peer: Peer) => eventually("it is closed", Effect.sync(peer.isClosed), (_) => _)

describe("event streams, on the wire", () => {
  it.scoped("begin with how to come back, then the position, which no event is", () =>
    Effect.gen(function*() {
      const { open } = yield* serving()
      const peer = yield* open()
      yield* hasBody(peer, "retry")
      const head = peer.text().slice(0, peer.text().indexOf("\r\n\r\n")).toLowerCase()
      assert.match(head, /^http\/1\.1 200 /)
      assert.include(head, "content-type: text/event-stream; charset=utf-8")
      assert.include(head, "cache-control: no-store, no-transform")
      assert.include(head, "x-accel-buffering: no")
      assert.isNull(peer.hearer.after)
      peer.hearer.begin("Pos_-1")
      yield* hasBody(peer, "Pos_-1")
      assert.strictEqual(bodyOf(peer.text()), "retry: 2000\n\nid: Pos_-1\n\n")
    }))

  it.scoped("have an event's cursor, type and JSON, one by one, and its account for the operator alone", () =>
    Effect.gen(function*() {
      const { open } = yield* serving()
      const [peer, operator] = [
        yield* open(),
        yield* open({ principal: { _tag: "Operator" }, scope: "all", credential: "operator" })
      ]
      const events = [acceptedEvent({ accountId: account, reference: "a\nb\u2028\r" }), approvedEvent()]
      peer.hearer.hear(events)
      operator.hearer.hear(events)
      yield* hasBody(peer, "transaction.approved")
      yield* hasBody(operator, "transaction.approved")
      const blocks = bodyOf(peer.text()).split("\n\n").slice(1, -1)
      assert.strictEqual(blocks.length, 2)
      const [id, type, data, ...rest] = blocks[0]!.split("\n")
      assert.deepStrictEqual([id, type, rest], ["id: Cur-1_", "event: transaction.accepted", []])
      const resource = JSON.parse(data!.slice("data: ".length))
      assert.deepStrictEqual(Object.keys(resource), ["id", "type", "created_at", "transaction"])
      assert.strictEqual(resource.id, events[0]!.id)
      assert.strictEqual(resource.created_at, "2026-11-24T12:00:00.000Z")
      assert.strictEqual(resource.transaction.status, "processing")
      assert.strictEqual(resource.transaction.reference, "a\nb\u2028\r")
      assert.notProperty(resource.transaction, "account")
      const theirs = JSON.parse(bodyOf(operator.text()).split("\n\n")[1]!.split("\n")[2]!.slice("data: ".length))
      assert.deepStrictEqual(theirs.transaction, { ...resource.transaction, account })
    }))

  it.scoped("have many events together where that was asked for", () =>
    Effect.gen(function*() {
      const { open } = yield* serving()
      const [peer, single] = [yield* open({ batch: true }), yield* open()]
      const events = [acceptedEvent(), approvedEvent()]
      peer.hearer.hear(events)
      single.hearer.hear(events)
      yield* hasBody(peer, "batch")
      yield* hasBody(single, "transaction.approved")
      const [id, type, data] = bodyOf(peer.text()).split("\n\n")[1]!.split("\n")
      assert.deepStrictEqual([id, type], ["id: Cur-2_", "event: batch"])
      const both = JSON.parse(data!.slice("data: ".length))
      assert.deepStrictEqual(both.map((_: { readonly id: string }) => _.id), events.map((_) => _.id))
      const blocks = bodyOf(single.text()).split("\n\n").slice(1, -1)
      assert.deepStrictEqual(blocks.map((_) => JSON.parse(_.split("\n")[2]!.slice(6))), both)
    }))

  it.scoped("give the Last-Event-ID on, and say a reset with the position that is good", () =>
    Effect.gen(function*() {
      const { open } = yield* serving()
      const peer = yield* open({ lastEventId: "what it had" })
      assert.strictEqual(peer.hearer.after, "what it had")
      peer.hearer.reset("Pos_-2")
      yield* hasBody(peer, "reset")
      assert.strictEqual(bodyOf(peer.text()), "retry: 2000\n\nid: Pos_-2\nevent: reset\ndata: {}\n\n")
      assert.isNull((yield* open({ lastEventId: "" })).hearer.after)
    }))

  it.scoped("have a comment every 15 s, each at its own second", () =>
    Effect.gen(function*() {
      const { open } = yield* serving()
      const peers = [yield* open(), yield* open()]
      yield* TestClock.adjust("15 seconds")
      for (const peer of peers) yield* hasBody(peer, ":\n\n")
      yield* TestClock.adjust("30 seconds")
      for (const peer of peers) {
        yield* hasBody(peer, ":\n\n:\n\n:\n\n")
        assert.strictEqual(bodyOf(peer.text()), "retry: 2000\n\n:\n\n:\n\n:\n\n")
      }
    }))
})

describe("event streams, how they end", () => {
  it.scoped("a client that hangs up gives its place free", () =>
    Effect.gen(function*() {
      const { counted, dial, hearers, open } = yield* serving({ perAccount: 2, perProcess: 3 })
      const [first] = [yield* open(), yield* open()]
      assert.strictEqual(counted.streams, 2)
      const refused = yield* dial()
      yield* eventually("it is refused", Effect.sync(refused.text), (_) => /^HTTP\/1.1 429[^]*account/.test(_))
      const operator = { principal: { _tag: "Operator" as const }, scope: "all" as const, credential: "operator" }
      yield* open(operator)
      const full = yield* dial(operator)
      yield* eventually("it is refused", Effect.sync(full.text), (_) => /^HTTP\/1.1 429[^]*process/.test(_))
      first.socket.destroy()
      yield* eventually("it is gone", Effect.sync(() => hearers.size), (_) => _ === 2)
      assert.deepStrictEqual([counted.streams, counted.streamsClosed.get("client")], [2, 1])
      yield* open()
      assert.strictEqual(counted.streams, 3)
    }))

  it.scoped("closing ends all of them politely, and lets no new one begin", () =>
    Effect.gen(function*() {
      const { counted, dial, hearers, open, streams } = yield* serving()
      const peers = yield* Effect.replicateEffect(open(), 5)
      peers[0]!.hearer.hear([acceptedEvent()])
      yield* streams.close
      for (const peer of peers) {
        yield* eventually("its last chunk is there", Effect.sync(peer.text), (_) => _.endsWith("\r\n0\r\n\r\n"))
      }
      assert.include(bodyOf(peers[0]!.text()), "transaction.accepted")
      assert.deepStrictEqual([hearers.size, counted.streams, counted.streamsClosed.get("shutdown")], [0, 0, 5])
      const late = yield* dial()
      yield* eventually("it is refused", Effect.sync(late.text), (_) => _.includes("429"))
    }))

  it.scoped("a reader that stops is closed when too much waits for it, and harms nobody", () =>
    Effect.gen(function*() {
      const { counted, hearers, open } = yield* serving({ buffer: 200_000 })
      const peer = yield* open()
      const slow = yield* open({}, false)
      const events = Array.from({ length: 100 }, () => acceptedEvent({ reference: "r".repeat(200) }))
      for (let i = 0; i < 400 && hearers.size === 2; i++) {
        const more = [...events]
        peer.hearer.hear(more)
        slow.hearer.hear(more)
        yield* eventually("the other one reads", Effect.sync(() => peer.response.writableLength), (_) => _ === 0)
      }
      yield* eventually("it is gone", Effect.sync(() => hearers.size), (_) => _ === 1)
      assert.isTrue(hearers.has(peer.hearer))
      assert.strictEqual(counted.streamsClosed.get("slow"), 1)
      assert.isTrue(slow.response.destroyed)
      slow.socket.resume()
      yield* isClosed(slow)
    }))

  it.scoped("a reader that takes nothing for half a minute is closed", () =>
    Effect.gen(function*() {
      const { counted, hearers, open } = yield* serving({ buffer: 1e9 })
      const peer = yield* open()
      const slow = yield* open({}, false)
      const more = Array.from({ length: 100 }, () => acceptedEvent({ reference: "r".repeat(200) }))
      for (let i = 0; i < 1000 && !(slow.response.writableNeedDrain && slow.response.writableLength > 1e6); i++) {
        slow.hearer.hear(more)
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      let isReady = false
      yield* Effect.fork(Effect.tap(slow.hearer.ready, () => Effect.sync(() => (isReady = true))))
      yield* TestClock.adjust("29 seconds")
      yield* remains("it is left", Effect.sync(() => hearers.size), (_) => _ === 2)
      assert.isFalse(isReady)
      yield* TestClock.adjust("3 seconds")
      yield* eventually("it is gone", Effect.sync(() => hearers.size), (_) => _ === 1)
      assert.strictEqual(counted.streamsClosed.get("slow"), 1)
      assert.isFalse(peer.isClosed())
    }))

  it.scoped("one that was slow and reads on is left, and asked for more when it takes it", () =>
    Effect.gen(function*() {
      const { hearers, open } = yield* serving({ buffer: 1e9 })
      const slow = yield* open({}, false)
      const more = Array.from({ length: 100 }, () => acceptedEvent({ reference: "r".repeat(200) }))
      for (let i = 0; i < 1000 && !(slow.response.writableNeedDrain && slow.response.writableLength > 1e6); i++) {
        slow.hearer.hear(more)
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      const ready = yield* Effect.fork(slow.hearer.ready)
      yield* TestClock.adjust("20 seconds")
      slow.socket.resume()
      yield* Fiber.join(ready)
      yield* TestClock.adjust("60 seconds")
      yield* remains("it is left", Effect.sync(() => hearers.size), (_) => _ === 1)
    }))
})

describe("event streams, their credentials", () => {
  it.scoped("are read every 5 s, once for all streams of one, and end those that are no longer good", () =>
    Effect.gen(function*() {
      const { counted, hearers, open } = yield* serving()
      let reads = 0
      let answer: Effect.Effect<boolean, StorageUnavailable> = Effect.succeed(true)
      const isStillAllowed = Effect.suspend(() => {
        reads++
        return answer
      })
      const mine = [yield* open({ isStillAllowed }), yield* open({ isStillAllowed })]
      const other = yield* open({ credential: "another" })
      yield* TestClock.adjust("5 seconds")
      yield* eventually("it is read", Effect.sync(() => reads), (_) => _ === 1)
      answer = new StorageUnavailable({ cause: "down" })
      yield* TestClock.adjust("5 seconds")
      answer = Effect.never
      yield* TestClock.adjust("20 seconds")
      answer = Effect.die("a mistake")
      yield* TestClock.adjust("10 seconds")
      yield* remains("they are left", Effect.sync(() => hearers.size), (_) => _ === 3)
      answer = Effect.succeed(false)
      yield* TestClock.adjust("10 seconds")
      for (const peer of mine) {
        yield* eventually("it has ended", Effect.sync(peer.text), (_) => _.endsWith("\r\n0\r\n\r\n"))
      }
      assert.deepStrictEqual([hearers.size, counted.streamsClosed.get("credential")], [1, 2])
      assert.isFalse(other.isClosed())
    }))
})
