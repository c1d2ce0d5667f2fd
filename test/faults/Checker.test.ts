import { assert, describe, it } from "@effect/vitest"
import { check, type World } from "./Checker.ts"
import type { Entry } from "./History.ts"
import { fault, type Rule } from "./Rules.ts"
import type { Seen } from "./Seen.ts"
import type { DecisionRow, SubmissionRow } from "./Stores.ts"

const acceptedAt = Date.UTC(2026, 10, 24, 12)
const decidedAt = acceptedAt + 40
const id = "txn_1"
const account = "acct_1"

const intent: Entry = {
  _tag: "intent",
  transaction: 0,
  account,
  reference: "r-0",
  key: "key-r-0",
  amount: 1_999,
  card: { number: "4242424242424242", month: 12, year: 2030, cvv: "123" }
}
const processing = { status: "processing", reason: null, decidedAt: null }
const approved = { status: "approved", reason: null, decidedAt: new Date(decidedAt).toISOString() }
const answer: Entry = { _tag: "answer", transaction: 0, since: 1, id, replayed: false, told: processing }
const read: Entry = { _tag: "read", since: 3, id, told: approved }

const submission: SubmissionRow = {
  id,
  account_id: account,
  amount: 1_999,
  currency: "USD",
  cvv_shape: "3",
  sealed_card: null,
  reference: "r-0",
  idempotency_key: "key-r-0",
  accepted_at: acceptedAt,
  resend_at: null,
  resends: 0,
  status: "approved",
  reason: null,
  decided_at: decidedAt,
  parked_at: null,
  parked_count: 0
}

const decision: DecisionRow = {
  id,
  account_id: account,
  amount: 1_999,
  currency: "USD",
  status: "approved",
  reason: null,
  accepted_at: acceptedAt,
  decided_at: decidedAt
}

const result: Seen = {
  topic: "transactions_result",
  epoch: 0,
  partition: 0,
  offset: 0,
  id,
  decision: `approved null ${decidedAt}`
}

const good: World = {
  history: [intent, { _tag: "send", transaction: 0, intake: 0, at: acceptedAt }, answer, read],
  submissions: [submission],
  decisions: [decision],
  watched: [{ ...decision, look: 0 }],
  seen: [{ topic: "transactions", epoch: 0, partition: 0, offset: 0, id, at: acceptedAt }, result],
  findings: []
}

const without = (what: "submissions" | "decisions"): World => ({ ...good, [what]: [] })
const withHistory = (...entries: ReadonlyArray<Entry>): World => ({ ...good, history: [...good.history, ...entries] })
const decided = (change: Partial<DecisionRow>): World => ({
  ...good,
  decisions: [{ ...decision, ...change }],
  watched: []
})
const submitted = (change: Partial<SubmissionRow>): World => ({ ...good, submissions: [{ ...submission, ...change }] })

/** A world with one thing wrong, and the rule that must notice. */
const wrong: ReadonlyArray<readonly [what: string, world: World, rule: Rule]> = [
  ["an accepted submission is gone", without("submissions"), "accepted"],
  ["an accepted submission is another", submitted({ reference: "r-1" }), "accepted"],
  ["a submission is there twice", { ...good, submissions: [submission, submission] }, "accepted"],
  ["an accepted submission has no decision", without("decisions"), "decided"],
  ["a decision is not recorded", submitted({ status: null, decided_at: null }), "decided"],
  ["an id has two decisions", { ...good, decisions: [decision, decision] }, "once"],
  ["a decision has no submission", { ...good, decisions: [decision, { ...decision, id: "txn_2" }] }, "submitted"],
  ["decided_at changes", { ...good, watched: [{ ...decision, decided_at: decidedAt - 1, look: 0 }] }, "unchanged"],
  ["a decision vanishes", { ...good, watched: [{ ...decision, id: "txn_2", look: 0 }] }, "kept"],
  ["a decision is recorded otherwise", submitted({ decided_at: decidedAt + 1 }), "recorded"],
  ["a decision is about another amount", decided({ amount: 2_000 }), "recorded"],
  ["a decision is about another account", decided({ account_id: "acct_2" }), "recorded"],
  ["a result is not the stored one", decided({ decided_at: decidedAt + 1 }), "published"],
  ["two results of an id differ", {
    ...good,
    seen: [...good.seen, { ...result, offset: 1, decision: "approved null 1" }]
  }, "published"],
  ["something else is in the topic", {
    ...good,
    seen: [...good.seen, { topic: "transactions", epoch: 0, partition: 0, offset: 1, id: "txn_3", at: acceptedAt }]
  }, "appended"],
  ["a decision is wrong", decided({ status: "rejected", reason: "expired_card" }), "right"],
  ["a client was told otherwise", withHistory({ ...read, told: { ...approved, reason: "expired_card" } }), "told"],
  ["a status went backwards", withHistory({ ...read, since: 4, told: processing }), "told"],
  ["a key is two transactions", withHistory({ ...answer, id: "txn_2" }), "key"],
  ["a reference is two submissions", { ...good, submissions: [submission, { ...submission, id: "txn_2" }] }, "key"],
  ["another body is taken", withHistory({ _tag: "reuse", transaction: 0, status: 202, code: "undefined" }), "refused"],
  [
    "another body is refused for another reason",
    withHistory({
      _tag: "reuse",
      transaction: 0,
      status: 422,
      code: "invalid_request"
    }),
    "refused"
  ],
  ["nobody intended it", submitted({ amount: 5 }), "intended"],
  ["an answer is none of the expected", withHistory({ _tag: "unexpected", what: "500" }), "answered"],
  [
    "poison is nowhere",
    withHistory(
      { _tag: "poison", number: 0, kind: "empty", topic: "transactions", foreignId: null },
      { _tag: "poisoned", number: 0, mustBeParked: true }
    ),
    "parked"
  ],
  ["a sealed card is kept", submitted({ sealed_card: "1.k1.x" }), "cleared"],
  ["a decided one is shown as parked", submitted({ parked_at: 1 }), "cleared"],
  ["a process died", { ...good, findings: [fault("alive", "intake.1 ended with 1")] }, "alive"]
]

describe("the checker", () => {
  it("finds nothing where nothing is wrong", () => {
    assert.deepStrictEqual(check(good), [])
  })

  for (const [what, world, rule] of wrong) {
    it(`finds that ${what}`, () => {
      assert.include(check(world).map((_) => _.rule), rule)
    })
  }

  it("asks for no poison whose topic was made anew", () => {
    assert.deepStrictEqual(
      check(withHistory(
        { _tag: "poison", number: 0, kind: "empty", topic: "transactions", foreignId: null },
        { _tag: "poisoned", number: 0, mustBeParked: true },
        { _tag: "gone", topic: "transactions" }
      )),
      []
    )
  })

  it("takes no poison for a fault that was parked, and no foreign id for a submission", () => {
    const world = withHistory(
      { _tag: "poison", number: 0, kind: "a foreign id", topic: "transactions", foreignId: "txn_9" },
      { _tag: "poisoned", number: 0, mustBeParked: true }
    )
    assert.deepStrictEqual(
      check({
        ...world,
        seen: [
          ...good.seen,
          { topic: "transactions", epoch: 0, partition: 0, offset: 1, id: "txn_9", at: acceptedAt },
          {
            topic: "transactions_dead",
            epoch: 0,
            partition: 0,
            offset: 0,
            id: "txn_9",
            reason: "card_not_authentic",
            poison: 0
          }
        ]
      }),
      []
    )
  })
})
