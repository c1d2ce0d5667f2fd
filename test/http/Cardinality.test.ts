import { assert, beforeAll, describe, it } from "@effect/vitest"
import { METHODS } from "node:http"
import { type Credential, eventually, useGateway } from "../support/GatewayFixture.ts"
import { card, transaction } from "../support/HttpSamples.ts"

const gateway = useGateway({ environment: { RATE_LIMIT: "50" } })
let account: Credential = ""
let ids = 0

beforeAll(async () => {
  account = await gateway().createAccount()
})

const templates = [
  "/",
  "/nowhere/:id",
  "/v1/transactions",
  "/v1/transactions/:id",
  "/v1/transactions/:id/timeline",
  "/v1/transactions?reference=:id",
  "/v1/accounts",
  "/v1/accounts/:id",
  "/v1/accounts/:id/secrets",
  "/v1/accounts/:id/secrets/:id",
  "/v1/account",
  "/v1/account/secrets",
  "/v1/session",
  "/v1/summary",
  "/v1/operator/audit",
  "/v1/operator/pipeline",
  "/v1/operator/parked/:id",
  "/livez",
  "/readyz",
  "/openapi.json",
  "/_next/static/:id.js"
]
const methods = METHODS.filter((_) => _ !== "CONNECT")
const bodies = [undefined, "{", {}, transaction()]

const inParallel = async <A>(values: ReadonlyArray<A>, use: (value: A) => Promise<unknown>) => {
  for (let i = 0; i < values.length; i += 50) await Promise.all(values.slice(i, i + 50).map(use))
}

/** Every method at every path, each with an id that was never there, by everybody; and some of every decision. */
const fuzz = async () => {
  const callers = [undefined, account, gateway().operator, `acct_${ids++}:nobody`]
  await inParallel(
    templates.flatMap((template) => methods.map((method) => [template, method] as const)),
    ([template, method]) => {
      const id = `${ids++}`.padStart(26, "0")
      return gateway().call(method, template.replaceAll(":id", id), {
        ...(ids % 4 === 0 ? {} : { as: callers[ids % 4]! }),
        headers: { "idempotency-key": id, traceparent: `00-${id.padStart(32, "a")}-${id.slice(-16)}-01` },
        ...(method === "GET" || bodies[ids % 3] === undefined ? {} : { body: bodies[ids % 3] })
      }).catch(() => {})
    }
  )
  const other = await gateway().createAccount()
  await Promise.all([
    ...[99, 100_001, 500, 1_000].map((amount) => gateway().decide(other, transaction({ amount }))),
    gateway().decide(other, transaction({ card: card({ number: "4242424242424241" }) })),
    gateway().decide(other, transaction({ card: card({ exp_year: 2020 }) }))
  ])
  await eventually("no request in hand", () => gateway().metric("http_server_active_requests"), (_) => _ === 0)
}

const series = async () =>
  (await gateway().metrics()).split("\n").filter((_) => _ !== "" && !_.startsWith("#")).map((_) =>
    _.slice(0, _.lastIndexOf(" "))
  )

/** Those that move by themselves: what Node has open now, and which kinds of collections there were. */
const isOurs = (name: string) => !/^nodejs_(active|gc)/.test(name)

describe("the number of series", () => {
  it("is bounded, whoever asks for whatever", async () => {
    await fuzz()
    await fuzz()
    const first = new Set((await series()).filter(isOurs))
    const all = await series()
    assert.isBelow(all.length, 2_500)
    await fuzz()
    await fuzz()
    const added = (await series()).filter(isOurs).filter((_) => !first.has(_))
    // a class of status that a route had not answered yet, now and then: 17 series of a histogram
    assert.isAtMost(added.length, 3 * 17, added.slice(0, 20).join("\n"))
    for (const name of await series()) {
      assert.notMatch(name.replace(/le="[\d.]+"/, ""), /\d{4}|acct_|txn_|req_|Canary/, name)
    }
  }, 120_000)
})
