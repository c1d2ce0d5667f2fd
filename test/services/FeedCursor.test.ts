import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { decodeCursor, encodeCursor, type Mark } from "../../src/services/FeedCursor.ts"

const mark: fc.Arbitrary<Mark> = fc.record({
  next: fc.oneof(fc.nat(300), fc.maxSafeNat()),
  digest: fc.nat(0xffff)
})
const marks = fc.tuple(fc.array(mark, { maxLength: 50 }), fc.array(mark, { maxLength: 50 }))

describe("cursors of the event feed", () => {
  it("what is encoded is decoded, and is text that a header and an event may hold", () => {
    fc.assert(fc.property(marks, (given) => {
      const text = encodeCursor(given)
      assert.match(text, /^[A-Za-z0-9_-]+$/)
      assert.deepStrictEqual(decodeCursor(text), given)
    }))
    const many = Array.from({ length: 1000 }, (_, next) => ({ next: next * 1e12, digest: next }))
    assert.deepStrictEqual(decodeCursor(encodeCursor([many, many])), [many, many])
  })

  it("is short: 12 partitions of a million records each are 167 characters", () => {
    const twelve = Array.from({ length: 12 }, () => ({ next: 1_000_000, digest: 40_000 }))
    assert.strictEqual(encodeCursor([twelve, twelve]).length, 167)
  })

  it("is pinned: other replicas read it, and so do later versions", () => {
    const text = encodeCursor([[{ next: 0, digest: 0 }, { next: 300, digest: 513 }], [{ next: 7, digest: 65_535 }]])
    assert.strictEqual(text, "AQIAAACsAgIBAQf___zS")
  })

  it("one changed, missing or added character is told", () => {
    const text = encodeCursor([[{ next: 12_345, digest: 99 }], [{ next: 777, digest: 3 }]])
    for (let i = 0; i < text.length; i++) {
      assert.isNull(decodeCursor(text.slice(0, i)))
      assert.isNull(decodeCursor(text.slice(0, i) + text.slice(i + 1)))
      for (const other of "AaZz09-_.") {
        if (other !== text[i]) {
          assert.isNull(decodeCursor(text.slice(0, i) + other + text.slice(i + 1)), `${i} ${other}`)
        }
        assert.isNull(decodeCursor(text.slice(0, i) + other + text.slice(i)), `${i} ${other}`)
      }
    }
    for (const other of [`${text}=`, ` ${text}`, `${text}\n`, text + text]) assert.isNull(decodeCursor(other))
  })

  it("anything else is null, and never an exception", () => {
    for (const text of ["", "A", "AQ", "0", "null", "evt_1", "{}", "\u0000", "💥", "AQAA", "=".repeat(16_384)]) {
      assert.isNull(decodeCursor(text), text)
    }
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => assert.isNull(decodeCursor(text))))
    // counts that promise more than there is, with the right version
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      decodeCursor(Buffer.from([1, ...bytes]).toString("base64url"))
    }))
  })
})
