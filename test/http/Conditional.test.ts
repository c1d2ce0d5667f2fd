import { assert, beforeAll, describe, it } from "@effect/vitest"
import { type Credential, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { transaction } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const get = (id: string, headers: Readonly<Record<string, string>> = {}, as = account) =>
  gateway().call("GET", `/v1/transactions/${id}`, { as, headers })

describe("ETag", () => {
  it("tells whether there is anything new, and changes with the decision", async () => {
    gateway().controls.hold()
    const { id } = transactionOf(await gateway().submit(account, transaction()))
    const first = await get(id)
    const tag = first.headers["etag"]!
    assert.match(tag, /^"[^"]+"$/)
    const same = await get(id, { "if-none-match": tag })
    assert.deepStrictEqual([same.status, same.text, same.headers["etag"]], [304, "", tag])
    assert.notProperty(same.headers, "content-type")
    assert.property(same.headers, "request-id")
    for (const matching of [`W/${tag}`, `"x", ${tag}`, "*"]) {
      assert.strictEqual((await get(id, { "if-none-match": matching })).status, 304, matching)
    }
    for (const other of ["\"x\"", "", tag.slice(1)]) {
      assert.strictEqual((await get(id, { "if-none-match": other })).status, 200, other)
    }
    // a long poll that hears of nothing is told so; one that does gets it
    const waited = await get(id, { "if-none-match": tag, prefer: "wait=0" })
    assert.deepStrictEqual([waited.status, waited.headers["preference-applied"]], [304, "wait=0"])
    const waits = get(id, { "if-none-match": tag, prefer: "wait=20" })
    gateway().controls.release()
    const decided = await waits
    assert.deepStrictEqual([decided.status, transactionOf(decided).status], [200, "approved"])
    assert.notStrictEqual(decided.headers["etag"], tag)
    assert.strictEqual((await get(id, { "if-none-match": decided.headers["etag"]! })).status, 304)
    assert.strictEqual((await get(id)).headers["etag"], decided.headers["etag"])
  })

  it("is of what the reader sees: the operator's is another, and no cache may share it", async () => {
    const { id } = transactionOf(await gateway().decide(account))
    const [own, operators] = [await get(id), await get(id, {}, gateway().operator)]
    assert.notStrictEqual(own.headers["etag"], operators.headers["etag"])
    assert.strictEqual(own.headers["cache-control"], "private, no-cache")
    const foreign = await get(id, { "if-none-match": own.headers["etag"]! }, await gateway().createAccount())
    assert.strictEqual(foreign.status, 404)
  })
})
