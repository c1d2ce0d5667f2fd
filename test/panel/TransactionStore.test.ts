import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { Transaction } from "../../web/api/types.ts"
import { everything, type Filter, matches } from "../../web/feed/Filter.ts"
import { capacity, TransactionStore } from "../../web/feed/TransactionStore.ts"
import { eventOf, idOf, type Status, transactionOf } from "./Samples.ts"

const rowsOf = (store: TransactionStore): ReadonlyArray<Transaction> => {
  store.publish()
  return Array.from({ length: store.view().count }, (_, position) => store.at(position)!)
}

const shown = (store: TransactionStore) => rowsOf(store).map(({ id, status }) => `${Number(id.slice(4))} ${status}`)

const hear = (store: TransactionStore, ...transactions: ReadonlyArray<Transaction>) =>
  store.apply(transactions.map(eventOf))

const waiting = (store: TransactionStore) => {
  store.publish()
  return store.view().waiting
}

const ofStatus = (status: Status): Filter => ({ ...everything, status })

describe("the rows of a filter", () => {
  it("are those that were listed too, where the stream was heard before the list", () => {
    const store = new TransactionStore(everything)
    hear(store, transactionOf(5))
    store.applyNewest([5, 4, 3].map((_) => transactionOf(_)), false)
    assert.deepStrictEqual(shown(store), ["5 processing", "4 processing", "3 processing"])
    assert.isFalse(store.hasOlder)
  })

  it("do not begin with an old one that was decided just now, because what lies between is not known", () => {
    const store = new TransactionStore(everything)
    hear(store, transactionOf(1, "approved"), transactionOf(9))
    store.applyNewest([8, 7].map((_) => transactionOf(_)), true)
    assert.deepStrictEqual(shown(store), ["9 processing", "8 processing", "7 processing"])
    const after = store.readTo
    assert.strictEqual(after, idOf(7))
    store.applyOlder([6, 5, 4, 3, 2, 1].map((_) => transactionOf(_)), false, null, after)
    assert.strictEqual(shown(store).at(-1), "1 approved")
    assert.strictEqual(store.view().count, 9)
  })

  it("are not processing again when a list is older than the decision that took the row away", () => {
    const store = new TransactionStore(ofStatus("processing"))
    hear(store, transactionOf(1), transactionOf(1, "approved"))
    store.applyNewest([transactionOf(1)], false)
    hear(store, transactionOf(2, "approved"), transactionOf(2))
    assert.deepStrictEqual(shown(store), [])
  })

  it("do not count as waiting once they are decided and no longer fit", () => {
    const store = new TransactionStore(ofStatus("processing"))
    store.applyNewest([transactionOf(1)], false)
    store.freeze(true)
    hear(store, transactionOf(2))
    assert.strictEqual(waiting(store), 1)
    hear(store, transactionOf(2, "approved"))
    assert.strictEqual(waiting(store), 0)
  })

  it("are the same objects until they change, so that nothing is drawn for what is heard again", () => {
    const store = new TransactionStore(everything)
    hear(store, transactionOf(1), transactionOf(1, "approved"))
    const row = store.at(0)
    hear(store, transactionOf(1, "approved"), transactionOf(1, "rejected"), transactionOf(1))
    assert.strictEqual(store.at(0), row)
  })

  it("leave a status when they may move, and not before", () => {
    const store = new TransactionStore(ofStatus("processing"))
    store.applyNewest([2, 1].map((_) => transactionOf(_)), false)
    store.freeze(true)
    hear(store, transactionOf(1, "rejected"))
    assert.deepStrictEqual(shown(store), ["2 processing", "1 rejected"])
    store.freeze(false)
    assert.deepStrictEqual(shown(store), ["2 processing"])
  })

  it("enter a status where their id belongs", () => {
    const store = new TransactionStore(ofStatus("approved"))
    store.applyNewest([3, 1].map((_) => transactionOf(_, "approved")), false)
    hear(store, transactionOf(2, "approved"))
    assert.deepStrictEqual(shown(store), ["3 approved", "2 approved", "1 approved"])
    assert.deepStrictEqual([3, 2, 1].map((_) => store.positionOf(idOf(_))), [0, 1, 2])
  })

  it("stay as they stand while frozen, also when the stream was away and the list is far ahead", () => {
    const store = new TransactionStore(everything)
    store.applyNewest([2, 1].map((_) => transactionOf(_)), false)
    store.freeze(true)
    hear(store, ...[3, 4, 5, 6].map((_) => transactionOf(_)))
    store.applyNewest([6, 5].map((_) => transactionOf(_, "approved")), true)
    assert.deepStrictEqual(shown(store), ["2 processing", "1 processing"])
    assert.strictEqual(waiting(store), 4)
    assert.isFalse(store.overflowed)
    // and where there is a gap indeed, it is said
    store.applyNewest([9, 8].map((_) => transactionOf(_)), true)
    assert.deepStrictEqual(shown(store), ["2 processing", "1 processing"])
    assert.isTrue(store.overflowed)
  })

  it("stay as they stand when the position in the stream is lost while frozen", () => {
    const store = new TransactionStore(everything)
    store.applyNewest([2, 1].map((_) => transactionOf(_)), false)
    store.freeze(true)
    store.lose()
    assert.strictEqual(shown(store).length, 2)
    assert.isTrue(store.overflowed)
    store.freeze(false)
    store.lose()
    assert.strictEqual(shown(store).length, 0)
  })

  it("of a new filter have no holes where it was chosen while frozen", () => {
    const store = new TransactionStore(everything)
    store.freeze(true)
    hear(store, transactionOf(2))
    store.applyNewest([3, 2, 1].map((_) => transactionOf(_)), false)
    assert.deepStrictEqual(shown(store), ["3 processing", "2 processing", "1 processing"])
  })

  it("are those of the first list, also where it comes while frozen and begins above what was heard", () => {
    const store = new TransactionStore(everything)
    hear(store, transactionOf(1, "approved"))
    store.freeze(true)
    store.applyNewest([9, 8].map((_) => transactionOf(_)), true)
    assert.deepStrictEqual(shown(store), ["9 processing", "8 processing"])
    assert.strictEqual(store.readTo, idOf(8))
  })

  it("are given up where the list begins above them", () => {
    const store = new TransactionStore(everything)
    store.applyNewest([2, 1].map((_) => transactionOf(_)), false)
    store.applyNewest([9, 8].map((_) => transactionOf(_)), true)
    assert.deepStrictEqual(shown(store), ["9 processing", "8 processing"])
    assert.isTrue(store.hasOlder)
  })
})

describe("a page of older rows", () => {
  it("that was asked for before all was read again leaves no hole", () => {
    const store = new TransactionStore(everything)
    store.applyNewest([5, 4].map((_) => transactionOf(_)), true)
    const after = store.readTo
    store.clear()
    store.applyNewest([9, 8].map((_) => transactionOf(_)), true)
    store.applyOlder([3, 2].map((_) => transactionOf(_)), true, idOf(2), after)
    assert.deepStrictEqual(shown(store), ["9 processing", "8 processing"])
    assert.strictEqual(store.readTo, idOf(8))
  })

  it("goes on after an empty one, where the gateway stopped looking", () => {
    const store = new TransactionStore(everything)
    store.applyNewest([transactionOf(9)], true, idOf(9))
    store.applyOlder([], true, idOf(5), store.readTo)
    assert.strictEqual(store.readTo, idOf(5))
    assert.isTrue(store.hasOlder)
  })

  it("knows the decision that was heard while it came", () => {
    for (const filter of [everything, ofStatus("approved")]) {
      const store = new TransactionStore(filter)
      store.applyNewest([transactionOf(9, "approved")], true)
      const after = store.readTo
      hear(store, transactionOf(7, "approved"))
      const page = [transactionOf(8, "approved"), transactionOf(7)].filter((_) => matches(filter, _))
      store.applyOlder(page, true, idOf(7), after)
      assert.deepStrictEqual(shown(store), ["9 approved", "8 approved", "7 approved"])
    }
  })
})

describe("rows without a decision", () => {
  it("are asked for in turn: those that stay so do not keep others from it", () => {
    const store = new TransactionStore(everything)
    store.applyNewest([4, 3, 2, 1].map((_) => transactionOf(_)), false)
    const asked = [0, 1].flatMap(() => store.undecidedBefore(Infinity, 2))
    assert.strictEqual(new Set(asked).size, 4)
  })
})

describe("more rows than are kept", () => {
  it("go from the old end, in chunks, and the rest keep their numbers", () => {
    const store = new TransactionStore(everything)
    store.applyNewest([transactionOf(0, "approved")], false)
    const most = capacity + 5_000
    for (let from = 1; from < most; from += 1_000) {
      hear(store, ...Array.from({ length: 1_000 }, (_, i) => transactionOf(from + i, "approved")))
    }
    store.publish()
    const { count } = store.view()
    assert.isAtLeast(count, capacity)
    assert.isAtMost(count, most)
    const newest = store.at(0)!
    assert.isTrue(store.hasOlder)
    assert.strictEqual(store.readTo, store.at(count - 1)!.id)
    for (const position of [0, 1, 500, count - 1]) {
      assert.strictEqual(store.positionOf(store.at(position)!.id), position)
    }
    assert.strictEqual(store.positionOf(idOf(0)), -1)
    // a page that was asked for before it is not put below a hole
    store.applyOlder([transactionOf(0, "approved")], false, null, "")
    assert.strictEqual(rowsOf(store).length, count)
    store.applyOlder([transactionOf(Number(store.readTo!.slice(4)) - 1, "approved")], true)
    assert.strictEqual(store.at(0), newest)
    assert.strictEqual(store.positionOf(newest.id), 0)
    assert.strictEqual(store.positionOf(store.readTo!), count)
  })

  it("do not wait: what came while frozen is read again", () => {
    const store = new TransactionStore(everything)
    store.applyNewest([transactionOf(0)], false)
    store.freeze(true)
    const sample = transactionOf(0)
    store.apply(Array.from({ length: capacity + 1 }, (_, i) => eventOf({ ...sample, id: idOf(i + 1) })))
    assert.strictEqual(waiting(store), capacity)
    assert.isTrue(store.overflowed)
  })
})

/** The gateway, a stream that tells of it late, and a page that reads it. */
class World {
  readonly store: TransactionStore
  readonly #filter: Filter
  #accepted = 0
  readonly #decided = new Map<number, Status>()
  /** What the stream has yet to tell. */
  #untold: Array<Transaction> = []
  #told: Array<Transaction> = []
  #newest: { readonly page: ReturnType<World["list"]> } | null = null
  #older: { readonly after: string; readonly page: ReturnType<World["list"]> } | null = null
  #isLost = false

  constructor(filter: Filter, before: number) {
    this.#filter = filter
    this.store = new TransactionStore(filter)
    for (let i = 0; i < before; i++) this.accept()
    for (let i = 0; i < before; i += 3) this.decide(i)
    this.#untold = []
  }

  state(number: number): Transaction {
    return transactionOf(number, this.#decided.get(number) ?? "processing")
  }

  accept() {
    this.#untold.push(transactionOf(this.#accepted++))
  }

  decide(pick: number) {
    const number = pick % Math.max(1, this.#accepted)
    if (number >= this.#accepted || this.#decided.has(number)) return
    this.#decided.set(number, number % 4 === 3 ? "rejected" : "approved")
    this.#untold.push(this.state(number))
  }

  all(): ReadonlyArray<Transaction> {
    return Array.from({ length: this.#accepted }, (_, i) => this.state(this.#accepted - 1 - i))
  }

  /** As the gateway lists: a page looks at six rows and holds three. */
  list(after: string | null) {
    const candidates = this.all().filter(({ id }) => after === null || id < after)
    const looked = candidates.slice(0, 6)
    const data = looked.filter((_) => matches(this.#filter, _)).slice(0, 3)
    const stoppedAt = data.length === 3 ? data[2]!.id : looked.at(-1)?.id
    const hasMore = stoppedAt !== undefined && candidates.some(({ id }) => id < stoppedAt)
    return { data, hasMore, next: hasMore ? stoppedAt! : null }
  }

  askNewest() {
    if (!this.#isLost) this.#newest = { page: this.list(null) }
    this.#isLost = false
    this.#newest ??= { page: this.list(null) }
  }

  readNewest() {
    if (this.#newest === null) return
    const { data, hasMore, next } = this.#newest.page
    this.#newest = null
    this.store.applyNewest(data, hasMore, next)
  }

  askOlder() {
    const after = this.store.readTo
    if (after !== null && this.store.hasOlder) this.#older = { after, page: this.list(after) }
  }

  readOlder() {
    if (this.#older === null) return
    const { after, page: { data, hasMore, next } } = this.#older
    this.#older = null
    this.store.applyOlder(data, hasMore, next, after)
  }

  tell(pick: number) {
    if (this.#untold.length === 0) return
    const [told] = this.#untold.splice(pick % Math.min(4, this.#untold.length), 1)
    this.#told.push(told!)
    hear(this.store, told!)
  }

  tellAgain(pick: number) {
    const told = this.#told[pick % Math.max(1, this.#told.length)]
    if (told !== undefined) hear(this.store, told)
  }

  /** The stream's position is lost: what was not told never will be, and nothing from before it is told again. */
  lose() {
    this.#untold = []
    this.#told = []
    this.store.lose()
    this.#older = null
    this.#newest = { page: this.list(null) }
  }

  thaw() {
    const { overflowed } = this.store
    this.store.freeze(false)
    if (!overflowed) return
    this.store.clear()
    this.#newest = { page: this.list(null) }
  }

  settle() {
    while (this.#untold.length > 0) this.tell(3)
    this.thaw()
    this.readNewest()
    this.askNewest()
    this.readNewest()
    for (let i = 0; this.store.hasOlder && i < 100; i++) {
      this.askOlder()
      this.readOlder()
    }
  }
}

const operations = [
  "accept",
  "accept",
  "accept",
  "decide",
  "decide",
  "tell",
  "tell",
  "tell",
  "tellAgain",
  "askNewest",
  "readNewest",
  "askOlder",
  "readOlder",
  "freeze",
  "thaw",
  "lose"
] as const

const filters: ReadonlyArray<Filter> = [
  everything,
  ofStatus("processing"),
  ofStatus("approved"),
  ofStatus("rejected"),
  { ...everything, min: 1_005, max: 1_018 },
  { ...everything, reference: "order-7" }
]

describe("whatever comes in whatever order", () => {
  for (const filter of filters) {
    it(`ends as the gateway has it (${JSON.stringify(Object.entries(filter).filter(([, value]) => value !== null))})`, () => {
      FastCheck.assert(
        FastCheck.property(
          FastCheck.nat(12),
          FastCheck.array(FastCheck.tuple(FastCheck.constantFrom(...operations), FastCheck.nat(40)), {
            maxLength: 120
          }),
          (before, steps) => {
            const world = new World(filter, before)
            const { store } = world
            const decided = new Map<string, Status>()
            for (const [operation, pick] of steps) {
              const earlier = rowsOf(store).map(({ id }) => id)
              const wasFrozen = store.isFrozen
              const waited = store.view().waiting
              const leaving = rowsOf(store).filter((_) => !matches(filter, _)).length
              const overflowed = store.overflowed
              const wasListed = store.readTo !== null
              if (operation === "freeze") store.freeze(true)
              else world[operation](pick)
              const rows = rowsOf(store)
              const ids = rows.map(({ id }) => id)

              assert.deepStrictEqual(ids, Array.from(new Set(ids)).sort().reverse(), "sorted, and none twice")
              ids.forEach((id, position) => assert.strictEqual(store.positionOf(id), position))
              for (const { id, status } of rows) {
                if (decided.has(id)) assert.strictEqual(status, decided.get(id), "a decision is final")
                else if (status !== "processing") decided.set(id, status)
              }
              if (wasFrozen && store.isFrozen && wasListed) {
                assert.deepStrictEqual(ids.slice(0, earlier.length), earlier)
              } else if (!store.isFrozen) assert.isTrue(rows.every((_) => matches(filter, _)))
              if (wasFrozen && operation === "thaw" && !overflowed) {
                assert.strictEqual(ids.length, earlier.length + waited - leaving)
                assert.strictEqual(store.view().waiting, 0)
              }
            }
            world.settle()
            assert.deepStrictEqual(rowsOf(store), world.all().filter((_) => matches(filter, _)))
          }
        ),
        { numRuns: 250 }
      )
    })
  }
})
