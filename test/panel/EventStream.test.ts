import { assert, describe, it } from "@effect/vitest"
import type { TransactionEvent } from "../../web/api/types.ts"
import { type Connection, EventStream, type Waits } from "../../web/feed/EventStream.ts"
import { after, type Asked, beginStream, openPage, problem, serve, until } from "./Page.ts"
import { eventOf, transactionOf } from "./Samples.ts"

const quick: Waits = { silence: 10_000, hidden: 10_000, first: 5, longest: 20 }

/** A stream against a server of its own, and all that was heard. */
const scene = async (
  answer: (asked: Asked, count: number) => void,
  run: (scene: {
    readonly asked: ReadonlyArray<Asked>
    readonly page: ReturnType<typeof openPage>
    readonly stream: EventStream
    readonly connections: ReadonlyArray<Connection>
    readonly kind: () => string | undefined
    /** Numbers of the transactions, and what else was told. */
    readonly heard: ReadonlyArray<string>
  }) => Promise<void>,
  waits: Partial<Waits> = {}
) => {
  const server = await serve(answer)
  const page = openPage(server.origin)
  const connections: Array<Connection> = []
  const heard: Array<string> = []
  const stream = new EventStream({
    connection: (connection) => void connections.push(connection),
    opened: () => void heard.push("opened"),
    events: (events) => heard.push(...events.map(({ transaction }) => String(Number(transaction.id.slice(4))))),
    reset: () => void heard.push("reset"),
    signedOut: () => void heard.push("signed out")
  }, { ...quick, ...waits })
  try {
    const kind = () => connections.at(-1)?.kind
    await run({ asked: server.asked, page, stream, connections, kind, heard })
  } finally {
    stream.stop()
    page.close()
    server.close()
  }
}

const message = (id: string, ...numbers: ReadonlyArray<number>) => {
  const events: ReadonlyArray<TransactionEvent> = numbers.map((_) => eventOf(transactionOf(_)))
  return `id: ${id}\ndata: ${JSON.stringify(events)}\n\n`
}

const positions = (asked: ReadonlyArray<Asked>) => asked.map(({ request }) => request.headers["last-event-id"])

describe("the event stream", () => {
  it("is open once its position is known, and resumes where it ended", () =>
    scene(({ response }, count) => {
      beginStream(response)
      if (count === 1) response.end(`: hello\n\n${message("a", 1)}${message("b", 2, 3)}`)
      else response.write(message("c", 4))
    }, async ({ asked, connections, heard, stream }) => {
      stream.start()
      await until(() => heard.includes("4"), "the second stream")
      assert.deepStrictEqual(positions(asked), [undefined, "b"])
      assert.deepStrictEqual(heard.filter((_) => _ !== "opened"), ["1", "2", "3", "4"])
      assert.deepStrictEqual(connections.map(({ kind }) => kind), ["connecting", "live", "reconnecting", "live"])
    }))

  it("is not open before it told where it is", () =>
    scene(({ response }) => {
      beginStream(response)
      response.write(": nothing yet\n\n")
    }, async ({ asked, kind, stream }) => {
      stream.start()
      await until(() => asked.length === 1, "the stream")
      await after(30)
      assert.strictEqual(kind(), "connecting")
    }))

  it("forgets what was cut in the middle of a message, which comes whole after it", () =>
    scene(({ response }, count) => {
      beginStream(response)
      const second = message("b", 2)
      if (count > 1) return response.write(second)
      response.write(message("a", 1) + second.slice(0, second.length - 30), () => response.destroy())
    }, async ({ asked, heard, stream }) => {
      stream.start()
      await until(() => heard.includes("2"), "the message")
      assert.deepStrictEqual(positions(asked), [undefined, "a"])
      assert.deepStrictEqual(heard.filter((_) => _ !== "opened"), ["1", "2"])
    }))

  it("goes on after a message that is not what it should be", () =>
    scene(({ response }, count) => {
      beginStream(response)
      response.write(count === 1 ? `${message("a", 1)}id: b\ndata: <html>\n\n` : message("c", 2))
    }, async ({ heard, stream }) => {
      stream.start()
      await until(() => heard.includes("2"), "the next stream")
    }))

  it("says that it is signed out, and asks no more", () =>
    scene(({ response }) => problem(response, 401), async ({ asked, connections, heard, stream }) => {
      stream.start()
      await until(() => heard.includes("signed out"), "the end of the session")
      await after(50)
      assert.deepStrictEqual(heard, ["signed out"])
      assert.strictEqual(asked.length, 1)
      assert.deepStrictEqual(connections.map(({ kind }) => kind), ["connecting"])
    }))

  it("waits as long as a refusal asks it to", () =>
    scene(({ response }, count) => {
      if (count === 1) return problem(response, 503, { "retry-after": "1" })
      beginStream(response)
      response.write(message("a", 1))
    }, async ({ connections, heard, kind, stream }) => {
      const begun = performance.now()
      stream.start()
      await until(() => kind() === "live", "the stream")
      assert.isAtLeast(performance.now() - begun, 990)
      assert.deepStrictEqual(connections[1], { kind: "reconnecting", since: null })
      assert.deepStrictEqual(heard, ["1", "opened"])
    }))

  it("tries again where nobody listens", async () => {
    const nobody = await serve(() => {})
    nobody.close()
    const page = openPage(nobody.origin)
    const connections: Array<Connection> = []
    const ignore = () => {}
    const stream = new EventStream({
      connection: (connection) => void connections.push(connection),
      opened: ignore,
      events: ignore,
      reset: ignore,
      signedOut: ignore
    }, quick)
    stream.start()
    await until(() => connections.length > 4, "some attempts")
    stream.stop()
    page.close()
    assert.isTrue(connections.slice(1).every(({ kind }) => kind === "reconnecting"))
  })

  it("gives up a stream that is silent", () =>
    scene(({ response }, count) => {
      beginStream(response)
      response.write(message(`${count}`, count))
    }, async ({ asked, stream }) => {
      stream.start()
      await until(() => positions(asked).some((_) => _ !== undefined), "another stream")
    }, { silence: 100 }))

  it("says when its position is lost", () =>
    scene(({ response }) => {
      beginStream(response)
      response.write(`id: n\nevent: reset\ndata: {}\n\n${message("o", 1)}`)
    }, async ({ heard, stream }) => {
      stream.start()
      await until(() => heard.includes("opened"), "the stream")
      assert.deepStrictEqual(heard, ["reset", "1", "opened"])
    }))

  it("ends for good when it is stopped, and can be started again where it was", () =>
    scene(({ response }, count) => {
      beginStream(response)
      response.write(message(`${count}`, count))
    }, async ({ asked, heard, stream }) => {
      stream.start()
      stream.start()
      await until(() => heard.includes("1"), "the stream")
      stream.stop()
      await until(() => asked[0]!.response.destroyed || asked[0]!.request.socket.destroyed, "the end")
      stream.start()
      await until(() => heard.includes("2"), "the second stream")
      assert.deepStrictEqual(positions(asked), [undefined, "1"])
    }))

  it("started twice by strict mode, connects once in the end", () =>
    scene(({ response }, count) => {
      beginStream(response)
      response.write(message(`${count}`, 1))
    }, async ({ asked, heard, kind, stream }) => {
      stream.start()
      stream.stop()
      stream.start()
      await until(() => kind() === "live", "the stream")
      await after(30)
      assert.deepStrictEqual(heard, ["1", "opened"])
      assert.strictEqual(asked.filter(({ request }) => !request.socket.destroyed).length, 1)
    }))
})

describe("a hidden page", () => {
  const stay = ({ response }: Asked, count: number) => {
    beginStream(response)
    response.write(message(`${count}`, count))
  }

  it("closes its stream, and resumes when it is shown", () =>
    scene(stay, async ({ asked, heard, kind, page, stream }) => {
      stream.start()
      await until(() => kind() === "live", "the stream")
      page.show(false)
      await until(() => kind() === "asleep", "sleep")
      await until(() => asked[0]!.request.socket.destroyed, "the end of the connection")
      page.show(true)
      await until(() => heard.includes("2"), "the second stream")
      assert.deepStrictEqual(positions(asked), [undefined, "1"])
    }, { hidden: 20 }))

  it("keeps its stream when it is shown again soon", () =>
    scene(stay, async ({ asked, kind, page, stream }) => {
      stream.start()
      await until(() => kind() === "live", "the stream")
      page.show(false)
      page.show(true)
      await after(80)
      assert.strictEqual(kind(), "live")
      assert.strictEqual(asked.length, 1)
    }, { hidden: 40 }))

  it("does not fall asleep after it was shown again, also when the stream ended in between", () =>
    scene(stay, async ({ asked, kind, page, stream }) => {
      stream.start()
      await until(() => kind() === "live", "the stream")
      page.show(false)
      asked[0]!.response.destroy()
      await until(() => kind() === "reconnecting", "the end")
      page.show(true)
      await until(() => kind() === "live", "the second stream")
      await after(350)
      assert.strictEqual(kind(), "live")
    }, { hidden: 300, first: 60_000, longest: 60_000 }))

  it("does not keep a stream that it was opened with in the background", () =>
    scene(stay, async ({ asked, kind, page, stream }) => {
      page.hide()
      stream.start()
      await until(() => kind() === "asleep", "sleep")
      page.show(true)
      await until(() => kind() === "live", "the stream")
      assert.isAtMost(asked.length, 2)
    }, { hidden: 50 }))
})
