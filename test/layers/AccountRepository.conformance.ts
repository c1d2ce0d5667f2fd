import { assert } from "@effect/vitest"
import { Effect, Option } from "effect"
import { AccountRepository } from "../../src/services/AccountRepository.ts"
import { databaseSuite, type GatewayUnderTest } from "../support/LayersDatabase.ts"
import { accountOf, newAccountId, secretOf } from "../support/LayersSamples.ts"

export const accountRepositoryConformance = (layer: GatewayUnderTest) => {
  const { life, test } = databaseSuite(layer)

  test("an account is there when its insert answered, also after reopening", (where) =>
    Effect.gen(function*() {
      const account = accountOf({ name: "É Łódź 😀 " + "n".repeat(240) })
      yield* life(where, () =>
        Effect.gen(function*() {
          const accounts = yield* AccountRepository
          assert.isTrue(yield* accounts.isEmpty)
          yield* accounts.insert(account, secretOf(account, "digest one"))
          assert.isFalse(yield* accounts.isEmpty)
        }))
      yield* life(where, () =>
        Effect.gen(function*() {
          const accounts = yield* AccountRepository
          assert.isFalse(yield* accounts.isEmpty)
          assert.deepStrictEqual(
            yield* accounts.findCredentials(account.id),
            Option.some({ account, digests: ["digest one"] })
          )
        }))
    }))

  test("doing it again with the same ids changes nothing", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const account = accountOf()
        const secret = secretOf(account, "digest")
        yield* accounts.insert(account, secret)
        yield* accounts.insert(account, secret)
        yield* accounts.insert({ ...account, name: "Another" }, { ...secret, digest: "another" })
        assert.deepStrictEqual(
          yield* accounts.findCredentials(account.id),
          Option.some({ account, digests: ["digest"] })
        )
      })))

  test("an account may have several secrets, and has only its own", (where) =>
    life(where, () =>
      Effect.gen(function*() {
        const accounts = yield* AccountRepository
        const [one, other] = [accountOf(), accountOf({ disabledAt: 1 })]
        yield* accounts.insert(one, secretOf(one, "one a"))
        yield* accounts.insert(one, secretOf(one, "one b"))
        yield* accounts.insert(other, secretOf(other, "other"))
        const found = Option.getOrThrow(yield* accounts.findCredentials(one.id))
        assert.sameMembers([...found.digests], ["one a", "one b"])
        assert.deepStrictEqual(
          yield* accounts.findCredentials(other.id),
          Option.some({ account: other, digests: ["other"] })
        )
        assert.deepStrictEqual(yield* accounts.findCredentials(newAccountId()), Option.none())
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
      })))
}
