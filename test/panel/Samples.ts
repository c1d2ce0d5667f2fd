import type { Transaction, TransactionEvent } from "../../web/api/types.ts"

export type Status = Transaction["status"]

export const begin = Date.parse("2026-11-28T12:00:00.000Z")

export const idOf = (number: number) => `txn_${String(number).padStart(8, "0")}`

/** The `number`-th transaction, accepted a hundred milliseconds after the one before. */
export const transactionOf = (
  number: number,
  status: Status = "processing",
  over: { readonly amount?: number; readonly latency?: number } = {}
): Transaction => {
  const acceptedAt = begin + number * 100
  return {
    id: idOf(number),
    object: "transaction",
    status,
    amount: over.amount ?? 1_000 + number,
    currency: "USD",
    card: { brand: "visa", bin: "424242", last4: "4242", exp_month: 12, exp_year: 2030, fingerprint: null },
    reference: `order-${number}`,
    metadata: {},
    created_at: new Date(acceptedAt).toISOString(),
    error: status === "rejected" ? { code: "expired_card", message: "The card has expired." } : null,
    decided_at: status === "processing" ? null : new Date(acceptedAt + (over.latency ?? 20)).toISOString()
  } as unknown as Transaction
}

export const eventOf = (transaction: Transaction): TransactionEvent => {
  const type = transaction.status === "processing" ? "accepted" : transaction.status
  return {
    id: `${transaction.id}.${type === "accepted" ? 0 : 1}`,
    type: `transaction.${type}`,
    created_at: transaction.decided_at ?? transaction.created_at,
    transaction
  }
}
