import { assert, describe, it } from "@effect/vitest"
import type { Brand } from "../../src/domain/CardBrand.ts"
import { brandOf, brands } from "../../src/domain/CardBrand.ts"
import { digitsOfLength, fullWidth, luhnByTheLetter } from "./numbers.ts"

/** The table as it was agreed. Who changes a brand says it twice. */
const agreed = `
| visa | 4 | 13, 16, 18, 19 | 3 |
| mastercard | 51-55, 2221-2720 | 16 | 3 |
| amex | 34, 37 | 15 | 4 |
| diners | 300-305, 36, 38-39 | 14, 16, 19 | 3 |
| discover | 6011, 644-649, 65 | 16, 19 | 3 |
| jcb | 3528-3589 | 16, 17, 18, 19 | 3 |
| elo | 401178-401179, 431274, 438935, 451416, 457393, 457631-457632, 504175, 506699-506778, 509000-509999, 627780, 636297, 636368, 650031-650033, 650035-650051, 650405-650439, 650485-650538, 650541-650598, 650700-650718, 650720-650727, 650901-650978, 651652-651679, 655000-655019, 655021-655058 | 16 | 3 |
| hipercard | 606282 | 16 | 3 |
`

const ranges = brands.flatMap(({ brand, prefixes }) =>
  prefixes.map((prefix) => {
    const [from = prefix, to = from] = prefix.split("-")
    return { brand, from, to, width: from.length }
  })
)

/** The rule by the letter: of all prefixes that match, the longest. */
const brandByScanning = (digits: string): Brand | undefined => {
  let longest: { readonly brand: Brand; readonly width: number } | undefined
  for (const range of ranges) {
    if (range.width <= (longest?.width ?? 0) || digits.length < range.width) continue
    const prefix = digits.slice(0, range.width)
    if (range.from <= prefix && prefix <= range.to) longest = range
  }
  return longest?.brand
}

describe("brands", () => {
  it("are the agreed table", () => {
    const rows = brands.map(({ brand, cvvLength, lengths, prefixes }) =>
      `| ${brand} | ${prefixes.join(", ")} | ${lengths.join(", ")} | ${cvvLength} |`
    )
    assert.strictEqual(rows.join("\n"), agreed.trim())
  })

  it("are ranges of one width, of six digits at most, from low to high", () => {
    for (const { from, to, width } of ranges) {
      assert.match(`${from}-${to}`, /^[0-9]{1,6}-[0-9]{1,6}$/)
      assert.strictEqual(to.length, width)
      assert.isTrue(from <= to)
    }
  })

  it("overlap only where the widths differ, so that the longest prefix is one", () => {
    for (const one of ranges) {
      for (const other of ranges) {
        if (one === other || one.width !== other.width) continue
        assert.isTrue(one.to < other.from || other.to < one.from, `${one.from} and ${other.from}`)
      }
    }
  })
})

describe("brandOf", () => {
  it("knows the brands' own test numbers", () => {
    const numbers: ReadonlyArray<readonly [Brand | undefined, string]> = [
      ["visa", "4242424242424242"],
      ["visa", "4111111111111111"],
      ["visa", "4012888888881881"],
      ["visa", "4222222222222"],
      ["visa", "4917610000000000003"],
      ["mastercard", "5555555555554444"],
      ["mastercard", "5105105105105100"],
      ["mastercard", "2223003122003222"],
      ["amex", "378282246310005"],
      ["amex", "371449635398431"],
      ["amex", "341111111111111"],
      ["diners", "3056930009020004"],
      ["diners", "36227206271667"],
      ["diners", "38520000023237"],
      ["diners", "30569309025904"],
      ["discover", "6011111111111117"],
      ["discover", "6011000990139424"],
      ["discover", "6445644564456445"],
      ["jcb", "3566002020360505"],
      ["jcb", "3530111333300000"],
      ["elo", "5066991111111118"],
      ["hipercard", "6062828888666688"],
      [undefined, "6200000000000005"],
      [undefined, "6759649826438453"],
      [undefined, "0000000000000000"]
    ]
    for (const [brand, number] of numbers) {
      assert.isTrue(luhnByTheLetter(number), number)
      const rule = brandOf(number)
      assert.strictEqual(rule?.brand, brand, number)
      if (rule !== undefined) assert.include(rule.lengths, number.length)
    }
  })

  it("knows both ends of every range and their neighbours", () => {
    const prefixes: ReadonlyArray<readonly [string, Brand | undefined]> = [
      ["399999", "diners"],
      ["400000", "visa"],
      ["499999", "visa"],
      ["500000", undefined],
      ["222099", undefined],
      ["222100", "mastercard"],
      ["272099", "mastercard"],
      ["272100", undefined],
      ["509999", "elo"],
      ["510000", "mastercard"],
      ["559999", "mastercard"],
      ["560000", undefined],
      ["299999", undefined],
      ["300000", "diners"],
      ["305999", "diners"],
      ["306000", undefined],
      ["339999", undefined],
      ["340000", "amex"],
      ["349999", "amex"],
      ["350000", undefined],
      ["352799", undefined],
      ["352800", "jcb"],
      ["358999", "jcb"],
      ["359000", undefined],
      ["360000", "diners"],
      ["369999", "diners"],
      ["370000", "amex"],
      ["379999", "amex"],
      ["380000", "diners"],
      ["601099", undefined],
      ["601100", "discover"],
      ["601199", "discover"],
      ["601200", undefined],
      ["606281", undefined],
      ["606282", "hipercard"],
      ["606283", undefined],
      ["643999", undefined],
      ["644000", "discover"],
      ["659999", "discover"],
      ["660000", undefined],
      // elo within visa
      ["401177", "visa"],
      ["401178", "elo"],
      ["401179", "elo"],
      ["401180", "visa"],
      ["431273", "visa"],
      ["431274", "elo"],
      ["431275", "visa"],
      ["457630", "visa"],
      ["457631", "elo"],
      ["457632", "elo"],
      ["457633", "visa"],
      // elo beside mastercard
      ["504174", undefined],
      ["504175", "elo"],
      ["504176", undefined],
      ["506698", undefined],
      ["506699", "elo"],
      ["506778", "elo"],
      ["506779", undefined],
      ["508999", undefined],
      ["509000", "elo"],
      // elo within discover
      ["650030", "discover"],
      ["650031", "elo"],
      ["650033", "elo"],
      ["650034", "discover"],
      ["650035", "elo"],
      ["650051", "elo"],
      ["650052", "discover"],
      ["650719", "discover"],
      ["655019", "elo"],
      ["655020", "discover"],
      ["655021", "elo"],
      ["655058", "elo"],
      ["655059", "discover"]
    ]
    for (const [prefix, brand] of prefixes) {
      assert.strictEqual(brandOf(prefix)?.brand, brand, prefix)
      assert.strictEqual(brandOf(`${prefix}9999999999`)?.brand, brand, prefix)
    }
  })

  it("is the longest matching prefix of all million", () => {
    const wrong: Array<string> = []
    for (let prefix = 0; prefix < 1_000_000; prefix++) {
      const digits = String(prefix).padStart(6, "0")
      if (brandOf(digits)?.brand !== brandByScanning(digits)) wrong.push(digits)
    }
    assert.deepStrictEqual(wrong, [])
  })

  it.prop("depends on no more than the rule says", [digitsOfLength(6, 19)], ([digits]) => {
    const rule = brandOf(digits)
    assert.strictEqual(rule?.brand, brandByScanning(digits))
    const entry = brands.find(({ brand }) => brand === rule?.brand)
    assert.deepStrictEqual(
      rule,
      entry && { brand: entry.brand, lengths: entry.lengths, cvvLength: entry.cvvLength }
    )
  }, { fastCheck: { numRuns: 2000 } })

  it("is total: fewer than six digits, or anything else, have no brand", () => {
    for (const text of ["", "4", "42424", "4242-2", "42424a4242424242", " 424242", fullWidth("4242424242424242")]) {
      assert.strictEqual(brandOf(text), undefined, text)
    }
  })
})
