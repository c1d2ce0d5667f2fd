import { assert } from "@effect/vitest"
import { transaction, type TransactionJson } from "../support/HttpSamples.ts"
import { call, demoOf, folder, type Owner, start, type StartOptions, stop } from "./MainProcess.ts"

/** A folder in which a gateway has run, and a transaction that it decided. */
export interface RanBefore {
  readonly dataDir: string
  readonly demo: string
  readonly id: string
}

const decide = async (port: number, demo: string): Promise<TransactionJson> => {
  const answer = await call(port, "POST", "/v1/transactions", {
    as: demo,
    body: transaction(),
    headers: { prefer: "wait=10" }
  })
  assert.strictEqual(answer.status, 201, answer.text)
  return JSON.parse(answer.text)
}

export const ranBefore = async (owner: Owner, dataDir = folder(owner)): Promise<RanBefore> => {
  const running = await start(owner, { dataDir })
  const port = await running.port
  const demo = demoOf(dataDir)
  const { id } = await decide(port, demo)
  const { code, stderr } = await stop(running)
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
  return { dataDir, demo, id }
}

/** It starts, still has the transaction, decides another one, and ends in order. */
export const assertStartsAgain = async (owner: Owner, before: RanBefore, options: StartOptions): Promise<void> => {
  const running = await start(owner, options)
  const port = await running.port
  const found = await call(port, "GET", `/v1/transactions/${before.id}`, { as: before.demo })
  assert.strictEqual(found.status, 200, found.text)
  assert.strictEqual((JSON.parse(found.text) as TransactionJson).status, "approved")
  await decide(port, before.demo)
  const { code, stderr } = await stop(running)
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
}
