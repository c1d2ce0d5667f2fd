import { SqlClient, Statement } from "@effect/sql"
import { assert, describe, layer } from "@effect/vitest"
import { Array as Arr, Effect, Layer } from "effect"
import { inject } from "vitest"
import { firstTransactionId } from "../../src/domain/Ids.ts"
import { AccountRepository } from "../../src/services/AccountRepository.ts"
import { type SubmissionFilter, SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
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
  Arr.makeBy(count, (i) =>
    submissionOf({
      acceptedAt: noon + i,
      reference: i % 3 === 0 ? `order ${i % 100}` : null,
      ...(i % 4 === 0 ? { accountId: busy } : {})
    }))

const transactions = adminUrl === null ? [] : Arr.makeBy(count, (i) => transactionOf({ acceptedAt: noon + i }))

const primary = "PRIMARY"
const byAccount = "submissions_by_account"
const byReference = "submissions_by_reference"
const byKey = "submissions_by_key"
const byResend = "submissions_waiting"

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

/** To find the last row to look at, and to look at them. */
const lookedAt = 2 * 10_000 + 300

/** One of each kind, and all together; none of the account's references is another one's. */
const filters: ReadonlyArray<readonly [string, SubmissionFilter, number]> = [
  ["status", { status: "approved" }, lookedAt],
  ["processing", { status: "processing" }, lookedAt],
  ["amount", { leastAmount: 5, mostAmount: 7 }, lookedAt],
  ["last4", { last4: "4243" }, lookedAt],
  ["brand", { brand: "elo" }, lookedAt],
  ["time", { acceptedFrom: noon, acceptedBefore: noon + count }, 30],
  ["reference", { reference: "order 5" }, lookedAt],
  ["reference and status", { reference: "order 5", status: "approved" }, lookedAt],
  ["everything", {
    status: "approved",
    acceptedFrom: noon,
    acceptedBefore: noon + count,
    leastAmount: 5,
    last4: "4242",
    brand: "visa",
    reference: "order 5"
  }, lookedAt]
]

describe.runIf(adminUrl !== null)("the plans of the gateway's statements on MySQL", () => {
  const middle = submissions[count / 2 + 1]!
  const range = { from: firstTransactionId(noon + 100), before: firstTransactionId(noon + count) }
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
    ["findMany of one", (_) => _.findMany([submissions[17]!.id]), [primary], 10],
    ["findMany", (_) => _.findMany(ids), [primary], 1_000],
    ["resendNow", (_) => _.resendNow(middle.id, noon), [primary], 10],
    ["giveUp", (_) => _.giveUp(middle.id, noon, "t"), [primary], 10],
    ["backlog", (_) => _.backlog, [byResend], count / 2 + 100],
    ["outlines of an account", (_) => _.outlines(busy, range, 100), [byAccount], 150],
    ["outlines of all", (_) => _.outlines("all", range, 100), [primary], 150],
    ...filters.flatMap(([what, filter, least]): typeof cases => [
      [
        `list of an account by ${what}`,
        (_) => _.list({ scope: busy, filter, limit: 10, cursor: null }),
        filter.reference === undefined ? [byAccount] : [byReference],
        filter.reference === undefined ? least : Math.min(least, 200)
      ],
      [
        `list of an account by ${what}, after`,
        (_) => _.list({ scope: busy, filter, limit: 10, cursor: { after: middle.id } }),
        filter.reference === undefined ? [byAccount] : [byReference],
        filter.reference === undefined ? least : Math.min(least, 200)
      ],
      [
        `list of all by ${what}`,
        (_) => _.list({ scope: "all", filter, limit: 10, cursor: null }),
        [primary],
        filter.reference === undefined ? least : lookedAt
      ],
      [
        `list of all by ${what}, before`,
        (_) => _.list({ scope: "all", filter, limit: 10, cursor: { before: submissions[10]!.id } }),
        [primary],
        filter.reference === undefined ? least : lookedAt
      ]
    ]),
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
    ["findParked", (_) => _.findParked(ids[150]!), [primary], 10],
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
    ["list of an account", (_) => _.list({ scope: busy, filter: {}, limit: 10, cursor: null }), [byAccount, byKey], 30],
    [
      "list of an account, after",
      (_) => _.list({ scope: busy, filter: {}, limit: 10, cursor: { after: middle.id } }),
      [byAccount],
      30
    ],
    [
      "list of an account, before",
      (_) => _.list({ scope: busy, filter: {}, limit: 10, cursor: { before: middle.id } }),
      [byAccount],
      30
    ],
    ["list of all", (_) => _.list({ scope: "all", filter: {}, limit: 10, cursor: null }), [primary], 30],
    ["list of all, after", (_) => _.list({ scope: "all", filter: {}, limit: 10, cursor: { after: middle.id } }), [
      primary
    ], 30],
    ["list of all, before", (_) => _.list({ scope: "all", filter: {}, limit: 10, cursor: { before: middle.id } }), [
      primary
    ], 30],
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
        assert.deepStrictEqual(first!.plan.map((_) => _.key), [byResend])
        assert.lengthOf(rest, 2)
      }))

    it.effect("the parked are chosen in the index of what waits alone, then searched for by id", () =>
      Effect.gen(function*() {
        const repository = yield* SubmissionRepository
        for (const cursor of [null, { after: middle.id }, { before: middle.id }]) {
          const seen = yield* watched(repository.listParked({ limit: 10, cursor }))
          assertSearches(seen, "submissions", [primary, byResend], count / 2 + 500)
          const waiting = seen.plans.flatMap(({ plan }) => plan).filter((_) => _.key === byResend)
          assert.lengthOf(waiting, 1)
          assert.match(JSON.stringify(waiting), /Using index[;"]/, "nothing but the index")
        }
        const seen = yield* watched(repository.backlog)
        assert.match(JSON.stringify(seen.plans), /Using index[;"]/, "nothing but the index")
      }))

    it.effect("accounts are listed along their ids, and secrets searched", () =>
      Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const many = Arr.makeBy(200, () => accountOf())
        const secrets = many.map((_) => secretOf(_, "d"))
        yield* Effect.forEach(many, (_, index) => accounts.insert(_, secrets[index]!))
        yield* analyze("accounts, secrets")
        for (const cursor of [null, { after: many[77]!.id }, { before: many[77]!.id }]) {
          const seen = yield* watched(accounts.list({ limit: 10, cursor }))
          assertSearches(seen, "accounts", [primary], 30)
          assert.notMatch(JSON.stringify(seen.plans), /filesort/i)
        }
        const [account, secret] = [many[77]!, secrets[77]!]
        assertSearches(yield* watched(accounts.setDisabled(account.id, noon)), "accounts", [primary], 10)
        for (
          const write of [
            accounts.revoke(account.id, secret.id, noon),
            accounts.restore(account.id, secret.id, noon),
            accounts.markUsed([{ id: secret.id, at: noon }]),
            accounts.expireOlder(secret, noon)
          ]
        ) {
          assertSearches(yield* watched(write), "secrets", [primary, "secrets_by_account"], 15)
        }
      }))

    it.effect("credentials are searched by the account", () =>
      Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const many = Arr.makeBy(200, () => accountOf())
        yield* Effect.forEach(many, (_) => accounts.insert(_, secretOf(_, "d")))
        yield* analyze("accounts, secrets")
        const seen = yield* watched(accounts.findCredentials(many[77]!.id))
        assertSearches(seen, "accounts", [primary], 10)
        assertSearches(seen, "secrets", ["secrets_by_account"], 10)
        const empty = yield* watched(accounts.isEmpty)
        assert.isAtMost(empty.rows, 5)
      }))

    it.effect("the watch sees a scan", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { plans, rows } = yield* watched(sql`SELECT metadata FROM submissions WHERE metadata = ${"x"}`)
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
