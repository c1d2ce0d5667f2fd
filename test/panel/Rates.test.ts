import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { Bucket } from "../../web/api/types.ts"
import { Rates, type Second, window } from "../../web/feed/Rates.ts"
import { begin, eventOf, type Status, transactionOf } from "./Samples.ts"

const until = begin + (window - 1) * 1_000

const counted = (seconds: ReadonlyArray<Second>) =>
  seconds.filter(({ accepted }) => accepted > 0).map(({ accepted, approved, at, p95, rejected }) => ({
    at: at - begin / 1_000,
    accepted,
    approved,
    rejected,
    p95
  }))

const bucket = (second: number, over: Partial<Bucket>): Bucket => ({
  at: new Date(begin + second * 1_000).toISOString(),
  accepted: 0,
  approved: 0,
  rejected: 0,
  amount: 0,
  p50_ms: null,
  p95_ms: null,
  ...over
})

describe("rates", () => {
  it("have every second of the window, oldest first, also where nothing happened", () => {
    const seconds = new Rates().seconds(until)
    assert.strictEqual(seconds.length, window)
    seconds.forEach(({ at, p95 }, index) => {
      assert.strictEqual(at, begin / 1_000 + index)
      assert.isNull(p95)
    })
  })

  it("count by the second of acceptance, whatever the second of the decision", () => {
    const rates = new Rates()
    const late = transactionOf(9, "approved", { latency: 5_000 })
    rates.apply([transactionOf(9), late].map(eventOf))
    assert.deepStrictEqual(counted(rates.seconds(until)), [{
      at: 0,
      accepted: 1,
      approved: 1,
      rejected: 0,
      p95: 5_000
    }])
  })

  it("have the p95 by nearest rank", () => {
    const rates = new Rates()
    const ofLatency = (number: number, latency: number) => ({
      ...eventOf(transactionOf(0, "approved", { latency })),
      id: String(number)
    })
    rates.apply(Array.from({ length: 100 }, (_, i) => ofLatency(i, 100 - i)))
    assert.strictEqual(rates.seconds(until)[0]!.p95, 95)
    // asked before, and another since
    rates.apply([ofLatency(100, 1_000)])
    assert.strictEqual(rates.seconds(until)[0]!.p95, 96)
  })

  it("keep a fair sample of a second that has more than are kept", () => {
    const rates = new Rates()
    rates.apply(Array.from({ length: 20_000 }, (_, i) => ({
      ...eventOf(transactionOf(0, "approved", { latency: i })),
      id: String(i)
    })))
    const [second] = rates.seconds(until)
    assert.strictEqual(second!.approved, 20_000)
    // 19,000 is right; five hundred samples stray by 200 (1 sigma)
    assert.isAbove(second!.p95!, 17_500)
    assert.isBelow(second!.p95!, 20_000)
  })

  it("take the larger of what was heard and what was read, and never count a decision without its acceptance", () => {
    const rates = new Rates()
    rates.apply([eventOf(transactionOf(0, "approved", { latency: 7 }))])
    rates.applySummary([
      bucket(0, { accepted: 0 }),
      bucket(1, { accepted: 5, approved: 2, rejected: 1, p95_ms: 40 })
    ])
    assert.deepStrictEqual(counted(rates.seconds(until)), [
      { at: 0, accepted: 1, approved: 1, rejected: 0, p95: 7 },
      { at: 1, accepted: 5, approved: 2, rejected: 1, p95: 40 }
    ])
  })

  it("are the same however often and in whatever order the events come", () =>
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.tuple(FastCheck.nat(60), FastCheck.constantFrom<Status>("approved", "rejected"))),
        FastCheck.infiniteStream(FastCheck.nat(1_000)),
        (decisions, dice) => {
          const final = new Map(decisions)
          const facts = Array.from(final, ([number, status]) => [transactionOf(number), transactionOf(number, status)])
            .flat()
          const rates = new Rates()
          const inOrder = new Rates()
          inOrder.apply(facts.map(eventOf))
          const shuffled = [...facts, ...facts.filter((_, index) => index % 3 === 0)]
            .map((fact) => ({ fact, key: dice.next().value as number }))
            .sort((a, b) => a.key - b.key)
          for (const { fact } of shuffled) rates.apply([eventOf(fact)])
          assert.deepStrictEqual(rates.seconds(until), inOrder.seconds(until))
          const sum = rates.seconds(until).reduce((sum, { approved, rejected }) => sum + approved + rejected, 0)
          assert.strictEqual(sum, final.size)
        }
      )
    ))

  it("forget what left the window", () => {
    const rates = new Rates()
    rates.apply([eventOf(transactionOf(0, "approved"))])
    assert.strictEqual(counted(rates.seconds(until)).length, 1)
    assert.strictEqual(counted(rates.seconds(until + 1_000)).length, 0)
    assert.strictEqual(counted(rates.seconds(until)).length, 0)
  })

  it("count none twice within twenty thousand events, the resume of a busy stream", () => {
    const rates = new Rates()
    const events = Array.from({ length: 19_000 }, (_, i) => ({ ...eventOf(transactionOf(i % 10)), id: String(i) }))
    rates.apply(events)
    rates.apply(events)
    assert.strictEqual(rates.seconds(until)[0]!.accepted, 19_000)
  })
})
