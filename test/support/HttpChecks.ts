import { assert } from "@effect/vitest"
import { type Credential, type Gateway, transactionOf } from "./GatewayFixture.ts"
import { assertProblem, pointersOf } from "./HttpAssertions.ts"

/** What becomes of a body of POST /v1/transactions, in its answer and in the database. */
export const checksOf = (gateway: () => Gateway, account: () => Credential) => ({
  /** 422 for these pointers, each with its code; nothing is made, and none of the values comes back. */
  refuses: async (body: unknown, pointers: ReadonlyArray<string>, values: ReadonlyArray<string> = []) => {
    const rows = gateway().rows()
    const answer = await gateway().submit(account(), body)
    const problem = assertProblem(answer, 422, "invalid_request", values)
    assert.deepStrictEqual(pointersOf(problem), pointers)
    assert.strictEqual(gateway().rows(), rows)
  },
  /** 202, and one transaction more. */
  accepts: async (body: unknown) => {
    const rows = gateway().rows()
    const answer = await gateway().submit(account(), body)
    assert.strictEqual(answer.status, 202, answer.text)
    assert.strictEqual(gateway().rows(), rows + 1)
    return transactionOf(answer)
  }
})
