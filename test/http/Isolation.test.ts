import { assert, beforeAll, describe, it } from "@effect/vitest"
import { accountOf, type Credential, jsonOf, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem, comparable } from "../support/HttpAssertions.ts"
import { type ListJson, transaction, type TransactionJson } from "../support/HttpSamples.ts"

const gateway = useGateway()
let account: Credential = ""
let other: Credential = ""
let mine: ReadonlyArray<TransactionJson> = []
let theirs: ReadonlyArray<TransactionJson> = []

const missing = "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV"

beforeAll(async () => {
  account = await gateway().createAccount()
  other = await gateway().createAccount()
  const make = async (as: Credential, reference: string) => {
    const made: Array<TransactionJson> = []
    for (let i = 0; i < 3; i++) {
      const answer = await gateway().decide(as, transaction({ reference, amount: i === 0 ? 1 : 1999 }))
      assert.strictEqual(answer.status, 201, answer.text)
      made.push(transactionOf(answer))
    }
    return made
  }
  mine = await make(account, "mine")
  theirs = await make(other, "theirs")
})

const get = (path: string, as: Credential = account) => gateway().call("GET", path, { as })
const list = async (query: string, as: Credential = account) => {
  const answer = await get(`/v1/transactions${query}`, as)
  assert.strictEqual(answer.status, 200, answer.text)
  return jsonOf<ListJson>(answer)
}

describe("another account's transaction", () => {
  it.each(["", "/timeline"])("is as missing as one that never was: …/{id}%s", async (suffix) => {
    const never = comparable(await get(`/v1/transactions/${missing}${suffix}`))
    for (
      const id of [
        theirs[0]!.id,
        theirs[2]!.id,
        "txn_",
        "x",
        missing.toLowerCase(),
        `${mine[0]!.id}0`,
        mine[0]!.id.slice(4),
        "%00",
        "%ff",
        "..%2f..",
        "%F0%9F%98%80",
        "__proto__",
        "' OR '1'='1",
        "*",
        mine[0]!.id.replace("txn", "acct")
      ]
    ) {
      const answer = await get(`/v1/transactions/${encodeURI(id).replaceAll("%25", "%")}${suffix}`)
      assertProblem(answer, 404, "resource_missing", id.length > 8 ? [id] : [])
      assert.deepStrictEqual(comparable(answer), never, id)
    }
  })

  it("answers a HEAD and a long poll alike", async () => {
    for (const [method, headers] of [["HEAD", {}], ["GET", { prefer: "wait=20" }]] as const) {
      const [foreign, never] = await Promise.all(
        [theirs[0]!.id, missing].map((id) => gateway().call(method, `/v1/transactions/${id}`, { as: account, headers }))
      )
      assert.strictEqual(foreign!.status, 404)
      assert.deepStrictEqual(comparable(foreign!), comparable(never!))
    }
  })

  it("is no cursor, and no other than one that never was", async () => {
    for (const name of ["starting_after", "ending_before"]) {
      const never = await get(`/v1/transactions?${name}=${missing}`)
      assertProblem(never, 400, "resource_missing", [missing])
      const foreign = await get(`/v1/transactions?${name}=${theirs[1]!.id}`)
      assertProblem(foreign, 400, "resource_missing", [theirs[1]!.id])
      assert.deepStrictEqual(comparable(foreign), comparable(never))
    }
  })

  it("is in no list", async () => {
    assert.deepStrictEqual((await list("")).data.map((_) => _.id), mine.map((_) => _.id).toReversed())
    assert.deepStrictEqual((await list("", other)).data.map((_) => _.id), theirs.map((_) => _.id).toReversed())
    assert.lengthOf((await list("", await gateway().createAccount())).data, 0)
  })
})

describe("an account", () => {
  it("is not told whose its transactions are", async () => {
    assert.notProperty(transactionOf(await get(`/v1/transactions/${mine[0]!.id}`)), "account")
    for (const found of (await list("")).data) assert.notProperty(found, "account")
    assert.notProperty(mine[0]!, "account")
  })

  it("may not filter by account, its own neither", async () => {
    for (const id of [accountOf(account), accountOf(other)]) {
      assertProblem(await get(`/v1/transactions?account=${id}`), 400, "invalid_query", [id])
    }
  })

  it("is forbidden what is the operator's, whatever it sends", async () => {
    const accounts = gateway().rows()
    const answers = [
      await get("/v1/operator/audit"),
      await get("/v1/operator/audit?unknown=1"),
      await gateway().call("HEAD", "/v1/operator/audit", { as: account }),
      await gateway().call("POST", "/v1/accounts", { as: account, body: { name: "x" } }),
      await gateway().call("POST", "/v1/accounts", { as: account, body: "{" })
    ]
    for (const answer of answers.filter((_) => _.text !== "")) assertProblem(answer, 403, "forbidden")
    assert.isTrue(answers.every((_) => _.status === 403))
    assert.strictEqual(gateway().rows(), accounts)
  })
})

describe("the operator", () => {
  const operator = () => gateway().operator

  it("may not submit, whatever it sends", async () => {
    const rows = gateway().rows()
    for (const body of [transaction(), "{", {}]) {
      assertProblem(await gateway().submit(operator(), body), 403, "forbidden")
    }
    assert.strictEqual(gateway().rows(), rows)
  })

  it("reads every transaction, and whose it is", async () => {
    for (const [found, credential] of [[mine[0]!, account], [theirs[0]!, other]] as const) {
      const read = transactionOf(await get(`/v1/transactions/${found.id}`, operator()))
      assert.deepStrictEqual(read, { ...found, account: accountOf(credential) })
      const timeline = await get(`/v1/transactions/${found.id}/timeline`, operator())
      assert.strictEqual(timeline.status, 200, timeline.text)
    }
    assertProblem(await get(`/v1/transactions/${missing}`, operator()), 404, "resource_missing")
  })

  it("lists all of them, newest first", async () => {
    const { data } = await list("?limit=100", operator())
    assert.deepStrictEqual(
      data.map(({ account, id }) => [id, account]),
      [...mine.map((_) => [_.id, accountOf(account)]), ...theirs.map((_) => [_.id, accountOf(other)])].toReversed()
    )
  })

  it("lists those of one account", async () => {
    for (const [made, credential] of [[mine, account], [theirs, other]] as const) {
      const { data } = await list(`?account=${accountOf(credential)}`, operator())
      assert.deepStrictEqual(data.map((_) => _.id), made.map((_) => _.id).toReversed())
      assert.isTrue(data.every((_) => _.account === accountOf(credential)))
    }
    assert.lengthOf((await list("?account=acct_01ARZ3NDEKTSV4RRFFQ69G5FAV", operator())).data, 0)
  })

  it("pages through all, and through one account", async () => {
    const all = await list(`?limit=1&starting_after=${theirs[0]!.id}`, operator())
    assert.deepStrictEqual(all.data.map((_) => _.id), [mine[2]!.id])
    const one = await list(`?limit=1&account=${accountOf(account)}&starting_after=${mine[2]!.id}`, operator())
    assert.deepStrictEqual([one.data.map((_) => _.id), one.has_more, one.next], [[mine[1]!.id], true, mine[1]!.id])
  })

  it("cannot page one account from another's transaction", async () => {
    const path = `/v1/transactions?account=${accountOf(account)}&starting_after=`
    const foreign = await get(path + theirs[0]!.id, operator())
    assertProblem(foreign, 400, "resource_missing")
    assert.deepStrictEqual(comparable(foreign), comparable(await get(path + missing, operator())))
  })

  it.each(["", "x", "acct_", "operator", "all", "acct_01arz3ndektsv4rrffq69g5fav"])(
    "is told that %j is no account",
    async (id) => {
      assertProblem(await get(`/v1/transactions?account=${id}`, operator()), 400, "invalid_query")
    }
  )
})
