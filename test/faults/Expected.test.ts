import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { cvvShape } from "../../src/domain/Card.ts"
import { makeAccountId, makeTransactionId } from "../../src/domain/Ids.ts"
import { decideCard } from "../../src/domain/Transaction.ts"
import { makeRandom } from "../crash/Random.ts"
import { expectedReason } from "./Expected.ts"
import { drawAmount, drawCard, holder } from "./Requests.ts"

describe("what the campaign expects", () => {
  it("is what the domain decides, for everything that it sends", () => {
    const random = makeRandom("expected")
    const reasons = new Set<string | null>()
    const acceptedAt = Date.now()
    for (let i = 0; i < 5_000; i++) {
      const card = drawCard(random)
      const amount = drawAmount(random)
      const { reason } = decideCard(
        {
          id: makeTransactionId(acceptedAt, new Uint8Array(10)),
          accountId: makeAccountId(acceptedAt, new Uint8Array(10)),
          amount,
          currency: "USD",
          acceptedAt
        },
        {
          number: Redacted.make(card.number),
          holder: Redacted.make(holder),
          expMonth: card.month,
          expYear: card.year
        },
        cvvShape(card.cvv)
      )
      assert.strictEqual(expectedReason(card, amount, acceptedAt), reason, JSON.stringify({ card, amount }))
      reasons.add(reason)
    }
    assert.deepStrictEqual([...reasons].toSorted(), [
      "amount_too_large",
      "amount_too_small",
      "card_brand_not_supported",
      "expired_card",
      "invalid_cvv",
      "invalid_expiry_month",
      "invalid_expiry_year",
      "invalid_number",
      null
    ])
  })
})
