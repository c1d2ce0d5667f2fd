import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck, Schema } from "effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { TransactionId } from "../../src/domain/Ids.ts"
import { Instant } from "../../src/domain/Instant.ts"
import { Submission } from "../../src/domain/Submission.ts"
import { DecidedTransaction } from "../../src/domain/Transaction.ts"
import { JsonPresenter } from "../../src/layers/JsonPresenter.ts"
import type { LogRecord } from "../../src/services/Log.ts"
import type { ParkedReason } from "../../src/services/Metrics.ts"
import { Presenter, type Unreadable } from "../../src/services/Presenter.ts"
import { expired, noon, submissionOf, textOf, transactionOf } from "../support/LayersSamples.ts"

const presenter = Effect.runSync(Effect.provide(Presenter, JsonPresenter))

const id = "txn_01KAX4V000CARD0CARD0CARD00" as TransactionId
const accountId = "acct_01KAX4V0000000000000000000" as Submission["accountId"]
const position = { partition: 3, offset: 41, appendedAt: noon + 5 }

const Offset = Schema.Int.pipe(Schema.nonNegative())
const Stored = Schema.Struct({
  ...DecidedTransaction.fields,
  position: Schema.Struct({ partition: Offset, offset: Offset, appendedAt: Instant })
})

const record = (value: string, part: Partial<LogRecord> = {}): LogRecord => ({
  key: null,
  value: Buffer.from(value),
  headers: {},
  ...part
})

const refusal = <A>(read: Either.Either<A, Unreadable>) =>
  Either.match(read, { onLeft: ({ id, reason }) => ({ id, reason }), onRight: () => assert.fail("was read") })

const fileOf = (name: string) => path.join(path.dirname(fileURLToPath(import.meta.url)), "golden", `${name}.json`)

interface Golden {
  readonly key: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly value: string
}

const read = (name: string): Golden => JSON.parse(fs.readFileSync(fileOf(name), "utf8"))

const readRecord = (name: string): LogRecord => {
  const { headers, key, value } = read(name)
  return { key, headers, value: Buffer.from(value) }
}

/** A format that changes is seen here, byte by byte: the versions before it must still be read. */
const golden = (name: string, of: LogRecord) =>
  assert.deepStrictEqual({ key: of.key, headers: { ...of.headers }, value: textOf(of) }, read(name))

const submission = submissionOf({
  id,
  accountId,
  acceptedAt: noon,
  reference: "never sent",
  metadata: { never: "sent" }
})
const transaction = transactionOf({ id, accountId, acceptedAt: noon, position })

describe("what the messages look like", () => {
  it("a submission", () => golden("submission", presenter.submission(submission)))
  it("a submission that was given up", () =>
    golden("submission-given-up", presenter.submission({ ...submission, giveUpToken: "1.k1.token" })))
  it("a result, approved", () => golden("result-approved", presenter.result(transaction)))
  it("a result, rejected", () => golden("result-rejected", presenter.result({ ...transaction, decision: expired })))
  it("a parked record", () =>
    golden(
      "parked",
      presenter.parked(record(`{"v":2}`, { key: "k", headers: { traceparent: "00-1-2-01" } }), {
        topic: "transactions",
        position
      }, { id, reason: "unknown_card_key" })
    ))
  it("a parked record that had no readable id", () =>
    golden(
      "parked-nameless",
      presenter.parked(record("nonsense"), { topic: "transactions_result", position }, {
        id: null,
        reason: "unreadable_message"
      })
    ))

  it("is still read as it was meant", () => {
    const { acceptedAt, accountId, amount, currency, cvvShape, id, sealedCard } = submission
    assert.deepStrictEqual(
      presenter.readSubmission(readRecord("submission")),
      Either.right({
        id,
        accountId,
        amount,
        currency,
        acceptedAt,
        cvvShape,
        sealedCard: sealedCard!,
        giveUpToken: null
      })
    )
    assert.deepStrictEqual(
      presenter.readSubmission(readRecord("submission-given-up")),
      Either.right({
        id,
        accountId,
        amount,
        currency,
        acceptedAt,
        cvvShape,
        sealedCard: sealedCard!,
        giveUpToken: "1.k1.token"
      })
    )
    const decided = { id, decidedAt: transaction.decidedAt, position }
    const approved = { status: "approved", reason: null } as const
    for (const before of ["", "-without-account"]) {
      assert.deepStrictEqual(
        presenter.readResult(readRecord(`result-approved${before}`)),
        Either.right({ ...decided, decision: approved })
      )
      assert.deepStrictEqual(
        presenter.readResult(readRecord(`result-rejected${before}`)),
        Either.right({ ...decided, decision: expired })
      )
    }
    assert.deepStrictEqual(
      presenter.readParked(readRecord("parked")),
      Either.right({ id, reason: "unknown_card_key" } as const)
    )
  })

  it("a submission carries what the decision needs and nothing else", () => {
    const message = presenter.submission(submission)
    assert.notInclude(textOf(message), "never")
    assert.sameMembers(Object.keys(JSON.parse(textOf(message))), [
      "v",
      "id",
      "account",
      "amount",
      "currency",
      "accepted_at",
      "cvv",
      "card"
    ])
    assert.strictEqual(message.key, id)
  })
})

describe("JsonPresenter", () => {
  it("tells the account that a record names, and none for what names none", () => {
    assert.strictEqual(presenter.accountOf(presenter.result(transaction)), accountId)
    for (const value of ["", "nonsense", "null", "1", "[]", "{}", `{"account":1}`, `{"account":"acct_x"}`, "\u{ff}"]) {
      assert.isNull(presenter.accountOf(record(value)), value)
    }
  })

  it.prop("a submission is read as it was written", [Submission], ([of]) => {
    const sealed = { ...of, sealedCard: of.sealedCard ?? "" }
    const { accountId, acceptedAt, amount, currency, cvvShape, giveUpToken, id, sealedCard } = sealed
    assert.deepStrictEqual(
      presenter.readSubmission(presenter.submission(sealed)),
      Either.right({ id, accountId, amount, currency, acceptedAt, cvvShape, sealedCard, giveUpToken })
    )
    assert.strictEqual(presenter.accountOf(presenter.submission(sealed)), accountId)
  })

  it.prop("a result is read as it was written", [Stored], ([of]) => {
    const { decidedAt, decision, id, position } = of
    assert.deepStrictEqual(
      presenter.readResult(presenter.result(of)),
      Either.right({ id, decision, decidedAt, position })
    )
  })

  it.prop(
    "a parked record keeps its key, its value and its headers, and tells why and where from",
    {
      value: FastCheck.uint8Array(),
      key: FastCheck.option(FastCheck.string()),
      headers: FastCheck.dictionary(FastCheck.string(), FastCheck.string(), { noNullPrototype: true }),
      id: FastCheck.option(FastCheck.constant(id)),
      reason: FastCheck.constantFrom<ParkedReason>(
        "unreadable_message",
        "unknown_schema_version",
        "unknown_card_key",
        "card_not_authentic",
        "unknown_submission",
        "unstorable"
      )
    },
    ({ headers, id, key, reason, value }) => {
      const parked = presenter.parked({ key, value, headers }, { topic: "transactions", position }, { id, reason })
      assert.strictEqual(parked.key, key)
      assert.isTrue(Buffer.from(parked.value).equals(value))
      for (const [name, header] of Object.entries(headers)) assert.strictEqual(parked.headers[name], header)
      assert.strictEqual(parked.headers["parked_from"], "transactions/3/41")
      assert.deepStrictEqual(presenter.readParked(parked), Either.right({ id, reason }))
    }
  )

  it("a record that names no id does not take one from headers it came with", () => {
    const foreign = record("nonsense", { headers: { parked_id: id, parked_reason: "unknown_card_key" } })
    const parked = presenter.parked(foreign, { topic: "transactions", position }, {
      id: null,
      reason: "unreadable_message"
    })
    assert.deepStrictEqual(presenter.readParked(parked), Either.right({ id: null, reason: "unreadable_message" }))
  })

  it.prop("no bytes are too strange to be refused", [FastCheck.uint8Array({ maxLength: 200 })], ([value]) => {
    for (const read of [presenter.readSubmission, presenter.readResult] as const) {
      assert.deepStrictEqual(refusal<unknown>(read({ key: null, value, headers: {} })), {
        id: null,
        reason: "unreadable_message"
      })
    }
  })

  const message = { v: 1, id, account: accountId, amount: 1, currency: "USD", accepted_at: noon, cvv: "3", card: "c" }
  const result = {
    v: 1,
    id,
    decision: { status: "approved", reason: null },
    decided_at: noon,
    partition: 0,
    offset: 0,
    appended_at: noon
  }

  it("tells the id when it can be told, and a version it does not know from nonsense", () => {
    const unreadable = (of: typeof id | null) => ({ id: of, reason: "unreadable_message" } as const)
    const newer = (of: typeof id | null) => ({ id: of, reason: "unknown_schema_version" } as const)
    const cases: ReadonlyArray<readonly [LogRecord, ReturnType<typeof unreadable> | ReturnType<typeof newer>]> = [
      [record(""), unreadable(null)],
      [record("{"), unreadable(null)],
      [record("null"), unreadable(null)],
      [record("[]"), unreadable(null)],
      [record(`"${id}"`), unreadable(null)],
      [record("{}"), unreadable(null)],
      [record("nonsense", { key: id }), unreadable(id)],
      [record("nonsense", { key: "no id" }), unreadable(null)],
      [record(JSON.stringify({ id })), unreadable(id)],
      [record(JSON.stringify({ id: "txn_1" }), { key: id }), unreadable(id)],
      [record(JSON.stringify({ v: 2 })), newer(null)],
      [record(JSON.stringify({ ...message, v: 2 })), newer(id)],
      [record(JSON.stringify({ v: 0, id })), newer(id)],
      [record(JSON.stringify({ ...message, v: "1" })), unreadable(id)],
      [record(JSON.stringify({ ...message, amount: 1.5 })), unreadable(id)],
      [record(JSON.stringify({ ...message, amount: "1" })), unreadable(id)],
      [record(JSON.stringify({ ...message, currency: "EUR" })), unreadable(id)],
      [record(JSON.stringify({ ...message, account: id })), unreadable(id)],
      [record(JSON.stringify({ ...message, cvv: "123" })), unreadable(id)],
      [record(JSON.stringify({ ...message, accepted_at: -1 })), unreadable(id)],
      [record(JSON.stringify({ ...message, card: null })), unreadable(id)],
      [record(JSON.stringify({ ...message, id: "acct" })), unreadable(null)]
    ]
    for (const [of, expected] of cases) {
      assert.deepStrictEqual(refusal(presenter.readSubmission(of)), expected, textOf(of))
    }
    assert.isTrue(Either.isRight(presenter.readSubmission(record(JSON.stringify(message)))))
  })

  it("refuses a result that is none, and a decision that the domain does not have", () => {
    const changes: ReadonlyArray<Record<string, unknown>> = [
      { decision: { status: "processing", reason: null } },
      { decision: { status: "approved", reason: "expired_card" } },
      { decision: { status: "rejected", reason: null } },
      { decision: { status: "rejected", reason: "bad_luck" } },
      { decision: null },
      { decided_at: "soon" },
      { offset: 0.5 },
      { partition: null },
      { appended_at: -1 }
    ]
    for (const change of changes) {
      assert.deepStrictEqual(
        refusal(presenter.readResult(record(JSON.stringify({ ...result, ...change })))),
        { id, reason: "unreadable_message" },
        JSON.stringify(change)
      )
    }
    assert.isTrue(Either.isRight(presenter.readResult(record(JSON.stringify(result)))))
    assert.deepStrictEqual(refusal(presenter.readResult(record(JSON.stringify({ ...result, v: 9 })))), {
      id,
      reason: "unknown_schema_version"
    })
  })

  it("reads a parked record only when it says why it was parked", () => {
    for (
      const headers of [{}, { parked_reason: "bad luck" }, { parked_id: id }] as ReadonlyArray<Record<string, string>>
    ) {
      assert.isTrue(Either.isLeft(presenter.readParked(record("x", { headers }))))
    }
    const odd = record("x", { headers: { parked_reason: "unstorable", parked_id: "txn_1" } })
    assert.deepStrictEqual(presenter.readParked(odd), Either.right({ id: null, reason: "unstorable" } as const))
  })
})
