import type { Redacted } from "effect"
import { Context } from "effect"

/**
 * HMAC-SHA-256 under keys derived from `SECRET_PEPPER` (RFC 5869), one key for each purpose. Digests are base64url.
 */
export class KeyedDigests extends Context.Tag("gateway/KeyedDigests")<KeyedDigests, {
  readonly secret: (secret: Redacted.Redacted) => string
  /** In constant time. */
  readonly areEqual: (one: string, other: string) => boolean
  /** Tells two uses of one card apart from two cards, without the number (PCI DSS 3.5.1.1). */
  readonly cardNumber: (digits: string) => string
  /** Of a request's canonical JSON (RFC 8785), which must not hold the CVV. */
  readonly request: (canonicalJson: string) => string
}>() {}
