import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Either, FastCheck, JSONSchema, Schema } from "effect"
import { Account } from "../../src/domain/Account.ts"
import { Instant } from "../../src/domain/Instant.ts"
import { Amount, Currency } from "../../src/domain/Money.ts"
import { Metadata, Reference, Submission } from "../../src/domain/Submission.ts"

const pairs = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "v"]))

const accepts = <A, I>(schema: Schema.Schema<A, I>, value: unknown) =>
  Either.isRight(Schema.decodeUnknownEither(schema)(value))

describe("Metadata", () => {
  it("is bounded", () => {
    const cases: ReadonlyArray<readonly [unknown, boolean]> = [
      [{}, true],
      [{ order: "17" }, true],
      [{ "": "" }, true],
      [pairs(50), true],
      [pairs(51), false],
      [{ ["k".repeat(40)]: "v" }, true],
      [{ ["k".repeat(41)]: "v" }, false],
      [{ ["😀".repeat(40)]: "v" }, true],
      [{ k: "v".repeat(500) }, true],
      [{ k: "v".repeat(501) }, false],
      [{ k: "a\0b" }, false],
      [{ "a\0b": "v" }, false],
      [{ k: "\ud800" }, false],
      [{ "\udc00": "v" }, false],
      [{ k: 1 }, false],
      [{ k: null }, false],
      [{ k: {} }, false],
      [null, false],
      [[], false],
      [["a"], false],
      ["a", false],
      [undefined, false]
    ]
    for (const [value, accepted] of cases) {
      assert.strictEqual(accepts(Metadata, value), accepted, JSON.stringify(value)?.slice(0, 60))
    }
  })

  it("refuses __proto__ as JSON has it, and takes what only looks dangerous", () => {
    assert.isFalse(accepts(Metadata, JSON.parse(`{"__proto__":"x"}`)))
    assert.isFalse(accepts(Metadata, JSON.parse(`{"a":"b","__proto__":{"a":"b"}}`)))
    assert.isTrue(accepts(Metadata, JSON.parse(`{"constructor":"x","toString":"y"}`)))
  })

  it("never repeats what was written, and tells everything at once", () => {
    const result = Schema.decodeUnknownEither(Metadata)({ ["secret".repeat(7)]: "v", a: "secret\0", b: "secret\ud800" })
    const message = Either.isLeft(result) ? result.left.message : assert.fail("must be refused")
    assert.notInclude(message, "secret")
    assert.include(message, "40 characters")
    assert.include(message, `["a"]`)
    assert.include(message, `["b"]`)
  })

  it.prop("survives JSON", [Metadata], ([metadata]) => {
    const decoded = Schema.decodeUnknownSync(Metadata)(JSON.parse(JSON.stringify(metadata)))
    assert.deepStrictEqual(decoded, metadata)
    assert.deepStrictEqual(Schema.encodeSync(Metadata)(metadata), metadata)
  })
})

describe("Reference, Amount, Currency, Instant", () => {
  it("are bounded", () => {
    const table: ReadonlyArray<readonly [Schema.Schema.AnyNoContext, ReadonlyArray<unknown>, ReadonlyArray<unknown>]> =
      [
        [Reference, ["", "a".repeat(255), "😀".repeat(255)], [
          "a".repeat(256),
          "😀".repeat(256),
          "\0",
          "\udfff",
          null,
          1
        ]],
        [
          Amount,
          [0, -100, 99, 100, 100_000, 100_001, 9007199254740991, -9007199254740991, 1e2],
          [10.5, "100", null, true, Infinity, NaN, 9007199254740992]
        ],
        [Currency, ["USD"], ["usd", "EUR", "", null]],
        [Instant, [0, 1, 1469922850259, 8_640_000_000_000_000], [-1, 0.5, 8_640_000_000_000_001, NaN, "0", null]]
      ]
    for (const [schema, good, bad] of table) {
      for (const value of good) assert.isTrue(accepts(schema, value), JSON.stringify(value))
      for (const value of bad) assert.isFalse(accepts(schema, value), JSON.stringify(value))
    }
  })

  it.prop("an instant is a date", [Instant], ([instant]) => {
    assert.strictEqual(Date.parse(new Date(instant).toISOString()), instant)
  })
})

describe("Submission and Account", () => {
  it.prop("survive JSON", { submission: Submission, account: Account }, ({ account, submission }) => {
    assert.deepStrictEqual(Schema.decodeUnknownSync(Submission)(JSON.parse(JSON.stringify(submission))), submission)
    assert.deepStrictEqual(Schema.decodeUnknownSync(Account)(JSON.parse(JSON.stringify(account))), account)
  })

  it.effect("refuse a part of another kind", () =>
    Effect.gen(function*() {
      const [submission] = FastCheck.sample(Arbitrary.make(Submission), { numRuns: 1, seed: 1 })
      assert.deepStrictEqual(yield* Schema.decodeUnknown(Submission)(submission), submission)
      const wrong = [
        { id: "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV" },
        { accountId: "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV" },
        { amount: 1.5 },
        { currency: "EUR" },
        { card: null },
        { cvvShape: "123" },
        { sealedCard: undefined },
        { keyId: null },
        { reference: "\0" },
        { metadata: null },
        { acceptedAt: -1 }
      ]
      for (const part of wrong) {
        assert.isFalse(accepts(Submission, { ...submission, ...part }), JSON.stringify(part))
      }
    }))

  it("has a JSON schema whose bounds are the contract's", () => {
    const schema = JSON.parse(JSON.stringify(JSONSchema.make(Schema.Struct({ Metadata, Reference }))))
    assert.strictEqual(schema.$defs.Metadata.maxProperties, 50)
    assert.strictEqual(schema.$defs.Metadata.additionalProperties.maxLength, 500)
    assert.strictEqual(schema.properties.Reference.maxLength, 255)
  })
})
