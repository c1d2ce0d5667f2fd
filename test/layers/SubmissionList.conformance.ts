import { assert } from "@effect/vitest"
import { Array as Arr, Effect, Option } from "effect"
import { type AccountId, firstTransactionId, type TransactionId } from "../../src/domain/Ids.ts"
import type { Submission } from "../../src/domain/Submission.ts"
import {
  type Page,
  type StoredSubmission,
  type SubmissionFilter,
  SubmissionRepository
} from "../../src/services/SubmissionRepository.ts"
import { databaseSuite, type GatewayUnderTest, type Submissions } from "../support/LayersDatabase.ts"
import { approved, decisionOf, expired, newAccountId, noon, submissionOf } from "../support/LayersSamples.ts"

const all = { concurrency: "unbounded" } as const

const idsOf = (rows: ReadonlyArray<{ readonly id: TransactionId }>) => rows.map((_) => _.id)

/** Older than anything of these tests. */
const beginning = firstTransactionId(noon - 1)

const matches = (
  { acceptedBefore, acceptedFrom, brand, last4, leastAmount, mostAmount, reference, status }: SubmissionFilter,
  of: StoredSubmission
) =>
  (status === undefined || (of.recorded?.decision.status ?? "processing") === status) &&
  (acceptedFrom === undefined || of.acceptedAt >= acceptedFrom) &&
  (acceptedBefore === undefined || of.acceptedAt < acceptedBefore) &&
  (leastAmount === undefined || of.amount >= leastAmount) &&
  (mostAmount === undefined || of.amount <= mostAmount) &&
  (last4 === undefined || of.card.last4 === last4) &&
  (brand === undefined || of.card.brand === brand) &&
  (reference === undefined || of.reference === reference)

/** What a client sees that goes on by `next` until there is none: page after page, in the order they came. */
const walk = Effect.fnUntraced(function*(
  submissions: Submissions,
  page: Page,
  between: Effect.Effect<unknown, unknown, SubmissionRepository> = Effect.void
) {
  const upwards = page.cursor !== null && "before" in page.cursor
  const pages: Array<ReadonlyArray<TransactionId>> = []
  for (let cursor = page.cursor;;) {
    const { found, next } = yield* submissions.list({ ...page, cursor })
    assert.isAtMost(found.length, page.limit)
    pages.push(idsOf(found))
    if (next === null) return pages
    cursor = upwards ? { before: next } : { after: next }
    yield* between
  }
})

const brands = ["visa", "amex", null] as const
const references = ["order", "order ", "Order", "Größe 😀", `'"\\%_`, null] as const

/** Of one account: every value of every filter, with every other. */
const variety = (accountId: AccountId) =>
  Arr.makeBy(180, (index) => {
    const submission = submissionOf({
      accountId,
      // two of each instant
      acceptedAt: noon + (index >> 1),
      amount: (index * 7) % 50,
      reference: references[index % references.length]!
    })
    const last4 = index % 5 === 0 ? null : `000${index % 4}`
    return { ...submission, card: { ...submission.card, brand: brands[index % 9 >> 1] ?? null, last4 } }
  })

const alone: ReadonlyArray<SubmissionFilter> = [
  {},
  { status: "processing" },
  { status: "approved" },
  { status: "rejected" },
  { acceptedFrom: noon + 40 },
  { acceptedBefore: noon + 40 },
  { acceptedFrom: noon + 20, acceptedBefore: noon + 21 },
  { acceptedFrom: noon + 21, acceptedBefore: noon + 20 },
  { leastAmount: 25 },
  { mostAmount: 25 },
  { leastAmount: 14, mostAmount: 14 },
  { leastAmount: 51 },
  { last4: "0003" },
  { last4: "3" },
  { brand: "amex" },
  { brand: "elo" },
  ...references.flatMap((reference) => reference === null ? [] : [{ reference }]),
  { reference: "" },
  { reference: "order  " }
]

const together: ReadonlyArray<SubmissionFilter> = [
  { reference: "order", status: "processing" },
  { reference: "order", acceptedFrom: noon + 10, acceptedBefore: noon + 60 },
  { reference: "order", acceptedFrom: noon + 10, mostAmount: 30, brand: "visa" },
  { status: "approved", brand: "visa", leastAmount: 5 },
  { status: "rejected", acceptedBefore: noon + 70, last4: "0001" },
  {
    status: "processing",
    acceptedFrom: noon + 1,
    acceptedBefore: noon + 89,
    leastAmount: 1,
    mostAmount: 48,
    last4: "0001",
    brand: "visa",
    reference: "Größe 😀"
  }
]

export const submissionLists = (layer: GatewayUnderTest) => {
  const { life, test } = databaseSuite(layer)

  const inserted = Effect.fnUntraced(function*(many: ReadonlyArray<Submission>) {
    const submissions = yield* SubmissionRepository
    for (const some of Arr.chunksOf(many, 2_000)) {
      yield* Effect.forEach(some, (_) => submissions.insert(_, null), all)
    }
    return submissions
  })

  test("list is newest first, by account or all, bounded, and pages both ways without a gap", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accountId = newAccountId()
        const mine = Arr.makeBy(25, (index) => submissionOf({ accountId, acceptedAt: noon + index }))
        const others = Arr.makeBy(10, (index) => submissionOf({ acceptedAt: noon + index * 2 }))
        const submissions = yield* inserted([...Arr.reverse(mine), ...others])
        const newest = idsOf(mine).toReversed()
        const everybody = idsOf([...mine, ...others]).toSorted().toReversed()
        const list = (page: Partial<Page>) =>
          Effect.map(
            submissions.list({ scope: accountId, filter: {}, limit: 10, cursor: null, ...page }),
            ({ found, next }) => [idsOf(found), next] as const
          )

        assert.deepStrictEqual(yield* list({}), [newest.slice(0, 10), newest[9]!])
        assert.deepStrictEqual(yield* list({ limit: 100 }), [newest, null])
        assert.deepStrictEqual(yield* list({ limit: 25 }), [newest, null])
        assert.deepStrictEqual(yield* list({ limit: 1 }), [newest.slice(0, 1), newest[0]!])
        assert.deepStrictEqual(yield* list({ scope: "all", limit: 100 }), [everybody, null])
        assert.deepStrictEqual(yield* list({ scope: newAccountId() }), [[], null])

        for (const scope of [accountId, "all"] as const) {
          const expected = scope === "all" ? everybody : newest
          const at = (index: number) => expected[index]!
          const last = expected.length - 1
          assert.deepStrictEqual(yield* list({ scope, cursor: { after: at(9) } }), [expected.slice(10, 20), at(19)])
          assert.deepStrictEqual(yield* list({ scope, cursor: { after: at(last - 10) } }), [expected.slice(-10), null])
          assert.deepStrictEqual(yield* list({ scope, cursor: { after: at(last) } }), [[], null])
          // the ones next to the cursor, not the newest of all
          assert.deepStrictEqual(yield* list({ scope, cursor: { before: at(20) } }), [expected.slice(10, 20), at(10)])
          assert.deepStrictEqual(yield* list({ scope, cursor: { before: at(10) } }), [expected.slice(0, 10), null])
          assert.deepStrictEqual(yield* list({ scope, cursor: { before: at(3) } }), [expected.slice(0, 3), null])
          assert.deepStrictEqual(yield* list({ scope, cursor: { before: at(0) } }), [[], null])
        }
        const foreign = others[5]!.id
        const older = newest.filter((id) => id < foreign)
        assert.deepStrictEqual(
          yield* list({ cursor: { after: foreign } }),
          [older.slice(0, 10), older[9] ?? null],
          "an id need not be its own"
        )
      })))

  test("list shows decisions and everything that find shows", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accountId = newAccountId()
        const many = Arr.makeBy(3, () => submissionOf({ accountId, reference: "r", metadata: { a: "b" } }))
        const submissions = yield* inserted(many)
        yield* submissions.record([decisionOf(many[1]!.id, { decision: expired })], noon + 1)
        yield* submissions.giveUp(many[2]!.id, noon + 2, "token")
        const { found } = yield* submissions.list({ scope: accountId, filter: {}, limit: 10, cursor: null })
        for (const row of found) assert.deepStrictEqual(Option.some(row), yield* submissions.find(row.id, "all"))
        assert.deepStrictEqual(found.map((_) => _.recorded?.decision ?? null), [null, expired, null])
        assert.deepStrictEqual(found.map((_) => _.giveUpToken), ["token", null, null])
      })))

  test("each filter, alone and with others, finds what it says, of its scope, in both directions", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const [one, other] = [newAccountId(), newAccountId()]
        const many = [one, other].flatMap(variety)
        const submissions = yield* inserted(many)
        const decided = many.filter((_, index) => index % 3 !== 0)
        yield* submissions.record(
          decided.map(({ id }, index) => decisionOf(id, { decision: index % 2 === 0 ? approved : expired })),
          noon + 500
        )
        const stored = (yield* submissions.findMany(idsOf(many))).toSorted((a, b) => a.id < b.id ? 1 : -1)
        assert.lengthOf(stored, many.length)
        for (const filter of [...alone, ...together]) {
          for (const scope of [one, "all", newAccountId()] as const) {
            const said = JSON.stringify({ filter, scope: scope === one ? "one" : scope })
            const expected = idsOf(
              stored.filter((_) => (scope === "all" || _.accountId === scope) && matches(filter, _))
            )
            const page = { scope, filter, limit: 11, cursor: null }
            const down = yield* walk(submissions, page)
            assert.deepStrictEqual(down.flat(), expected, said)
            const up = yield* walk(submissions, { ...page, cursor: { before: beginning } })
            assert.deepStrictEqual(up.toReversed().flat(), expected, said)
            // a cursor anywhere, and no more than the next ones to it
            const middle = stored[170]!.id
            const after = yield* submissions.list({ ...page, cursor: { after: middle } })
            assert.deepStrictEqual(idsOf(after.found), expected.filter((id) => id < middle).slice(0, 11), said)
            const before = yield* submissions.list({ ...page, cursor: { before: middle } })
            assert.deepStrictEqual(idsOf(before.found), expected.filter((id) => id > middle).slice(-11), said)
          }
        }
        const found = (filter: SubmissionFilter) =>
          Effect.map(submissions.list({ scope: one, filter, limit: 200, cursor: null }), (_) => _.found.length)
        const empty = yield* Effect.filter([...alone, ...together], (_) => Effect.map(found(_), (count) => count === 0))
        assert.lengthOf(empty, 6, `the others find something: ${JSON.stringify(empty)}`)
      })))

  test("a page looks at 10,000 submissions of its scope, and says where to go on", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accountId = newAccountId()
        const needle = 7
        const mine = Arr.makeBy(10_000, (index) =>
          submissionOf({
            accountId,
            acceptedAt: noon + index,
            reference: "r",
            amount: index === 0 || index === 4_000 ? needle : 1_000
          }))
        const others = Arr.makeBy(50, (index) => submissionOf({ acceptedAt: noon + index * 150, amount: 1_000 }))
        const submissions = yield* inserted([...mine, ...others])
        const rare = { mostAmount: needle }
        const list = (page: Partial<Page>) =>
          Effect.map(
            submissions.list({ scope: accountId, filter: rare, limit: 10, cursor: null, ...page }),
            ({ found, next }) => [idsOf(found), next] as const
          )
        const [first, second] = [mine[0]!.id, mine[4_000]!.id]
        assert.deepStrictEqual(yield* list({}), [[second, first], null], "as many as it looks at")
        assert.deepStrictEqual(yield* list({ limit: 1 }), [[second], second])
        assert.deepStrictEqual(yield* list({ cursor: { before: beginning } }), [[second, first], null])

        const [newer] = [submissionOf({ accountId, acceptedAt: noon + 10_000, reference: "r", amount: 3 })]
        yield* inserted([newer])
        const filters = [rare, { ...rare, reference: "r" }, { ...rare, acceptedFrom: noon }]
        for (const filter of filters) {
          const tenThousandth = mine[1]!.id
          assert.deepStrictEqual(yield* list({ filter }), [[newer.id, second], tenThousandth], "short, and not the end")
          assert.deepStrictEqual(yield* list({ filter, limit: 2 }), [[newer.id, second], tenThousandth])
          assert.deepStrictEqual(yield* list({ filter, limit: 1 }), [[newer.id], newer.id], "more than was asked for")
          assert.deepStrictEqual(yield* list({ filter, cursor: { after: tenThousandth } }), [[first], null])
          assert.deepStrictEqual(
            yield* list({ filter, cursor: { before: beginning } }),
            [[second, first], mine[9_999]!.id]
          )
          assert.deepStrictEqual(yield* list({ filter, cursor: { before: mine[9_999]!.id } }), [[newer.id], null])
        }
        const never = { leastAmount: 1_001 }
        assert.deepStrictEqual(yield* list({ filter: never }), [[], mine[1]!.id], "empty, and not the end")
        assert.deepStrictEqual(yield* list({ filter: never, cursor: { after: mine[1]!.id } }), [[], null])
        assert.deepStrictEqual(
          yield* list({ filter: { ...never, acceptedFrom: noon + 1 } }),
          [[], null],
          "10,000 in the range"
        )
        assert.deepStrictEqual(
          yield* walk(submissions, { scope: "all", filter: { reference: "x" }, limit: 10, cursor: null }),
          [[], []]
        )
        // an index finds these, wherever they are
        assert.deepStrictEqual(yield* list({ filter: { acceptedBefore: noon + 1 } }), [[first], null])
        assert.deepStrictEqual(yield* list({ filter: { reference: "x" } }), [[], null])
        assert.deepStrictEqual((yield* list({ filter: { reference: "r" }, limit: 10_001 }))[0].length, 10_001)
      })))

  test("who accepted a reference a moment ago finds it, and each account its own", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accounts = Arr.makeBy(3, newAccountId)
        const mine = new Map(accounts.map((_): [AccountId, Array<TransactionId>] => [_, []]))
        // the newest ids first and last: what comes later is not always newer
        for (const index of [...Arr.range(20, 30), ...Arr.range(0, 9), ...Arr.range(31, 40)]) {
          for (const accountId of accounts) {
            const submission = submissionOf({ accountId, acceptedAt: noon + index, reference: "order-1" })
            const submissions = yield* inserted([submission])
            mine.get(accountId)!.push(submission.id)
            const { found, next } = yield* submissions.list({
              scope: accountId,
              filter: { reference: "order-1" },
              limit: 100,
              cursor: null
            })
            assert.deepStrictEqual(idsOf(found), mine.get(accountId)!.toSorted().toReversed())
            assert.isNull(next)
          }
        }
        const found = yield* walk(yield* SubmissionRepository, {
          scope: newAccountId(),
          filter: { reference: "order-1" },
          limit: 5,
          cursor: null
        })
        assert.deepStrictEqual(found, [[]])
      })))

  test("who goes on by next sees everything once, also while more is accepted", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accountId = newAccountId()
        let accepted = 0
        const next = () =>
          submissionOf({
            accountId,
            acceptedAt: noon + accepted,
            reference: accepted % 3 === 2 ? "other" : "r",
            amount: accepted++ % 3
          })
        const before = Arr.makeBy(60, next)
        const submissions = yield* inserted(before)
        const more: Array<Submission> = []
        let mayCome = 0
        const acceptMore = Effect.suspend(() => {
          const some = Arr.makeBy(mayCome-- > 0 ? 4 : 0, next)
          more.push(...some)
          return inserted(some)
        })
        for (const filter of [{}, { mostAmount: 1 }, { reference: "r" }, { reference: "r", mostAmount: 1 }]) {
          const isEvery = Object.keys(filter).length === 0
          const seen = idsOf([...before, ...more].filter((_) => isEvery || _.amount < 2))
          const page = { scope: accountId, filter, limit: 7, cursor: null }
          mayCome = 8
          const down = yield* walk(submissions, page, acceptMore)
          assert.deepStrictEqual(down.flat(), seen.toReversed())
          const up = yield* walk(submissions, { ...page, cursor: { before: beginning } }, acceptMore)
          const everything = idsOf([...before, ...more].filter((_) => isEvery || _.amount < 2))
          assert.deepStrictEqual(up.toReversed().flat(), everything.toReversed())
        }
      })))
}
