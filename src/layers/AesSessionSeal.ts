import { Effect, Layer, Option, Schema } from "effect"
import { createCipheriv, createDecipheriv } from "node:crypto"
import { AccountId, SecretId } from "../domain/Ids.ts"
import { Instant } from "../domain/Instant.ts"
import { Randomness } from "../services/Randomness.ts"
import { SessionSeal } from "../services/SessionSeal.ts"
import { deriveKey } from "./HmacDigests.ts"
import { SecretPepper } from "./Keys.ts"

const Claims = Schema.parseJson(Schema.Struct({
  subject: Schema.Union(
    Schema.TaggedStruct("Account", { id: AccountId, secretId: SecretId }),
    Schema.TaggedStruct("Operator", { secretDigest: Schema.String })
  ),
  expiresAt: Instant
}))
const decodeClaims = Schema.decodeUnknownOption(Claims)

const algorithm = "aes-256-gcm"
const nonceBytes = 12
const tagBytes = 16
/** Characters; a real one is far below. */
const longest = 1_024

/** AES-256-GCM (NIST SP 800-38D) under a key of `SECRET_PEPPER` (RFC 5869, label `session`). */
export const AesSessionSeal = Layer.effect(
  SessionSeal,
  Effect.gen(function*() {
    const key = deriveKey(yield* SecretPepper, "session")
    const randomness = yield* Randomness

    const decrypt = Option.liftThrowable((box: Buffer) => {
      const decipher = createDecipheriv(algorithm, key, box.subarray(0, nonceBytes), { authTagLength: tagBytes })
      decipher.setAuthTag(box.subarray(box.length - tagBytes))
      return Buffer.concat([decipher.update(box.subarray(nonceBytes, box.length - tagBytes)), decipher.final()])
        .toString("utf8")
    })

    return SessionSeal.of({
      seal: (claims) => {
        const nonce = randomness.bytes(nonceBytes)
        const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
        const ciphertext = cipher.update(JSON.stringify(claims), "utf8")
        return Buffer.concat([nonce, ciphertext, cipher.final(), cipher.getAuthTag()]).toString("base64url")
      },
      open: (sealed) => {
        if (sealed.length > longest) return Option.none()
        const box = Buffer.from(sealed, "base64url")
        return box.length < nonceBytes + tagBytes ? Option.none() : Option.flatMap(decrypt(box), decodeClaims)
      }
    })
  })
)
