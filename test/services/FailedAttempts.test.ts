import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FailedAttempts } from "../../src/services/FailedAttempts.ts"
import { newAccountId, noon } from "../support/LayersSamples.ts"

describe("FailedAttempts", () => {
  it.effect("throttles what comes after ten failures of any minute, until the first of them is a minute ago", () =>
    Effect.gen(function*() {
      const { fail } = yield* FailedAttempts
      const account = newAccountId()
      const at = (seconds: number) => fail(account, "::1", noon + seconds * 1_000)
      assert.isNull(at(0))
      for (let i = 0; i < 9; i++) assert.isNull(at(58))
      assert.strictEqual(at(59), 1_000)
      // one place became free
      assert.isNull(at(61))
      assert.strictEqual(at(61), 57_000)
      assert.isNull(fail(account, "::2", noon + 61_000))
      assert.isNull(fail(newAccountId(), "::1", noon + 61_000))
      // a clock that was set back far holds up nobody
      assert.isNull(at(-3_600))
    }).pipe(Effect.provide(FailedAttempts.Default)))

  it.effect("remembers a bounded number, and nothing of what can be no account", () =>
    Effect.gen(function*() {
      const { fail } = yield* FailedAttempts
      for (let i = 0; i < 20; i++) assert.isNull(fail("nobody", "::1", noon))
      const first = newAccountId()
      for (let i = 0; i < 10; i++) fail(first, "::1", noon)
      assert.isNotNull(fail(first, "::1", noon))
      for (let i = 0; i < 10_000; i++) fail(newAccountId(), "::1", noon)
      assert.isNull(fail(first, "::1", noon))
    }).pipe(Effect.provide(FailedAttempts.Default)))
})
