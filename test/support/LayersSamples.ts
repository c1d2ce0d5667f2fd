import { Layer, Redacted } from "effect"
import { createHash } from "node:crypto"
import type { Account } from "../../src/domain/Account.ts"
import type { Card } from "../../src/domain/Card.ts"
import {
  type AccountId,
  makeAccountId,
  makeSecretId,
  makeTransactionId,
  type TransactionId
} from "../../src/domain/Ids.ts"
import type { Submission } from "../../src/domain/Submission.ts"
import type { Decision } from "../../src/domain/Transaction.ts"
import type { StoredSecret } from "../../src/services/AccountRepository.ts"
import type { LogRecord, Position } from "../../src/services/Log.ts"
import { Randomness } from "../../src/services/Randomness.ts"
import type { DecisionToRecord } from "../../src/services/SubmissionRepository.ts"
import type { StoredTransaction } from "../../src/services/TransactionRepository.ts"

/** Where the clocks of these tests begin. */
export const noon = Date.UTC(2026, 10, 24, 12)

let sequence = 0

/** Increasing within one instant, so that samples have an order. */
const nextRandom = () => {
  const bytes = new Uint8Array(10)
  new DataView(bytes.buffer).setUint32(6, ++sequence)
  return bytes
}

export const transactionIdAt = (instant: number): TransactionId => makeTransactionId(instant, nextRandom())
export const newAccountId = (): AccountId => makeAccountId(noon, nextRandom())

export const approved: Decision = { status: "approved", reason: null }
export const expired: Decision = { status: "rejected", reason: "expired_card" }

export const position = (offset: number, part: Partial<Position> = {}): Position => ({
  partition: 0,
  offset,
  appendedAt: noon + 10,
  ...part
})

export const submissionOf = (part: Partial<Submission> = {}): Submission => {
  const acceptedAt = part.acceptedAt ?? noon
  return {
    id: transactionIdAt(acceptedAt),
    accountId: newAccountId(),
    amount: 1999,
    currency: "USD",
    card: {
      brand: "visa",
      bin: "424242",
      last4: "4242",
      expMonth: 12,
      expYear: 2030,
      fingerprint: "F".repeat(43)
    },
    cvvShape: "3",
    sealedCard: "1.k1.c2VhbGVk",
    keyId: "k1",
    reference: null,
    metadata: {},
    acceptedAt,
    giveUpToken: null,
    ...part
  }
}

export const decisionOf = (id: TransactionId, part: Partial<DecisionToRecord> = {}): DecisionToRecord => ({
  id,
  decision: approved,
  decidedAt: noon + 20,
  position: position(7),
  ...part
})

export const transactionOf = (part: Partial<StoredTransaction> = {}): StoredTransaction => {
  const acceptedAt = part.acceptedAt ?? noon
  return {
    id: transactionIdAt(acceptedAt),
    accountId: newAccountId(),
    amount: 1999,
    currency: "USD",
    acceptedAt,
    decidedAt: acceptedAt + 20,
    decision: approved,
    position: position(7),
    ...part
  }
}

export const accountOf = (part: Partial<Account> = {}): Account => ({
  id: newAccountId(),
  name: "Ada",
  createdAt: noon,
  disabledAt: null,
  ...part
})

export const secretOf = (account: Account, digest: string, part: Partial<StoredSecret> = {}): StoredSecret => ({
  id: makeSecretId(noon, nextRandom()),
  accountId: account.id,
  digest,
  scope: "full",
  createdAt: noon,
  expiresAt: null,
  lastUsedAt: null,
  ...part
})

export const cardOf = (
  part: Partial<Record<"number" | "holder", string>> & Partial<Pick<Card, "expMonth" | "expYear">> = {}
): Card => ({
  number: Redacted.make(part.number ?? "4242424242424242"),
  holder: Redacted.make(part.holder ?? "Ada Lovelace"),
  expMonth: part.expMonth ?? 12,
  expYear: part.expYear ?? 2030
})

export const textRecord = (
  value: string,
  key: string | null = null,
  headers: Record<string, string> = {}
): LogRecord => ({
  key,
  value: Buffer.from(value),
  headers
})

export const textOf = ({ value }: LogRecord): string => Buffer.from(value).toString("utf8")

/** The same bytes in every run, and never the same bytes twice. */
export const seededRandomness = (seed: string) =>
  Layer.sync(Randomness, () => {
    let drawn = 0
    return {
      bytes: (size) => {
        const parts: Array<Buffer> = []
        for (let have = 0; have < size; have += 32) {
          parts.push(createHash("sha256").update(`${seed}/${drawn++}`).digest())
        }
        return new Uint8Array(Buffer.concat(parts).subarray(0, size))
      }
    }
  })
