import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Effect, Layer, Option } from "effect"
import { CompareDecisions } from "../../src/services/CompareDecisions.ts"
import { type SubmissionOutcome, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { type StoredTransaction, TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { pipeline } from "../support/LayersPipeline.ts"
import {
  approved,
  decisionOf,
  expired,
  newAccountId,
  noon,
  position,
  submissionOf,
  transactionOf
} from "../support/LayersSamples.ts"

const page = <A extends { readonly id: string }>(rows: ReadonlyArray<A>, after: string | null, limit: number) => {
  const from = after === null ? 0 : rows.findIndex((_) => _.id > after)
  return from < 0 ? [] : rows.slice(from, from + limit)
}

/** Both databases as lists in the order of ids; what the test does not name dies. */
const lists = (
  held: {
    readonly outcomes: ReadonlyArray<SubmissionOutcome>
    readonly transactions: ReadonlyArray<StoredTransaction>
  },
  beforeOutcomes: () => void = () => {}
) => {
  const not = () => Effect.dieMessage("not asked for here")
  const asked = { steps: 0, confirmed: 0 }
  const outcomeById = new Map(held.outcomes.map((_) => [_.id, _]))
  const submissions = Layer.succeed(SubmissionRepository, {
    insert: not,
    findMany: not,
    list: not,
    outlines: not,
    backlog: not(),
    parkedReasonCounts: not(),
    listParked: not,
    findParked: not,
    resendNow: not,
    giveUp: not,
    record: not,
    markParked: not,
    hasPastDue: not,
    claimOverdue: not,
    counts: not(),
    find: (id) =>
      Effect.sync(() => {
        asked.confirmed++
        return Option.map(Option.fromNullable(outcomeById.get(id)), ({ recorded, ...facts }) => ({
          ...submissionOf(facts),
          recorded: recorded === null ? null : { ...recorded, recordedAt: noon, position: position(0) }
        }))
      }),
    outcomes: (after, limit) =>
      Effect.sync(() => {
        beforeOutcomes()
        return page(held.outcomes, after, limit)
      })
  })
  const transactions = Layer.succeed(TransactionRepository, {
    insert: not,
    find: (ids) => Effect.sync(() => held.transactions.filter((_) => ids.includes(_.id))),
    list: (after, limit) =>
      Effect.sync(() => {
        asked.steps++
        return page(held.transactions, after, limit)
      })
  })
  return { asked, layer: CompareDecisions.Default.pipe(Layer.provide(Layer.merge(submissions, transactions))) }
}

const compared = Effect.flatMap(CompareDecisions, (_) => _.compare)

const decidedAt = (index: number) => transactionOf({ acceptedAt: noon + index })

/** The submission that a decision was made for, recorded as it was decided unless it says otherwise. */
const outcomeOf = (
  { accountId, acceptedAt, amount, decidedAt, decision, id }: StoredTransaction,
  recorded: SubmissionOutcome["recorded"] = { decision, decidedAt }
): SubmissionOutcome => ({ id, accountId, amount, acceptedAt, recorded })

describe("CompareDecisions", () => {
  it.effect("finds every kind of difference, and takes a result on its way for none", () =>
    Effect.gen(function*() {
      const [same, unrecorded, otherStatus, otherTime, without, otherFacts] = Arr.makeBy(6, decidedAt)
      const [undecided, invented] = [decidedAt(10), decidedAt(11)]
      const { layer } = lists({
        transactions: [same!, unrecorded!, otherStatus!, otherTime!, without!, otherFacts!],
        outcomes: [
          outcomeOf(same!),
          outcomeOf(unrecorded!, null),
          outcomeOf(otherStatus!, { decision: expired, decidedAt: otherStatus!.decidedAt }),
          outcomeOf(otherTime!, { decision: approved, decidedAt: otherTime!.decidedAt + 1 }),
          outcomeOf({ ...otherFacts!, amount: 2_000 }),
          outcomeOf(undecided!, null),
          outcomeOf(invented!)
        ]
      })
      const { differences, ...counts } = yield* Effect.provide(compared, layer)
      assert.deepStrictEqual(counts, { submissions: 7, decisions: 6, unrecorded: 1 })
      assert.sameDeepMembers([...differences], [
        { id: otherStatus!.id, what: "recorded_otherwise" },
        { id: otherTime!.id, what: "recorded_otherwise" },
        { id: without!.id, what: "decision_without_submission" },
        { id: otherFacts!.id, what: "decided_of_other_facts" },
        { id: invented!.id, what: "recorded_without_decision" }
      ])
    }))

  it.effect("a decision of another account, amount or instant is one of other facts, recorded or not", () =>
    Effect.gen(function*() {
      const one = transactionOf()
      for (const part of [{ accountId: newAccountId() }, { amount: 2_000 }, { acceptedAt: noon + 1 }]) {
        for (const recorded of [undefined, null] as const) {
          const outcome = { ...outcomeOf(one, recorded), ...part }
          const { layer } = lists({ transactions: [one], outcomes: [outcome] })
          const { differences } = yield* Effect.provide(compared, layer)
          assert.deepStrictEqual(differences, [{ id: one.id, what: "decided_of_other_facts" }])
        }
      }
    }))

  it.effect("a rejection for another reason is another decision", () =>
    Effect.gen(function*() {
      const one = transactionOf({ decision: expired })
      const recorded = { decision: { status: "rejected", reason: "invalid_cvv" }, decidedAt: one.decidedAt } as const
      const { layer } = lists({ transactions: [one], outcomes: [outcomeOf(one, recorded)] })
      const { differences } = yield* Effect.provide(compared, layer)
      assert.deepStrictEqual(differences, [{ id: one.id, what: "recorded_otherwise" }])
    }))

  it.effect("nothing at all agrees", () =>
    Effect.gen(function*() {
      const { layer } = lists({ transactions: [], outcomes: [] })
      assert.deepStrictEqual(yield* Effect.provide(compared, layer), {
        submissions: 0,
        decisions: 0,
        unrecorded: 0,
        differences: []
      })
    }))

  // more than two steps of 10,000; the two sides end at different places, and one is much longer
  for (const [name, missing] of [["few", 7], ["half", 2]] as const) {
    it.effect(`walks over many steps and sees every row once: ${name} submissions undecided`, () =>
      Effect.gen(function*() {
        const all = Arr.makeBy(25_000, (_) => transactionOf({ acceptedAt: noon + _ }))
        const wrong = new Set([0, 9_999, 10_000, 10_001, 19_999, 20_000, 24_999].map((_) => all[_]!.id))
        const transactions = all.filter((_, index) => index % missing !== 1 || wrong.has(_.id))
        const decided = new Set(transactions.map((_) => _.id))
        const outcomes = all.map((_) =>
          outcomeOf(wrong.has(_.id) ? { ..._, decision: expired } : _, decided.has(_.id) ? undefined : null)
        )
        const { asked, layer } = lists({ transactions, outcomes })
        const { differences, ...counts } = yield* Effect.provide(compared, layer)
        assert.deepStrictEqual(counts, { submissions: 25_000, decisions: transactions.length, unrecorded: 0 })
        assert.sameMembers(differences.map((_) => _.id), [...wrong])
        assert.isTrue(differences.every((_) => _.what === "recorded_otherwise"))
        assert.isAtLeast(asked.steps, 3)
        assert.isAtMost(asked.steps, 6)
        assert.strictEqual(asked.confirmed, wrong.size, "only what looks wrong is read again")
      }))
  }

  it.effect("a thousand differences are told, and it ends", () =>
    Effect.gen(function*() {
      const transactions = Arr.makeBy(1_500, (_) => transactionOf({ acceptedAt: noon + _ }))
      const { layer } = lists({ transactions, outcomes: [] })
      const { decisions, differences } = yield* Effect.provide(compared, layer)
      assert.strictEqual(decisions, 1_500)
      assert.deepStrictEqual(differences.map((_) => _.id), transactions.slice(0, 1_000).map((_) => _.id))
    }))

  it.effect("what was decided and recorded while it was read is no difference", () =>
    Effect.gen(function*() {
      const [one, late] = [decidedAt(0), decidedAt(1)]
      const held = { transactions: [one!], outcomes: [outcomeOf(one!), outcomeOf(late!)] }
      // stored after the decisions were read, and before the submissions are
      const { layer } = lists(held, () => {
        if (held.transactions.length === 1) held.transactions.push(late!)
      })
      const { differences, submissions } = yield* Effect.provide(compared, layer)
      assert.deepStrictEqual(differences, [])
      assert.strictEqual(submissions, 2)
    }))

  it.effect("agrees with the databases themselves", () =>
    Effect.gen(function*() {
      const submissions = yield* SubmissionRepository
      const transactions = yield* TransactionRepository
      const many = Arr.makeBy(6, (_) => submissionOf({ acceptedAt: noon + _ }))
      yield* Effect.forEach(many, (_) => submissions.insert(_, null), { concurrency: "unbounded" })
      const decisions = many.slice(0, 4).map(({ acceptedAt, accountId, amount, currency, id }) =>
        transactionOf({ id, accountId, acceptedAt, amount, currency })
      )
      const foreign = transactionOf({ acceptedAt: noon + 100 })
      yield* transactions.insert([...decisions, foreign])
      yield* submissions.record(
        [
          ...decisions.slice(0, 2).map(({ decidedAt, id }) => decisionOf(id, { decidedAt })),
          decisionOf(many[5]!.id)
        ],
        noon
      )
      const { differences, ...counts } = yield* compared
      assert.deepStrictEqual(counts, { submissions: 6, decisions: 5, unrecorded: 2 })
      assert.sameDeepMembers([...differences], [
        { id: many[5]!.id, what: "recorded_without_decision" },
        { id: foreign.id, what: "decision_without_submission" }
      ])
    }).pipe(Effect.provide(pipeline().layer)))
})
