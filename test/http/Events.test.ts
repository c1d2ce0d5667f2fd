import { assert, beforeAll, describe, it } from "@effect/vitest"
import {
  accountOf,
  type Credential,
  eventually,
  jsonOf,
  openGateway,
  transactionOf,
  useGateway
} from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { type EventReader, openEvents } from "../support/HttpEvents.ts"
import { transaction } from "../support/HttpSamples.ts"

const gateway = useGateway({ environment: { STREAMS_PER_ACCOUNT: "3" } })
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const listen = async (as = account, options: Parameters<typeof openEvents>[2] = {}) => {
  const reader = await openEvents(gateway().port, as, options)
  if (reader.status === 200) await eventually("it begins", reader.lastEventId, (_) => _ !== null)
  return reader
}

const hears = (reader: EventReader, many: number) =>
  eventually(`${many} events`, reader.events, (_) => _.length >= many)

const typesOf = (reader: EventReader) => reader.events().map((_) => `${_.transaction.id} ${_.type}`)

describe("GET /v1/transactions/events", () => {
  it("tells of an account's own transactions, each accepted and then decided, as they can be read", async () => {
    const reader = await listen()
    assert.deepStrictEqual([reader.status, reader.headers["content-type"]], [200, "text/event-stream; charset=utf-8"])
    assert.deepStrictEqual(
      [reader.headers["cache-control"], reader.headers["x-accel-buffering"]],
      ["no-store, no-transform", "no"]
    )
    assert.property(reader.headers, "request-id")
    assert.strictEqual(reader.blocks[0]!.retry, "2000")
    const other = await gateway().createAccount()
    await gateway().decide(other)
    const made = transactionOf(
      await gateway().decide(account, transaction({ reference: "heard", metadata: { a: "b" } }))
    )
    const rejected = transactionOf(await gateway().decide(account, transaction({ amount: 1 })))
    const events = await hears(reader, 4)
    assert.deepStrictEqual(typesOf(reader), [
      `${made.id} transaction.accepted`,
      `${made.id} transaction.approved`,
      `${rejected.id} transaction.accepted`,
      `${rejected.id} transaction.rejected`
    ])
    const [accepted, approved] = events
    assert.deepStrictEqual(Object.keys(accepted!).toSorted(), ["created_at", "id", "transaction", "type"])
    assert.deepStrictEqual([accepted!.id, approved!.id], [`evt_${made.id.slice(4)}0`, `evt_${made.id.slice(4)}1`])
    assert.deepStrictEqual([accepted!.created_at, approved!.created_at], [made.created_at, made.decided_at])
    assert.deepStrictEqual(approved!.transaction, made)
    assert.deepStrictEqual(accepted!.transaction, { ...made, status: "processing", decided_at: null })
    for (const block of reader.blocks.filter((_) => _.data !== null)) {
      assert.isNotNull(block.id)
      assert.strictEqual(block.event, JSON.parse(block.data!).type)
    }
    reader.close()
  })

  it("goes on after the last event that was heard, without a gap and without a repeat", async () => {
    const whole = await listen()
    const first = await listen()
    await gateway().decide(account)
    await hears(first, 2)
    const cursor = first.blocks.find((_) => _.event === "transaction.accepted")!.id!
    first.close()
    const missed = await Promise.all(Array.from({ length: 5 }, () => gateway().decide(account)))
    const resumed = await listen(account, { lastEventId: cursor })
    await gateway().decide(account)
    await hears(whole, 14)
    await hears(resumed, 13)
    assert.strictEqual(missed.length, 5)
    assert.sameMembers(typesOf(resumed), typesOf(whole).slice(1))
    assert.strictEqual(new Set(typesOf(resumed)).size, 13)
    whole.close()
    resumed.close()
  })

  it("says where it cannot go on from, and goes on from now", async () => {
    for (const lastEventId of ["garbage", "AQEB29IBAc2R0SU", "0", "x".repeat(2_000)]) {
      const reader = await listen(account, { lastEventId })
      const [, begin] = reader.blocks
      assert.deepStrictEqual([begin!.event, begin!.data], ["reset", "{}"], lastEventId)
      await gateway().decide(account)
      assert.lengthOf(await hears(reader, 2), 2)
      reader.close()
      await eventually("its place is free", () => gateway().metric("gateway_event_streams"), (_) => _ === 0)
    }
  })

  it("tells many at a time in an array", async () => {
    const reader = await listen(account, { query: "?batch=true" })
    await Promise.all(Array.from({ length: 20 }, () => gateway().decide(account)))
    await hears(reader, 40)
    const batches = reader.blocks.filter((_) => _.event === "batch")
    assert.isBelow(batches.length, 40)
    assert.isTrue(batches.every((_) => _.id !== null && Array.isArray(JSON.parse(_.data!))))
    reader.close()
  })

  it("tells the operator of all, with whose it is, or of one account", async () => {
    const other = await gateway().createAccount()
    const all = await listen(gateway().operator)
    const one = await listen(gateway().operator, { query: `?account=${accountOf(other)}` })
    await gateway().decide(account)
    await gateway().decide(other)
    await hears(all, 4)
    await hears(one, 2)
    assert.deepStrictEqual(
      [...new Set(all.events().map((_) => _.transaction.account))].toSorted(),
      [accountOf(account), accountOf(other)].toSorted()
    )
    assert.isTrue(one.events().every((_) => _.transaction.account === accountOf(other)))
    all.close()
    one.close()
    const foreign = await gateway().call("GET", `/v1/transactions/events?account=${accountOf(other)}`, { as: account })
    assertProblem(foreign, 400, "invalid_query")
  })

  it("has a bounded number of streams for each account, and a place is free as soon as one closes", async () => {
    const own = await gateway().createAccount()
    const readers = [await listen(own), await listen(own), await listen(own)]
    assertProblem(await gateway().call("GET", "/v1/transactions/events", { as: own }), 429, "too_many_streams")
    readers[0]!.close()
    await eventually("a place", async () => {
      const reader = await openEvents(gateway().port, own)
      reader.close()
      return reader.status
    }, (_) => _ === 200)
    for (const reader of readers) reader.close()
  })

  it("ends when its credential does, within five seconds or so", async () => {
    const own = await gateway().createAccount()
    const reader = await listen(own)
    await gateway().call("PATCH", `/v1/accounts/${accountOf(own)}`, {
      as: gateway().operator,
      body: { disabled: true }
    })
    await eventually("it ends", reader.hasEnded, (_) => _)
    assert.isTrue(reader.isComplete(), "politely")
  }, 20_000)

  it("answers what is wrong before it streams, and HEAD without a stream", async () => {
    const call = (headers: Readonly<Record<string, string>>, query = "") =>
      gateway().call("GET", `/v1/transactions/events${query}`, { as: account, headers })
    assertProblem(await call({ accept: "application/json" }), 406, "not_acceptable")
    assertProblem(await call({}, "?batch=maybe"), 400, "invalid_query")
    assertProblem(await call({}, "?last_event_id=x"), 400, "invalid_query")
    const head = await gateway().call("HEAD", "/v1/transactions/events", { as: account })
    assert.deepStrictEqual([head.status, head.text], [200, ""])
  })

  it("harms nobody when a reader stops reading", async () => {
    const own = await gateway().createAccount()
    const stuck = await listen(own)
    const reader = await listen(own)
    stuck.pause()
    const big = transaction({
      metadata: Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`k${i}`, "m".repeat(500)]))
    })
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 40 }, () => gateway().submit(own, big)))
    await eventually("all are heard", reader.events, (_) => _.length === 800)
    assert.strictEqual(new Set(reader.events().map((_) => _.id)).size, 800)
    reader.close()
    stuck.close()
  })
})

describe("a shutdown", () => {
  it("ends streams at once and politely", async () => {
    const gateway = await openGateway()
    const reader = await openEvents(gateway.port, await gateway.createAccount())
    const started = performance.now()
    await gateway.close()
    await eventually("it ended", reader.hasEnded, (_) => _)
    assert.isTrue(reader.isComplete())
    assert.isBelow(performance.now() - started, 3_000)
  })
})

describe("while the log is down", () => {
  it("what is accepted is in the list, and heard of when the log is up again", async () => {
    const simulate = (log: "up" | "down") =>
      gateway().call("PATCH", "/v1/operator/simulation", { as: gateway().operator, body: { log } })
    const own = await gateway().createAccount()
    const reader = await listen(own)
    await simulate("down")
    const { id } = transactionOf(await gateway().submit(own))
    const listed = await gateway().call("GET", "/v1/transactions", { as: own })
    assert.strictEqual(jsonOf<{ data: ReadonlyArray<{ id: string }> }>(listed).data[0]!.id, id)
    assert.lengthOf(reader.events(), 0)
    await simulate("up")
    await eventually("it is heard", () => typesOf(reader), (_) => _.includes(`${id} transaction.approved`), 20_000)
    assert.deepStrictEqual(typesOf(reader), [`${id} transaction.accepted`, `${id} transaction.approved`])
    reader.close()
  }, 30_000)
})
