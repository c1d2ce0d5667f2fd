import { FetchHttpClient, HttpApiClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { AccountId, instantOf, type TransactionId } from "../../src/domain/Ids.ts"
import { GatewayApi } from "../../src/layers/http/Api.ts"
import type { TransactionRequest } from "../../src/layers/http/TransactionRequest.ts"
import { runGateway, type RunningGateway } from "../support/GatewayProcess.ts"
import { cards, holder } from "../support/HttpSamples.ts"

class Running extends Context.Tag("test/Running")<Running, RunningGateway>() {
  static readonly Live = Layer.scoped(this, Effect.orDie(runGateway()))
}

const clientOf = (username: string, password: string) =>
  Effect.gen(function*() {
    const { port } = yield* Running
    return yield* HttpApiClient.make(GatewayApi, {
      baseUrl: `http://127.0.0.1:${port}`,
      transformClient: HttpClient.mapRequest(HttpClientRequest.basicAuth(username, password))
    })
  })

class Operator extends Effect.Service<Operator>()("test/Operator", {
  effect: Effect.flatMap(Running, ({ operatorSecret }) => clientOf("operator", operatorSecret))
}) {}

class Account extends Effect.Service<Account>()("test/Account", {
  effect: Effect.gen(function*() {
    const operator = yield* Operator
    const { id, secret } = yield* operator.operator.createAccount({ payload: { name: "Typed" } })
    return { id, client: yield* clientOf(id, secret) }
  })
}) {}

const request = (changes: Partial<TransactionRequest> = {}, number: string = cards.visa): TransactionRequest => ({
  amount: 1999,
  card: {
    number: Redacted.make(number),
    holder: Redacted.make(holder),
    exp_month: 12,
    exp_year: new Date().getUTCFullYear() + 1,
    cvv: Redacted.make("739")
  },
  ...changes
})

const unknown = "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV" as TransactionId

const Clients = Account.Default.pipe(
  Layer.provideMerge(Operator.Default),
  Layer.provideMerge(Layer.merge(Running.Live, FetchHttpClient.layer)),
  Layer.orDie
)

layer(Clients, { excludeTestServices: true, timeout: 20_000 })("the contract, through its own client", (it) => {
  it.effect("submits: 202 and processing", () =>
    Effect.gen(function*() {
      const { client } = yield* Account
      const [made, response] = yield* client.transactions.submitTransaction({
        payload: request({ reference: "typed", metadata: { note: "x" } }),
        headers: {},
        withResponse: true
      })
      assert.strictEqual(response.status, 202)
      assert.strictEqual(response.headers["location"], `/v1/transactions/${made.id}`)
      assert.strictEqual(response.headers["retry-after"], "1")
      assert.match(response.headers["request-id"]!, /^req_/)
      assert.deepInclude(made, {
        object: "transaction",
        status: "processing",
        amount: 1999,
        currency: "USD",
        reference: "typed",
        metadata: { note: "x" },
        error: null,
        decided_at: null
      })
      assert.strictEqual(made.created_at, new Date(instantOf(made.id)).toISOString())
      assert.deepInclude(made.card, { brand: "visa", bin: "424242", last4: "4242", exp_month: 12 })
    }))

  it.effect("submits and waits: 201 and decided", () =>
    Effect.gen(function*() {
      const { client } = yield* Account
      const [made, response] = yield* client.transactions.submitTransaction({
        payload: request(),
        headers: { prefer: "wait=20" },
        withResponse: true
      })
      assert.strictEqual(response.status, 201)
      assert.strictEqual(response.headers["preference-applied"], "wait=20")
      assert.strictEqual(made.status, "approved")
    }))

  it.effect("submits again under one key", () =>
    Effect.gen(function*() {
      const { client } = yield* Account
      const headers = { prefer: "wait=20", "idempotency-key": "typed" }
      const first = yield* client.transactions.submitTransaction({ payload: request(), headers })
      const [again, response] = yield* client.transactions.submitTransaction({
        payload: request(),
        headers,
        withResponse: true
      })
      assert.deepStrictEqual(again, first)
      assert.strictEqual(response.headers["idempotent-replayed"], "true")
    }))

  it.effect("finds, and waits for, a rejected transaction", () =>
    Effect.gen(function*() {
      const { client } = yield* Account
      const { id } = yield* client.transactions.submitTransaction({ payload: request({ amount: 1 }), headers: {} })
      const found = yield* client.transactions.findTransaction({ path: { id }, headers: { prefer: "wait=20" } })
      assert.strictEqual(found.status, "rejected")
      assert.deepStrictEqual(found.error, {
        code: "amount_too_small",
        message: "The amount is below the minimum of $1.00."
      })
      assert.deepStrictEqual(yield* client.transactions.findTransaction({ path: { id }, headers: {} }), found)
    }))

  it.effect("tells every stage, in order", () =>
    Effect.gen(function*() {
      const { client } = yield* Account
      const made = yield* client.transactions.submitTransaction({ payload: request(), headers: { prefer: "wait=20" } })
      const timeline = yield* client.transactions.readTimeline({ path: { id: made.id } })
      assert.strictEqual(timeline.object, "timeline")
      assert.strictEqual(timeline.transaction, made.id)
      assert.deepStrictEqual(timeline.stages.map((_) => _.stage), ["accepted", "appended", "decided", "recorded"])
      const instants = timeline.stages.map((_) => _.at)
      assert.deepStrictEqual(instants, instants.toSorted())
      assert.strictEqual(instants[0], made.created_at)
      assert.strictEqual(instants[2], made.decided_at)
      for (const { offset, partition, stage } of timeline.stages) {
        assert.strictEqual(Number.isInteger(partition) && Number.isInteger(offset), stage === "appended")
      }
    }))

  it.effect("tells of one that is not decided when it was accepted", () =>
    Effect.gen(function*() {
      const { client } = yield* Account
      const { controls } = yield* Running
      controls.hold()
      const made = yield* client.transactions.submitTransaction({ payload: request(), headers: {} })
      const { stages } = yield* client.transactions.readTimeline({ path: { id: made.id } })
      controls.release()
      assert.deepStrictEqual(stages, [{ stage: "accepted", at: made.created_at }])
    }))

  it.effect("lists both ways", () =>
    Effect.gen(function*() {
      const operator = yield* Operator
      const { id, secret } = yield* operator.operator.createAccount({ payload: { name: "Lister" } })
      const { transactions } = yield* clientOf(id, secret)
      const made = yield* Effect.replicateEffect(
        transactions.submitTransaction({ payload: request(), headers: { prefer: "wait=20" } }),
        5
      )
      const newestFirst = made.map((_) => _.id).toSorted().toReversed()
      const list = transactions.listTransactions
      const first = yield* list({ urlParams: { limit: 2 } })
      assert.deepStrictEqual(first.data.map((_) => _.id), newestFirst.slice(0, 2))
      const second = yield* list({ urlParams: { limit: 2, starting_after: first.next! } })
      assert.deepStrictEqual(second.data.map((_) => _.id), newestFirst.slice(2, 4))
      const third = yield* list({ urlParams: { limit: 2, starting_after: second.next! } })
      assert.deepStrictEqual([third.data.map((_) => _.id), third.next], [newestFirst.slice(4), null])
      const back = yield* list({ urlParams: { limit: 3, ending_before: newestFirst[4]! } })
      assert.deepStrictEqual([back.data.map((_) => _.id), back.has_more, back.next], [
        newestFirst.slice(1, 4),
        true,
        newestFirst[1]
      ])
      const ofAccount = yield* operator.transactions.listTransactions({ urlParams: { account: id } })
      assert.deepStrictEqual(ofAccount.data.map((_) => [_.id, _.account]), newestFirst.map((_) => [_, id]))
    }))

  it.effect("creates an account, whose secret works", () =>
    Effect.gen(function*() {
      const operator = yield* Operator
      const [made, response] = yield* operator.operator.createAccount({ payload: { name: "Zoë" }, withResponse: true })
      assert.strictEqual(response.status, 201)
      assert.deepInclude(made, { object: "account", name: "Zoë", disabled_at: null })
      assert.isTrue(Schema.is(AccountId)(made.id))
      const { transactions } = yield* clientOf(made.id, made.secret)
      assert.lengthOf((yield* transactions.listTransactions({ urlParams: {} })).data, 0)
    }))

  it.effect("audits", () =>
    Effect.gen(function*() {
      const operator = yield* Operator
      const { client } = yield* Account
      const before = yield* operator.operator.readAudit({})
      yield* client.transactions.submitTransaction({ payload: request(), headers: { prefer: "wait=20" } })
      const after = yield* operator.operator.readAudit({})
      assert.strictEqual(after.object, "audit")
      assert.strictEqual(after.accepted, before.accepted + 1)
      assert.isTrue(after.holds)
      assert.strictEqual(after.accepted, after.decided + after.undecided)
      assert.strictEqual(after.parked, 0)
    }))

  it.effect("counts what is undecided by age and key", () =>
    Effect.gen(function*() {
      const operator = yield* Operator
      const { client } = yield* Account
      const { controls } = yield* Running
      controls.hold()
      const made = yield* client.transactions.submitTransaction({ payload: request(), headers: {} })
      const audit = yield* operator.operator.readAudit({})
      controls.release()
      assert.isAtLeast(audit.undecided, 1)
      assert.isAtMost(Date.parse(audit.oldest_undecided_at!), Date.parse(made.created_at))
      assert.strictEqual(audit.undecided_by_key.reduce((sum, _) => sum + _.count, 0), audit.undecided)
      assert.isTrue(audit.undecided_by_key.every((_) => _.key_id !== ""))
      yield* client.transactions.findTransaction({ path: { id: made.id }, headers: { prefer: "wait=20" } })
    }))

  it.effect("decodes every problem", () =>
    Effect.gen(function*() {
      const operator = yield* Operator
      const { client } = yield* Account
      const stranger = yield* clientOf("acct_x", "sk_x")
      const { transactions } = client
      const submit = transactions.submitTransaction
      yield* submit({ payload: request(), headers: { "idempotency-key": "taken" } })

      const failures = yield* Effect.all({
        resource_missing: Effect.flip(transactions.findTransaction({ path: { id: unknown }, headers: {} })),
        timeline_missing: Effect.flip(transactions.readTimeline({ path: { id: unknown } })),
        cursor: Effect.flip(transactions.listTransactions({ urlParams: { starting_after: unknown } })),
        query: Effect.flip(transactions.listTransactions({
          urlParams: { starting_after: unknown, ending_before: unknown }
        })),
        unauthenticated: Effect.flip(stranger.transactions.findTransaction({ path: { id: unknown }, headers: {} })),
        forbidden: Effect.flip(operator.transactions.submitTransaction({ payload: request(), headers: {} })),
        forbidden_audit: Effect.flip(client.operator.readAudit({})),
        header: Effect.flip(submit({ payload: request(), headers: { "idempotency-key": "a b" } })),
        key: Effect.flip(submit({ payload: request(), headers: { "idempotency-key": cards.visa } })),
        reused: Effect.flip(submit({ payload: request({ amount: 5 }), headers: { "idempotency-key": "taken" } })),
        too_large: Effect.flip(
          submit({
            payload: request({
              metadata: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, "v".repeat(500)]))
            }),
            headers: {}
          })
        )
      })
      const codes = Object.fromEntries(
        Object.entries(failures).map(([name, error]) => [
          name,
          typeof error === "object" && error !== null && "code" in error
            ? `${"status" in error ? String(error.status) : ""} ${String(error.code)}`
            : String(error)
        ])
      )
      assert.deepStrictEqual(codes, {
        resource_missing: "404 resource_missing",
        timeline_missing: "404 resource_missing",
        cursor: "400 resource_missing",
        query: "400 invalid_query",
        unauthenticated: "401 unauthenticated",
        forbidden: "403 forbidden",
        forbidden_audit: "403 forbidden",
        header: "400 invalid_header",
        key: "422 card_number_in_text",
        reused: "422 idempotency_key_reused",
        too_large: "413 payload_too_large"
      })
    }))
})
