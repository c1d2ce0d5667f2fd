import { assert, beforeAll, describe, it } from "@effect/vitest"
import { accountOf, type Credential, jsonOf, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { cards, type ListJson, transaction, type TransactionJson } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""
let all: ReadonlyArray<TransactionJson> = []

const url = (query: Readonly<Record<string, string>>) =>
  `/v1/transactions?${new URLSearchParams({ limit: "100", ...query })}`

const find = async (query: Readonly<Record<string, string>>, as = account) => {
  const answer = await gateway().call("GET", url(query), { as })
  assert.strictEqual(answer.status, 200, answer.text)
  return jsonOf<ListJson>(answer)
}

const expected = (matches: (transaction: TransactionJson) => boolean) =>
  all.filter(matches).map((_) => _.id).toSorted().toReversed()

beforeAll(async () => {
  account = await gateway().createAccount()
  const made: Array<TransactionJson> = []
  for (let i = 0; i < 24; i++) {
    const number = [cards.visa, cards.mastercard, cards.amex][i % 3]!
    const body = transaction(
      { amount: [99, 1000 + i, 100_001][i % 4] ?? 5000, reference: i % 5 === 0 ? "order 5" : `order-${i}` },
      { number, cvv: number === cards.amex ? "7391" : "739" }
    )
    made.push(transactionOf(await gateway().decide(account, body)))
  }
  gateway().controls.hold()
  for (let i = 0; i < 3; i++) {
    made.push(transactionOf(await gateway().submit(account, transaction({ reference: "order 5" }))))
  }
  all = made
  const other = await gateway().createAccount()
  await gateway().submit(other, transaction({ reference: "order 5" }))
})

describe("GET /v1/transactions with filters", () => {
  it("by each of them, and by all of them together", async () => {
    const middle = all[12]!.created_at
    const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, (_: TransactionJson) => boolean]> = [
      [{ status: "processing" }, (_) => _.status === "processing"],
      [{ status: "approved" }, (_) => _.status === "approved"],
      [{ status: "rejected" }, (_) => _.status === "rejected"],
      [{ "amount[gte]": "1005" }, (_) => _.amount >= 1005],
      [{ "amount[lte]": "1005" }, (_) => _.amount <= 1005],
      [{ "amount[gte]": "1000", "amount[lte]": "1999" }, (_) => _.amount >= 1000 && _.amount <= 1999],
      [{ last4: "4242" }, (_) => _.card.last4 === "4242"],
      [{ brand: "amex" }, (_) => _.card.brand === "amex"],
      [{ brand: "jcb" }, () => false],
      [{ reference: "order 5" }, (_) => _.reference === "order 5"],
      [{ reference: "order 5", status: "processing" }, (_) => _.reference === "order 5" && _.status === "processing"],
      [{ reference: "Order 5" }, () => false],
      [{ "created[gte]": middle }, (_) => _.created_at >= middle],
      [{ "created[lt]": middle }, (_) => _.created_at < middle],
      [{ "created[gte]": middle, "created[lt]": middle }, () => false],
      [
        { "created[gte]": middle, brand: "visa", status: "approved", "amount[gte]": "0", last4: "4242" },
        (_) => _.created_at >= middle && _.card.brand === "visa" && _.status === "approved"
      ]
    ]
    for (const [query, matches] of cases) {
      const found = await find(query)
      assert.deepStrictEqual(found.data.map((_) => _.id), expected(matches), JSON.stringify(query))
      assert.deepStrictEqual([found.has_more, found.next], [false, null])
    }
  })

  it("page by page, in both directions, each once", async () => {
    const ids = expected((_) => _.reference === "order 5")
    const forward: Array<string> = []
    for (let query: Record<string, string> = { reference: "order 5", limit: "2" };;) {
      const page = await find(query)
      forward.push(...page.data.map((_) => _.id))
      if (page.next === null) break
      query = { ...query, starting_after: page.next }
    }
    assert.deepStrictEqual(forward, ids)
    const backward = await find({ reference: "order 5", limit: "2", ending_before: ids[3]! })
    assert.deepStrictEqual([backward.data.map((_) => _.id), backward.has_more], [ids.slice(1, 3), true])
    // a cursor that the filter itself does not match is as good
    const visa = all.find((_) => _.card.brand === "visa" && _.reference !== "order 5")!
    const after = await find({ reference: "order 5", starting_after: visa.id })
    assert.deepStrictEqual(after.data.map((_) => _.id), ids.filter((_) => _ < visa.id))
  })

  it("times with any offset, finer than a millisecond, and as the far past", async () => {
    const at = all[12]!.created_at
    const moved = new Date(Date.parse(at) + 2 * 3_600_000).toISOString().replace("Z", "+02:00")
    const same = expected((_) => _.created_at >= at)
    for (const text of [at, at.replace("Z", "000Z"), moved, at.replace("Z", "z").replace("T", "t")]) {
      assert.deepStrictEqual((await find({ "created[gte]": text })).data.map((_) => _.id), same, text)
    }
    const finer = at.replace("Z", "001Z")
    assert.deepStrictEqual(
      (await find({ "created[gte]": finer })).data.map((_) => _.id),
      expected((_) => _.created_at > at)
    )
    assert.lengthOf((await find({ "created[gte]": "1970-01-01T00:00:00Z" })).data, all.length)
    assert.lengthOf((await find({ "created[gte]": "2999-01-01T00:00:00Z" })).data, 0)
    assert.lengthOf((await find({ "created[lt]": "9999-12-31T23:59:59.999Z" })).data, all.length)
  })

  it("what does not fit is told, and nothing else is", async () => {
    for (
      const query of [
        { status: "done" },
        { status: "" },
        { brand: "VISA" },
        { last4: "424" },
        { last4: "42424" },
        { "amount[gte]": "1.5" },
        { "amount[gte]": "" },
        { "amount[gte]": "1e3" },
        { "amount[gte]": "99999999999999999999" },
        { "amount[gt]": "1" },
        { "created[gte]": "yesterday" },
        { "created[gte]": "2026-02-30T00:00:00Z" },
        { "created[gte]": "2026-01-01" },
        { "created[gte]": "2026-01-01T24:00:00Z" },
        { "created[gte]": "2026-01-01T00:00:60Z" },
        { "created[lt]": "1795521600" },
        { "created[gte]": "2026-01-01T00:00:00 00:00" },
        { reference: "x".repeat(256) },
        { reference: "order 5\0" },
        { account: accountOf(account) },
        { colour: "red" }
      ]
    ) {
      const answer = await gateway().call("GET", url(query), { as: account })
      assertProblem(answer, 400, "invalid_query")
    }
    const twice = await gateway().call("GET", "/v1/transactions?status=approved&status=rejected", { as: account })
    assertProblem(twice, 400, "invalid_query")
    // odd, and harmless
    for (const reference of ["'; DROP TABLE submissions; --", "%", "_", "\u{1f600}", "\u{1f600}".repeat(255)]) {
      assert.lengthOf((await find({ reference })).data, 0, reference)
    }
  })

  it("the operator sees all accounts, or one", async () => {
    const everything = await find({ reference: "order 5" }, gateway().operator)
    assert.strictEqual(everything.data.length, expected((_) => _.reference === "order 5").length + 1)
    const one = await find({ reference: "order 5", account: accountOf(account) }, gateway().operator)
    assert.deepStrictEqual(one.data.map((_) => _.id), expected((_) => _.reference === "order 5"))
    assert.isTrue(one.data.every((_) => _.account === accountOf(account)))
  })
})

describe("GET /v1/transactions as CSV", () => {
  const csv = async (query: Readonly<Record<string, string>> = {}, as = account) => {
    const answer = await gateway().call("GET", url(query), { as, headers: { accept: "text/csv" } })
    assert.strictEqual(answer.status, 200, answer.text)
    assert.match(answer.headers["content-type"]!, /^text\/csv; charset=utf-8/)
    return answer.text
  }

  it("has all that match, whatever the limit, in the list's order", async () => {
    const lines = (await csv({ limit: "1", brand: "visa" })).split("\r\n")
    assert.strictEqual(
      lines[0],
      "id,status,amount,currency,brand,bin,last4,exp_month,exp_year,fingerprint,error_code,reference,created_at,decided_at"
    )
    assert.strictEqual(lines.at(-1), "")
    assert.deepStrictEqual(
      lines.slice(1, -1).map((_) => _.split(",")[0]!),
      expected((_) => _.card.brand === "visa")
    )
    const rejected = all.find((_) => _.error?.code === "amount_too_small")!
    const line = (await csv()).split("\r\n").find((_) => _.startsWith(rejected.id))!
    const { card } = rejected
    assert.strictEqual(
      line,
      [
        rejected.id,
        "rejected",
        99,
        "USD",
        card.brand,
        card.bin,
        card.last4,
        card.exp_month,
        card.exp_year,
        card.fingerprint,
        "amount_too_small",
        rejected.reference,
        rejected.created_at,
        rejected.decided_at
      ].join(",")
    )
  })

  it("guards what a spreadsheet would run, and quotes what would break a line", async () => {
    const own = await gateway().createAccount()
    const references = [
      "=1+1",
      "+1",
      "-1",
      "@x",
      "\tx",
      "\rx",
      "\n=1",
      "a,b",
      "say \"hi\"",
      "two\r\nlines",
      "plain =1",
      "é\u{1f600}"
    ]
    for (const reference of references) await gateway().submit(own, transaction({ reference }))
    const text = await csv({}, own)
    for (
      const cell of [
        ",'=1+1,",
        ",'+1,",
        ",'-1,",
        ",'@x,",
        ",'\tx,",
        ",\"'\n=1\",",
        ",\"'\rx\",",
        ",\"a,b\",",
        ",\"say \"\"hi\"\"\",",
        ",\"two\r\nlines\",",
        ",plain =1,",
        ",é\u{1f600},"
      ]
    ) {
      assert.include(text, cell)
    }
    await gateway().submit(own, transaction({ amount: -100 }))
    assert.include(await csv({}, own), ",processing,'-100,USD,")
  })

  it("is chosen by Accept alone", async () => {
    const typeOf = async (accept: string) =>
      (await gateway().call("GET", "/v1/transactions", { as: account, headers: { accept } })).headers["content-type"]!
        .split(";")[0]
    assert.strictEqual(await typeOf("*/*"), "application/json")
    assert.strictEqual(await typeOf("text/csv"), "text/csv")
    assert.strictEqual(await typeOf("text/*"), "text/csv")
    assert.strictEqual(await typeOf("application/json;q=0.5, text/csv"), "text/csv")
    assert.strictEqual(await typeOf("application/json, text/csv;q=0.9"), "application/json")
    const page = await gateway().call("GET", "/v1/transactions", { as: account, headers: { accept: "text/html" } })
    assertProblem(page, 406, "not_acceptable")
    const one = await gateway().call("GET", `/v1/transactions/${all[0]!.id}`, {
      as: account,
      headers: { accept: "text/csv" }
    })
    assertProblem(one, 406, "not_acceptable")
    const wrong = await gateway().call("GET", "/v1/transactions?brand=x", {
      as: account,
      headers: { accept: "text/csv" }
    })
    assertProblem(wrong, 400, "invalid_query")
  })
})
