import { assert, describe, it } from "@effect/vitest"
import type { Transaction } from "../../web/api/types.ts"
import { Feed } from "../../web/feed/Feed.ts"
import { everything } from "../../web/feed/Filter.ts"
import { type Asked, beginStream, openPage, serve, until } from "./Page.ts"
import { eventOf, idOf, transactionOf } from "./Samples.ts"

const send = ({ response }: Asked, value: unknown) => {
  response.writeHead(200, { "content-type": "application/json" })
  response.end(JSON.stringify(value))
}

const page = (transactions: ReadonlyArray<Transaction>, next: string | null = null) => ({
  object: "list",
  data: transactions,
  has_more: next !== null,
  next,
  url: "/v1/transactions"
})

/** A feed against a server of its own: lists wait until the test answers them, the stream says what it is told to. */
const scene = async (
  run: (scene: {
    readonly feed: Feed
    /** The `count`-th list that is asked for, counted from one. */
    readonly list: (count: number) => Promise<Asked>
    readonly lists: ReadonlyArray<Asked>
    readonly tell: (...transactions: ReadonlyArray<Transaction>) => Promise<void>
    readonly lose: () => void
    readonly shown: () => ReadonlyArray<number>
    readonly ready: () => Promise<void>
  }) => Promise<void>
) => {
  const lists: Array<Asked> = []
  const streams: Array<Asked> = []
  let position = 0
  const server = await serve((asked) => {
    const { pathname } = asked.url
    if (pathname.endsWith("/events")) {
      beginStream(asked.response)
      asked.response.write(`id: ${position++}\n\n`)
      streams.push(asked)
    } else if (pathname === "/v1/summary") send(asked, { object: "summary", data: [] })
    else lists.push(asked)
  })
  const browser = openPage(server.origin)
  const feed = new Feed()
  try {
    feed.start()
    await run({
      feed,
      lists,
      list: async (count) => {
        await until(() => lists.length >= count, `list ${count}`)
        return lists[count - 1]!
      },
      tell: async (...transactions) => {
        const data = JSON.stringify(transactions.map(eventOf))
        streams.at(-1)!.response.write(`id: ${position++}\ndata: ${data}\n\n`)
        await until(() => transactions.every(({ id }) => feed.store().find(id) !== undefined), "what was told")
      },
      lose: () => void streams.at(-1)!.response.write(`id: ${position++}\nevent: reset\ndata: {}\n\n`),
      shown: () => {
        const store = feed.store()
        store.publish()
        return Array.from({ length: store.view().count }, (_, at) => Number(store.at(at)!.id.slice(4)))
      },
      ready: () => until(() => feed.state().newest.kind === "ready", "the list")
    })
  } finally {
    feed.stop()
    browser.close()
    server.close()
  }
}

const rows = (...numbers: ReadonlyArray<number>) => numbers.map((_) => transactionOf(_, "approved"))

describe("the feed", () => {
  it("reads the list once the stream is open, and keeps what was told meanwhile", () =>
    scene(async ({ feed, list, ready, shown, tell }) => {
      const first = await list(1)
      assert.strictEqual(feed.state().connection.kind, "live")
      await tell(...rows(4))
      send(first, page(rows(3, 2), idOf(2)))
      await ready()
      assert.deepStrictEqual(shown(), [4, 3, 2])
    }))

  it("does not put the list of the filter before into the rows of this one", () =>
    scene(async ({ feed, list, ready, shown }) => {
      const first = await list(1)
      feed.setFilter({ ...everything, reference: "order-1" })
      const second = await list(2)
      assert.strictEqual(second.url.searchParams.get("reference"), "order-1")
      if (!first.response.destroyed) send(first, page(rows(3, 2, 1)))
      send(second, page(rows(1)))
      await ready()
      assert.deepStrictEqual(shown(), [1])
    }))

  it("does not put an older page of the filter before into the rows of this one", () =>
    scene(async ({ feed, list, ready, shown }) => {
      send(await list(1), page(rows(9), idOf(9)))
      await ready()
      const older = feed.readOlder()
      const second = await list(2)
      feed.setFilter({ ...everything, reference: "order-1" })
      send(await list(3), page(rows(1)))
      await ready()
      send(second, page(rows(8, 7)))
      await older
      assert.deepStrictEqual(shown(), [1])
    }))

  it("leaves no hole where its position was lost while an older page came", () =>
    scene(async ({ feed, list, lose, ready, shown }) => {
      send(await list(1), page(rows(5, 4), idOf(4)))
      await ready()
      const older = feed.readOlder()
      const second = await list(2)
      assert.strictEqual(second.url.searchParams.get("starting_after"), idOf(4))
      lose()
      send(await list(3), page(rows(9, 8), idOf(8)))
      await ready()
      send(second, page(rows(3, 2)))
      await older
      assert.deepStrictEqual(shown(), [9, 8])
      const again = feed.readOlder()
      const fourth = await list(4)
      assert.strictEqual(fourth.url.searchParams.get("starting_after"), idOf(8))
      send(fourth, page(rows(7, 6, 5)))
      await again
      assert.deepStrictEqual(shown(), [9, 8, 7, 6, 5])
    }))

  it("keeps what is shown where its position was lost while rows are held, and reads anew when they are let go", () =>
    scene(async ({ feed, list, lose, ready, shown }) => {
      send(await list(1), page(rows(2, 1)))
      await ready()
      feed.setPaused(true)
      lose()
      send(await list(2), page(rows(9, 8), idOf(8)))
      await until(() => feed.store().overflowed, "the loss")
      assert.deepStrictEqual(shown(), [2, 1])
      feed.setPaused(false)
      send(await list(3), page(rows(10, 9), idOf(9)))
      await ready()
      assert.deepStrictEqual(shown(), [10, 9])
    }))

  it("shows the first rows of a filter that was chosen while rows are held", () =>
    scene(async ({ feed, list, ready, shown, tell }) => {
      send(await list(1), page(rows(2, 1)))
      await ready()
      feed.hold("details")
      feed.setFilter({ ...everything, status: "approved" })
      await tell(...rows(3))
      send(await list(2), page(rows(3, 2, 1)))
      await ready()
      assert.deepStrictEqual(shown(), [3, 2, 1])
      await tell(...rows(4))
      assert.deepStrictEqual(shown(), [3, 2, 1])
      feed.hold("focus")
      feed.release("details")
      assert.deepStrictEqual(shown(), [3, 2, 1])
      feed.release("focus")
      assert.deepStrictEqual(shown(), [4, 3, 2, 1])
    }))

  it("looks further where the gateway found nothing so far, from where it stopped", () =>
    scene(async ({ feed, list, ready }) => {
      feed.setFilter({ ...everything, last4: "0000" })
      // the stream opens, and what was asked for the filter is asked again
      await until(() => feed.state().connection.kind === "live", "the stream")
      let asked = 0
      let answered = 0
      const answerAll = async () => {
        while (feed.state().newest.kind !== "ready") {
          const next = await list(++asked)
          if (next.response.destroyed) continue
          answered++
          send(next, page([], idOf(1_000 - answered)))
          await until(() => next.response.writableFinished || next.response.destroyed, "the answer")
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
      }
      await answerAll()
      await ready()
      const stoppedAt = feed.store().readTo
      assert.strictEqual(stoppedAt, idOf(1_000 - answered))
      const older = feed.readOlder()
      const next = await list(asked + 1)
      assert.strictEqual(next.url.searchParams.get("starting_after"), stoppedAt)
      send(next, page(rows(1)))
      await older
      assert.isFalse(feed.store().hasOlder)
    }))

  it("says that a list failed, and reads it again when asked to", () =>
    scene(async ({ feed, list, ready, shown }) => {
      const first = await list(1)
      first.response.writeHead(503, { "content-type": "application/problem+json" })
      first.response.end(JSON.stringify({ code: "unavailable", detail: "Not now." }))
      await until(() => feed.state().newest.kind === "failed", "the failure")
      feed.readNewestAgain()
      send(await list(2), page(rows(1)))
      await ready()
      assert.deepStrictEqual(shown(), [1])
    }))

  it("started, stopped and started by strict mode, hears everything once", () =>
    scene(async ({ feed, list, lists, ready, shown, tell }) => {
      await list(1)
      feed.stop()
      feed.start()
      await until(() => lists.length > 1, "another list")
      for (const asked of lists) if (!asked.response.destroyed) send(asked, page(rows(1)))
      await ready()
      await tell(...rows(2))
      assert.deepStrictEqual(shown(), [2, 1])
      assert.strictEqual(feed.seconds().length > 0, true)
    }))
})
