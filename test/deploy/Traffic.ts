import { setTimeout as sleep } from "node:timers/promises"
import { call, type Owner } from "../main/MainProcess.ts"
import { openEvents } from "../support/HttpEvents.ts"
import { transaction } from "../support/HttpSamples.ts"

/** Clients of every kind, until the owner ends: those that do everything right, and those that do not. */
export const traffic = (owner: Owner, port: number, account: string): void => {
  let ended = false
  let round = 0
  const post = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    call(port, "POST", "/v1/transactions", { as: account, body, headers })
  const once = async () => {
    const key = `round-${round++}`
    const [first] = await Promise.all([
      post(transaction(), { "idempotency-key": key }),
      post(transaction()),
      post(transaction({ amount: 1 })),
      post(transaction({}, { exp_year: 2001 })),
      post(transaction(), { prefer: "wait=5" })
    ])
    await post(transaction(), { "idempotency-key": key })
    await post(transaction({ amount: 5000 }), { "idempotency-key": key })
    const { id } = JSON.parse(first.text) as { readonly id: string }
    await call(port, "GET", `/v1/transactions/${id}`, { as: account })
    await call(port, "GET", "/v1/transactions", { as: account })
    await call(port, "GET", "/v1/nothing", { as: account })
    await call(port, "GET", "/v1/transactions", { as: "acct_nobody:sk_nothing" })
    const stream = await openEvents(port, account)
    await sleep(50)
    stream.close()
  }
  // a gateway that is killed meanwhile is the test's own doing
  const going = (async () => {
    while (!ended) {
      await once().catch(() => {})
      await sleep(100)
    }
  })()
  owner.onTestFinished(async () => {
    ended = true
    await going
  })
}
