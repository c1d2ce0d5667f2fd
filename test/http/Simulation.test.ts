import { afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Credential, eventually, jsonOf, transactionOf, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { transaction } from "../support/HttpSamples.ts"

const gateway = useGateway({ environment: { RESEND_BACK_OFF_MS: "300" } })
let account: Credential = ""

beforeAll(async () => {
  account = await gateway().createAccount()
})

const change = async (body: unknown) => {
  const answer = await gateway().call("PATCH", "/v1/operator/simulation", { as: gateway().operator, body })
  assert.strictEqual(answer.status, 200, answer.text)
  return jsonOf<Readonly<Record<string, unknown>>>(answer)
}

afterEach(async () => {
  await change({ decision_delay_ms: 0, redeliver: false, log: "up" })
})

const pipeline = async () =>
  jsonOf<
    {
      readonly stages: ReadonlyArray<
        { readonly name: string; readonly lag_records: number | null; readonly lag_seconds: number | null }
      >
    }
  >(await gateway().call("GET", "/v1/operator/pipeline", { as: gateway().operator })).stages

describe("/v1/operator/simulation", () => {
  it("begins with nothing simulated, and changes what is named alone", async () => {
    const read = await gateway().call("GET", "/v1/operator/simulation", { as: gateway().operator })
    const nothing = { object: "simulation", decision_delay_ms: 0, redeliver: false, log: "up" }
    assert.deepStrictEqual(jsonOf(read), nothing)
    assert.deepStrictEqual(await change({ decision_delay_ms: 5 }), { ...nothing, decision_delay_ms: 5 })
    assert.deepStrictEqual(await change({ redeliver: true }), { ...nothing, decision_delay_ms: 5, redeliver: true })
    assert.deepStrictEqual(await change({}), { ...nothing, decision_delay_ms: 5, redeliver: true })
  })

  it("delays decisions", async () => {
    await change({ decision_delay_ms: 1500 })
    const first = await gateway().submit(account, transaction(), { prefer: "wait=1" })
    assert.deepStrictEqual([first.status, transactionOf(first).status], [202, "processing"])
    const { id } = transactionOf(first)
    const read = () => gateway().call("GET", `/v1/transactions/${id}`, { as: account, headers: { prefer: "wait=20" } })
    const decided = transactionOf(await read())
    assert.isAtLeast(Date.parse(decided.decided_at!) - Date.parse(decided.created_at), 1500)
  })

  it("takes the log down: what is accepted waits, the lag cannot be told, and all is decided when it is up again", async () => {
    await change({ log: "down" })
    const accepted = transactionOf(await gateway().submit(account, transaction()))
    assert.deepStrictEqual(await pipeline(), [
      { name: "processor", lag_records: null, lag_seconds: null },
      { name: "recorder", lag_records: null, lag_seconds: null }
    ])
    const read = () => gateway().call("GET", `/v1/transactions/${accepted.id}`, { as: account })
    assert.strictEqual(transactionOf(await read()).status, "processing")
    await change({ log: "up" })
    await eventually("it is decided", read, (_) => transactionOf(_).status === "approved")
    assert.isTrue((await pipeline()).every((_) => _.lag_records !== null && _.lag_seconds !== null))
  })

  it("gives every record twice, and still nothing is decided twice", async () => {
    await change({ redeliver: true })
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway().decide(account, transaction())))
    const decided = answers.map(transactionOf)
    for (const { decided_at, id, status } of decided) {
      assert.strictEqual(status, "approved")
      const again = transactionOf(await gateway().call("GET", `/v1/transactions/${id}`, { as: account }))
      assert.deepStrictEqual([again.status, again.decided_at], [status, decided_at])
    }
    assert.isTrue((await gateway().audit()).holds)
  })

  it("is the operator's, and takes what fits", async () => {
    assertProblem(await gateway().call("GET", "/v1/operator/simulation", { as: account }), 403, "forbidden")
    for (
      const body of [
        { decision_delay_ms: -1 },
        { decision_delay_ms: 600_001 },
        { decision_delay_ms: "5" },
        { redeliver: "yes" },
        { log: "sideways" },
        { unknown: 1 },
        []
      ]
    ) {
      const answer = await gateway().call("PATCH", "/v1/operator/simulation", { as: gateway().operator, body })
      assertProblem(answer, 422, "invalid_request")
    }
  })
})
