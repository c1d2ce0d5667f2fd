import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Redacted, Schema } from "effect"
import type { CvvShape } from "../../src/domain/Card.ts"
import {
  Card,
  CardPlaintext,
  CardSummary,
  cvvShape,
  digitsOf,
  fromPlaintext,
  fullYear,
  passesLuhn,
  summarize,
  toPlaintext,
  validateCard
} from "../../src/domain/Card.ts"
import { brandOf, brands } from "../../src/domain/CardBrand.ts"
import type { RejectionReason } from "../../src/domain/Rejection.ts"
import { arabic, brandNumber, cardOf, digitsOfLength, fullWidth, luhnByTheLetter, numberOf } from "./numbers.ts"

const visa = "4242424242424242"
const accepted = Date.parse("2026-11-15T12:00:00.000Z")

const shapeFor = (number: string): CvvShape => brandOf(number)?.cvvLength === 4 ? "4" : "3"

const reasonOf = (number: string, shape: CvvShape = shapeFor(number)) => validateCard(cardOf(number), shape, accepted)

const fingerprint = () => "fp"

const neverAsked = (): string => assert.fail("no fingerprint of what is no card number")

describe("digitsOf", () => {
  it("removes single spaces and hyphens between digits and takes nothing else", () => {
    const cases: ReadonlyArray<readonly [string, string | undefined]> = [
      [visa, visa],
      ["4242 4242 4242 4242", visa],
      ["4242-4242-4242-4242", visa],
      ["4242 4242-4242 4242", visa],
      ["4 2-4 2", "4242"],
      ["0", "0"],
      ["", undefined],
      [" ", undefined],
      ["-", undefined],
      ["4242  4242", undefined],
      ["4242--4242", undefined],
      ["4242 -4242", undefined],
      [" 4242", undefined],
      ["-4242", undefined],
      ["4242 ", undefined],
      ["4242-", undefined],
      ["4242\t4242", undefined],
      ["4242\n", undefined],
      ["4242\u00a04242", undefined],
      ["4242\u200b4242", undefined],
      ["4242\u20104242", undefined],
      ["4242.4242", undefined],
      ["4242/4242", undefined],
      ["4242:4242", undefined],
      ["+4242", undefined],
      ["4242e3", undefined],
      ["abcd", undefined],
      [fullWidth(visa), undefined],
      [arabic(visa), undefined],
      [`424242424242424${fullWidth("2")}`, undefined]
    ]
    for (const [number, digits] of cases) assert.strictEqual(digitsOf(number), digits, JSON.stringify(number))
  })

  it.prop(
    "agrees with the grammar",
    [FastCheck.array(FastCheck.constantFrom("1", "9", "1", " ", "-", "a", "\u200b"), { maxLength: 8 })],
    ([characters]) => {
      const number = characters.join("")
      const expected = /^\d+(?:[ -]\d+)*$/.test(number) ? number.replace(/[ -]/g, "") : undefined
      assert.strictEqual(digitsOf(number), expected)
    },
    { fastCheck: { numRuns: 5000 } }
  )
})

describe("passesLuhn", () => {
  it.prop("agrees with the standard's wording", [digitsOfLength(1, 24)], ([digits]) => {
    assert.strictEqual(passesLuhn(digits), luhnByTheLetter(digits))
  }, { fastCheck: { numRuns: 5000 } })

  it.prop("finds any single wrong digit", [brandNumber, FastCheck.nat(), FastCheck.integer({ min: 1, max: 9 })], (
    [number, at, by]
  ) => {
    const index = at % number.length
    const wrong = (Number(number[index]) + by) % 10
    assert.isTrue(passesLuhn(number))
    assert.isFalse(passesLuhn(number.slice(0, index) + wrong + number.slice(index + 1)))
  })

  it("is total", () => {
    for (const text of ["", " ", "4242 4242 4242 4242", "/", ":", fullWidth(visa), arabic(visa)]) {
      assert.isFalse(passesLuhn(text), text)
    }
    assert.isTrue(passesLuhn("0".repeat(16)))
  })
})

describe("cvvShape", () => {
  it("tells three and four ASCII digits from everything else", () => {
    const cases: ReadonlyArray<readonly [string, CvvShape]> = [
      ["123", "3"],
      ["000", "3"],
      ["1234", "4"],
      ["", "invalid"],
      ["12", "invalid"],
      ["12345", "invalid"],
      ["12a", "invalid"],
      ["1 2", "invalid"],
      ["123 ", "invalid"],
      [" 123", "invalid"],
      ["-12", "invalid"],
      ["1.2", "invalid"],
      ["1e1", "invalid"],
      ["12/", "invalid"],
      ["12:", "invalid"],
      [fullWidth("123"), "invalid"],
      [arabic("123"), "invalid"]
    ]
    for (const [cvv, shape] of cases) assert.strictEqual(cvvShape(cvv), shape, JSON.stringify(cvv))
  })
})

describe("fullYear", () => {
  it("reads two digits as this century", () => {
    const years = [0, 26, 99, 100, 999, 1999, 2026, 9999, -1]
    assert.deepStrictEqual(years.map(fullYear), [2000, 2026, 2099, 100, 999, 1999, 2026, 9999, -1])
  })
})

describe("Card", () => {
  it("cannot be printed by accident", () => {
    const card = cardOf(visa)
    for (const text of [`${JSON.stringify(card)}`, `${card.number}`, `${card.holder}`, JSON.stringify({ card })]) {
      assert.notInclude(text, "4242")
      assert.notInclude(text, "Ada")
    }
  })

  it.prop("is sealed and opened unchanged", [Card], ([card]) => {
    const opened = fromPlaintext(toPlaintext(card))
    assert.strictEqual(Redacted.value(opened.number), Redacted.value(card.number))
    assert.strictEqual(Redacted.value(opened.holder), Redacted.value(card.holder))
    assert.strictEqual(opened.expMonth, card.expMonth)
    assert.strictEqual(opened.expYear, card.expYear)
  })

  it.prop("is what is sealed", [CardPlaintext], ([plaintext]) => {
    assert.deepStrictEqual(toPlaintext(fromPlaintext(plaintext)), plaintext)
  })

  it("is sealed under these names", () => {
    assert.deepStrictEqual(toPlaintext(cardOf(visa, 1, 30)), {
      number: visa,
      holder: "Ada Lovelace",
      exp_month: 1,
      exp_year: 30
    })
  })
})

describe("summarize", () => {
  const nothing: CardSummary = {
    brand: null,
    bin: null,
    last4: null,
    expMonth: 12,
    expYear: 2030,
    fingerprint: null
  }

  it("keeps the first six and the last four digits", () => {
    const asked: Array<string> = []
    const summary = summarize(cardOf("4242-4242 4242-4242", 1, 27), (digits) => {
      asked.push(digits)
      return "fp"
    })
    assert.deepStrictEqual(summary, {
      brand: "visa",
      bin: "424242",
      last4: "4242",
      expMonth: 1,
      expYear: 2027,
      fingerprint: "fp"
    })
    assert.deepStrictEqual(asked, [visa])
  })

  it("knows a number whose brand nobody knows", () => {
    assert.deepStrictEqual(summarize(cardOf("6200000000000005"), fingerprint), {
      ...nothing,
      bin: "620000",
      last4: "0005",
      fingerprint: "fp"
    })
  })

  it("is bounded by 13 and 19 digits", () => {
    assert.deepStrictEqual(summarize(cardOf(numberOf("4", 12)), neverAsked), nothing)
    assert.strictEqual(summarize(cardOf(numberOf("4", 13)), fingerprint).bin, "400000")
    assert.strictEqual(summarize(cardOf(numberOf("4", 19)), fingerprint).bin, "400000")
    assert.deepStrictEqual(summarize(cardOf(numberOf("4", 20)), neverAsked), {
      ...nothing,
      last4: numberOf("4", 20).slice(-4)
    })
  })

  it("keeps nothing but the last four of what fails Luhn, and nothing of what is not digits", () => {
    assert.deepStrictEqual(summarize(cardOf("4242424242424241"), neverAsked), { ...nothing, last4: "4241" })
    assert.deepStrictEqual(summarize(cardOf("424242424241"), neverAsked), nothing)
    for (
      const number of ["", "abcd", "4242  4242 4242 4242", `${visa}-`, fullWidth(visa), arabic(visa), `${visa}\u200b`]
    ) {
      assert.deepStrictEqual(summarize(cardOf(number), neverAsked), nothing, number)
    }
  })

  it("answers the year with four digits, as given when it has more or fewer than two", () => {
    const years = [0, 99, 100, 2031].map((year) => summarize(cardOf(visa, 99, year), fingerprint).expYear)
    assert.deepStrictEqual(years, [2000, 2099, 100, 2031])
  })

  it.prop("is a summary of any card, and shows ten digits at most", [
    Card,
    FastCheck.oneof(brandNumber, digitsOfLength(0, 24), FastCheck.string())
  ], ([card, number]) => {
    const summary = summarize({ ...card, number: Redacted.make(number) }, fingerprint)
    assert.isTrue(Schema.is(CardSummary)(summary))
    const known = /^[0-9]{13,19}$/.test(number) && luhnByTheLetter(number)
    assert.strictEqual(summary.fingerprint, known ? "fp" : null)
    assert.strictEqual(summary.bin, known ? number.slice(0, 6) : null)
    if (!known) assert.isNull(summary.brand)
  })

  it.effect("is a schema with bounds", () =>
    Effect.gen(function*() {
      const good = { ...nothing, brand: "elo", bin: "650031", last4: "0000", fingerprint: "x" }
      assert.deepStrictEqual<unknown>(yield* Schema.decodeUnknown(CardSummary)(good), good)
      const bad = [{ bin: "65003" }, { bin: "6500311" }, { last4: "00000" }, { last4: "000" }, { brand: "maestro" }]
      for (const part of bad) {
        assert.isFalse(Schema.is(CardSummary)({ ...good, ...part }), JSON.stringify(part))
      }
    }))
})

describe("validateCard", () => {
  it.prop("takes every number of a brand with its length and its CVV", [brandNumber], ([number]) => {
    const rule = brandOf(number)
    // a brand's prefix may be another's with more digits, which has lengths of its own
    const expected = rule?.lengths.includes(number.length) === true ? undefined : "invalid_number"
    assert.strictEqual(reasonOf(number), expected)
  }, { fastCheck: { numRuns: 2000 } })

  it("takes the well-known test numbers, however they are spaced", () => {
    const numbers = [
      "4242424242424242",
      "4242 4242 4242 4242",
      "4242-4242-4242-4242",
      "4222222222222",
      "4917610000000000003",
      "5555555555554444",
      "2223003122003222",
      "378282246310005",
      "3782 822463 10005",
      "3056930009020004",
      "36227206271667",
      "6011111111111117",
      "3566002020360505",
      "5066991111111118",
      "6062828888666688"
    ]
    for (const number of numbers) {
      assert.strictEqual(reasonOf(number, /^3[47]/.test(number) ? "4" : "3"), undefined, number)
    }
  })

  it("takes a brand's lengths and no others", () => {
    for (const { brand, lengths } of brands) {
      const prefix = {
        visa: "4",
        mastercard: "51",
        amex: "34",
        diners: "36",
        discover: "6011",
        jcb: "3528",
        elo: "509000",
        hipercard: "606282"
      }[brand]
      for (let length = 8; length <= 19; length++) {
        const expected = lengths.includes(length) ? undefined : "invalid_number"
        assert.strictEqual(reasonOf(numberOf(prefix, length)), expected, `${brand} with ${length} digits`)
      }
    }
  })

  it("takes elo's length, not discover's, where elo lies within discover", () => {
    assert.strictEqual(reasonOf(numberOf("650030", 19)), undefined)
    assert.strictEqual(reasonOf(numberOf("650031", 19)), "invalid_number")
    assert.strictEqual(reasonOf(numberOf("401178", 13)), "invalid_number")
    assert.strictEqual(reasonOf(numberOf("401177", 13)), undefined)
  })

  it("refuses what is no card number", () => {
    const numbers = [
      "",
      "abcd",
      "4242424242424241",
      numberOf("4", 7),
      numberOf("4", 20),
      numberOf("62", 7),
      numberOf("62", 20),
      "0000000",
      "00000000",
      "0000000000000000",
      "0000-0000-0000-0000",
      `${visa}-`,
      ` ${visa}`,
      "4242  4242 4242 4242",
      `4242\u200b4242 4242 4242`,
      fullWidth(visa),
      arabic(visa)
    ]
    for (const number of numbers) assert.strictEqual(reasonOf(number), "invalid_number", JSON.stringify(number))
  })

  it("tells an unknown brand from a wrong number, from 8 to 19 digits", () => {
    for (const length of [8, 13, 16, 19]) {
      assert.strictEqual(reasonOf(numberOf("62", length)), "card_brand_not_supported")
      assert.strictEqual(reasonOf("0".repeat(length)), "invalid_number")
    }
    assert.strictEqual(reasonOf(numberOf("00000001", 16)), "card_brand_not_supported")
    assert.strictEqual(reasonOf("6200000000000004"), "invalid_number")
  })

  it("takes months 1 to 12", () => {
    for (const month of [0, 13, 99, -1]) {
      assert.strictEqual(validateCard(cardOf(visa, month), "3", accepted), "invalid_expiry_month", `${month}`)
    }
    for (let month = 1; month <= 12; month++) {
      assert.strictEqual(validateCard(cardOf(visa, month), "3", accepted), undefined, `${month}`)
    }
  })

  it("tells a year that is none from one that is over", () => {
    const cases: ReadonlyArray<readonly [number, RejectionReason | undefined]> = [
      [-1, "invalid_expiry_year"],
      [0, "expired_card"],
      [25, "expired_card"],
      [26, undefined],
      [46, undefined],
      [47, "invalid_expiry_year"],
      [99, "invalid_expiry_year"],
      [100, "invalid_expiry_year"],
      [999, "invalid_expiry_year"],
      [1000, "expired_card"],
      [1999, "expired_card"],
      [2025, "expired_card"],
      [2026, undefined],
      [2046, undefined],
      [2047, "invalid_expiry_year"],
      [9999, "invalid_expiry_year"]
    ]
    for (const [year, reason] of cases) {
      assert.strictEqual(validateCard(cardOf(visa, 12, year), "3", accepted), reason, `${year}`)
    }
  })

  it("counts the years from the year of acceptance in UTC", () => {
    const lastOf2026 = Date.parse("2026-12-31T23:59:59.999Z")
    assert.strictEqual(validateCard(cardOf(visa, 1, 2047), "3", lastOf2026), "invalid_expiry_year")
    assert.strictEqual(validateCard(cardOf(visa, 1, 2047), "3", lastOf2026 + 1), undefined)
  })

  it("does not ask which time zone the machine is in", () => {
    const lastOf2026 = Date.parse("2026-12-31T23:59:59.999Z")
    const zone = process.env["TZ"]
    try {
      for (const [name, year] of [["Pacific/Kiritimati", 2027], ["Pacific/Honolulu", 2026]] as const) {
        process.env["TZ"] = name
        assert.strictEqual(new Date(lastOf2026 + 1).getFullYear(), year)
        assert.strictEqual(validateCard(cardOf(visa, 1, 2047), "3", lastOf2026), "invalid_expiry_year")
        assert.strictEqual(validateCard(cardOf(visa, 1, 2047), "3", lastOf2026 + 1), undefined)
        assert.strictEqual(validateCard(cardOf(visa, 12, 2026), "3", lastOf2026), undefined)
        assert.strictEqual(validateCard(cardOf(visa, 12, 2026), "3", lastOf2026 + 1), "expired_card")
      }
    } finally {
      if (zone === undefined) delete process.env["TZ"]
      else process.env["TZ"] = zone
    }
  })

  it("takes a card through the last millisecond (UTC) of its month", () => {
    const cases: ReadonlyArray<readonly [number, number, string]> = [
      [11, 2026, "2026-12-01T00:00:00.000Z"],
      [12, 2026, "2027-01-01T00:00:00.000Z"],
      [1, 27, "2027-02-01T00:00:00.000Z"],
      [2, 2027, "2027-03-01T00:00:00.000Z"],
      [2, 2028, "2028-03-01T00:00:00.000Z"],
      [2, 2100, "2100-03-01T00:00:00.000Z"],
      [12, 99, "2100-01-01T00:00:00.000Z"]
    ]
    for (const [month, year, after] of cases) {
      const end = Date.parse(after)
      assert.strictEqual(validateCard(cardOf(visa, month, year), "3", end - 1), undefined, after)
      assert.strictEqual(validateCard(cardOf(visa, month, year), "3", end), "expired_card", after)
    }
  })

  it.prop("judges the expiry as a calendar does", [
    FastCheck.integer({ min: 1, max: 12 }),
    FastCheck.integer({ min: 2000, max: 2099 }),
    FastCheck.integer({ min: Date.parse("2000-01-01"), max: Date.parse("2099-12-31") })
  ], ([month, year, at]) => {
    const now = new Date(at).toISOString()
    const expected = year > Number(now.slice(0, 4)) + 20
      ? "invalid_expiry_year"
      : `${year}-${String(month).padStart(2, "0")}` < now.slice(0, 7)
      ? "expired_card"
      : undefined
    assert.strictEqual(validateCard(cardOf(visa, month, year), "3", at), expected)
    assert.strictEqual(validateCard(cardOf(visa, month, year - 2000), "3", at), expected)
  }, { fastCheck: { numRuns: 2000 } })

  it("wants as many digits of a CVV as the brand prints", () => {
    const amex = "378282246310005"
    const cases: ReadonlyArray<readonly [string, CvvShape, RejectionReason | undefined]> = [
      [visa, "3", undefined],
      [visa, "4", "invalid_cvv"],
      [visa, "invalid", "invalid_cvv"],
      [amex, "4", undefined],
      [amex, "3", "invalid_cvv"],
      [amex, "invalid", "invalid_cvv"]
    ]
    for (const [number, shape, reason] of cases) assert.strictEqual(reasonOf(number, shape), reason)
  })

  it.prop("names the first rule that fails", [
    FastCheck.record({
      number: FastCheck.constantFrom<RejectionReason | undefined>(
        undefined,
        "invalid_number",
        "card_brand_not_supported"
      ),
      month: FastCheck.boolean(),
      year: FastCheck.constantFrom<RejectionReason | undefined>(undefined, "invalid_expiry_year", "expired_card"),
      cvv: FastCheck.boolean()
    })
  ], ([broken]) => {
    const number = broken.number === undefined
      ? visa
      : broken.number === "invalid_number"
      ? "4242424242424241"
      : "6200000000000005"
    const year = broken.year === undefined ? 2030 : broken.year === "expired_card" ? 2020 : 999
    const reason = validateCard(cardOf(number, broken.month ? 13 : 12, year), broken.cvv ? "invalid" : "3", accepted)
    const expected = broken.number ?? (broken.month ? "invalid_expiry_month" : undefined) ?? broken.year ??
      (broken.cvv ? "invalid_cvv" : undefined)
    assert.strictEqual(reason, expected)
  }, { fastCheck: { numRuns: 500 } })

  it.prop("is total: any card has a reason or none", [Card, FastCheck.integer()], ([card, at]) => {
    const reason = validateCard(card, "3", at)
    assert.isTrue(reason === undefined || typeof reason === "string")
  })
})
