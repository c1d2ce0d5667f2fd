import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { brands } from "../../src/domain/CardBrand.ts"
import { brandOf } from "../../src/domain/CardBrand.ts"
import { containsCardNumber } from "../../src/domain/CardNumberInText.ts"
import { arabic, brandNumber, digitsOfLength, fullWidth, luhnByTheLetter, numberOf } from "./numbers.ts"

const visa = "4242424242424242"

/** The rule with a regular expression: `\d` is ASCII, and a match is as long as can be. */
const containsByTheLetter = (text: string): boolean =>
  (text.match(/\d+(?:[ -]\d+)*/g) ?? []).some((run) => {
    const digits = run.replace(/[ -]/g, "")
    return luhnByTheLetter(digits) && brandOf(digits)?.lengths.includes(digits.length) === true
  })

describe("containsCardNumber", () => {
  it("finds a number wherever it stands", () => {
    const texts = [
      visa,
      "4242-4242-4242-4242",
      "4242 4242 4242 4242",
      "4242 4242-4242 4242",
      "4-2-4-2-4-2-4-2-4-2-4-2-4-2-4-2",
      `card ${visa}.`,
      `x${visa}y`,
      `-${visa}-`,
      ` ${visa} `,
      `12  ${visa}`,
      `${visa}--1`,
      `12/${visa}`,
      `order 17, card 3782 822463 10005, thanks`,
      `${visa}\n${visa}`,
      `1\u200b${visa}`,
      `${fullWidth("1")}${visa}`,
      "4222222222222",
      "4917610000000000003",
      numberOf("3528", 17),
      "36227206271667"
    ]
    for (const text of texts) assert.isTrue(containsCardNumber(text), JSON.stringify(text))
  })

  it("leaves other numbers alone", () => {
    const texts = [
      "",
      "-",
      "Ada Lovelace",
      "invoice 2026-11-15",
      "4242424242424241",
      // a run is as long as can be: these are 17 to 20 digits, not 16 and a rest
      `1${visa}`,
      `${visa}1`,
      `${visa}-1`,
      `1 ${visa}`,
      `${visa} ${visa}`,
      numberOf("4", 20),
      // a brand's prefix without its length, a length without the prefix
      numberOf("4", 14),
      numberOf("51", 19),
      numberOf("401178", 13),
      numberOf("4", 12),
      "6200000000000005",
      "0000000000000000",
      // broken by two separators or anything that is none
      "4242  4242 4242 4242",
      "4242 - 4242 4242 4242",
      "4242.4242.4242.4242",
      "4242\u200b4242 4242 4242",
      "4242\u00a04242\u00a04242\u00a04242",
      fullWidth(visa),
      arabic(visa)
    ]
    for (const text of texts) assert.isFalse(containsCardNumber(text), JSON.stringify(text))
  })

  it.prop("finds what validateCard could take, between any text without digits", [
    brandNumber.filter((number) => brandOf(number)?.lengths.includes(number.length) === true),
    FastCheck.string().map((text) => text.replace(/[0-9]/g, "")),
    FastCheck.string().map((text) => text.replace(/[0-9]/g, ""))
  ], ([number, before, after]) => {
    assert.isTrue(containsCardNumber(before + number + after))
    assert.isTrue(containsCardNumber(before + [...number].join("-") + after))
  }, { fastCheck: { numRuns: 500 } })

  it.prop("agrees with the rule's wording", [
    FastCheck.array(
      FastCheck.oneof(
        { arbitrary: brandNumber, weight: 2 },
        { arbitrary: digitsOfLength(1, 19), weight: 1 },
        { arbitrary: FastCheck.constantFrom(" ", "-", "  ", "- ", "a", "\u200b", "٤"), weight: 4 }
      ),
      { maxLength: 8 }
    )
  ], ([parts]) => {
    const text = parts.join("")
    assert.strictEqual(containsCardNumber(text), containsByTheLetter(text))
  }, { fastCheck: { numRuns: 5000 } })

  it.prop("agrees with the rule's wording for every number of a brand's range", [
    FastCheck.constantFrom(...brands),
    FastCheck.integer({ min: 12, max: 20 })
  ], ([{ prefixes }, length]) => {
    const number = numberOf(prefixes[0]!.split("-")[0]!, length)
    assert.strictEqual(containsCardNumber(number), containsByTheLetter(number))
  })

  // what is more than linear would take hours
  it("is linear", () => {
    assert.isFalse(containsCardNumber("4".repeat(2_000_000)))
    assert.isFalse(containsCardNumber("4 ".repeat(1_000_000)))
    assert.isFalse(containsCardNumber("4242424242424241,".repeat(100_000)))
  })
})
