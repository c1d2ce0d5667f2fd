import { assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { type Credential, eventually, requestBytes, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { type HttpAnswer, openConnection, rawRequest } from "../support/HttpConnection.ts"
import { card, cards, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""
let rows = 0
let number = 0

beforeAll(async () => {
  account = await gateway().createAccount()
})
beforeEach(() => {
  gateway().controls.release()
  rows = gateway().submissions()
})

const newKey = () => `key-${++number}`
const keyed = (key: string, body: unknown = transaction(), as = account) =>
  gateway().submit(as, body, { "idempotency-key": key })
const made = () => gateway().submissions() - rows

const assertReplay = (again: HttpAnswer, first: HttpAnswer) => {
  assert.include([201, 202], again.status, again.text)
  assert.strictEqual(again.headers["idempotent-replayed"], "true")
  assert.strictEqual(transactionOf(again).id, transactionOf(first).id)
  assert.strictEqual(again.headers["location"], first.headers["location"])
}

const assertFirst = (first: HttpAnswer) => {
  assert.include([201, 202], first.status, first.text)
  assert.notProperty(first.headers, "idempotent-replayed")
  assert.strictEqual(first.headers["location"], `/v1/transactions/${transactionOf(first).id}`)
}

describe("the same key and the same body", () => {
  it("are 202 with the same transaction while it is processing, 201 once it is decided", async () => {
    gateway().controls.hold()
    const key = newKey()
    const first = await keyed(key)
    assertFirst(first)
    assert.strictEqual(first.status, 202)
    for (let i = 0; i < 3; i++) {
      const again = await keyed(key)
      assertReplay(again, first)
      assert.strictEqual(again.status, 202)
      assert.strictEqual(again.headers["retry-after"], "1")
      assert.strictEqual(transactionOf(again).status, "processing")
    }
    gateway().controls.release()
    const decided = await eventually("the decision", () => keyed(key), (_) => _.status === 201)
    assertReplay(decided, first)
    assert.notProperty(decided.headers, "retry-after")
    assert.strictEqual(transactionOf(decided).status, "approved")
    assert.deepStrictEqual(
      transactionOf(await gateway().call("GET", first.headers["location"]!, { as: account })),
      transactionOf(decided)
    )
    assert.strictEqual(made(), 1)
  })

  it("wait for the decision together with Prefer", async () => {
    gateway().controls.hold()
    const key = newKey()
    const first = await keyed(key)
    const again = gateway().decide(account, transaction(), { "idempotency-key": key })
    await eventually("a wait", () => gateway().metric("gateway_waiting_requests"), (_) => _ === 1)
    gateway().controls.release()
    assertReplay(await again, first)
    assert.strictEqual((await again).status, 201)
  })

  it("replay a rejected one", async () => {
    const key = newKey()
    const body = transaction({ amount: 1 })
    const first = await gateway().decide(account, body, { "idempotency-key": key })
    assert.strictEqual(first.status, 201)
    const again = await keyed(key, body)
    assertReplay(again, first)
    assert.deepStrictEqual(transactionOf(again), transactionOf(first))
  })

  it("replay what was made for a client that went away", async () => {
    gateway().controls.hold()
    const key = newKey()
    const connection = await openConnection(gateway().port)
    connection.write(requestBytes("POST", "/v1/transactions", {
      as: account,
      body: JSON.stringify(transaction()),
      headers: { prefer: "wait=30", "idempotency-key": key }
    }))
    await eventually("a transaction", made, (_) => _ === 1)
    connection.destroy()
    const again = await keyed(key)
    assertReplay(again, again)
    gateway().controls.release()
    const decided = await gateway().decide(account, transaction(), { "idempotency-key": key })
    assertReplay(decided, again)
    assert.strictEqual(decided.status, 201)
    assert.strictEqual(made(), 1)
  })

  const body = JSON.stringify({ amount: 100, card: card(), reference: "é", metadata: { a: "1", b: "2" } })
  const same: ReadonlyArray<readonly [string, string]> = [
    ["in another order", JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(body) as object).toReversed()))],
    ["in another order within", body.replace("\"a\":\"1\",\"b\":\"2\"", "\"b\":\"2\",\"a\":\"1\"")],
    ["with other whitespace", JSON.stringify(JSON.parse(body), null, 4)],
    ["with 100.0 for 100", body.replace(":100,", ":100.0,")],
    ["with 1e2 for 100", body.replace(":100,", ":1e2,")],
    ["with 1.0E+2 for 100", body.replace(":100,", ":1.0E+2,")],
    ["with an escaped character", body.replace("é", "\\u00e9")],
    ["with an escaped key", body.replace("amount", "\\u0061mount")],
    ["with an escaped slash of a name", body.replace("\"a\":\"1\"", "\"\\u0061\":\"1\"")],
    ["with another CVV", body.replace("739", "740")],
    ["with a CVV of another shape", body.replace("\"739\"", "\"nonsense\"")]
  ]
  it.each(same)("are recognised %s", async (_, spelled) => {
    assert.notStrictEqual(spelled, body)
    const key = newKey()
    const first = await keyed(key, body)
    assertFirst(first)
    assertReplay(await keyed(key, spelled), first)
    assert.strictEqual(made(), 1)
  })
})

describe("the same key and another body", () => {
  const changed: ReadonlyArray<readonly [string, unknown]> = [
    ["amount", transaction({ amount: 2000 })],
    ["number", transaction({}, { number: cards.mastercard })],
    ["holder", transaction({}, { holder: "Somebody Else" })],
    ["month", transaction({}, { exp_month: 11 })],
    ["year", transaction({}, { exp_year: 2001 })],
    ["reference", transaction({ reference: "r" })],
    ["metadata", transaction({ metadata: { a: "b" } })],
    ["currency, which was not said before", transaction({ currency: "USD" })]
  ]
  it.each(changed)("are refused: another %s", async (_, body) => {
    const key = newKey()
    const first = await gateway().decide(account, transaction(), { "idempotency-key": key })
    assertFirst(first)
    for (let i = 0; i < 2; i++) {
      const answer = await keyed(key, body)
      const { id } = transactionOf(first)
      assertProblem(answer, 422, "idempotency_key_reused", [id, "1999", "4242", "approved", key])
      assert.notProperty(answer.headers, "location")
      assert.notProperty(answer.headers, "idempotent-replayed")
    }
    assertReplay(await keyed(key), first)
    assert.strictEqual(made(), 1)
  })

  it("are refused alike when both come at once", async () => {
    const key = newKey()
    const bodies = Array.from({ length: 40 }, (_, i) => transaction({ amount: 1000 + i % 2 }))
    const answers = await Promise.all(bodies.map((body) => keyed(key, body)))
    const winners = new Set(
      answers.filter((_) => _.status === 202 || _.status === 201).map((_) => transactionOf(_).amount)
    )
    assert.strictEqual(winners.size, 1)
    answers.forEach((answer, i) => {
      if (!winners.has(1000 + i % 2)) assertProblem(answer, 422, "idempotency_key_reused")
    })
    assert.strictEqual(made(), 1)
  })
})

describe("hundreds at once", () => {
  it.each([50, 500])("%d requests with one key make one transaction", async (count) => {
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: count }, () => keyed(key)))
    for (const { status, text } of answers) assert.include([201, 202], status, text)
    assert.strictEqual(new Set(answers.map((_) => transactionOf(_).id)).size, 1)
    assert.strictEqual(new Set(answers.map((_) => _.headers["location"])).size, 1)
    assert.lengthOf(answers.filter((_) => _.headers["idempotent-replayed"] === undefined), 1)
    assert.strictEqual(made(), 1)
  })

  it("many keys make as many transactions", async () => {
    const keys = Array.from({ length: 50 }, newKey)
    const answers = await Promise.all([...keys, ...keys, ...keys].map((key) => keyed(key)))
    assert.strictEqual(new Set(answers.map((_) => transactionOf(_).id)).size, 50)
    assert.strictEqual(made(), 50)
  })
})

describe("a key", () => {
  it("quoted or bare is the same", async () => {
    const key = newKey()
    const first = await keyed(`"${key}"`)
    assertFirst(first)
    assertReplay(await keyed(key), first)
    assertReplay(await keyed(`"${key}"`), first)
    assert.strictEqual(made(), 1)
  })

  it.each([
    ["1 character", "~"],
    ["1 character, quoted", "\"!\""],
    ["255 characters", "k".repeat(255)],
    ["255 characters, quoted", `"${"q".repeat(255)}"`],
    ["every visible character", Array.from({ length: 0x7e - 0x22 }, (_, i) => String.fromCharCode(0x23 + i)).join("")],
    ["what looks like SQL", "';DROP/**/TABLE/**/submissions;--"],
    ["what looks like a member of every object", "__proto__"]
  ])("may be %s", async (_, key) => {
    const first = await keyed(key)
    assertFirst(first)
    assertReplay(await keyed(key), first)
    assert.strictEqual(made(), 1)
  })

  it.each([
    ["empty", ""],
    ["empty quotes", "\"\""],
    ["256 characters", "k".repeat(256)],
    ["256 characters, quoted", `"${"k".repeat(256)}"`],
    ["a space in it", "a b"],
    ["a tab in it", "a\tb"],
    ["Latin-1", "caf\u00e9"],
    ["DEL", "a\x7fb"]
  ])("may not be %s", async (_, key) => {
    const bytes = requestBytes("POST", "/v1/transactions", {
      as: account,
      body: JSON.stringify(transaction()),
      headers: { "idempotency-key": key }
    })
    const answer = await rawRequest(gateway().port, Buffer.from(bytes, "latin1"))
    assertProblem(answer, 400, ["invalid_header", "bad_request"], key.length > 2 ? [key] : [])
    assert.strictEqual(made(), 0)
  })

  it("comes in one header line", async () => {
    for (const keys of [["a", "b"], ["a", "a"], ["", "a"], ["\"a\"", "a"]]) {
      const answer = await gateway().call("POST", "/v1/transactions", {
        as: account,
        body: transaction(),
        headers: { "idempotency-key": keys }
      })
      assertProblem(answer, 400, "invalid_header")
    }
    assert.strictEqual(made(), 0)
  })

  it("is case-sensitive", async () => {
    const [small, capital] = [await keyed("case-a"), await keyed("CASE-A")]
    assertFirst(small)
    assertFirst(capital)
    assert.strictEqual(made(), 2)
  })

  it("is the account's own", async () => {
    const key = newKey()
    const other = await gateway().createAccount()
    const mine = await keyed(key)
    const theirs = await keyed(key, transaction({ amount: 5000 }), other)
    assertFirst(mine)
    assertFirst(theirs)
    assert.notStrictEqual(transactionOf(mine).id, transactionOf(theirs).id)
    assertReplay(await keyed(key), mine)
    assertReplay(await keyed(key, transaction({ amount: 5000 }), other), theirs)
  })

  it("is not needed: without one every request is a transaction", async () => {
    const answers = [await gateway().submit(account), await gateway().submit(account)]
    answers.forEach(assertFirst)
    assert.strictEqual(made(), 2)
  })
})

describe("is not remembered after", () => {
  it("a refusal: 400, 401, 403, 406, 413, 415 and 422", async () => {
    const key = newKey()
    const headers = { "idempotency-key": key }
    const refusals = [
      await keyed(key, "{"),
      await gateway().submit("acct_x:sk_x", transaction(), headers),
      await gateway().submit(gateway().operator, transaction(), headers),
      await gateway().submit(account, transaction(), { ...headers, accept: "image/png" }),
      await keyed(key, " ".repeat(16_385)),
      await gateway().submit(account, transaction(), { ...headers, "content-type": "text/plain" }),
      await keyed(key, transaction({ amount: "100" })),
      await keyed(key, transaction({ currency: "EUR" })),
      await keyed(key, transaction({ reference: cards.visa }))
    ]
    assert.deepStrictEqual(refusals.map((_) => _.status), [400, 401, 403, 406, 413, 415, 422, 422, 422])
    assert.strictEqual(made(), 0)
    const first = await keyed(key)
    assertFirst(first)
    assertReplay(await keyed(key), first)
  })
})
