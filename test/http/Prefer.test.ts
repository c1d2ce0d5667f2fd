import { assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import {
  type Credential,
  eventually,
  type Gateway,
  jsonOf,
  openGateway,
  requestBytes,
  transactionOf,
  useGateway
} from "../support/GatewayFixture.ts"
import { openConnection, within } from "../support/HttpConnection.ts"
import { type ListJson, transaction } from "../support/HttpSamples.ts"

const perAccount = 5
const gateway = useGateway({ environment: { WAITS_PER_ACCOUNT: `${perAccount}`, WAITS_PER_PROCESS: "8" } })
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})
beforeEach(() => gateway().controls.release())

const waiting = (count: number, at: Gateway = gateway()) =>
  eventually("so many waits", () => at.metric("gateway_waiting_requests"), (_) => _ === count)

const poll = (id: string, prefer = "wait=20", as = account) =>
  gateway().call("GET", `/v1/transactions/${id}`, { as, headers: { prefer } })

describe("POST with Prefer: wait", () => {
  it("is 201 with the decision", async () => {
    const answer = await gateway().decide(account)
    assert.strictEqual(answer.status, 201, answer.text)
    assert.strictEqual(answer.headers["preference-applied"], "wait=20")
    assert.strictEqual(answer.headers["location"], `/v1/transactions/${transactionOf(answer).id}`)
    assert.notProperty(answer.headers, "retry-after")
    assert.strictEqual(transactionOf(answer).status, "approved")
  })

  it("is 202 when the decision does not come in time", async () => {
    gateway().controls.hold()
    const started = performance.now()
    const answer = await gateway().submit(account, transaction(), { prefer: "wait=1" })
    assert.strictEqual(answer.status, 202, answer.text)
    assert.strictEqual(answer.headers["preference-applied"], "wait=1")
    assert.strictEqual(answer.headers["retry-after"], "1")
    assert.strictEqual(transactionOf(answer).status, "processing")
    assert.isAtLeast(performance.now() - started, 900)
    assert.isBelow(performance.now() - started, 6_000)
  })

  it("counts the wait from the request's receipt", async () => {
    gateway().controls.hold()
    const body = JSON.stringify(transaction())
    const connection = await openConnection(gateway().port)
    const bytes = requestBytes("POST", "/v1/transactions", { as: account, body, headers: { prefer: "wait=2" } })
    connection.write(bytes.slice(0, -body.length))
    // by the time another wait of the same length is over, the body is still to come
    await gateway().submit(account, transaction(), { prefer: "wait=2" })
    connection.write(body)
    const sent = performance.now()
    const answer = await connection.next()
    connection.destroy()
    assert.strictEqual(answer.status, 202, answer.text)
    assert.isBelow(performance.now() - sent, 1_500)
  })

  const preferences: ReadonlyArray<readonly [string, string | ReadonlyArray<string>, string | undefined]> = [
    ["600 seconds as 30", "wait=600", "wait=30"],
    ["31 as 30", "wait=31", "wait=30"],
    ["30", "wait=30", "wait=30"],
    ["more than any clock counts as 30", "wait=99999999999999999999", "wait=30"],
    ["0", "wait=0", "wait=0"],
    ["leading zeros", "wait=010", "wait=10"],
    ["a quoted value", "wait=\"7\"", "wait=7"],
    ["spaces", "  wait = 7 ", "wait=7"],
    ["capitals", "Wait=7", "wait=7"],
    ["among others", "respond-async, wait=7, handling=lenient", "wait=7"],
    ["before others", "wait=7; foo=bar, respond-async", "wait=7"],
    ["on a line of its own", ["respond-async", "wait=7"], "wait=7"],
    ["the first of two", "wait=7, wait=9", "wait=7"],
    ["none", "respond-async", undefined],
    ["none in a text of another", "note=\"a, wait=7, b\"", undefined],
    ["no number", "wait", undefined],
    ["an empty value", "wait=", undefined],
    ["words", "wait=soon", undefined],
    ["a negative number", "wait=-1", undefined],
    ["a fraction", "wait=1.5", undefined],
    ["an exponent", "wait=1e1", undefined],
    ["hexadecimal", "wait=0x10", undefined],
    ["another name", "await=7", undefined],
    ["nothing", "", undefined],
    ["commas", ",,,", undefined]
  ]
  it.each(preferences)("understands %s", async (_, prefer, applied) => {
    const answers = [
      await gateway().submit(account, transaction(), { prefer }),
      await gateway().call("GET", `/v1/transactions/${transactionOf(await gateway().decide(account)).id}`, {
        as: account,
        headers: { prefer }
      })
    ]
    assert.include([201, 202], answers[0]!.status, answers[0]!.text)
    assert.strictEqual(answers[1]!.status, 200, answers[1]!.text)
    for (const answer of answers) assert.strictEqual(answer.headers["preference-applied"], applied)
  })
})

describe("GET with Prefer: wait", () => {
  it("wakes within a second of the decision", async () => {
    gateway().controls.hold()
    const { id } = transactionOf(await gateway().submit(account))
    const answers = [poll(id), poll(id), poll(id)]
    await waiting(3)
    gateway().controls.release()
    const released = performance.now()
    for (const answer of await Promise.all(answers)) {
      assert.strictEqual(answer.status, 200, answer.text)
      assert.strictEqual(answer.headers["preference-applied"], "wait=20")
      assert.strictEqual(transactionOf(answer).status, "approved")
      assert.notProperty(answer.headers, "retry-after")
    }
    assert.isBelow(performance.now() - released, 1_000)
  })

  it("is 200 and processing when the decision does not come in time", async () => {
    gateway().controls.hold()
    const { id } = transactionOf(await gateway().submit(account))
    for (const prefer of ["wait=0", "wait=1"]) {
      const answer = await poll(id, prefer)
      assert.strictEqual(answer.status, 200, answer.text)
      assert.strictEqual(answer.headers["preference-applied"], prefer)
      assert.strictEqual(answer.headers["retry-after"], "1")
      assert.strictEqual(transactionOf(answer).status, "processing")
    }
  })

  it("tells at once what is decided", async () => {
    const { id } = transactionOf(await gateway().decide(account))
    const started = performance.now()
    assert.strictEqual(transactionOf(await poll(id)).status, "approved")
    assert.isBelow(performance.now() - started, 4_000)
  })

  it("does not wait for what the account cannot see", async () => {
    gateway().controls.hold()
    const { id } = transactionOf(await gateway().submit(account))
    const other = await gateway().createAccount()
    const started = performance.now()
    assert.strictEqual((await poll(id, "wait=20", other)).status, 404)
    assert.strictEqual((await poll("txn_01ARZ3NDEKTSV4RRFFQ69G5FAV")).status, 404)
    assert.isBelow(performance.now() - started, 4_000)
  })

  it("lets the operator wait", async () => {
    gateway().controls.hold()
    const { id } = transactionOf(await gateway().submit(account))
    const answer = poll(id, "wait=20", gateway().operator)
    await waiting(1)
    gateway().controls.release()
    assert.strictEqual(transactionOf(await answer).status, "approved")
  })
})

describe("waits are bounded", () => {
  it("per account and per process: what comes beyond is answered at once", async () => {
    gateway().controls.hold()
    const other = await gateway().createAccount()
    const submitWaiting = (as: Credential) => gateway().submit(as, transaction(), { prefer: "wait=20" })
    const mine = Array.from({ length: perAccount }, () => submitWaiting(account))
    await waiting(perAccount)
    assert.strictEqual((await submitWaiting(account)).status, 202)
    const theirs = Array.from({ length: 8 - perAccount }, () => submitWaiting(other))
    await waiting(8)
    assert.strictEqual((await submitWaiting(other)).status, 202)
    assert.strictEqual((await submitWaiting(await gateway().createAccount())).status, 202)
    gateway().controls.release()
    for (const answer of await Promise.all([...mine, ...theirs])) assert.strictEqual(answer.status, 201, answer.text)
    await waiting(0)
  })
})

describe("a client that goes away", () => {
  it("cancels its wait, never its transaction", async () => {
    gateway().controls.hold()
    const leaver = await gateway().createAccount()
    const body = JSON.stringify(transaction({ reference: "left" }))
    const connections = await Promise.all(Array.from({ length: 3 }, () => openConnection(gateway().port)))
    for (const connection of connections) {
      connection.write(
        requestBytes("POST", "/v1/transactions", { as: leaver, body, headers: { prefer: "wait=30" } })
      )
    }
    await waiting(3)
    for (const connection of connections) connection.destroy()
    await waiting(0)
    gateway().controls.release()
    const list = () => gateway().call("GET", "/v1/transactions", { as: leaver })
    const { data } = await eventually(
      "the decisions",
      async () => jsonOf<ListJson>(await list()),
      (_) => _.data.length === 3 && _.data.every(({ status }) => status === "approved")
    )
    assert.isTrue(data.every((_) => _.reference === "left"))
  })

  it("does not cancel what is being written", async () => {
    gateway().controls.holdInserts()
    const rows = gateway().submissions()
    const connections = await Promise.all(Array.from({ length: 3 }, () => openConnection(gateway().port)))
    const bytes = requestBytes("POST", "/v1/transactions", { as: account, body: JSON.stringify(transaction()) })
    for (const connection of connections) connection.write(bytes)
    await eventually("the inserts", () => gateway().controls.inserting, (_) => _ === 3)
    for (const connection of connections) connection.destroy()
    await eventually("no request in hand", () => gateway().metric("http_server_active_requests"), (_) => _ === 0)
    gateway().controls.release()
    await eventually("the transactions", () => gateway().submissions(), (_) => _ === rows + 3)
    await eventually("the decisions", gateway().audit, (_) => _.undecided === 0)
  })

  it("cancels every wait that it sent on one connection", async () => {
    gateway().controls.hold()
    const { id } = transactionOf(await gateway().submit(account))
    const connection = await openConnection(gateway().port)
    const long = requestBytes("GET", `/v1/transactions/${id}`, { as: account, headers: { prefer: "wait=30" } })
    connection.write(long.repeat(3))
    await eventually("a wait", () => gateway().metric("gateway_waiting_requests"), (_) => _ > 0)
    connection.destroy()
    await waiting(0)
  })
})

describe("at shutdown", () => {
  it("waits end with 202, in order and soon", async () => {
    const closing = await openGateway()
    try {
      const credential = await closing.createAccount()
      closing.controls.hold()
      const { id } = transactionOf(await closing.submit(credential))
      const prefer = { prefer: "wait=30" }
      const posts = Promise.all(Array.from({ length: 3 }, () => closing.submit(credential, transaction(), prefer)))
      const gets = Promise.all(Array.from(
        { length: 3 },
        () => closing.call("GET", `/v1/transactions/${id}`, { as: credential, headers: prefer })
      ))
      await waiting(6, closing)
      const started = performance.now()
      const closed = closing.close()
      for (const answer of await posts) {
        assert.strictEqual(answer.status, 202, answer.text)
        assert.strictEqual(answer.headers["connection"], "close")
        assert.strictEqual(transactionOf(answer).status, "processing")
      }
      for (const answer of await gets) assert.strictEqual(answer.status, 200, answer.text)
      assert.isBelow(performance.now() - started, 4_000)
      await within(closed, "the end", 5_000)
    } finally {
      closing.controls.release()
    }
    closing.assertNothingLeaked()
  })
})
