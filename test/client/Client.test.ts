import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Redacted, Stream } from "effect"
import { GatewayClient, type NewTransaction } from "../../src/layers/client/GatewayClient.ts"
import { clientOptions, failureOf, promiseClient } from "../support/Client.ts"
import { type Credential, useGateway } from "../support/GatewayFixture.ts"
import { cards, holder } from "../support/HttpSamples.ts"

const gateway = useGateway()

const baseUrl = () => `http://127.0.0.1:${gateway().port}`
const client = (credential: Credential) => promiseClient(baseUrl(), credential)

const payment = (changes: Partial<NewTransaction> = {}): NewTransaction => ({
  amount: 1999,
  card: { number: cards.visa, holder, exp_month: 12, exp_year: new Date().getUTCFullYear() + 1, cvv: "739" },
  ...changes
})

const collect = async <A>(all: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const collected: Array<A> = []
  for await (const one of all) collected.push(one)
  return collected
}

describe("the client", () => {
  it("submits, waits, finds and tells the stages", async () => {
    const { decided, find, findIfChanged, submit, timeline } = client(await gateway().createAccount())
    const made = await submit(payment({ reference: "r", metadata: { a: "b" } }), { wait: "20 seconds" })
    assert.deepInclude(made, { status: "approved", reference: "r", metadata: { a: "b" }, error: null })
    assert.deepStrictEqual(await find(made.id), made)
    assert.deepStrictEqual(await decided(made.id), made)
    assert.deepStrictEqual((await timeline(made.id)).stages.map((_) => _.stage), [
      "accepted",
      "appended",
      "decided",
      "recorded"
    ])
    const first = await findIfChanged(made.id, null)
    assert.deepStrictEqual(first!.transaction, made)
    assert.isNull(await findIfChanged(made.id, first!.etag))
    assert.deepStrictEqual(await findIfChanged(made.id, "\"another\""), first)
  })

  it("takes cards that are hidden already", async () => {
    const { submit } = client(await gateway().createAccount())
    const { card } = payment()
    const made = await submit(
      payment({ card: { ...card, number: Redacted.make(cards.amex), cvv: Redacted.make("7391") } }),
      {
        wait: 20_000
      }
    )
    assert.deepInclude(made, { status: "approved" })
    assert.strictEqual(made.card.brand, "amex")
  })

  it("makes one transaction under one key", async () => {
    const { submit } = client(await gateway().createAccount())
    const all = await Promise.all(Array.from({ length: 20 }, () => submit(payment(), { idempotencyKey: "one" })))
    assert.strictEqual(new Set(all.map((_) => _.id)).size, 1)
    assert.strictEqual(
      (await failureOf(submit(payment({ amount: 5 }), { idempotencyKey: "one" }))).code,
      "idempotency_key_reused"
    )
  })

  it("waits for a decision that takes its time", async () => {
    const { decided, submit } = client(await gateway().createAccount())
    gateway().controls.hold()
    const { id } = await submit(payment())
    assert.strictEqual((await decided(id, { within: 300 })).status, "processing")
    const waiting = decided(id)
    gateway().controls.release()
    assert.strictEqual((await waiting).status, "approved")
  })

  it("lists, filters and exports page after page", async () => {
    const { csv, list, page, submit } = client(await gateway().createAccount())
    const made: Array<string> = []
    for (let i = 0; i < 7; i++) {
      made.unshift((await submit(payment({ amount: i === 3 ? 1 : 1000 + i, reference: `r${i}` }), { wait: 20_000 })).id)
    }
    assert.deepStrictEqual((await collect(list({}, { limit: 2 }))).map((_) => _.id), made)
    assert.deepStrictEqual((await collect(list({ status: "rejected" }, { limit: 1 }))).map((_) => _.id), [made[3]])
    assert.deepStrictEqual((await collect(list({ amount: { gte: 1004, lte: 1005 } }))).map((_) => _.reference), [
      "r5",
      "r4"
    ])
    const all = await collect(list())
    const since = { created: { gte: new Date(all[1]!.created_at), lt: "2999-01-01T00:00:00Z" } }
    assert.includeMembers((await collect(list(since))).map((_) => _.id), made.slice(0, 2))
    assert.lengthOf(await collect(list({ created: { lt: all.at(-1)!.created_at } })), 0)
    assert.lengthOf(await collect(list({ last4: "4242", brand: "visa", reference: "r1" })), 1)
    const back = await page({}, { endingBefore: made[6]!, limit: 3 })
    assert.deepStrictEqual(back.data.map((_) => _.id), made.slice(3, 6))
    const lines = (await collect(csv({ status: "approved" }))).join("").trimEnd().split("\r\n")
    assert.deepStrictEqual(lines.slice(1).map((_) => _.split(",")[0]), made.filter((_, i) => i !== 3))
  })

  it("reads the account and rotates its secrets", async () => {
    const credential = await gateway().createAccount("Rotating")
    const { account } = client(credential)
    const { id, name, secrets } = await account.read()
    assert.deepStrictEqual([name, secrets.length], ["Rotating", 1])
    const made = await account.createSecret({ expire_current_in: 3600 })
    const next = client(`${id}:${made.secret}`).account
    await next.deleteSecret(secrets[0]!.id)
    assert.deepStrictEqual((await next.read()).secrets.map((_) => _.id), [made.id])
    assert.strictEqual((await failureOf(next.deleteSecret(made.id))).code, "last_secret")
    const reader = await next.createSecret({ scope: "read_only" })
    assert.deepInclude({ ...await failureOf(client(`${id}:${reader.secret}`).submit(payment())) }, {
      status: 403,
      code: "forbidden"
    })
  })

  it("does what the operator does", async () => {
    const operator = client(gateway().operator)
    const { audit, accounts, createAccount, createSecret, giveUp, parked, pipeline, replay, setDisabled } =
      operator.operator
    const { id, secret } = await createAccount("Ünï")
    assert.include((await collect(accounts({ limit: 1 }))).map((_) => _.id), id)
    const { submit } = client(`${id}:${secret}`)
    const made = await submit(payment(), { wait: 20_000 })
    assert.deepStrictEqual((await collect(operator.list({ account: id }))).map((_) => [_.id, _.account]), [[
      made.id,
      id
    ]])
    assert.isNotNull((await setDisabled(id, true)).disabled_at)
    assert.isNull((await setDisabled(id, false)).disabled_at)
    assert.match((await createSecret(id)).secret, /^sk_/)
    assert.isTrue((await audit()).holds)
    assert.strictEqual((await pipeline()).profile, "embedded")
    assert.deepStrictEqual(await collect(parked()), [])
    for (const call of [replay, giveUp]) assert.strictEqual((await failureOf(call(made.id))).code, "resource_missing")
    assert.isAbove((await operator.summary({ interval: "minute" })).data.length, 0)
  })

  it("tells who may not", async () => {
    assert.deepInclude({ ...await failureOf(client("acct_x:sk_x").account.read()) }, {
      status: 401,
      code: "unauthenticated",
      retryable: false
    })
    const { operator } = client(await gateway().createAccount())
    assert.strictEqual((await failureOf(operator.audit())).code, "forbidden")
  })

  it.effect("is a service for those who use Effect", () =>
    Effect.gen(function*() {
      const account = yield* Effect.promise(() => gateway().createAccount())
      const found = yield* Effect.gen(function*() {
        const { list, submit } = yield* GatewayClient
        yield* submit(payment())
        return yield* Stream.runCollect(list())
      }).pipe(Effect.provide(GatewayClient.layer(clientOptions(baseUrl(), account))))
      assert.lengthOf(Chunk.toReadonlyArray(found), 1)
      const code = yield* GatewayClient.make(clientOptions(baseUrl())).find("txn_x").pipe(
        Effect.catchTag("GatewayError", (_) => Effect.succeed(_.code))
      )
      assert.strictEqual(code, "unauthenticated")
    }))
})
