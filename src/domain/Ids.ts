import { Schema } from "effect"

/** Crockford's base32: in ASCII order, so that ids sort as their times do. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const prefixed = (prefix: string) =>
  Schema.String.pipe(Schema.pattern(new RegExp(`^${prefix}[0-7][0-9A-HJKMNP-TV-Z]{25}$`)))

/** `acct_` and a ULID. */
export const AccountId = prefixed("acct_").pipe(Schema.brand("AccountId"))
export type AccountId = typeof AccountId.Type

/** `sec_` and a ULID: names a secret, is not one. */
export const SecretId = prefixed("sec_").pipe(Schema.brand("SecretId"))
export type SecretId = typeof SecretId.Type

/** `txn_` and a ULID. */
export const TransactionId = prefixed("txn_").pipe(Schema.brand("TransactionId"))
export type TransactionId = typeof TransactionId.Type

/** `evt_`, the ULID of a transaction, and `0` where it was accepted or `1` where it was decided. */
export const EventId = Schema.String.pipe(
  Schema.pattern(/^evt_[0-7][0-9A-HJKMNP-TV-Z]{25}[01]$/),
  Schema.brand("EventId")
)
export type EventId = typeof EventId.Type

const codes = Uint8Array.from(alphabet, (character) => character.charCodeAt(0))

const values = new Uint8Array(128)
for (let value = 0; value < 32; value++) values[codes[value]!] = value

/**
 * A ULID (github.com/ulid/spec): 48 bits of `timeMs` (ms since the epoch) in 10 characters, then the 80 bits of
 * `random` (10 bytes) in 16. Ids of one millisecond have no order among themselves.
 */
export const ulid = (timeMs: number, random: Uint8Array): string => {
  // 48 bits do not fit the 32 of JavaScript's bit operations: 8, 20 and 20 of them
  const timeHigh = Math.floor(timeMs / 0x10000000000)
  const timeMiddle = Math.floor(timeMs / 0x100000)
  const timeLow = timeMs % 0x100000
  const a = random[0]!
  const b = random[1]!
  const c = random[2]!
  const d = random[3]!
  const e = random[4]!
  const f = random[5]!
  const g = random[6]!
  const h = random[7]!
  const i = random[8]!
  const j = random[9]!
  return String.fromCharCode(
    codes[(timeHigh >> 5) & 7]!,
    codes[timeHigh & 31]!,
    codes[(timeMiddle >> 15) & 31]!,
    codes[(timeMiddle >> 10) & 31]!,
    codes[(timeMiddle >> 5) & 31]!,
    codes[timeMiddle & 31]!,
    codes[(timeLow >> 15) & 31]!,
    codes[(timeLow >> 10) & 31]!,
    codes[(timeLow >> 5) & 31]!,
    codes[timeLow & 31]!,
    codes[a >> 3]!,
    codes[(a << 2 | b >> 6) & 31]!,
    codes[(b >> 1) & 31]!,
    codes[(b << 4 | c >> 4) & 31]!,
    codes[(c << 1 | d >> 7) & 31]!,
    codes[(d >> 2) & 31]!,
    codes[(d << 3 | e >> 5) & 31]!,
    codes[e & 31]!,
    codes[f >> 3]!,
    codes[(f << 2 | g >> 6) & 31]!,
    codes[(g >> 1) & 31]!,
    codes[(g << 4 | h >> 4) & 31]!,
    codes[(h << 1 | i >> 7) & 31]!,
    codes[(i >> 2) & 31]!,
    codes[(i << 3 | j >> 5) & 31]!,
    codes[j & 31]!
  )
}

/** From ms since the epoch and 10 random bytes; not validated. */
export const makeAccountId = (timeMs: number, random: Uint8Array): AccountId =>
  ("acct_" + ulid(timeMs, random)) as AccountId

/** From ms since the epoch and 10 random bytes; not validated. */
export const makeSecretId = (timeMs: number, random: Uint8Array): SecretId =>
  ("sec_" + ulid(timeMs, random)) as SecretId

/** From ms since the epoch and 10 random bytes; not validated. */
export const makeTransactionId = (timeMs: number, random: Uint8Array): TransactionId =>
  ("txn_" + ulid(timeMs, random)) as TransactionId

/** Of a transaction's acceptance, or of its decision. */
export const makeEventId = (id: TransactionId, what: "accepted" | "decided"): EventId =>
  `evt_${id.slice("txn_".length)}${what === "accepted" ? "0" : "1"}` as EventId

const noRandom = new Uint8Array(10)

/** The smallest id of an instant (ms): a range of time is a range of ids. */
export const firstTransactionId = (timeMs: number): TransactionId => makeTransactionId(timeMs, noRandom)

/** The instant in an id, in ms since the epoch. */
export const instantOf = (id: AccountId | SecretId | TransactionId): number => {
  const start = id.length - 26
  let instant = 0
  for (let i = start; i < start + 10; i++) instant = instant * 32 + values[id.charCodeAt(i)]!
  return instant
}
