import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { cvvMark, holderMark, markedCard, marks } from "../support/LayersCanary.ts"
import { eventually } from "../support/LayersEventually.ts"
import { gatewayProcess, type HttpAnswer, type HttpQuestion } from "../support/LayersGateway.ts"
import { searchFor } from "../support/LayersSearch.ts"
import { temporaryFolder } from "../support/LayersSqlite.ts"

const transactions = 2_000

const operatorSecret = "op_CanaryOperatorSecret0123456789abcdef"

const basic = (username: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`
})

const json = { "content-type": "application/json" }

const readCreated = Schema.decodeUnknownSync(
  Schema.parseJson(Schema.Struct({ id: Schema.String, secret: Schema.String }))
)
const readAudit = Schema.decodeUnknownSync(
  Schema.parseJson(
    Schema.Struct({ accepted: Schema.Int, decided: Schema.Int, undecided: Schema.Int, holds: Schema.Boolean })
  )
)
const readList = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({
  data: Schema.Array(Schema.Struct({
    id: Schema.String,
    status: Schema.String
  }))
})))

/** Of the request in /openapi.json that shows how one is written, as it stands in JSON in JSON. */
const documentedCvv = /\\*"cvv\\*":\s*\\*"123\\*"/g

/** What a person is told to try holds a made-up card. */
const withoutExample = (out: string) => out.split("\n").filter((_) => !_.startsWith("curl -i http")).join("\n")

/** Requests that put a number, a holder or a code where they do not belong. */
const misplaced = (): ReadonlyArray<HttpQuestion> => {
  const card = markedCard(1)
  const digits = card.number.replaceAll(/\D/g, "")
  const post = (body: string, headers: Record<string, string> = {}) => ({
    method: "POST",
    path: "/v1/transactions",
    headers: { ...json, ...headers },
    body
  })
  const good = { amount: 100, card }
  return [
    post(JSON.stringify({ ...good, reference: card.number })),
    post(JSON.stringify({ ...good, metadata: { note: card.number } })),
    post(JSON.stringify({ ...good, metadata: { [card.number]: "note" } })),
    post(JSON.stringify({ ...good, card: { ...card, holder: card.number } })),
    post(JSON.stringify({ ...good, card: { ...card, number: Number(digits) } })),
    post(JSON.stringify({ ...good, card: { ...card, number: [card.number] } })),
    post(JSON.stringify({ ...good, card: { ...card, cvv: { code: `${cvvMark}1` } } })),
    post(JSON.stringify({ ...good, card: { ...card, holder: null, [holderMark]: card.number } })),
    post(JSON.stringify({ ...good, [card.number]: card.holder })),
    post(JSON.stringify({ ...good, amount: card.number })),
    post(JSON.stringify({ ...good, card: card.number })),
    post(JSON.stringify(good).slice(0, -1)),
    post(`${JSON.stringify(good)} ${card.number}`),
    post(JSON.stringify(good).replace("{", `{"amount":1,`)),
    post(JSON.stringify(good), { "idempotency-key": card.number }),
    post(JSON.stringify(good), { "user-agent": `${card.number} ${cvvMark}`, "x-note": card.number }),
    post(JSON.stringify(good), { "content-type": `text/${card.number}` }),
    post(JSON.stringify(good), { prefer: `wait=${card.number}` }),
    post(JSON.stringify({ ...good, metadata: { filler: "x".repeat(20_000) } })),
    { path: `/v1/transactions/${digits}` },
    { path: `/v1/transactions?reference=${digits}` },
    { path: `/v1/transactions?starting_after=${digits}` },
    { path: `/${digits}/${cvvMark}` },
    { method: "PUT", path: "/v1/transactions", headers: json, body: JSON.stringify(good) },
    {
      method: "POST",
      path: "/v1/accounts",
      headers: json,
      body: JSON.stringify({ name: card.number, [`${cvvMark}1`]: 1 })
    }
  ]
}

describe("the canary: no card number, holder or security code leaves the gateway's memory", () => {
  it.scopedLive("through the whole pipeline, the failures and the shutdown", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const gateway = yield* gatewayProcess({ DATA_DIR: `${folder}/data`, OPERATOR_SECRET: operatorSecret })
      const operator = basic("operator", operatorSecret)
      const created = yield* gateway.ask({
        method: "POST",
        path: "/v1/accounts",
        headers: { ...json, ...operator },
        body: JSON.stringify({ name: "Canary" })
      })
      const { id, secret } = readCreated(created.body)
      const account = basic(id, secret)
      const answers: Array<HttpAnswer> = []
      const ask = (question: HttpQuestion, credential: Readonly<Record<string, string>> = account) =>
        Effect.tap(
          gateway.ask({ ...question, headers: { ...question.headers, ...credential } }),
          (_) => Effect.sync(() => answers.push(_))
        )

      const submitted = yield* Effect.forEach(Array.from({ length: transactions }, (_, index) => index), (index) =>
        ask({
          method: "POST",
          path: "/v1/transactions",
          headers: {
            ...json,
            ...(index % 3 === 0 ? { "idempotency-key": `key ${index}`.replace(" ", "-") } : {}),
            ...(index % 40 === 0 ? { prefer: "wait=5" } : {})
          },
          body: JSON.stringify({
            amount: index % 13 === 0 ? 50 : 1_999,
            card: markedCard(index),
            reference: `order ${index}`
          })
        }), { concurrency: 32 })
      const statuses = submitted.map((_) => _.status)
      assert.isTrue(statuses.every((_) => _ === 202 || _ === 201), `${[...new Set(statuses)]}`)
      for (const question of misplaced()) {
        yield* ask(question)
        yield* ask(question, operator)
        yield* ask(question, basic(id, "sk_wrong"))
        yield* ask(question, basic(markedCard(0).number, `${cvvMark}0`))
      }
      const audit = yield* eventually(
        "all are decided",
        Effect.map(ask({ path: "/v1/operator/audit" }, operator), (_) => readAudit(_.body)),
        (_) => _.undecided === 0,
        undefined,
        30_000
      )
      assert.isAtLeast(audit.decided, transactions)
      assert.isTrue(audit.holds)
      const list = yield* ask({ path: "/v1/transactions?limit=100" })
      const listed = readList(list.body).data
      assert.sameMembers([...new Set(listed.map((_) => _.status))], ["approved", "rejected"])
      for (const { id } of listed.slice(0, 10)) {
        yield* ask({ path: `/v1/transactions/${id}` })
        yield* ask({ path: `/v1/transactions/${id}/timeline` }, operator)
      }
      for (const path of ["/docs", "/openapi.json", "/livez", "/nowhere"]) yield* ask({ path })
      const metrics = yield* gateway.askManagement("/metrics")
      assert.include(metrics.body, `gateway_accepted_total ${audit.accepted}`)

      const search = searchFor([...marks, secret.slice(3, 40), operatorSecret.slice(3)])
      const told = () => [
        ...search.inText("the answers", JSON.stringify(answers).replaceAll(documentedCvv, "")),
        ...search.inText("/metrics", metrics.body),
        ...search.inText("standard output", withoutExample(gateway.printed.out)),
        ...search.inText("standard error", gateway.printed.errors)
      ]
      assert.isAbove(answers.length, transactions)
      assert.deepStrictEqual(told(), [])
      const running = search.inFolder(folder)
      for (const name of ["gateway", "processor", "log"]) {
        assert.include(running.files, `data/${name}.sqlite`)
        assert.include(running.files, `data/${name}.sqlite-wal`)
      }
      assert.deepStrictEqual(running.found, [])

      assert.strictEqual(yield* gateway.stop, "0")
      assert.deepStrictEqual(told(), [])
      assert.deepStrictEqual(search.inFolder(folder).found, [])
      // what may be shown is there: the search looked into the right files
      const shown = searchFor([markedCard(0).number.slice(-4), id])
      assert.isTrue(shown.inFolder(folder).found.some((_) => _.where === "data/gateway.sqlite" && _.mark === id))
    }), 90_000)
})
