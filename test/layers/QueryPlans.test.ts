import { SqlClient } from "@effect/sql"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Array as Arr, Effect, Layer } from "effect"
import * as path from "node:path"
import { vi } from "vitest"
import { firstTransactionId } from "../../src/domain/Ids.ts"
import { AccountRepository } from "../../src/services/AccountRepository.ts"
import { type SubmissionFilter, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import {
  accountOf,
  decisionOf,
  noon,
  position,
  secretOf,
  submissionOf,
  transactionOf
} from "../support/LayersSamples.ts"
import { sqliteGateway, sqliteProcessor, temporaryFolder } from "../support/LayersSqlite.ts"

/** Runs it, and answers how SQLite carries out each statement that was prepared for it. */
const plansOf = <A, E, R>(file: string, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const statements: Array<string> = []
    const { prepare } = Sqlite.prototype
    const watched = vi.spyOn(Sqlite.prototype, "prepare").mockImplementation(function(this: Sqlite.Database, sql) {
      statements.push(sql)
      return prepare.call(this, sql)
    })
    yield* Effect.ensuring(effect, Effect.sync(() => watched.mockRestore()))
    assert.isNotEmpty(statements)
    const database = new Sqlite(file, { readonly: true })
    const plans = statements.map((sql) => {
      const nothing = Array.from({ length: sql.split("?").length - 1 }, () => null)
      const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...nothing) as ReadonlyArray<{ detail: string }>
      return { sql, plan: rows.map((_) => _.detail) }
    })
    database.close()
    return plans
  })

type Plans = Effect.Effect.Success<ReturnType<typeof plansOf>>

const about = (plans: Plans, table: string) =>
  plans.flatMap(({ plan, sql }) =>
    plan.filter((detail) => new RegExp(`^(SCAN|SEARCH) ${table}\\b`).test(detail)).map((detail) => ({ detail, sql }))
  )

/** Every access to the table is a search by one of these. */
const assertSearches = (plans: Plans, table: string, by: RegExp) => {
  const accesses = about(plans, table)
  assert.isNotEmpty(accesses, plans.map((_) => `${_.sql}\n${_.plan.join("\n")}`).join("\n"))
  for (const { detail, sql } of accesses) assert.match(detail, by, `${detail}\n${sql}`)
}

const gateway = (folder: string) => Layer.provide(sqliteGateway(folder), recordedMetrics().layer)
const processor = (folder: string) => Layer.provide(sqliteProcessor(folder), recordedMetrics().layer)

const byId = /^SEARCH \w+ USING (COVERING )?INDEX sqlite_autoindex_submissions_1 \(id=\?\)/
const byAccount = /^SEARCH submissions USING INDEX submissions_by_account \(account_id=\? AND id[<>]\?( AND id<\?)?\)/
const inAccount = /^SEARCH submissions USING (COVERING )?INDEX submissions_by_account \(account_id=\?/
/** By an id that the index of references found; or how many rows there are, and those that are not in it yet. */
const byReference =
  /^SEARCH submissions( USING INDEX (submissions_by_account \(account_id=\? AND |sqlite_autoindex_submissions_1 \()id=\?\)| USING INTEGER PRIMARY KEY \(rowid>\?\))?$/
const inReferences = /^SEARCH (submission_references|entries) USING PRIMARY KEY \(part=\? AND account_id=\?/
const alongAll = /^(SEARCH|SCAN) submissions USING (COVERING )?INDEX sqlite_autoindex_submissions_1( \(id|$)/
const waiting = /^(SEARCH|SCAN) submissions USING COVERING INDEX submissions_waiting/
const byKey = /^SEARCH submissions USING INDEX submissions_by_key \(account_id=\? AND idempotency_key=\?\)/
const byResend = /^SEARCH submissions USING COVERING INDEX submissions_waiting \(resend_at<\?\)/

const range = { from: firstTransactionId(noon - 1), before: firstTransactionId(noon + 1) }

/** One of each kind, and all together. */
const filters: ReadonlyArray<readonly [string, SubmissionFilter]> = [
  ["status", { status: "approved" }],
  ["processing", { status: "processing" }],
  ["amount", { leastAmount: 5, mostAmount: 7 }],
  ["last4", { last4: "4242" }],
  ["brand", { brand: "visa" }],
  ["time", { acceptedFrom: noon, acceptedBefore: noon + 1 }],
  ["reference", { reference: "r" }],
  ["reference and status", { reference: "r", status: "approved" }],
  ["everything", {
    status: "approved",
    acceptedFrom: noon,
    acceptedBefore: noon + 1,
    leastAmount: 5,
    last4: "4242",
    brand: "visa",
    reference: "r"
  }]
]

const claim = { mark: noon + 10_000, now: noon + 10_000, token: "t", limit: 500, backOff: 5_000, ceiling: 600_000 }

describe("the plans of the gateway's statements", () => {
  const submission = submissionOf()

  const filled = (folder: string) =>
    Effect.gen(function*() {
      const submissions = yield* SubmissionRepository
      yield* Effect.forEach(
        [submission, ...Arr.makeBy(50, () => submissionOf())],
        (_) => submissions.insert(_, { key: "key", requestDigest: "d" }),
        { concurrency: "unbounded" }
      )
    }).pipe(Effect.provide(gateway(folder)))

  const cases: ReadonlyArray<
    readonly [string, (of: SubmissionRepository["Type"]) => Effect.Effect<unknown, unknown>, RegExp]
  > = [
    [
      "find",
      (_) => _.find(submission.id, submission.accountId),
      /^SEARCH submissions USING INDEX \w+ \((.* AND )?id=\?\)/
    ],
    ["find of all", (_) => _.find(submission.id, "all"), byId],
    ["findMany", (_) => _.findMany([submission.id]), byId],
    ["findParked", (_) => _.findParked(submission.id), byId],
    ["resendNow", (_) => _.resendNow(submission.id, noon), byId],
    ["giveUp", (_) => _.giveUp(submission.id, noon, "t"), byId],
    ["backlog", (_) => _.backlog, waiting],
    // the reason is in the rows, of which those alone are read that are parked
    ["parkedReasonCounts", (_) => _.parkedReasonCounts, /^SEARCH submissions USING INDEX submissions_waiting /],
    ["outlines of an account", (_) => _.outlines(submission.accountId, range, 10), byAccount],
    [
      "outlines of all",
      (_) => _.outlines("all", range, 10),
      /^SEARCH submissions USING INDEX sqlite_autoindex_submissions_1 \(id>\? AND id<\?\)/
    ],
    ...filters.flatMap(([what, filter]): typeof cases => [
      [
        `list of an account by ${what}`,
        (_) => _.list({ scope: submission.accountId, filter, limit: 10, cursor: null }),
        filter.reference === undefined ? inAccount : byReference
      ],
      [
        `list of an account by ${what}, after`,
        (_) => _.list({ scope: submission.accountId, filter, limit: 10, cursor: { after: range.before } }),
        filter.reference === undefined
          ? /INDEX submissions_by_account \(account_id=\? AND id[<>]\?( AND id<\?)?\)/
          : byReference
      ],
      [`list of all by ${what}`, (_) => _.list({ scope: "all", filter, limit: 10, cursor: null }), alongAll],
      [
        `list of all by ${what}, before`,
        (_) => _.list({ scope: "all", filter, limit: 10, cursor: { before: range.from } }),
        /^SEARCH submissions USING (COVERING )?INDEX sqlite_autoindex_submissions_1 \(id>\?( AND id<\?)?\)/
      ]
    ]),
    ["record", (_) => _.record([decisionOf(submission.id)], noon), byId],
    [
      "record, of an unknown id",
      (_) => _.record([decisionOf(submissionOf().id)], noon),
      byId
    ],
    ["markParked", (_) => _.markParked([{ id: submission.id, reason: "unstorable", position: position(1) }]), byId],
    ["whose key it is", (_) =>
      _.insert(submissionOf({ accountId: submission.accountId }), {
        key: "key",
        requestDigest: "d"
      }), byKey],
    [
      "list of an account, after",
      (_) => _.list({ scope: submission.accountId, filter: {}, limit: 10, cursor: { after: submission.id } }),
      byAccount
    ],
    [
      "list of an account, before",
      (_) => _.list({ scope: submission.accountId, filter: {}, limit: 10, cursor: { before: submission.id } }),
      byAccount
    ],
    [
      "list of an account",
      (_) => _.list({ scope: submission.accountId, filter: {}, limit: 10, cursor: null }),
      /^SEARCH submissions USING INDEX submissions_by_account \(account_id=\?\)/
    ],
    [
      "list of all, after",
      (_) => _.list({ scope: "all", filter: {}, limit: 10, cursor: { after: submission.id } }),
      /^SEARCH submissions USING INDEX sqlite_autoindex_submissions_1 \(id<\?\)/
    ],
    [
      "outcomes",
      (_) => _.outcomes(submission.id, 10),
      /^SEARCH submissions USING INDEX sqlite_autoindex_submissions_1 \(id>\?\)/
    ],
    [
      "counts",
      (_) => _.counts,
      /^SEARCH submissions USING INDEX sqlite_autoindex_submissions_1 \(id>\?\)/
    ],
    ["hasPastDue", (_) => _.hasPastDue(noon), byResend]
  ]

  for (const [name, run, by] of cases) {
    it.scoped(`${name} searches`, () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        yield* filled(folder)
        // opened again, so that nothing is prepared yet
        yield* Effect.gen(function*() {
          const submissions = yield* SubmissionRepository
          const plans = yield* plansOf(path.join(folder, "gateway.sqlite"), run(submissions))
          assertSearches(plans, "submissions", by)
          if (by === byReference) {
            assertSearches(plans, "submission_references", inReferences)
            assertSearches(plans, "entries", inReferences)
            assert.lengthOf(about(plans, "entries").filter((_) => _.detail.includes("reference=?")), 1)
          }
          const sorted = plans.flatMap(({ plan }) => plan).filter((detail) =>
            detail.includes("TEMP B-TREE FOR ORDER BY")
          )
          assert.deepStrictEqual(sorted, [])
        }).pipe(Effect.provide(gateway(folder)))
      }))
  }

  it.scoped("claimOverdue finds by resend_at, then searches by id", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* filled(folder)
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        const plans = yield* plansOf(path.join(folder, "gateway.sqlite"), submissions.claimOverdue(claim))
        const [first, ...rest] = plans
        assertSearches([first!], "submissions", byResend)
        assert.isNotEmpty(rest)
        assertSearches(rest, "submissions", byId)
      }).pipe(Effect.provide(gateway(folder)))
    }))

  it.scoped("the parked are chosen in the index of what waits, then searched for by id", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* filled(folder)
      yield* Effect.gen(function*() {
        const submissions = yield* SubmissionRepository
        for (const cursor of [null, { after: submission.id }, { before: submission.id }]) {
          const plans = yield* plansOf(
            path.join(folder, "gateway.sqlite"),
            submissions.listParked({ limit: 10, cursor })
          )
          const by = /(COVERING INDEX submissions_waiting|INDEX sqlite_autoindex_submissions_1 \(id=\?\))/
          assertSearches(plans, "submissions", by)
          assert.lengthOf(about(plans, "submissions"), 2)
        }
      }).pipe(Effect.provide(gateway(folder)))
    }))

  it.scoped("accounts are listed along their ids, and secrets searched", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const account = accountOf()
        const secret = secretOf(account, "d")
        yield* accounts.insert(account, secret)
        const plans = <A, E, R>(effect: Effect.Effect<A, E, R>) => plansOf(path.join(folder, "gateway.sqlite"), effect)
        const along = /^(SEARCH|SCAN) accounts USING INDEX sqlite_autoindex_accounts_1( \(id[<>=]\?\))?$/
        for (const cursor of [null, { after: account.id }, { before: account.id }]) {
          const listed = yield* plans(accounts.list({ limit: 10, cursor }))
          assertSearches(listed, "accounts", along)
          assert.notInclude(JSON.stringify(listed), "B-TREE")
        }
        assertSearches(yield* plans(accounts.setDisabled(account.id, noon)), "accounts", along)
        const byId = /^SEARCH secrets USING INDEX sqlite_autoindex_secrets_1 \(id=\?\)/
        for (
          const write of [
            accounts.revoke(account.id, secret.id, noon),
            accounts.restore(account.id, secret.id, noon),
            accounts.markUsed([{ id: secret.id, at: noon }])
          ]
        ) {
          assertSearches(yield* plans(write), "secrets", byId)
        }
        assertSearches(
          yield* plans(accounts.expireOlder(secret, noon)),
          "secrets",
          /^SEARCH secrets USING INDEX secrets_by_account \(account_id=\?\)/
        )
      }).pipe(Effect.provide(gateway(folder)))
    }))

  it.scoped("credentials are searched by the account", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const account = accountOf()
        yield* accounts.insert(account, secretOf(account, "d"))
        const plans = yield* plansOf(path.join(folder, "gateway.sqlite"), accounts.findCredentials(account.id))
        assertSearches(plans, "accounts", /^SEARCH accounts USING INDEX sqlite_autoindex_accounts_1 \(id=\?\)/)
        assertSearches(plans, "secrets", /^SEARCH secrets USING INDEX secrets_by_account \(account_id=\?\)/)
      }).pipe(Effect.provide(gateway(folder)))
    }))
})

describe("the watch itself", () => {
  it.scoped("sees a scan", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const plans = yield* plansOf(
          path.join(folder, "gateway.sqlite"),
          sql`SELECT metadata FROM submissions WHERE metadata = ${"x"}`
        )
        assert.deepStrictEqual(about(plans, "submissions").map((_) => _.detail), ["SCAN submissions"])
      }).pipe(Effect.provide(gateway(folder)))
    }))
})

describe("the plans of the processor's statements", () => {
  const transaction = transactionOf()
  const primary = /^SEARCH transactions USING PRIMARY KEY/

  const cases: ReadonlyArray<
    readonly [string, (of: TransactionRepository["Type"]) => Effect.Effect<unknown, unknown>]
  > = [
    ["find", (_) => _.find([transaction.id])],
    ["list", (_) => _.list(transaction.id, 10)]
  ]

  for (const [name, run] of cases) {
    it.scoped(`${name} searches`, () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        yield* Effect.gen(function*() {
          const transactions = yield* TransactionRepository
          yield* transactions.insert([transaction, ...Arr.makeBy(50, () => transactionOf())])
          const plans = yield* plansOf(path.join(folder, "processor.sqlite"), run(transactions))
          assertSearches(plans, "transactions", primary)
        }).pipe(Effect.provide(processor(folder)))
      }))
  }
})
