import { Effect, Layer, Redacted } from "effect"
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto"
import { KeyedDigests } from "../services/KeyedDigests.ts"
import { SecretPepper } from "./Keys.ts"

/** RFC 5869 with one label for each purpose, so that no digest can stand in for another. */
export const deriveKey = (
  pepper: Redacted.Redacted,
  label: "secret" | "fingerprint" | "idempotency" | "session"
): Buffer => Buffer.from(hkdfSync("sha256", Redacted.value(pepper), "", label, 32))

const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest("base64url")

export const HmacDigests = Layer.effect(
  KeyedDigests,
  Effect.map(SecretPepper, (secretPepper) => {
    const secretKey = deriveKey(secretPepper, "secret")
    const fingerprintKey = deriveKey(secretPepper, "fingerprint")
    const requestKey = deriveKey(secretPepper, "idempotency")

    return KeyedDigests.of({
      secret: (secret) => hmac(secretKey, Redacted.value(secret)),
      areEqual: (one, other) => {
        const a = Buffer.from(one)
        const b = Buffer.from(other)
        return a.length === b.length && timingSafeEqual(a, b)
      },
      cardNumber: (digits) => hmac(fingerprintKey, digits),
      request: (canonicalJson) => hmac(requestKey, `\u0001${canonicalJson}`)
    })
  })
)
