import type { Random } from "../crash/Random.ts"
import { withCheckDigit, type WrittenCard } from "./Expected.ts"

/** Nobody may find this name outside of a sealed card. */
export const holder = "Ada Faultless-Byron"

const digits = (random: Random, count: number) => Array.from({ length: count }, () => random.int(0, 9)).join("")

const thisYear = new Date().getUTCFullYear()
const thisMonth = new Date().getUTCMonth() + 1

const visa = (random: Random): WrittenCard => ({
  number: withCheckDigit(`4242${digits(random, 11)}`),
  month: random.int(1, 12),
  year: thisYear + random.int(1, 20),
  cvv: digits(random, 3)
})

const valid: ReadonlyArray<(random: Random) => WrittenCard> = [
  visa,
  (random) => {
    const { number, ...card } = visa(random)
    return { ...card, number: number.replace(/(.{4})(?=.)/g, random.chance(0.5) ? "$1 " : "$1-") }
  },
  (random) => ({ ...visa(random), number: withCheckDigit(`54${digits(random, 13)}`), year: 30 }),
  (random) => ({ ...visa(random), number: withCheckDigit(`37${digits(random, 12)}`), cvv: digits(random, 4) }),
  (random) => ({ ...visa(random), number: withCheckDigit(`6011${digits(random, 14)}`) }),
  (random) => ({ ...visa(random), month: thisMonth, year: thisYear })
]

/** The check digit becomes another. */
const misspelled = (number: string) => number.slice(0, -1) + String((Number(number.at(-1)) + 1) % 10)

const rejected: ReadonlyArray<(random: Random) => WrittenCard> = [
  (random) => ({ ...visa(random), number: misspelled(visa(random).number) }),
  (random) => ({ ...visa(random), number: "0000000000000000" }),
  (random) => ({ ...visa(random), number: "no number" }),
  (random) => ({ ...visa(random), number: withCheckDigit(`4242${digits(random, 9)}`) }),
  (random) => ({ ...visa(random), number: withCheckDigit(`90${digits(random, 13)}`) }),
  (random) => ({ ...visa(random), month: random.pick([0, 13, 99]) }),
  (random) => ({ ...visa(random), year: random.pick([100, 999, thisYear + 21, 9999]) }),
  (random) => ({ ...visa(random), year: random.pick([20, thisYear - 1, 1999]) }),
  (random) => ({ ...visa(random), cvv: random.pick(["12", "1234", "12a", ""]) }),
  (random) => ({ ...visa(random), number: withCheckDigit(`37${digits(random, 12)}`), cvv: "123" })
]

export const drawCard = (random: Random): WrittenCard => random.pick(random.chance(0.7) ? valid : rejected)(random)

export const drawAmount = (random: Random): number => {
  if (random.chance(0.12)) return random.pick([100, 100_000, 99, 100_001, 0, -100])
  return random.chance(0.1) ? random.int(100_001, 10_000_000) : random.int(100, 100_000)
}

export interface RequestFacts {
  readonly reference: string
  readonly amount: number
  readonly card: WrittenCard
}

export const encodeRequest = ({ amount, card, reference }: RequestFacts): string =>
  JSON.stringify({
    amount,
    card: { number: card.number, holder, exp_month: card.month, exp_year: card.year, cvv: card.cvv },
    reference,
    metadata: { campaign: "faults" }
  })
