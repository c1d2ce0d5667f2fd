import { assert, describe, it } from "@effect/vitest"
import { decodeCursor, encodeCursor, feedTopics, type Marks } from "../../src/services/FeedCursor.ts"
import { makeFeedRing } from "../../src/services/FeedRing.ts"
import type { StoredRecord } from "../../src/services/Log.ts"
import { newAccountId, noon, transactionIdAt } from "../support/LayersSamples.ts"

const account = newAccountId()
const ring = (capacity = 100, remembered = 100) => makeFeedRing(() => account, { capacity, remembered })

let appended = 0

const recordAt = (
  offset: number,
  { key = transactionIdAt(noon), partition = 0, topic = "transactions" }: Partial<{
    readonly topic: typeof feedTopics[number]
    readonly partition: number
    readonly key: string | null
  }> = {}
): StoredRecord => ({
  topic,
  key,
  value: new Uint8Array(3),
  headers: {},
  position: { partition, offset, appendedAt: noon + ++appended }
})

/** Reads and tells them, as far as they are new. */
const take = (of: ReturnType<typeof ring>, ...records: ReadonlyArray<StoredRecord>) => {
  const heard = of.read(records)
  for (const each of heard) of.add(each, each.id !== null, each.account)
  return heard.length
}

const copy = (marks: Marks): Marks => decodeCursor(encodeCursor(marks))!
const next = ({ marks }: { readonly marks: Marks }) => marks.map((_) => _.map((mark) => mark.next))

describe("FeedRing", () => {
  it("moves each partition's position on, and keeps the last records of all together", () => {
    const one = ring(4)
    take(one, recordAt(0), recordAt(1), recordAt(0, { partition: 2 }), recordAt(0, { topic: "transactions_result" }))
    assert.deepStrictEqual(next(one), [[2, 0, 1], [1]])
    assert.deepStrictEqual([one.oldest(), one.end()], [0, 4])
    take(one, recordAt(2), recordAt(3))
    assert.deepStrictEqual([one.oldest(), one.end()], [2, 6])
    assert.deepStrictEqual([2, 3, 4, 5].map((_) => one.at(_).offset), [0, 0, 2, 3])
  })

  it("a record that is no transaction's has its offset alone", () => {
    const one = ring()
    const heard = one.read([recordAt(0, { key: null }), recordAt(1, { key: "txn_1" }), recordAt(2)])
    assert.deepStrictEqual(heard.map((_) => [_.id === null, _.account]), [[true, null], [true, null], [false, account]])
    assert.isTrue(heard.every((_) => _.digest >= 1 && _.digest <= 0xffff))
  })

  it("leaves out what was heard at its offset, and forgets a topic when another record is there", () => {
    const one = ring()
    const records = Array.from({ length: 5 }, (_, offset) => recordAt(offset))
    take(one, ...records)
    const before = copy(one.marks)
    assert.strictEqual(take(one, ...records.slice(2), recordAt(5)), 1)
    assert.deepStrictEqual([one.restarts(), one.placeOf(before)], [0, "kept"])
    const entry = one.at(0)
    assert.isTrue(one.isCurrent(entry))
    assert.strictEqual(take(one, recordAt(0), recordAt(1)), 2)
    assert.deepStrictEqual([one.restarts(), one.isCurrent(entry), next(one)], [1, false, [[2], []]])
    // the other topic's partitions have nothing to do with it
    assert.strictEqual(one.placeOf(before), "ahead")
    take(one, ...[2, 3, 4, 5, 6].map((_) => recordAt(_)))
    assert.strictEqual(one.placeOf(before), "lost")
  })

  it("tells what a cursor can be gone on from: every position that is kept, and no other", () => {
    const one = ring(10)
    const marks = [copy(one.marks)]
    for (let offset = 0; offset < 30; offset++) {
      take(one, recordAt(offset))
      marks.push(copy(one.marks))
    }
    const places = marks.map((_) => one.placeOf(_))
    assert.deepStrictEqual(places, marks.map((_, at) => at < 20 ? "lost" : "kept"))
    assert.deepStrictEqual(marks.slice(20).map((_) => one.firstAfter(_)), [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30])
    for (const mark of marks.slice(20, 30)) {
      const [{ digest, next }] = mark[0] as [{ readonly digest: number; readonly next: number }]
      assert.strictEqual(one.placeOf([[{ next, digest: digest ^ 1 }], []]), "lost")
      // one that is not known fits
      assert.strictEqual(one.placeOf([[{ next, digest: 0 }], []]), "kept")
    }
    assert.strictEqual(one.placeOf([[{ next: 31, digest: 5 }], []]), "ahead")
    assert.strictEqual(one.placeOf([[], []]), "lost")
    assert.strictEqual(one.placeOf([marks.at(-1)![0]!, [{ next: 0, digest: 0 }]]), "kept")
    assert.strictEqual(one.placeOf([marks.at(-1)![0]!, [{ next: 1, digest: 0 }]]), "ahead")
    // what is lost in one partition is not found by waiting for another
    assert.strictEqual(one.placeOf([[{ next: 3, digest: 5 }], [{ next: 1, digest: 0 }]]), "lost")
  })

  it("a partition that is not named was not heard: good while its first record is kept", () => {
    const one = ring(10)
    take(one, recordAt(0))
    const before = copy(one.marks)
    for (let offset = 0; offset < 9; offset++) take(one, recordAt(offset, { partition: 1 }))
    assert.deepStrictEqual([one.placeOf(before), one.firstAfter(before)], ["kept", 1])
    take(one, recordAt(9, { partition: 1 }), recordAt(10, { partition: 1 }))
    assert.strictEqual(one.placeOf(before), "lost")
  })

  it("begins in the middle: the record before is not known, and its place is good with any digest", () => {
    const one = ring()
    one.begin(0, 0, 50)
    assert.deepStrictEqual([49, 50, 51].map((next) => one.placeOf([[{ next, digest: 9 }]])), ["lost", "kept", "ahead"])
    take(one, recordAt(50))
    assert.deepStrictEqual([50, 51].map((next) => one.placeOf([[{ next, digest: 0 }]])), ["kept", "kept"])
  })

  it("a gap in a partition is no place", () => {
    const one = ring()
    take(one, recordAt(0), recordAt(10), recordAt(11))
    const place = (next: number) => one.placeOf([[{ next, digest: 0 }]])
    assert.deepStrictEqual([1, 2, 10, 11, 12].map(place), ["kept", "lost", "lost", "kept", "kept"])
    const late = ring()
    take(late, recordAt(70))
    assert.strictEqual(late.placeOf([[{ next: 0, digest: 0 }]]), "lost")
  })

  it("remembers what was told, for a while, and forgets it when asked", () => {
    const one = ring(10, 20)
    const id = transactionIdAt(noon)
    take(one, recordAt(0, { key: id }))
    assert.deepStrictEqual([one.isRepeated(id, false), one.isRepeated(id, true)], [true, false])
    take(one, recordAt(0, { key: id, topic: "transactions_result" }))
    assert.deepStrictEqual([one.isRepeated(id, false), one.isRepeated(id, true)], [true, true])
    one.forgetDecision(id)
    assert.deepStrictEqual([one.isRepeated(id, false), one.isRepeated(id, true)], [true, false])
    for (let offset = 1; offset < 10; offset++) take(one, recordAt(offset))
    assert.isTrue(one.isRepeated(id, false))
    for (let offset = 10; offset < 30; offset++) take(one, recordAt(offset))
    assert.isFalse(one.isRepeated(id, false))
  })

  it("keeps on for long: what is evicted leaves nothing behind", () => {
    const one = ring(1000)
    for (let offset = 0; offset < 20_000; offset++) take(one, recordAt(offset, { partition: offset % 3 }))
    const lanes = one.marks[0] as unknown as ReadonlyArray<{ readonly entries: ReadonlyArray<unknown> }>
    for (const { entries } of lanes) assert.isBelow(entries.length, 3000)
    assert.deepStrictEqual([one.oldest(), one.end()], [19_000, 20_000])
  })
})
