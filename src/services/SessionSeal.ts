import { Context, type Option } from "effect"
import type { AccountId, SecretId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"

/** Who signed in, and with what: a session dies with the secret that began it. */
export interface SessionClaims {
  readonly subject:
    | { readonly _tag: "Account"; readonly id: AccountId; readonly secretId: SecretId }
    /** `secretDigest` tells whether the operator's secret is still the same. */
    | { readonly _tag: "Operator"; readonly secretDigest: string }
  readonly expiresAt: Instant
}

/** Sessions as text that only this gateway can make and read. */
export class SessionSeal extends Context.Tag("gateway/SessionSeal")<SessionSeal, {
  readonly seal: (claims: SessionClaims) => string
  /** None for what was not sealed here; what has expired is told all the same. */
  readonly open: (sealed: string) => Option.Option<SessionClaims>
}>() {}
