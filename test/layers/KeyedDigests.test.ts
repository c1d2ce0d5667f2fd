import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Redacted } from "effect"
import { createHmac } from "node:crypto"
import { KeyedDigests } from "../../src/services/KeyedDigests.ts"
import { cryptography } from "../support/LayersKeys.ts"

const digests = Effect.provide(KeyedDigests, cryptography("k1"))

const hmac = (key: string | Buffer, ...parts: ReadonlyArray<string | Buffer>) => {
  const digest = createHmac("sha256", key)
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** RFC 5869 by the letter, for one block of 32 bytes and no salt. */
const hkdf = (secret: string, label: string) => hmac(hmac(Buffer.alloc(32), secret), label, Buffer.of(1))

const pepper = "pepper of the tests"

describe("HmacDigests", () => {
  it.effect("are HMAC-SHA-256 under HKDF's keys, in base64url", () =>
    Effect.gen(function*() {
      const of = yield* digests
      const text = "4242424242424242"
      assert.strictEqual(of.secret(Redacted.make(text)), hmac(hkdf(pepper, "secret"), text).toString("base64url"))
      assert.strictEqual(of.cardNumber(text), hmac(hkdf(pepper, "fingerprint"), text).toString("base64url"))
      // a version byte goes before the request
      assert.strictEqual(of.request(text), hmac(hkdf(pepper, "idempotency"), "\u0001", text).toString("base64url"))
    }))

  it.effect("differ by label for one text, and by text for one label", () =>
    Effect.gen(function*() {
      const of = yield* digests
      const texts = ["", "a", "b", "\u0001a", "4242424242424242", "é"]
      const all = texts.flatMap((text) => [of.secret(Redacted.make(text)), of.cardNumber(text), of.request(text)])
      assert.strictEqual(new Set(all).size, all.length)
      for (const digest of all) assert.match(digest, /^[A-Za-z0-9_-]{43}$/)
    }))

  it.effect.prop(
    "a secret matches its own digest and no other",
    [FastCheck.string(), FastCheck.string()],
    ([one, other]) =>
      Effect.gen(function*() {
        const of = yield* digests
        const digest = of.secret(Redacted.make(one))
        assert.isTrue(of.areEqual(of.secret(Redacted.make(one)), digest))
        assert.strictEqual(of.areEqual(of.secret(Redacted.make(other)), digest), one === other)
        for (const another of ["", "x", of.secret(Redacted.make(`${one}.`)), digest.slice(1), `${digest}A`]) {
          assert.isFalse(of.areEqual(digest, another))
        }
      })
  )
})
