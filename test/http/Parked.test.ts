import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type Credential,
  eventually,
  type Gateway,
  jsonOf,
  openGateway,
  transactionOf
} from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { transaction } from "../support/HttpSamples.ts"

interface ParkedJson {
  readonly id: string
  readonly object: string
  readonly account: string
  readonly reason: string
  readonly count: number
  readonly parked_at: string
}

const key = (name: string) => `${name}:${Buffer.alloc(32, name).toString("base64")}`
const dataDir = mkdtempSync(join(tmpdir(), "gateway-parked-"))
const open = (...keys: ReadonlyArray<string>) =>
  openGateway({ dataDir, environment: { CARD_KEYS: keys.map(key).join(","), RESEND_BACK_OFF_MS: "200" } })

let gateway: Gateway
let account: Credential = ""
const ids: Array<string> = []

beforeAll(async () => {
  gateway = await open("old")
  account = await gateway.createAccount()
  gateway.controls.hold()
  for (let i = 0; i < 3; i++) ids.push(transactionOf(await gateway.submit(account, transaction())).id)
  await gateway.close()
  gateway = await open("new")
})

afterAll(async () => {
  await gateway.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const list = async (query = "") => {
  const answer = await gateway.call("GET", `/v1/operator/parked${query}`, { as: gateway.operator })
  assert.strictEqual(answer.status, 200, answer.text)
  return jsonOf<
    { readonly data: ReadonlyArray<ParkedJson>; readonly has_more: boolean; readonly next: string | null }
  >(answer)
}

const change = (id: string, what: "replay" | "give_up", as = gateway.operator) =>
  gateway.call("POST", `/v1/operator/parked/${id}/${what}`, { as })

const find = async (id: string) => transactionOf(await gateway.call("GET", `/v1/transactions/${id}`, { as: account }))

const pipeline = async () =>
  jsonOf<{
    readonly undecided: { readonly count: number; readonly oldest_at: string | null }
    readonly parked: number
  }>(await gateway.call("GET", "/v1/operator/pipeline", { as: gateway.operator }))

describe("transactions whose card does not open", () => {
  it("are listed with their reason, newest first, and are in the pipeline's counts", async () => {
    const { data } = await eventually("all are parked", list, (_) => _.data.length === 3)
    assert.deepStrictEqual(data.map((_) => _.id), ids.toSorted().toReversed())
    for (const parked of data) {
      assert.deepStrictEqual(Object.keys(parked).toSorted(), [
        "account",
        "count",
        "id",
        "object",
        "parked_at",
        "reason"
      ])
      assert.deepStrictEqual([parked.object, parked.account, parked.reason], [
        "parked",
        account.split(":")[0],
        "unknown_card_key"
      ])
    }
    const page = await list("?limit=2")
    assert.deepStrictEqual([page.data.length, page.has_more], [2, true])
    assert.deepStrictEqual((await list(`?limit=2&starting_after=${page.next}`)).data.map((_) => _.id), [data[2]!.id])
    const { parked, undecided } = await pipeline()
    assert.deepStrictEqual([parked, undecided.count], [3, 3])
    assert.strictEqual(undecided.oldest_at, (await find(ids[0]!)).created_at)
  })

  it("are sent again by a replay, and parked again while the key is missing", async () => {
    const before = (await list()).data.find((_) => _.id === ids[0])!
    const answer = await change(ids[0]!, "replay")
    assert.deepStrictEqual([answer.status, jsonOf<ParkedJson>(answer).id], [202, ids[0]])
    await eventually("it is parked again", list, (_) => _.data.find((_) => _.id === ids[0])!.count > before.count)
    assert.strictEqual((await find(ids[0]!)).status, "processing")
  })

  it("are rejected as card_unreadable once they are given up", async () => {
    assert.strictEqual((await change(ids[0]!, "give_up")).status, 202)
    const decided = await eventually("it is decided", () => find(ids[0]!), (_) => _.status !== "processing")
    assert.deepStrictEqual([decided.status, decided.error?.code], ["rejected", "card_unreadable"])
    assert.lengthOf((await list()).data, 2)
    assertProblem(await change(ids[0]!, "replay"), 404, "resource_missing")
    assertProblem(await change(ids[0]!, "give_up"), 404, "resource_missing")
  })

  it("that are given up are decided by their card when it opens after all, and the rest heal by themselves", async () => {
    gateway.controls.hold()
    assert.strictEqual((await change(ids[1]!, "give_up")).status, 202)
    await gateway.close()
    gateway = await open("new", "old")
    for (const id of ids.slice(1)) {
      assert.strictEqual(
        (await eventually("it is decided", () => find(id), (_) => _.status !== "processing")).status,
        "approved"
      )
    }
    await eventually("none is parked", pipeline, (_) => _.parked === 0 && _.undecided.count === 0)
    const { holds } = await gateway.audit()
    assert.isTrue(holds)
  })

  it("belong to the operator alone, and what is not parked is not there", async () => {
    for (const id of [ids[2]!, "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV", "x"]) {
      assertProblem(await change(id, "replay"), 404, "resource_missing")
      assertProblem(await change(id, "give_up"), 404, "resource_missing")
      assertProblem(await change(id, "give_up", account), 403, "forbidden")
    }
    assertProblem(await gateway.call("GET", "/v1/operator/parked", { as: account }), 403, "forbidden")
    assertProblem(await gateway.call("GET", "/v1/operator/pipeline", { as: account }), 403, "forbidden")
    assertProblem(
      await gateway.call("GET", "/v1/operator/parked?starting_after=x", { as: gateway.operator }),
      400,
      "resource_missing"
    )
  })
})
