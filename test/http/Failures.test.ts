import { assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import {
  basic,
  type Credential,
  eventually,
  leakIn,
  openGateway,
  transactionOf,
  useGateway
} from "../support/GatewayFixture.ts"
import { faultMessage } from "../support/GatewayProcess.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import type { HttpAnswer } from "../support/HttpConnection.ts"
import { cards, holder, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway({ environment: { RESEND_BACK_OFF_MS: "300", RESEND_INTERVAL_MS: "100" } })
let account: Credential = ""
let id = ""

beforeAll(async () => {
  account = await gateway().createAccount()
  id = transactionOf(await gateway().decide(account)).id
})
beforeEach(() => {
  gateway().controls.storage = "up"
})

const requests: ReadonlyArray<readonly [string, () => Promise<HttpAnswer>]> = [
  ["POST /v1/transactions", () => gateway().submit(account)],
  ["POST /v1/transactions with a key", () => gateway().submit(account, transaction(), { "idempotency-key": "fault" })],
  ["POST /v1/accounts", () => gateway().call("POST", "/v1/accounts", { as: gateway().operator, body: { name: "x" } })],
  ["GET /v1/transactions", () => gateway().call("GET", "/v1/transactions", { as: account })],
  [
    "GET /v1/transactions after one",
    () => gateway().call("GET", `/v1/transactions?starting_after=${id}`, { as: account })
  ],
  ["GET /v1/transactions/{id}", () => gateway().call("GET", `/v1/transactions/${id}`, { as: account })],
  [
    "GET /v1/transactions/{id}, waiting",
    () => gateway().call("GET", `/v1/transactions/${id}`, { as: account, headers: { prefer: "wait=20" } })
  ],
  [
    "GET /v1/transactions/{id}/timeline",
    () => gateway().call("GET", `/v1/transactions/${id}/timeline`, { as: account })
  ],
  ["GET /v1/operator/audit", () => gateway().call("GET", "/v1/operator/audit", { as: gateway().operator })]
]

describe("a database that cannot be asked is 503: perhaps stored, repeat it", () => {
  it.each(requests)("%s", async (_, send) => {
    gateway().controls.storage = "down"
    const problem = assertProblem(await send(), 503, "unavailable", [faultMessage, cards.visa, holder])
    assert.isTrue(problem.retryable)
    gateway().controls.storage = "up"
    assert.include([200, 201, 202], (await send()).status)
  })

  it("and the health stays as it is", async () => {
    gateway().controls.storage = "down"
    assert.strictEqual((await gateway().call("GET", "/livez")).status, 200)
  })
})

describe("what was stored and not heard of", () => {
  it("is the same transaction when it is repeated with its key", async () => {
    const rows = gateway().submissions()
    const headers = { "idempotency-key": "unheard" }
    gateway().controls.storage = "unheard"
    for (let i = 0; i < 3; i++) {
      assertProblem(await gateway().submit(account, transaction(), headers), 503, "unavailable", [faultMessage])
    }
    gateway().controls.storage = "up"
    const repeated = await gateway().decide(account, transaction(), headers)
    assert.strictEqual(repeated.status, 201, repeated.text)
    assert.strictEqual(repeated.headers["idempotent-replayed"], "true")
    assert.strictEqual(gateway().submissions(), rows + 1)
  })
})

describe("more than can be written", () => {
  it("is 503 for what is over, and a transaction for each 202", async () => {
    const full = await openGateway({ environment: { SUBMISSION_CAPACITY: "1" } })
    try {
      const credential = await full.createAccount()
      const atOnce = <A>(send: () => Promise<A>) => Promise.all(Array.from({ length: 100 }, send))
      // connections that are open already bring their requests in one turn
      await atOnce(() => full.call("GET", "/v1/transactions", { as: credential }))
      const answers = await atOnce(() => full.submit(credential))
      const refused = answers.filter((_) => _.status !== 202)
      assert.isNotEmpty(refused)
      for (const answer of refused) assertProblem(answer, 503, "unavailable")
      assert.strictEqual(full.submissions(), answers.length - refused.length)
      assert.strictEqual((await full.decide(credential)).status, 201)
      full.assertNothingLeaked()
    } finally {
      await full.close()
    }
  })
})

describe("a mistake of ours is 500, without a trace of itself", () => {
  it.each(requests)("%s", async (_, send) => {
    const lines = gateway().logged.length
    gateway().controls.storage = "broken"
    const problem = assertProblem(await send(), 500, "internal_error", [faultMessage, cards.visa, holder, id])
    const logged = await eventually(
      "a log entry",
      () => gateway().logged.slice(lines).filter((_) => _.includes(problem.request_id)),
      (_) => _.length > 0
    )
    assert.include(logged.join("\n"), faultMessage)
    assert.include(logged.join("\n"), problem.instance)
    assert.notInclude(logged.join("\n"), id)
    gateway().controls.storage = "up"
    assert.include([200, 201, 202], (await send()).status)
  })
})

describe("the search for leaks", () => {
  it("finds what must not be in a log, and lets the rest pass", () => {
    const leaks = [
      `number: ${cards.visa}`,
      "4242-4242-4242-4242",
      `holder ${holder}`,
      "{\"cvv\":\"739\"}",
      `authorization: ${basic(account)}`,
      account,
      gateway().operator
    ]
    for (const text of leaks) assert.isNotNull(leakIn(text), text)
    assert.isNotNull(leakIn("a pasted reference", ["reference"]))
    for (const text of [id, "amount 1999", "2026-11-24T21:15:49.123Z", "last4 4242"]) assert.isNull(leakIn(text), text)
  })
})
