import { Effect, Layer, Redacted } from "effect"
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto"
import { KeyedDigests } from "../services/KeyedDigests.ts"
import { SecretPepper } from "./Keys.ts"

/** RFC 5869 with one label for each purpose, so that no digest can stand in for another. */
const derive = (pepper: Redacted.Redacted, label: "secret" | "fingerprint" | "idempotency") =>
  Buffer.from(hkdfSync("sha256", Redacted.value(pepper), "", label, 32))

const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest("base64url")

const noDigest = "0".repeat(43)

export const HmacDigests = Layer.effect(
  KeyedDigests,
  Effect.map(SecretPepper, (secretPepper) => {
    const secretKey = derive(secretPepper, "secret")
    const fingerprintKey = derive(secretPepper, "fingerprint")
    const requestKey = derive(secretPepper, "idempotency")
    const digestOf = (secret: Redacted.Redacted) => hmac(secretKey, Redacted.value(secret))

    return KeyedDigests.of({
      secret: digestOf,
      secretMatches: (secret, digests) => {
        const presented = Buffer.from(digestOf(secret))
        let matches = false
        for (const digest of digests.length === 0 ? [noDigest] : digests) {
          const stored = Buffer.from(digest)
          if (stored.length === presented.length && timingSafeEqual(stored, presented)) matches = true
        }
        return matches
      },
      cardNumber: (digits) => hmac(fingerprintKey, digits),
      request: (canonicalJson) => hmac(requestKey, `\u0001${canonicalJson}`)
    })
  })
)
