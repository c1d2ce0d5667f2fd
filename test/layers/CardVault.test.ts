import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Inspectable, Layer, Redacted } from "effect"
import { inspect } from "node:util"
import { Card, CvvShape, toPlaintext } from "../../src/domain/Card.ts"
import { Submission } from "../../src/domain/Submission.ts"
import { AesCardVault } from "../../src/layers/AesCardVault.ts"
import { SystemRandomness } from "../../src/layers/SystemRandomness.ts"
import { CardUnreadable, CardVault, type SealedFacts } from "../../src/services/CardVault.ts"
import { cryptography, keys } from "../support/LayersKeys.ts"
import { cardOf, newAccountId, noon, transactionIdAt } from "../support/LayersSamples.ts"

const facts: SealedFacts = {
  id: transactionIdAt(noon),
  accountId: newAccountId(),
  amount: 1999,
  currency: "USD",
  acceptedAt: noon,
  cvvShape: "3"
}

const alphabet = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!= ", "é", ""]

const vaultOf = (sealing: string, ...others: ReadonlyArray<string>) =>
  Effect.provide(CardVault, cryptography(sealing, ...others))

const reasonOf = (opened: Either.Either<Card, CardUnreadable>) => Either.isLeft(opened) ? opened.left.reason : "opened"

describe("AesCardVault", () => {
  it.effect.prop(
    "what was sealed opens, with the facts it was sealed for",
    {
      card: Card,
      id: Submission.fields.id,
      accountId: Submission.fields.accountId,
      amount: Submission.fields.amount,
      acceptedAt: Submission.fields.acceptedAt,
      cvvShape: CvvShape
    },
    ({ card, ...of }) =>
      Effect.gen(function*() {
        const vault = yield* vaultOf("k1")
        const { keyId, sealed } = yield* vault.seal(card, { ...of, currency: "USD" })
        assert.strictEqual(keyId, "k1")
        const opened = Either.getOrThrow(vault.open(sealed, { ...of, currency: "USD" }))
        assert.deepStrictEqual(toPlaintext(opened), toPlaintext(card))
      })
  )

  it.effect("a token gives up its own transaction and no other, under any key of the ring", () =>
    Effect.gen(function*() {
      const vault = yield* vaultOf("k1")
      const token = yield* vault.sealGiveUp(facts.id)
      assert.isTrue(vault.isGivenUp(token, facts.id))
      assert.isTrue((yield* vaultOf("k2", "k1")).isGivenUp(token, facts.id))
      assert.isFalse((yield* vaultOf("k2")).isGivenUp(token, facts.id))
      assert.isFalse(vault.isGivenUp(token, transactionIdAt(noon)))
      for (const other of ["", "1.k1.", token.slice(0, -1), `${token}A`, token.replace("1.k1.", "1.k2.")]) {
        assert.isFalse(vault.isGivenUp(other, facts.id), other)
      }
      // neither stands in for the other
      const { sealed } = yield* vault.seal(cardOf(), facts)
      assert.isFalse(vault.isGivenUp(sealed, facts.id))
      assert.strictEqual(reasonOf(vault.open(token, facts)), "card_not_authentic")
    }))

  it.effect("every fact that is changed makes it not open", () =>
    Effect.gen(function*() {
      const vault = yield* vaultOf("k1")
      const { sealed } = yield* vault.seal(cardOf(), facts)
      const changes: { readonly [Fact in keyof SealedFacts]: SealedFacts[Fact] } = {
        id: transactionIdAt(noon),
        accountId: newAccountId(),
        amount: 2000,
        currency: "EUR" as never,
        acceptedAt: noon + 1,
        cvvShape: "4"
      }
      assert.sameMembers(Object.keys(changes), Object.keys(facts))
      assert.strictEqual(reasonOf(vault.open(sealed, facts)), "opened")
      for (const [fact, value] of Object.entries(changes)) {
        assert.strictEqual(reasonOf(vault.open(sealed, { ...facts, [fact]: value })), "card_not_authentic", fact)
      }
      assert.strictEqual(reasonOf(vault.open(sealed, { ...facts, amount: -1999 })), "card_not_authentic")
      assert.strictEqual(reasonOf(vault.open(sealed, { ...facts, cvvShape: "invalid" })), "card_not_authentic")
    }))

  it.effect("envelopes that were swapped open for neither", () =>
    Effect.gen(function*() {
      const vault = yield* vaultOf("k1")
      const other = { ...facts, id: transactionIdAt(noon) }
      const one = yield* vault.seal(cardOf({ number: "4000056655665556" }), facts)
      const two = yield* vault.seal(cardOf({ number: "5555555555554444" }), other)
      assert.strictEqual(reasonOf(vault.open(two.sealed, facts)), "card_not_authentic")
      assert.strictEqual(reasonOf(vault.open(one.sealed, other)), "card_not_authentic")
    }))

  it.effect("an envelope whose bytes were altered or cut, at any place, does not open", () =>
    Effect.gen(function*() {
      const vault = yield* vaultOf("k1")
      const { sealed } = yield* vault.seal(cardOf(), facts)
      const [version, keyId, text] = sealed.split(".") as [string, string, string]
      const box = Buffer.from(text, "base64url")
      const enveloped = (bytes: Uint8Array) => `${version}.${keyId}.${Buffer.from(bytes).toString("base64url")}`
      assert.strictEqual(enveloped(box), sealed)
      for (let at = 0; at < box.length; at++) {
        for (const bit of [1, 128]) {
          const altered = Buffer.from(box)
          altered[at]! ^= bit
          assert.strictEqual(reasonOf(vault.open(enveloped(altered), facts)), "card_not_authentic", `byte ${at}`)
        }
        assert.strictEqual(
          reasonOf(vault.open(enveloped(box.subarray(0, at)), facts)),
          "card_not_authentic",
          `cut ${at}`
        )
        assert.strictEqual(reasonOf(vault.open(enveloped(box.subarray(at + 1)), facts)), "card_not_authentic")
      }
      assert.strictEqual(reasonOf(vault.open(enveloped(Buffer.concat([box, box])), facts)), "card_not_authentic")
    }))

  it.effect("an envelope whose text was altered, at any character, does not open", () =>
    Effect.gen(function*() {
      const vault = yield* vaultOf("k1")
      // three lengths of the ciphertext: its last base64 character holds 6, 4 or 2 bits
      for (const holder of ["Ada", "Ada L", "Ada Lo"]) {
        const { sealed } = yield* vault.seal(cardOf({ holder }), facts)
        for (let at = 0; at < sealed.length; at++) {
          for (const other of alphabet.filter((_) => _ !== sealed[at])) {
            const altered = sealed.slice(0, at) + other + sealed.slice(at + 1)
            assert.notStrictEqual(reasonOf(vault.open(altered, facts)), "opened", altered)
          }
        }
        for (let at = 0; at < sealed.length; at += 5) {
          for (const more of ["=", "A", " ", ".", "!"]) {
            const altered = sealed.slice(0, at) + more + sealed.slice(at)
            assert.notStrictEqual(reasonOf(vault.open(altered, facts)), "opened", altered)
          }
        }
        for (const more of ["=", "A", " ", "\n", ".", ".x", "!"]) {
          assert.notStrictEqual(reasonOf(vault.open(sealed + more, facts)), "opened", JSON.stringify(more))
        }
      }
    }))

  it.effect("what is no envelope is not authentic", () =>
    Effect.gen(function*() {
      const vault = yield* vaultOf("k1")
      const { sealed } = yield* vault.seal(cardOf(), facts)
      const nonsense = [
        "",
        ".",
        "..",
        "1",
        "1.k1",
        "1.k1.",
        "1.k1.AAAA",
        "1..AAAA",
        sealed.replace("1.", "2."),
        sealed.replace("1.", "."),
        `${sealed}.`,
        `1.${sealed}`,
        "\0",
        "1.k1." + "A".repeat(100_000)
      ]
      for (const text of nonsense) assert.notStrictEqual(reasonOf(vault.open(text, facts)), "opened", text.slice(0, 40))
      for (const text of ["1.k1.", "1.k1.AAAA", sealed.replace("1.", "2.")]) {
        assert.strictEqual(reasonOf(vault.open(text, facts)), "card_not_authentic", text.slice(0, 40))
      }
    }))

  it.effect("a key that is not here is told apart from an envelope that is not authentic", () =>
    Effect.gen(function*() {
      const old = yield* vaultOf("old")
      const { sealed } = yield* old.seal(cardOf(), facts)
      const without = yield* vaultOf("new")
      assert.strictEqual(reasonOf(without.open(sealed, facts)), "unknown_card_key")
      // the same name for another key
      const renamed = sealed.replace(".old.", ".new.")
      assert.strictEqual(reasonOf(without.open(renamed, facts)), "card_not_authentic")
      for (const name of ["toString", "__proto__", "constructor"]) {
        assert.strictEqual(reasonOf(without.open(sealed.replace(".old.", `.${name}.`), facts)), "unknown_card_key")
      }
    }))

  it.effect("keys rotate: the first one seals, all open", () =>
    Effect.gen(function*() {
      const [before, appended, first, after] = [
        yield* vaultOf("old"),
        yield* vaultOf("old", "new"),
        yield* vaultOf("new", "old"),
        yield* vaultOf("new")
      ]
      const byOld = yield* before.seal(cardOf(), facts)
      const stillOld = yield* appended.seal(cardOf(), facts)
      const byNew = yield* first.seal(cardOf(), facts)
      assert.deepStrictEqual([byOld.keyId, stillOld.keyId, byNew.keyId], ["old", "old", "new"])
      for (const { sealed } of [byOld, stillOld, byNew]) {
        assert.strictEqual(reasonOf(appended.open(sealed, facts)), "opened")
        assert.strictEqual(reasonOf(first.open(sealed, facts)), "opened")
      }
      assert.strictEqual(reasonOf(after.open(byNew.sealed, facts)), "opened")
      assert.strictEqual(reasonOf(after.open(byOld.sealed, facts)), "unknown_card_key")
    }))

  it.effect("a nonce is never used twice, and an envelope tells nothing of its card", () =>
    Effect.gen(function*() {
      const vault = yield* Effect.provide(
        CardVault,
        AesCardVault.pipe(Layer.provide(Layer.merge(keys("k1"), SystemRandomness)))
      )
      const envelopes = yield* Effect.replicateEffect(vault.seal(cardOf(), facts), 10_000)
      const boxes = envelopes.map((_) => Buffer.from(_.sealed.split(".")[2]!, "base64url"))
      assert.strictEqual(new Set(boxes.map((_) => _.toString("hex", 0, 12))).size, 10_000)
      assert.strictEqual(new Set(boxes.map((_) => _.toString("hex", 12))).size, 10_000)
      assert.isTrue(boxes.every((_) => !_.includes("4242424242424242") && !_.includes("Ada Lovelace")))
    }))

  it.effect("neither a card nor an error prints what it holds", () =>
    Effect.gen(function*() {
      const vault = yield* vaultOf("k1")
      const secret = cardOf({ number: "4000056655665556", holder: "Zebulon Quux" })
      const { sealed } = yield* vault.seal(secret, facts)
      const opened = Either.getOrThrow(vault.open(sealed, facts))
      const error = Either.getOrThrow(Either.flip(vault.open(sealed, { ...facts, amount: 1 })))
      assert.strictEqual(Redacted.value(opened.number), "4000056655665556")
      for (const thing of [secret, opened, error, vault.open(sealed, facts)]) {
        const prints = [
          `${String(thing)}`,
          JSON.stringify(thing),
          inspect(thing, { depth: 10, showHidden: true }),
          Inspectable.toStringUnknown(thing),
          String((thing as { readonly stack?: string }).stack)
        ]
        for (const print of prints) {
          assert.notInclude(print, "4000056655665556")
          assert.notInclude(print, "Zebulon")
        }
      }
    }))
})
