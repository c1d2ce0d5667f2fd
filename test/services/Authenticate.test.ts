import { assert, describe, it } from "@effect/vitest"
import { Clock, Data, Effect, Either, Layer, Option, Redacted, TestClock } from "effect"
import type { Account } from "../../src/domain/Account.ts"
import { makeSecret } from "../../src/domain/Secret.ts"
import { AccountRepository, type Credentials } from "../../src/services/AccountRepository.ts"
import { Authenticate } from "../../src/services/Authenticate.ts"
import { StorageUnavailable } from "../../src/services/Failure.ts"
import { KeyedDigests } from "../../src/services/KeyedDigests.ts"
import { cryptography, operatorSecret } from "../support/LayersKeys.ts"
import { accountOf, newAccountId, secretOf } from "../support/LayersSamples.ts"

const secretNumber = (n: number) => makeSecret(new Uint8Array(32).fill(n))

class NotAsked extends Data.TaggedError("NotAsked") {}

const notAsked = () => Effect.die(new NotAsked())
const unasked: AccountRepository["Type"] = {
  insert: notAsked,
  isEmpty: notAsked(),
  findCredentials: notAsked,
  list: notAsked,
  setDisabled: notAsked,
  insertSecret: notAsked,
  expireOlder: notAsked,
  revoke: notAsked,
  restore: notAsked,
  markUsed: notAsked
}

/** Accounts in a map, with every read counted. */
const fixture = () => {
  const held = new Map<string, Credentials>()
  let reads = 0
  let down = false
  const repository = Layer.succeed(AccountRepository, {
    ...unasked,
    findCredentials: (id) =>
      Effect.suspend(() => {
        reads++
        return down ? new StorageUnavailable({ cause: "down" }) : Effect.succeed(Option.fromNullable(held.get(id)))
      })
  })
  const layer = Authenticate.Default.pipe(Layer.provide(repository), Layer.provideMerge(cryptography("k1")))
  return {
    layer,
    fails: () => (down = true),
    hold: (account: Account, ...secrets: ReadonlyArray<Redacted.Redacted>) =>
      Effect.map(
        KeyedDigests,
        (_) => held.set(account.id, { account, secrets: secrets.map((secret) => secretOf(account, _.secret(secret))) })
      ),
    /** What it answered, and how often the database was read for it. */
    ask: (username: string, secret: Redacted.Redacted) =>
      Effect.gen(function*() {
        const { authenticate, recall } = yield* Authenticate
        const before = reads
        const remembered = recall(username, secret, yield* Clock.currentTimeMillis)
        const answer = remembered === null
          ? yield* Effect.either(authenticate(username, secret))
          : Either.right(remembered.principal)
        return [
          Either.match(answer, {
            onLeft: (_) => _._tag,
            onRight: (_) => _._tag === "Account" ? _.id : "operator"
          }),
          reads - before
        ] as const
      })
  }
}

const refused = "Unauthenticated"

describe("Authenticate", () => {
  it.effect("knows an account by any of its secrets", () => {
    const { ask, hold, layer } = fixture()
    return Effect.gen(function*() {
      const account = accountOf()
      yield* hold(account, secretNumber(1), secretNumber(2))
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), [account.id, 1])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(2)), [account.id, 1])
    }).pipe(Effect.provide(layer))
  })

  it.effect("every failure reads the database exactly once, whether the account exists or not", () => {
    const { ask, hold, layer } = fixture()
    return Effect.gen(function*() {
      const [known, cached, disabled, bare] = [accountOf(), accountOf(), accountOf({ disabledAt: 1 }), accountOf()]
      yield* hold(known, secretNumber(1))
      yield* hold(cached, secretNumber(1))
      yield* hold(disabled, secretNumber(1))
      yield* hold(bare)
      yield* ask(cached.id, secretNumber(1))
      for (let round = 0; round < 3; round++) {
        assert.deepStrictEqual(yield* ask(known.id, secretNumber(9)), [refused, 1], "known")
        assert.deepStrictEqual(yield* ask(newAccountId(), secretNumber(1)), [refused, 1], "unknown")
        assert.deepStrictEqual(yield* ask(cached.id, secretNumber(9)), [refused, 1], "known, and remembered")
        assert.deepStrictEqual(yield* ask(disabled.id, secretNumber(1)), [refused, 1], "disabled, right secret")
        assert.deepStrictEqual(yield* ask(disabled.id, secretNumber(9)), [refused, 1], "disabled, wrong secret")
        assert.deepStrictEqual(yield* ask(bare.id, secretNumber(1)), [refused, 1], "without a secret")
        yield* TestClock.adjust("1 second")
      }
    }).pipe(Effect.provide(layer))
  })

  it.effect("a credential is remembered for four seconds, not for longer", () => {
    const { ask, hold, layer } = fixture()
    return Effect.gen(function*() {
      const account = accountOf()
      yield* hold(account, secretNumber(1))
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), [account.id, 1])
      yield* TestClock.adjust("3999 millis")
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), [account.id, 0])
      // being used does not prolong it
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), [account.id, 1])
      // a secret that was taken away, or an account that was disabled, works for four seconds at most
      yield* hold({ ...account, disabledAt: 1 }, secretNumber(1))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), [refused, 1])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a secret that was made a moment ago works at once", () => {
    const { ask, hold, layer } = fixture()
    return Effect.gen(function*() {
      const account = accountOf()
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), [refused, 1])
      yield* hold(account, secretNumber(1))
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), [account.id, 1])
      yield* hold(account, secretNumber(1), secretNumber(2))
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(2)), [account.id, 1])
      // a failure is seen at once, and does not forget what was known
      yield* hold(account, secretNumber(2))
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(9)), [refused, 1])
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), [refused, 1])
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(2)), [account.id, 0])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a typo, or what is no credential of ours, costs no look at the database", () => {
    const { ask, hold, layer } = fixture()
    return Effect.gen(function*() {
      const account = accountOf()
      yield* hold(account, secretNumber(1))
      const text = Redacted.value(secretNumber(1))
      const typos = [
        ...[5, 40, 70, 74].map((at) => text.slice(0, at) + (text[at] === "0" ? "1" : "0") + text.slice(at + 1)),
        "",
        "sk_",
        text.slice(1),
        `${text}0`,
        text.toUpperCase(),
        text.replace("sk_", "pk_"),
        "\0",
        "x".repeat(100_000)
      ]
      for (const typo of typos) {
        assert.deepStrictEqual(yield* ask(account.id, Redacted.make(typo)), [refused, 0], typo.slice(0, 80))
      }
      for (const username of ["", "acct_", account.id.toLowerCase(), `${account.id} `, "Operator", "\0", "'; --"]) {
        assert.deepStrictEqual(yield* ask(username, secretNumber(1)), [refused, 0], username)
      }
    }).pipe(Effect.provide(layer))
  })

  it.effect("the operator is known by its secret alone, without the database", () => {
    const { ask, fails, hold, layer } = fixture()
    return Effect.gen(function*() {
      const account = accountOf()
      yield* hold(account, secretNumber(1))
      fails()
      assert.deepStrictEqual(yield* ask("operator", operatorSecret), ["operator", 0])
      for (const wrong of [Redacted.make(""), Redacted.make("op_of_the_test"), secretNumber(1)]) {
        assert.deepStrictEqual(yield* ask("operator", wrong), [refused, 0])
      }
      assert.deepStrictEqual(yield* ask(account.id, operatorSecret), [refused, 0])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a database that cannot be asked is no wrong secret; what is remembered works on", () => {
    const { ask, fails, hold, layer } = fixture()
    return Effect.gen(function*() {
      const account = accountOf()
      yield* hold(account, secretNumber(1))
      yield* ask(account.id, secretNumber(1))
      fails()
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), [account.id, 0])
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(9)), ["StorageUnavailable", 1])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* ask(account.id, secretNumber(1)), ["StorageUnavailable", 1])
    }).pipe(Effect.provide(layer))
  })

  it.effect("it remembers a bounded number of accounts, the latest", () => {
    const { ask, hold, layer } = fixture()
    return Effect.gen(function*() {
      const first = accountOf()
      yield* hold(first, secretNumber(1))
      yield* ask(first.id, secretNumber(1))
      assert.deepStrictEqual(yield* ask(first.id, secretNumber(1)), [first.id, 0])
      const last = accountOf()
      yield* hold(last, secretNumber(1))
      for (let i = 0; i < 10_000; i++) {
        const other = accountOf()
        yield* hold(other)
        yield* ask(other.id, secretNumber(2))
      }
      yield* ask(last.id, secretNumber(1))
      assert.deepStrictEqual(yield* ask(last.id, secretNumber(1)), [last.id, 0])
      assert.deepStrictEqual(yield* ask(first.id, secretNumber(1)), [first.id, 1], "forgotten, not refused")
    }).pipe(Effect.provide(layer))
  })
})
