import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted, TestClock } from "effect"
import { inspect } from "node:util"
import { instantOf } from "../../src/domain/Ids.ts"
import { isSecret } from "../../src/domain/Secret.ts"
import { AccountRepository } from "../../src/services/AccountRepository.ts"
import { CreateAccount } from "../../src/services/CreateAccount.ts"
import { KeyedDigests } from "../../src/services/KeyedDigests.ts"
import { pipeline } from "../support/LayersPipeline.ts"
import { noon } from "../support/LayersSamples.ts"

describe("CreateAccount", () => {
  it.effect("makes an account whose secret is told once and stored only as a digest", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      const { create } = yield* CreateAccount
      const { account, secret } = yield* create("Ada's shop")
      assert.deepStrictEqual({ ...account, id: null }, {
        id: null,
        name: "Ada's shop",
        createdAt: noon,
        disabledAt: null
      })
      assert.strictEqual(instantOf(account.id), noon)
      assert.isTrue(isSecret(secret))
      const stored = Option.getOrThrow(yield* (yield* AccountRepository).findCredentials(account.id))
      assert.deepStrictEqual(stored.account, account)
      assert.deepStrictEqual(stored.secrets.map((_) => [_.digest, _.scope, _.expiresAt, _.lastUsedAt]), [
        [(yield* KeyedDigests).secret(secret), "full", null, null]
      ])
      const text = Redacted.value(secret)
      for (
        const print of [JSON.stringify({ account, secret, stored }), inspect({ account, secret, stored }, { depth: 9 })]
      ) {
        assert.notInclude(print, text.slice(3, 40))
      }
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("two accounts share neither id nor secret", () =>
    Effect.gen(function*() {
      const { create } = yield* CreateAccount
      const made = yield* Effect.replicateEffect(create("same"), 50)
      assert.strictEqual(new Set(made.map((_) => _.account.id)).size, 50)
      assert.strictEqual(new Set(made.map((_) => Redacted.value(_.secret))).size, 50)
    }).pipe(Effect.provide(pipeline().layer)))

  it.effect("what is only prepared is nowhere yet", () =>
    Effect.gen(function*() {
      const { prepare } = yield* CreateAccount
      const accounts = yield* AccountRepository
      const { account, stored } = yield* prepare("Ada")
      assert.isTrue(yield* accounts.isEmpty)
      yield* accounts.insert(account, stored)
      assert.isFalse(yield* accounts.isEmpty)
    }).pipe(Effect.provide(pipeline().layer)))
})
