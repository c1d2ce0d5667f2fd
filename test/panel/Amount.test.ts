import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { centsOf, textOf } from "../../web/live/amount.ts"

describe("an amount as people write it", () => {
  it.each([
    ["19.99", 1999],
    ["19,99", 1999],
    ["19.9", 1990],
    ["19", 1900],
    ["0.99", 99],
    ["0", 0],
    [" $ 1000.01 ", 100001],
    ["US$ 7", 700],
    ["1,000.01", 100001],
    ["1.000,01", 100001],
    ["1,234,567.89", 123456789],
    ["-1.50", -150]
  ])("%s is %d cents", (text, cents) => {
    assert.strictEqual(centsOf(text), cents)
  })

  it.each([
    "",
    "-",
    "abc",
    "1,000",
    "1.000",
    "1.2.3",
    "1e3",
    "0x10",
    "1 000",
    "19.999",
    ".5",
    "5.",
    "NaN",
    "9".repeat(17),
    "１"
  ])(
    "%s is none, or could be read in two ways",
    (text) => {
      assert.strictEqual(centsOf(text), null)
    }
  )

  it("comes back as it was written, to the cent, with either separator", () => {
    FastCheck.assert(FastCheck.property(
      FastCheck.integer({ min: 0, max: 99_999_999_999 }),
      FastCheck.constantFrom<"." | ",">(".", ","),
      (cents, separator) => centsOf(textOf(cents, separator)) === cents
    ))
  })
})
