import { assert } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { Account } from "../../src/domain/Account.ts"
import type { AccountId } from "../../src/domain/Ids.ts"
import { type AccountPage, AccountRepository, type Credentials } from "../../src/services/AccountRepository.ts"
import { type Accounts, databaseSuite, type GatewayUnderTest } from "../support/LayersDatabase.ts"
import { accountOf, newAccountId, noon, secretOf } from "../support/LayersSamples.ts"

const held = (accounts: Accounts, id: AccountId) => Effect.map(accounts.findCredentials(id), Option.getOrThrow)

const digestsOf = ({ secrets }: Credentials) => secrets.map((_) => _.digest)

/** Everything that can be written can be written again. */
const twice = <A, E, R>(write: Effect.Effect<A, E, R>) => Effect.zipRight(write, write)

export const accountRepositoryConformance = (layer: GatewayUnderTest) => {
  const { life, test } = databaseSuite(layer)

  /** An account with a full secret, as it is made. */
  const inserted = Effect.fnUntraced(function*(account: Account = accountOf()) {
    const accounts = yield* AccountRepository
    const first = secretOf(account, "first")
    yield* accounts.insert(account, first)
    return { accounts, account, first }
  })

  test("an account is there when its insert answered, also after reopening", (where) =>
    Effect.gen(function*() {
      const account = accountOf({ name: "É Łódź 😀 " + "n".repeat(240) })
      const secret = secretOf(account, "digest one", { scope: "read_only", expiresAt: noon + 7, lastUsedAt: noon + 3 })
      yield* life(where, () =>
        Effect.gen(function*() {
          const accounts = yield* AccountRepository
          assert.isTrue(yield* accounts.isEmpty)
          yield* accounts.insert(account, secret)
          assert.isFalse(yield* accounts.isEmpty)
        }))
      yield* life(where, () =>
        Effect.gen(function*() {
          const accounts = yield* AccountRepository
          assert.isFalse(yield* accounts.isEmpty)
          assert.deepStrictEqual(yield* held(accounts, account.id), { account, secrets: [secret] })
        }))
    }))

  test("doing it again with the same ids changes nothing", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const { account, accounts, first } = yield* inserted()
        yield* accounts.insert(account, first)
        yield* accounts.insert({ ...account, name: "Another" }, { ...first, digest: "another" })
        yield* accounts.insertSecret({ ...first, digest: "another", scope: "read_only" })
        assert.deepStrictEqual(yield* held(accounts, account.id), { account, secrets: [first] })
      })))

  test("an account may have several secrets, in the order of their ids, and has only its own", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const { account, accounts, first } = yield* inserted()
        const { account: other, first: foreign } = yield* inserted(accountOf({ disabledAt: 1 }))
        const [second, third] = [secretOf(account, "second", { scope: "read_only" }), secretOf(account, "third")]
        for (const secret of [third, second]) yield* twice(accounts.insertSecret(secret))
        assert.deepStrictEqual((yield* held(accounts, account.id)).secrets, [first, second, third])
        assert.deepStrictEqual(yield* held(accounts, other.id), { account: other, secrets: [foreign] })
        assert.deepStrictEqual(yield* accounts.findCredentials(newAccountId()), Option.none())
      })))

  test("a secret that is revoked is not among the credentials, and an account may have none", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const { account, accounts, first } = yield* inserted()
        const second = secretOf(account, "second")
        yield* accounts.insertSecret(second)
        yield* accounts.revoke(newAccountId(), first.id, noon)
        assert.deepStrictEqual(digestsOf(yield* held(accounts, account.id)), ["first", "second"], "another's id")
        yield* twice(accounts.revoke(account.id, first.id, noon))
        assert.deepStrictEqual(digestsOf(yield* held(accounts, account.id)), ["second"])
        yield* accounts.revoke(account.id, second.id, noon + 1)
        assert.deepStrictEqual(yield* held(accounts, account.id), { account, secrets: [] })
        yield* accounts.insertSecret(first)
        assert.deepStrictEqual(digestsOf(yield* held(accounts, account.id)), [], "inserting it again brings none back")
      })))

  test("a revocation is taken back by its instant, which the first one gave it", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const { account, accounts, first } = yield* inserted()
        yield* accounts.revoke(account.id, first.id, noon + 5)
        yield* accounts.revoke(account.id, first.id, noon + 6)
        yield* twice(accounts.restore(account.id, first.id, noon + 6))
        yield* accounts.restore(newAccountId(), first.id, noon + 5)
        assert.deepStrictEqual((yield* held(accounts, account.id)).secrets, [])
        yield* twice(accounts.restore(account.id, first.id, noon + 5))
        assert.deepStrictEqual((yield* held(accounts, account.id)).secrets, [first])
      })))

  test("a newer full secret lets the older full ones expire, none later than it would anyway", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const { account, accounts, first } = yield* inserted()
        const soon = secretOf(account, "soon", { expiresAt: noon + 10 })
        const late = secretOf(account, "late", { expiresAt: noon + 1_000 })
        const reading = secretOf(account, "reading", { scope: "read_only" })
        const newer = secretOf(account, "newer", { expiresAt: noon + 5_000 })
        const newest = secretOf(account, "newest")
        for (const secret of [soon, late, reading, newer, newest]) yield* accounts.insertSecret(secret)
        const { account: other, first: foreign } = yield* inserted()
        const expected = (at: number) => [{ ...first, expiresAt: at }, soon, { ...late, expiresAt: at }]
        yield* twice(accounts.expireOlder(newer, noon + 100))
        assert.deepStrictEqual((yield* held(accounts, account.id)).secrets, [
          ...expected(noon + 100),
          reading,
          newer,
          newest
        ])
        yield* accounts.expireOlder(newest, noon + 200)
        assert.deepStrictEqual((yield* held(accounts, account.id)).secrets, [
          ...expected(noon + 100),
          reading,
          { ...newer, expiresAt: noon + 200 },
          newest
        ])
        assert.deepStrictEqual((yield* held(accounts, other.id)).secrets, [foreign])
      })))

  test("of the uses of a secret the latest is kept, whatever order they come in", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const { account, accounts, first } = yield* inserted()
        const [second, third] = [secretOf(account, "second"), secretOf(account, "third", { lastUsedAt: noon + 9 })]
        yield* accounts.insertSecret(second)
        yield* accounts.insertSecret(third)
        const used = Effect.map(held(accounts, account.id), ({ secrets }) => secrets.map((_) => _.lastUsedAt))
        const { id: unknown } = secretOf(account, "unknown")
        yield* accounts.markUsed([])
        assert.deepStrictEqual(yield* used, [null, null, noon + 9])
        yield* twice(accounts.markUsed([
          { id: first.id, at: noon + 60_000 },
          { id: first.id, at: noon },
          { id: third.id, at: noon + 8 },
          { id: unknown, at: noon }
        ]))
        assert.deepStrictEqual(yield* used, [noon + 60_000, null, noon + 9])
        const instants = [noon + 120_000, 999_999_999_999, noon - 1]
        yield* accounts.markUsed(instants.flatMap((at) => [{ id: second.id, at }, { id: first.id, at }]))
        assert.deepStrictEqual(yield* used, [noon + 120_000, noon + 120_000, noon + 9])
      })))

  test("an account is disabled once, and enabled again", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const { account, accounts, first } = yield* inserted()
        const { account: other } = yield* inserted()
        const disabled = Effect.map(held(accounts, account.id), (_) => _.account.disabledAt)
        yield* twice(accounts.setDisabled(account.id, noon + 1))
        assert.strictEqual(yield* disabled, noon + 1)
        yield* accounts.setDisabled(account.id, noon + 2)
        assert.strictEqual(yield* disabled, noon + 1)
        assert.deepStrictEqual((yield* held(accounts, account.id)).secrets, [first])
        yield* twice(accounts.setDisabled(account.id, null))
        assert.isNull(yield* disabled)
        yield* accounts.setDisabled(account.id, noon + 3)
        assert.strictEqual(yield* disabled, noon + 3)
        yield* accounts.setDisabled(newAccountId(), noon)
        assert.isNull((yield* held(accounts, other.id)).account.disabledAt)
      })))

  test("the list is newest first, bounded, and pages both ways without a gap", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const list = (page: Partial<AccountPage> = {}) => accounts.list({ limit: 3, cursor: null, ...page })
        const nothing = { found: [], next: null }
        assert.deepStrictEqual(yield* list(), nothing)
        const many = Array.from({ length: 8 }, (_, index) => accountOf({ disabledAt: index === 3 ? noon : null }))
        for (const account of many.toReversed()) yield* accounts.insert(account, secretOf(account, "digest"))
        yield* accounts.insertSecret(secretOf(many[7]!, "another"))
        const newest = many.toReversed()
        const at = (index: number) => newest[index]!.id
        /** A page, and where to go on from. */
        const page = (from: number, to: number, next: number | null) => ({
          found: newest.slice(from, to),
          next: next === null ? null : at(next)
        })
        assert.deepStrictEqual(yield* list(), page(0, 3, 2))
        assert.deepStrictEqual(yield* list({ limit: 8 }), page(0, 8, null))
        assert.deepStrictEqual(yield* list({ limit: 100 }), page(0, 8, null))
        assert.deepStrictEqual(yield* list({ cursor: { after: at(2) } }), page(3, 6, 5))
        assert.deepStrictEqual(yield* list({ cursor: { after: at(4) } }), page(5, 8, null))
        assert.deepStrictEqual(yield* list({ cursor: { after: at(7) } }), nothing)
        assert.deepStrictEqual(yield* list({ cursor: { before: at(5) } }), page(2, 5, 2))
        assert.deepStrictEqual(yield* list({ cursor: { before: at(3) } }), page(0, 3, null))
        assert.deepStrictEqual(yield* list({ cursor: { before: at(1) } }), page(0, 1, null))
        assert.deepStrictEqual(yield* list({ cursor: { before: at(0) } }), nothing)
        assert.deepStrictEqual(yield* list({ cursor: { before: newAccountId() } }), nothing, "an id need not be there")
      })))

  test("what no column can hold is refused as such", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const account = accountOf({ name: null as never })
        const error = yield* Effect.flip(accounts.insert(account, secretOf(account, "digest")))
        assert.strictEqual(error._tag, "Unstorable")
        assert.isTrue(yield* accounts.isEmpty)
        assert.deepStrictEqual(yield* accounts.findCredentials(account.id), Option.none())
        const secret = secretOf(account, null as never)
        assert.strictEqual((yield* Effect.flip(accounts.insertSecret(secret)))._tag, "Unstorable")
      })))
}
