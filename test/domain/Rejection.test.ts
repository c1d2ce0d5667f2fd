import { assert, describe, it } from "@effect/vitest"
import { RejectionReason, sentenceOf } from "../../src/domain/Rejection.ts"

describe("sentenceOf", () => {
  it("has a sentence of its own for every reason", () => {
    const sentences = RejectionReason.literals.map(sentenceOf)
    for (const sentence of sentences) assert.match(sentence, /^[A-Z].{15,}\.$/)
    assert.strictEqual(new Set(sentences).size, RejectionReason.literals.length)
  })

  it("names the limits in dollars", () => {
    assert.strictEqual(sentenceOf("amount_too_small"), "The amount is below the minimum of $1.00.")
    assert.strictEqual(sentenceOf("amount_too_large"), "The amount is above the maximum of $1,000.00.")
  })
})
