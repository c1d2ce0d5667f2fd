import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import { AccountName } from "../../src/domain/Account.ts"
import { boundedText, charactersOf, isWellFormedText, wellFormedText } from "../../src/domain/Text.ts"

const grin = "😀"
const high = grin[0]!
const low = grin[1]!

const units = FastCheck.array(
  FastCheck.oneof(
    FastCheck.integer({ min: 0, max: 0xffff }),
    FastCheck.constantFrom(0, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000)
  ),
  { maxLength: 8 }
).map((codes) => String.fromCharCode(...codes))

describe("charactersOf", () => {
  it("counts code points and refuses what no column keeps", () => {
    const cases: ReadonlyArray<readonly [string, number | undefined]> = [
      ["", 0],
      ["abc", 3],
      [grin, 1],
      [`a${grin}b${grin}`, 4],
      ["\ud7ff\ue000\uffff", 3],
      ["e\u0301", 2],
      ["\0", undefined],
      ["a\0b", undefined],
      [high, undefined],
      [low, undefined],
      [low + high, undefined],
      [high + high + low, undefined],
      [high + low + low, undefined],
      [`${high}a`, undefined]
    ]
    for (const [text, expected] of cases) assert.strictEqual(charactersOf(text), expected, JSON.stringify(text))
  })

  it.prop("agrees with Unicode's own notion", [units], ([text]) => {
    const expected = /[\0\p{Surrogate}]/u.test(text) ? undefined : [...text].length
    assert.strictEqual(charactersOf(text), expected)
    assert.strictEqual(isWellFormedText(text), expected !== undefined)
  }, { fastCheck: { numRuns: 5000 } })
})

describe("wellFormedText and boundedText", () => {
  it("refuse without repeating the text", () => {
    const refusals = [
      [Schema.String.pipe(wellFormedText), "secret\0"],
      [boundedText(1, 10), "secret\0"],
      [boundedText(1, 3), "secret"],
      [boundedText(9, 10), "secret"]
    ] as const
    for (const [schema, text] of refusals) {
      const result = Schema.decodeUnknownEither(schema)(text)
      assert.isTrue(Either.isLeft(result))
      assert.notInclude(String(result), "secret")
    }
  })

  it("count characters, not UTF-16 units", () => {
    const is = Schema.is(boundedText(2, 3))
    assert.isTrue(is(grin.repeat(3)))
    assert.isFalse(is(grin.repeat(4)))
    assert.isTrue(is(grin.repeat(2)))
    assert.isFalse(is(grin))
  })

  it.prop("make what they accept", [boundedText(2, 5)], ([text]) => {
    assert.isTrue([...text].length >= 2 && [...text].length <= 5)
  })

  it("bound an account's name to 1 to 255 characters", () => {
    const is = Schema.is(AccountName)
    assert.deepStrictEqual(["", "a", "a".repeat(255), "a".repeat(256)].map((name) => is(name)), [
      false,
      true,
      true,
      false
    ])
  })
})
