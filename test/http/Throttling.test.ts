import { assert, describe, it } from "@effect/vitest"
import { accountOf, type Credential, eventually, useGateway } from "../support/GatewayFixture.ts"
import { assertProblem } from "../support/HttpAssertions.ts"
import { type HttpAnswer, openConnection } from "../support/HttpConnection.ts"
import { transaction } from "../support/HttpSamples.ts"

describe("failed attempts", () => {
  const gateway = useGateway({ environment: { TRUSTED_PROXIES: "127.0.0.0/8,10.0.0.0/8" } })
  const wrongOf = (credential: Credential) => `${accountOf(credential)}:wrong`
  const attempt = (as: Credential, from = "203.0.113.7") =>
    gateway().call("GET", "/v1/account", { as, headers: { "x-forwarded-for": from } })

  it("are throttled after ten, for that account and address alone; the right secret always passes", async () => {
    const account = await gateway().createAccount()
    const other = await gateway().createAccount()
    for (let i = 0; i < 10; i++) assertProblem(await attempt(wrongOf(account)), 401, "unauthenticated")
    const throttled = await attempt(wrongOf(account))
    assertProblem(throttled, 429, "too_many_failures")
    const seconds = Number(throttled.headers["retry-after"])
    assert.isTrue(seconds > 50 && seconds <= 60, `${seconds}`)
    assert.strictEqual((await attempt(account)).status, 200)
    assertProblem(await attempt(wrongOf(account)), 429, "too_many_failures")
    assertProblem(await attempt(wrongOf(account), "203.0.113.8"), 401, "unauthenticated")
    assertProblem(await attempt(wrongOf(other)), 401, "unauthenticated")
    // a sign-in is an attempt too
    const signIn = (secret: string) =>
      gateway().call("POST", "/v1/session", {
        body: { account: accountOf(account), secret },
        headers: { "x-forwarded-for": "203.0.113.7" }
      })
    assertProblem(await signIn("wrong"), 429, "too_many_failures")
    assert.strictEqual((await signIn(account.split(":")[1]!)).status, 201)
  })

  it("are counted by the address that the last trusted proxy saw, whatever the client writes before it", async () => {
    const account = await gateway().createAccount()
    for (let i = 0; i < 10; i++) await attempt(wrongOf(account), `198.51.100.${i}, 203.0.113.9, 10.1.2.3`)
    assertProblem(await attempt(wrongOf(account), "192.0.2.1, 203.0.113.9"), 429, "too_many_failures")
    assertProblem(await attempt(wrongOf(account), "203.0.113.9, 192.0.2.1"), 401, "unauthenticated")
    // with a port, as some proxies write it; and nothing is believed that stands before what is no address
    assertProblem(await attempt(wrongOf(account), "192.0.2.7, 203.0.113.9:4711"), 429, "too_many_failures")
    for (let i = 0; i < 10; i++) await attempt(wrongOf(account), `198.51.100.${i}, unknown`)
    assertProblem(await attempt(wrongOf(account), "198.51.100.99, unknown"), 429, "too_many_failures")
  })

  it("of nobody are not counted", async () => {
    for (let i = 0; i < 15; i++) assertProblem(await gateway().call("GET", "/v1/account"), 401, "unauthenticated")
  })
})

describe("without a trusted proxy", () => {
  const gateway = useGateway()
  it("what a client says of its address is not believed", async () => {
    const account = await gateway().createAccount()
    for (let i = 0; i < 11; i++) {
      const answer = await gateway().call("GET", "/v1/account", {
        as: `${accountOf(account)}:wrong`,
        headers: { "x-forwarded-for": `203.0.113.${i}` }
      })
      assert.strictEqual(answer.status, i < 10 ? 401 : 429)
    }
  })
})

describe("a rate limit", () => {
  const gateway = useGateway({ environment: { RATE_LIMIT: "5" } })

  it("lets a burst of one second through, tells of itself on every answer, and does nothing beyond", async () => {
    const account = await gateway().createAccount()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => gateway().submit(account, transaction(), { "idempotency-key": "same" }))
    )
    const passed = answers.filter((_) => _.status !== 429)
    assert.isTrue(passed.length >= 5 && passed.length <= 10, `${passed.length}`)
    for (const answer of answers) {
      assert.strictEqual(answer.headers["ratelimit-policy"], `"account";q=5;w=1`)
      assert.match(answer.headers["ratelimit"]!, /^"account";r=\d+;t=\d+$/)
      if (answer.status !== 429) continue
      assertProblem(answer, 429, "rate_limited")
      assert.strictEqual(answer.headers["retry-after"], "1")
    }
    assert.strictEqual(new Set(passed.map((_) => _.headers["location"])).size, 1)
  })

  it("is each account's own, and is told on errors too", async () => {
    const [one, other] = [await gateway().createAccount(), await gateway().createAccount()]
    await Promise.all(Array.from({ length: 10 }, () => gateway().call("GET", "/v1/account", { as: one })))
    const answer = await gateway().call("GET", "/v1/transactions/x", { as: other })
    assertProblem(answer, 404, "resource_missing")
    assert.property(answer.headers, "ratelimit")
    assert.notProperty((await gateway().call("GET", "/v1/account")).headers, "ratelimit")
  })
})

describe("load", () => {
  const gateway = useGateway({ environment: { CONCURRENT_REQUESTS: "10" } })

  it("beyond the bound is shed before it is worked on, waits apart, and health is told all the while", async () => {
    const account = await gateway().createAccount()
    // bodies that do not come are no load
    const strangers = await Promise.all(Array.from({ length: 20 }, () => openConnection(gateway().port)))
    for (const stranger of strangers) {
      stranger.write(
        `POST /v1/session HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`
      )
    }
    assert.strictEqual((await gateway().call("GET", "/v1/account", { as: account })).status, 200)
    for (const stranger of strangers) stranger.destroy()

    gateway().controls.holdInserts()
    const held = Array.from({ length: 10 }, () => gateway().submit(account, transaction()))
    await eventually("all are in hand", () => gateway().controls.inserting, (_) => _ === 10)
    assertProblem(await gateway().call("GET", "/v1/account", { as: account }), 503, "overloaded")
    assert.strictEqual((await gateway().call("GET", "/livez")).status, 200)
    gateway().controls.release()
    for (const answer of await Promise.all(held)) assert.strictEqual(answer.status, 202, answer.text)

    gateway().controls.hold()
    const waiting: Array<Promise<HttpAnswer>> = []
    for (let i = 1; i <= 20; i++) {
      waiting.push(gateway().submit(account, transaction(), { prefer: "wait=20" }))
      await eventually("it waits", () => gateway().metric("gateway_waiting_requests"), (_) => _ === i)
    }
    assert.strictEqual((await gateway().call("GET", "/v1/account", { as: account })).status, 200)
    gateway().controls.release()
    for (const answer of await Promise.all(waiting)) assert.strictEqual(answer.status, 201, answer.text)
  })
})
