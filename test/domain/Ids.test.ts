import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck, Schema } from "effect"
import {
  AccountId,
  firstTransactionId,
  instantOf,
  makeAccountId,
  makeSecretId,
  makeTransactionId,
  SecretId,
  TransactionId,
  ulid
} from "../../src/domain/Ids.ts"

const longestTime = 2 ** 48 - 1

const time = FastCheck.integer({ min: 0, max: longestTime })
const random = FastCheck.uint8Array({ minLength: 10, maxLength: 10 })

/** The number in base 32, with arithmetic instead of bit operations. */
const base32 = (value: bigint, length: number): string => {
  let text = ""
  for (let i = 0; i < length; i++, value /= 32n) text = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[Number(value % 32n)] + text
  return text
}

const ulidByArithmetic = (timeMs: number, bytes: Uint8Array): string =>
  base32(BigInt(timeMs), 10) + base32(bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n), 16)

describe("ulid", () => {
  it("knows the specification's examples", () => {
    assert.strictEqual(ulid(1469922850259, new Uint8Array(10)), "01ARZ3NDEK0000000000000000")
    assert.strictEqual(ulid(longestTime, new Uint8Array(10).fill(255)), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
    assert.strictEqual(ulid(0, new Uint8Array(10)), "00000000000000000000000000")
    assert.strictEqual(
      ulid(1, Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)),
      "0000000001000G40R40M30E209"
    )
  })

  it.prop("is the number in base 32", [time, random], ([timeMs, bytes]) => {
    assert.strictEqual(ulid(timeMs, bytes), ulidByArithmetic(timeMs, bytes))
  }, { fastCheck: { numRuns: 2000 } })

  it.prop("sorts as time does", [time, time, random, random], ([one, other, a, b]) => {
    if (one === other) return
    assert.strictEqual(ulid(one, a) < ulid(other, b), one < other)
  })
})

describe("ids", () => {
  const suite = <A extends AccountId | SecretId | TransactionId>(
    prefix: string,
    schema: Schema.Schema<A, string>,
    make: (timeMs: number, random: Uint8Array) => A
  ) => {
    it.prop(`${prefix}: what is made is an id and keeps its instant`, [time, random], ([timeMs, bytes]) => {
      const id = make(timeMs, bytes)
      assert.strictEqual(id, prefix + ulid(timeMs, bytes))
      assert.isTrue(Schema.is(schema)(id))
      assert.strictEqual(instantOf(id), timeMs)
    })

    it.prop(`${prefix}: an id is its instant and its random part`, [schema], ([id]) => {
      assert.strictEqual(id.slice(0, prefix.length + 10), make(instantOf(id), new Uint8Array(10)).slice(0, -16))
    })

    it.effect(`${prefix}: nothing else is one`, () =>
      Effect.gen(function*() {
        const body = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
        assert.strictEqual(yield* Schema.decodeUnknown(schema)(prefix + body), prefix + body)
        const refused = [
          "",
          prefix,
          body,
          `whe_${body}`,
          prefix.toUpperCase() + body,
          prefix + body.slice(1),
          `${prefix + body}0`,
          prefix + body.toLowerCase(),
          `${prefix}8${body.slice(1)}`,
          ...[..."ILOU-_ \n\0é"].map((letter) => prefix + body.slice(0, -1) + letter),
          `${prefix + body}\n`,
          ` ${prefix + body}`,
          5,
          null
        ]
        for (const value of refused) {
          assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(schema)(value)), JSON.stringify(value))
        }
      }))
  }

  suite("acct_", AccountId, makeAccountId)
  suite("sec_", SecretId, makeSecretId)
  suite("txn_", TransactionId, makeTransactionId)

  it.prop(
    "the first id of an instant is below all of it and above all before it",
    [time, random],
    ([timeMs, bytes]) => {
      assert.isTrue(firstTransactionId(timeMs) <= makeTransactionId(timeMs, bytes))
      if (timeMs > 0) assert.isTrue(makeTransactionId(timeMs - 1, bytes) < firstTransactionId(timeMs))
    }
  )
})
