import { Effect, Either, Layer, ParseResult, Schema } from "effect"
import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto"
import { CardPlaintext, fromPlaintext, toPlaintext } from "../domain/Card.ts"
import { CardUnreadable, CardVault, type SealedFacts } from "../services/CardVault.ts"
import { Randomness } from "../services/Randomness.ts"
import { CardKeys } from "./Keys.ts"

/** The envelope: `1.<key id>.<base64url of nonce, ciphertext, tag>`. */
const version = "1"
const nonceBytes = 12
const tagBytes = 16
const algorithm = "aes-256-gcm"

/** Everything else the decision reads, in one fixed order. */
const associatedData = ({ accountId, acceptedAt, amount, currency, cvvShape, id }: SealedFacts) =>
  Buffer.from(JSON.stringify([version, id, accountId, amount, currency, acceptedAt, cvvShape]))

/** Of a text that says nothing but that it was sealed. No card's associated data has this form. */
const giveUpData = (id: string) => Buffer.from(JSON.stringify([version, "give_up", id]))

// made once: to make an error costs a stack trace
const notAuthentic = new CardUnreadable({ reason: "card_not_authentic" })
const unknownKey = new CardUnreadable({ reason: "unknown_card_key" })

const decodePlaintext = ParseResult.decodeUnknownEither(Schema.parseJson(CardPlaintext))

/** AES-256-GCM (NIST SP 800-38D) with a ring of keys: the first one seals, all open. */
export const AesCardVault = Layer.effect(
  CardVault,
  Effect.gen(function*() {
    const cardKeys = yield* CardKeys
    const randomness = yield* Randomness
    const sealing = cardKeys[0]
    const sealingKey = createSecretKey(sealing.key)
    const keyOf = new Map(cardKeys.map(({ id, key }) => [id, createSecretKey(key)]))

    const seal = (plaintext: string, associated: Buffer): string => {
      const nonce = randomness.bytes(nonceBytes)
      const cipher = createCipheriv(algorithm, sealingKey, nonce, { authTagLength: tagBytes })
      cipher.setAAD(associated)
      const ciphertext = cipher.update(plaintext, "utf8")
      const box = Buffer.concat([nonce, ciphertext, cipher.final(), cipher.getAuthTag()])
      return `${version}.${sealing.id}.${box.toString("base64url")}`
    }

    const open = (sealed: string, associated: Buffer): Either.Either<string, CardUnreadable> => {
      const [sealedVersion, keyId, text, ...rest] = sealed.split(".")
      if (sealedVersion !== version || keyId === undefined || text === undefined || rest.length > 0) {
        return Either.left(notAuthentic)
      }
      const key = keyOf.get(keyId)
      if (key === undefined) return Either.left(unknownKey)
      const box = Buffer.from(text, "base64url")
      // Buffer reads more than it writes: one text for one envelope
      if (box.length < nonceBytes + tagBytes || box.toString("base64url") !== text) return Either.left(notAuthentic)
      const decipher = createDecipheriv(algorithm, key, box.subarray(0, nonceBytes), { authTagLength: tagBytes })
      decipher.setAAD(associated)
      decipher.setAuthTag(box.subarray(box.length - tagBytes))
      return Either.try({
        try: () =>
          Buffer.concat([decipher.update(box.subarray(nonceBytes, box.length - tagBytes)), decipher.final()])
            .toString("utf8"),
        catch: () => notAuthentic
      })
    }

    return CardVault.of({
      seal: (card, facts) =>
        Effect.sync(() => ({
          sealed: seal(JSON.stringify(toPlaintext(card)), associatedData(facts)),
          keyId: sealing.id
        })),

      open: (sealed, facts) =>
        Either.flatMap(open(sealed, associatedData(facts)), (plaintext) =>
          Either.mapBoth(decodePlaintext(plaintext), {
            onLeft: () => notAuthentic,
            onRight: fromPlaintext
          })),

      sealGiveUp: (id) => Effect.sync(() => seal("", giveUpData(id))),
      isGivenUp: (token, id) => Either.isRight(open(token, giveUpData(id)))
    })
  })
)
