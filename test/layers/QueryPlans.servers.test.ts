import { SqlClient, Statement } from "@effect/sql"
import { assert, describe, layer } from "@effect/vitest"
import { Array as Arr, Effect, Layer } from "effect"
import { inject } from "vitest"
import { AccountRepository } from "../../src/services/AccountRepository.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { TransactionRepository } from "../../src/services/TransactionRepository.ts"
import { recordedMetrics } from "../support/LayersMetrics.ts"
import { mysqlGateway, mysqlPair, mysqlProcessor } from "../support/LayersMysql.ts"
import {
  accountOf,
  decisionOf,
  newAccountId,
  noon,
  position,
  secretOf,
  submissionOf,
  transactionOf
} from "../support/LayersSamples.ts"

const adminUrl = inject("database")

const all = { concurrency: "unbounded" } as const

/** One connection, so that its counters are about what was asked. */
const one = { MYSQL_POOL_SIZE: "1" }

/** A server that only ran the statements of a test may not know yet how its tables are filled. */
const analyze = (tables: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(`ANALYZE TABLE ${tables}`).unprepared)

interface Access {
  readonly table: string
  readonly type: string
  readonly key: string | null
}

/** What was run. */
const ran: Array<readonly [string, ReadonlyArray<unknown>]> = []

const Watch = Statement.setTransformer((statement) => {
  ran.push(statement.compile())
  return Effect.succeed(statement)
})

/** Runs it; answers how its statements are carried out, and how many rows the server read for all of them. */
const watched = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>) {
  const sql = yield* SqlClient.SqlClient
  const rowsRead = Effect.map(
    sql.unsafe<{ readonly Variable_name: string; readonly Value: string }>("SHOW SESSION STATUS LIKE 'Handler_read%'")
      .unprepared,
    (_) => _.reduce((sum, { Value }) => sum + Number(Value), 0)
  )
  const ownRows = yield* Effect.zipWith(rowsRead, rowsRead, (first, second) => second - first)
  const before = yield* rowsRead
  ran.splice(0)
  yield* effect
  // an INSERT of rows looks nothing up
  const statements = ran.filter(([text]) => !text.startsWith("INSERT"))
  const rows = (yield* rowsRead) - before - ownRows
  const plans = yield* Effect.forEach(
    statements,
    ([text, values]) =>
      Effect.map(
        sql.unsafe<Access>(`EXPLAIN FORMAT = TRADITIONAL ${text}`, values),
        (plan) => ({ text: text.slice(0, 300), plan })
      )
  )
  assert.isNotEmpty(plans)
  return { plans, rows }
})

type Watched = Effect.Effect.Success<ReturnType<typeof watched>>

/** No access to the table reads more of it than was asked for. */
const assertSearches = ({ plans, rows }: Watched, table: string, keys: ReadonlyArray<string>, most: number) => {
  const accesses = plans.flatMap(({ plan, text }) => plan.filter((_) => _.table === table).map((_) => ({ ..._, text })))
  const said = JSON.stringify(plans, null, 1)
  assert.isNotEmpty(accesses, said)
  for (const { key, type } of accesses) {
    assert.include(["const", "eq_ref", "ref", "range", "index"], type, said)
    assert.include(keys, key, said)
  }
  assert.isAtMost(rows, most, said)
}

const count = 20_000

const Gateway = Layer.unwrapScoped(
  Effect.map(mysqlPair(adminUrl!), ({ gatewayUrl }) => mysqlGateway(gatewayUrl, one))
).pipe(Layer.provide(recordedMetrics().layer), Layer.provideMerge(Watch))

const Processor = Layer.unwrapScoped(
  Effect.map(mysqlPair(adminUrl!), ({ processorUrl }) => mysqlProcessor(processorUrl, one))
).pipe(Layer.provide(recordedMetrics().layer), Layer.provideMerge(Watch))

const busy = newAccountId()

const submissions = adminUrl === null ?
  [] :
  Arr.makeBy(count, (i) => submissionOf({ acceptedAt: noon + i, ...(i % 4 === 0 ? { accountId: busy } : {}) }))

const transactions = adminUrl === null ? [] : Arr.makeBy(count, (i) => transactionOf({ acceptedAt: noon + i }))

const [primary, byAccount, byKey, byResend] = [
  "PRIMARY",
  "submissions_by_account",
  "submissions_by_key",
  "submissions_by_resend"
]

const FilledGateway = Layer.effectDiscard(Effect.gen(function*() {
  const repository = yield* SubmissionRepository
  for (const some of Arr.chunksOf(submissions, 5_000)) {
    yield* Effect.forEach(
      some,
      (_) => repository.insert(_, { key: `key of ${_.id}`.replaceAll(" ", "-"), requestDigest: "d" }),
      all
    )
  }
  // half of them are done
  for (const some of Arr.chunksOf(submissions.slice(0, count / 2), 500)) {
    yield* repository.record(some.map((_) => decisionOf(_.id)), noon)
  }
  yield* analyze("accounts, secrets, submissions")
})).pipe(Layer.provideMerge(Gateway))

const FilledProcessor = Layer.effectDiscard(Effect.gen(function*() {
  const repository = yield* TransactionRepository
  for (const some of Arr.chunksOf(transactions, 500)) yield* repository.insert(some)
  yield* analyze("transactions")
})).pipe(Layer.provideMerge(Processor))

describe.runIf(adminUrl !== null)("the plans of the gateway's statements on MySQL", () => {
  const middle = submissions[count / 2 + 1]!
  const some = submissions.slice(count / 2 + 200, count / 2 + 400)
  const ids = some.map((_) => _.id)

  const cases: ReadonlyArray<
    readonly [
      string,
      (of: SubmissionRepository["Type"]) => Effect.Effect<unknown, unknown>,
      ReadonlyArray<string>,
      number
    ]
  > = [
    ["find", (_) => _.find(middle.id, middle.accountId), [primary, byAccount], 10],
    ["find of all", (_) => _.find(middle.id, "all"), [primary], 10],
    ["findRecorded of one", (_) => _.findRecorded([submissions[17]!.id]), [primary], 10],
    ["findRecorded of many", (_) => _.findRecorded(ids), [primary], 1_000],
    ["record", (_) => _.record(some.slice(0, 100).map((_) => decisionOf(_.id)), noon), [primary], 1_000],
    [
      "record of what is recorded",
      (_) => _.record(some.slice(0, 100).map((_) => decisionOf(_.id)), noon),
      [primary],
      1_000
    ],
    [
      "record of unknown ids",
      (_) => _.record(Arr.makeBy(100, () => decisionOf(submissionOf().id)), noon),
      [primary],
      1_000
    ],
    [
      "markParked",
      (_) => _.markParked(ids.map((id) => ({ id, reason: "unstorable", position: position(1) }))),
      [primary],
      2_000
    ],
    [
      "whose key it is",
      (_) =>
        Effect.forEach(
          some,
          ({ accountId, id }) => _.insert(submissionOf({ accountId }), { key: `key-of-${id}`, requestDigest: "d" }),
          all
        ),
      [byKey],
      2_000
    ],
    ["list of an account", (_) => _.list({ scope: busy, limit: 10, cursor: null }), [byAccount, byKey], 30],
    [
      "list of an account, after",
      (_) => _.list({ scope: busy, limit: 10, cursor: { after: middle.id } }),
      [byAccount],
      30
    ],
    [
      "list of an account, before",
      (_) => _.list({ scope: busy, limit: 10, cursor: { before: middle.id } }),
      [byAccount],
      30
    ],
    ["list of all", (_) => _.list({ scope: "all", limit: 10, cursor: null }), [primary], 30],
    ["list of all, after", (_) => _.list({ scope: "all", limit: 10, cursor: { after: middle.id } }), [primary], 30],
    ["list of all, before", (_) => _.list({ scope: "all", limit: 10, cursor: { before: middle.id } }), [primary], 30],
    ["outcomes", (_) => _.outcomes(middle.id, 100), [primary], 150],
    ["hasPastDue", (_) => _.hasPastDue(noon + 5_000 + count / 2 + 10), [byResend], 10],
    ["hasPastDue of none", (_) => _.hasPastDue(noon), [byResend], 10]
  ]

  layer(FilledGateway, { timeout: 120_000 })((it) => {
    for (const [name, run, keys, most] of cases) {
      it.effect(`${name} searches`, () =>
        Effect.gen(function*() {
          const repository = yield* SubmissionRepository
          const seen = yield* watched(run(repository))
          assertSearches(seen, "submissions", keys, most)
          const sorted = seen.plans.flatMap(({ plan }) => plan).filter((_) => /filesort/i.test(JSON.stringify(_)))
          assert.deepStrictEqual(sorted, [])
        }))
    }

    it.effect("counts walk the rows once, in steps by the primary key", () =>
      Effect.gen(function*() {
        const repository = yield* SubmissionRepository
        const seen = yield* watched(repository.counts)
        // each row, once more as a row of the step, and its group
        assertSearches(seen, "submissions", [primary], 3 * count + 1_000)
        assert.isAtLeast(seen.plans.length, 3)
      }))

    it.effect("claimOverdue finds by resend_at, then searches by id", () =>
      Effect.gen(function*() {
        const repository = yield* SubmissionRepository
        const mark = noon + 5_000 + count
        const claim = { mark, now: mark, token: "t", limit: 500, backOff: 5_000, ceiling: 600_000 }
        const seen = yield* watched(repository.claimOverdue(claim))
        assertSearches(seen, "submissions", [primary, byResend], 5_000)
        const [first, ...rest] = seen.plans
        assert.deepStrictEqual(first!.plan.map((_) => _.key), [byResend!])
        assert.lengthOf(rest, 2)
      }))

    it.effect("credentials are searched by the account", () =>
      Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const many = Arr.makeBy(200, () => accountOf())
        yield* Effect.forEach(many, (_) => accounts.insert(_, secretOf(_, "d")))
        yield* analyze("accounts, secrets")
        const seen = yield* watched(accounts.findCredentials(many[77]!.id))
        assertSearches(seen, "accounts", [primary!], 10)
        assertSearches(seen, "secrets", ["secrets_by_account"], 10)
        const empty = yield* watched(accounts.isEmpty)
        assert.isAtMost(empty.rows, 5)
      }))

    it.effect("the watch sees a scan", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { plans, rows } = yield* watched(sql`SELECT reference FROM submissions WHERE reference = ${"x"}`)
        assert.deepStrictEqual(plans[0]!.plan.map((_) => _.type), ["ALL"])
        assert.isAtLeast(rows, count)
      }))
  })
})

describe.runIf(adminUrl !== null)("the plans of the processor's statements on MySQL", () => {
  layer(FilledProcessor, { timeout: 120_000 })((it) => {
    it.effect("find and list search by the primary key", () =>
      Effect.gen(function*() {
        const repository = yield* TransactionRepository
        const ids = transactions.slice(7_000, 7_200).map((_) => _.id)
        assertSearches(yield* watched(repository.find(ids)), "transactions", ["PRIMARY"], 1_000)
        assertSearches(yield* watched(repository.find([ids[0]!])), "transactions", ["PRIMARY"], 10)
        assertSearches(yield* watched(repository.list(ids[0]!, 100)), "transactions", ["PRIMARY"], 150)
        assertSearches(yield* watched(repository.list(null, 100)), "transactions", ["PRIMARY"], 150)
      }))
  })
})
