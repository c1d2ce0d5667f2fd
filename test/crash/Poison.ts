import { randomBytes } from "node:crypto"
import { makeTransactionId } from "../../src/domain/Ids.ts"
import type { LogRecord } from "../../src/services/Log.ts"
import type { SubmissionRow } from "./Stores.ts"

const record = (key: string | null, value: unknown): LogRecord => ({
  key,
  value: typeof value === "string" ? Buffer.from(value) : Buffer.from(JSON.stringify(value)),
  headers: {}
})

/** One character of the ciphertext becomes another. */
const tamper = (sealed: string) => {
  const at = sealed.lastIndexOf(".") + 30
  return `${sealed.slice(0, at)}${sealed[at] === "A" ? "B" : "A"}${sealed.slice(at + 1)}`
}

const messageOf = ({ accepted_at, account_id, amount, currency, cvv_shape, id, sealed_card }: SubmissionRow) => ({
  v: 1,
  id,
  account: account_id,
  amount,
  currency,
  accepted_at,
  cvv: cvv_shape,
  card: sealed_card ?? ""
})

export interface Poison {
  readonly transactions: ReadonlyArray<LogRecord>
  readonly results: ReadonlyArray<LogRecord>
  /** Named by the records, and no submission's. */
  readonly foreignIds: ReadonlyArray<string>
}

/**
 * Records that nobody can decide or record: no JSON, of a version to come, with a card that was tampered with. `victim`
 * has not been decided yet, and must be, in spite of them.
 */
export const makePoison = (victim: SubmissionRow, count: number): Poison => {
  const foreign = makeTransactionId(Date.now(), randomBytes(10))
  const message = messageOf(victim)
  const kinds = [
    record(victim.id, { ...message, card: tamper(message.card) }),
    record(null, "\u0000 no JSON {"),
    record(victim.id, "[]"),
    record(victim.id, { ...message, v: 2 }),
    record(foreign, { ...message, id: foreign }),
    record(null, ""),
    record(victim.id, { ...message, amount: message.amount + 100 })
  ]
  return {
    transactions: Array.from({ length: count }, (_, index) => kinds[index % kinds.length]!),
    results: [
      record(foreign, {
        v: 1,
        id: foreign,
        decision: { status: "approved", reason: null },
        decided_at: Date.now(),
        partition: 0,
        offset: 0,
        appended_at: Date.now()
      }),
      record(victim.id, "no JSON"),
      record(victim.id, { v: 2, id: victim.id })
    ],
    foreignIds: [foreign]
  }
}
