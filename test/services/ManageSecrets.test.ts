import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Either, Layer, Option, TestClock } from "effect"
import type { AccountId } from "../../src/domain/Ids.ts"
import { AccountRepository, type Credentials, type StoredSecret } from "../../src/services/AccountRepository.ts"
import { ManageSecrets } from "../../src/services/ManageSecrets.ts"
import { cryptography } from "../support/LayersKeys.ts"
import { accountOf, noon, secretOf } from "../support/LayersSamples.ts"

interface Held extends StoredSecret {
  readonly revokedAt: number | null
}

/** One account's secrets in a list; `before` a step, a test may do what another process does meanwhile. */
const fixture = () => {
  const account = accountOf()
  let secrets: ReadonlyArray<Held> = [{ ...secretOf(account, "first"), revokedAt: null }]
  const meanwhile: Partial<Record<"insertSecret" | "revoke" | "look", () => void>> = {}
  let looks = 0
  const change = (id: string, part: (secret: Held) => Partial<Held>) => {
    secrets = secrets.map((_) => _.id === id ? { ..._, ...part(_) } : _)
  }
  const live = () => secrets.filter((_) => _.revokedAt === null)
  const unasked = () => Effect.dieMessage("not asked")
  const repository = Layer.succeed(AccountRepository, {
    insert: unasked,
    isEmpty: Effect.dieMessage("not asked"),
    list: unasked,
    setDisabled: unasked,
    markUsed: () => Effect.void,
    findCredentials: (id) =>
      Effect.sync(() => {
        // the second look of a change comes after its write
        if (looks++ > 0) meanwhile.look?.()
        return id === account.id
          ? Option.some<Credentials>({ account, secrets: live().toSorted((a, b) => a.id < b.id ? -1 : 1) })
          : Option.none()
      }),
    insertSecret: (secret) =>
      Effect.sync(() => {
        meanwhile.insertSecret?.()
        secrets = [...secrets, { ...secret, revokedAt: null }]
      }),
    expireOlder: (secret, expiresAt) =>
      Effect.sync(() => {
        for (const { id, scope } of live()) {
          if (scope === "full" && id < secret.id) {
            change(id, (_) => ({ expiresAt: Math.min(_.expiresAt ?? Infinity, expiresAt) }))
          }
        }
      }),
    revoke: (_, id, revokedAt) =>
      Effect.sync(() => {
        meanwhile.revoke?.()
        change(id, (_) => ({ revokedAt: _.revokedAt ?? revokedAt }))
      }),
    restore: (_, id, revokedAt) =>
      Effect.sync(() => change(id, (_) => ({ revokedAt: _.revokedAt === revokedAt ? null : _.revokedAt })))
  })
  return {
    account,
    meanwhile,
    live,
    add: (part: Partial<Held>) => {
      const secret: Held = { ...secretOf(account, "another"), revokedAt: null, ...part }
      secrets = [...secrets, secret]
      return secret
    },
    revokeElsewhere: (id: string) => change(id, () => ({ revokedAt: 1 })),
    layer: ManageSecrets.Default.pipe(Layer.provide(repository), Layer.provideMerge(cryptography("k1")))
  }
}

const tag = <A, E extends { readonly _tag: string }>(either: Either.Either<A, E>) =>
  Either.match(either, { onLeft: (_) => _._tag, onRight: () => "done" })

const day = Duration.days(1)

describe("ManageSecrets", () => {
  it.effect("the present one expires when the new one is made, or when it would anyway", () => {
    const { account, layer, live } = fixture()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon)
      const { issue } = yield* ManageSecrets
      const [first] = live()
      const { stored } = yield* issue(account.id, "full", day)
      assert.deepStrictEqual(live().map((_) => [_.id, _.expiresAt]), [
        [first!.id, noon + Duration.toMillis(day)],
        [stored.id, null]
      ])
      // what has expired takes no place
      yield* TestClock.adjust("25 hours")
      const third = yield* issue(account.id, "full", Duration.days(30))
      assert.strictEqual(live().find((_) => _.id === first!.id)!.expiresAt, noon + Duration.toMillis(day))
      assert.strictEqual(
        live().find((_) => _.id === stored.id)!.expiresAt,
        (yield* Clock.currentTimeMillis) + Duration.toMillis(Duration.days(30))
      )
      assert.isNull(live().find((_) => _.id === third.stored.id)!.expiresAt)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a clock that was set back keeps no secret alive", () => {
    const { account, layer, live } = fixture()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon - 3_600_000)
      const { issue } = yield* ManageSecrets
      const [first] = live()
      const { stored } = yield* issue(account.id, "full", Duration.zero)
      assert.deepStrictEqual(live().map((_) => [_.id, _.expiresAt]), [[first!.id, noon - 3_600_000], [stored.id, null]])
      assert.isTrue(stored.id > first!.id)
    }).pipe(Effect.provide(layer))
  })

  it.effect("one that another process made first takes the last place, and ours is taken back", () => {
    const { account, add, layer, live, meanwhile } = fixture()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon + 1_000)
      const { issue } = yield* ManageSecrets
      meanwhile.insertSecret = () => void add({})
      assert.strictEqual(tag(yield* Effect.either(issue(account.id, "full", day))), "TooManySecrets")
      assert.lengthOf(live(), 2)
      assert.isTrue(live().every((_) => _.expiresAt === null), "nothing expires for one that is not there")
    }).pipe(Effect.provide(layer))
  })

  it.effect("the last full one stays, also when two are revoked at one time", () => {
    const { account, add, layer, live, meanwhile, revokeElsewhere } = fixture()
    return Effect.gen(function*() {
      yield* TestClock.setTime(noon + 1_000)
      const { revoke } = yield* ManageSecrets
      const [first] = live()
      const reader = add({ scope: "read_only" })
      assert.strictEqual(tag(yield* Effect.either(revoke(account.id, first!.id))), "LastSecret")
      const second = add({})
      meanwhile.revoke = () => revokeElsewhere(second.id)
      assert.strictEqual(tag(yield* Effect.either(revoke(account.id, first!.id))), "LastSecret")
      assert.deepStrictEqual(live().map((_) => _.id), [first!.id, reader.id], "taken back")
      delete meanwhile.revoke
      assert.strictEqual(tag(yield* Effect.either(revoke(account.id, reader.id))), "done")
      assert.strictEqual(tag(yield* Effect.either(revoke(account.id, reader.id))), "SecretMissing")
    }).pipe(Effect.provide(layer))
  })

  it.effect("of nobody there are none", () => {
    const { layer } = fixture()
    return Effect.gen(function*() {
      const { issue, read } = yield* ManageSecrets
      const nobody = "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV" as AccountId
      assert.strictEqual(tag(yield* Effect.either(read(nobody))), "AccountMissing")
      assert.strictEqual(tag(yield* Effect.either(issue(nobody, "full", day))), "AccountMissing")
    }).pipe(Effect.provide(layer))
  })
})
