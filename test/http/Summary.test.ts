import { assert, beforeAll, describe, it } from "@effect/vitest"
import { accountOf, type Credential, jsonOf, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { transaction, type TransactionJson } from "../support/HttpSamples.ts"

interface BucketJson {
  readonly at: string
  readonly accepted: number
  readonly approved: number
  readonly rejected: number
  readonly amount: number
  readonly p50_ms: number | null
  readonly p95_ms: number | null
}

const gateway = useGateway()
let account: Credential = ""
let other: Credential = ""
let decided: ReadonlyArray<TransactionJson> = []

beforeAll(async () => {
  account = await gateway().createAccount()
  other = await gateway().createAccount()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => gateway().decide(account, transaction({ amount: i < 5 ? 1 : 1000 + i })))
  )
  decided = answers.map(transactionOf)
  await gateway().decide(other)
  gateway().controls.hold()
  await gateway().submit(account, transaction())
})

const summarize = async (query = "", as = account) => {
  const answer = await gateway().call("GET", `/v1/summary${query}`, { as })
  assert.strictEqual(answer.status, 200, answer.text)
  const { data, object } = jsonOf<{ readonly object: string; readonly data: ReadonlyArray<BucketJson> }>(answer)
  assert.strictEqual(object, "summary")
  return data
}

const total = (buckets: ReadonlyArray<BucketJson>) => ({
  accepted: buckets.reduce((sum, _) => sum + _.accepted, 0),
  approved: buckets.reduce((sum, _) => sum + _.approved, 0),
  rejected: buckets.reduce((sum, _) => sum + _.rejected, 0),
  amount: buckets.reduce((sum, _) => sum + _.amount, 0)
})

const wanted = () => ({
  accepted: 21,
  approved: 15,
  rejected: 5,
  amount: decided.filter((_) => _.status === "approved").reduce((sum, _) => sum + _.amount, 0)
})

describe("GET /v1/summary", () => {
  it("counts the last hour by minute, the last minute by second, again and again", async () => {
    for (let round = 0; round < 3; round++) {
      const minutes = await summarize()
      assert.isTrue(minutes.length === 60, `${minutes.length}`)
      assert.deepStrictEqual(total(minutes), wanted())
      for (const [i, { at }] of minutes.entries()) {
        assert.match(at, /:00\.000Z$/)
        if (i > 0) assert.strictEqual(Date.parse(at) - Date.parse(minutes[i - 1]!.at), 60_000)
      }
      const seconds = await summarize("?interval=second")
      assert.isTrue(seconds.length === 61, `${seconds.length}`)
      assert.deepStrictEqual(total(seconds), wanted())
    }
  })

  it("tells how long decisions took, by nearest rank", async () => {
    const all = decided.map((_) => Date.parse(_.decided_at!) - Date.parse(_.created_at)).toSorted((a, b) => a - b)
    const filled = (await summarize()).filter((_) => _.accepted > 0)
    for (const { p50_ms, p95_ms } of filled) {
      if (p50_ms === null || p95_ms === null) continue
      assert.include(all, p50_ms)
      assert.include(all, p95_ms)
      assert.isAtMost(p50_ms, p95_ms)
    }
    if (filled.length === 1) {
      assert.deepStrictEqual([filled[0]!.p50_ms, filled[0]!.p95_ms], [all[9], all[18]])
    }
    const empty = (await summarize()).find((_) => _.accepted === 0)!
    assert.deepStrictEqual([empty.p50_ms, empty.p95_ms, empty.amount], [null, null, 0])
  })

  it("begins where it is asked to, at most an hour ago", async () => {
    const now = Date.now()
    const since = (ms: number) => `?interval=minute&since=${encodeURIComponent(new Date(now - ms).toISOString())}`
    assert.include([5, 6, 7], (await summarize(since(5 * 60_000))).length)
    assert.lengthOf(await summarize(since(24 * 3_600_000)), 60)
    assert.lengthOf(await summarize(since(-60_000)), 0)
    const hour = await summarize(
      `?interval=second&since=${encodeURIComponent(new Date(now - 3_600_000).toISOString())}`
    )
    assert.lengthOf(hour, 3_600)
    assert.deepStrictEqual(total(hour), wanted())
  })

  it("is of one's own, and the operator's of all or of one", async () => {
    assert.strictEqual(total(await summarize("", other)).accepted, 1)
    assert.strictEqual(total(await summarize("", gateway().operator)).accepted, 22)
    assert.deepStrictEqual(total(await summarize(`?account=${accountOf(account)}`, gateway().operator)), wanted())
    assertProblem(
      await gateway().call("GET", `/v1/summary?account=${accountOf(other)}`, { as: account }),
      400,
      "invalid_query"
    )
  })

  it("refuses what does not fit", async () => {
    for (const query of ["?interval=hour", "?since=yesterday", "?until=x", "?interval=minute&interval=second"]) {
      assertProblem(await gateway().call("GET", `/v1/summary${query}`, { as: account }), 400, "invalid_query")
    }
  })
})
