import type { Effect, Either } from "effect"
import { Context, Data } from "effect"
import type { Card, CvvShape } from "../domain/Card.ts"
import type { AccountId, TransactionId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"

/** Everything else the decision reads. It is the seal's associated data: changed or swapped, the card does not open. */
export interface SealedFacts {
  readonly id: TransactionId
  readonly accountId: AccountId
  /** Cents. */
  readonly amount: number
  readonly currency: "USD"
  readonly acceptedAt: Instant
  readonly cvvShape: CvvShape
}

export interface SealedCard {
  /** The envelope as text: schema version, key id, nonce, ciphertext and tag. */
  readonly sealed: string
  readonly keyId: string
}

/** The card stays sealed: no key of that name here, or the envelope was not made for these facts by that key. */
export class CardUnreadable extends Data.TaggedError("CardUnreadable")<{
  readonly reason: "unknown_card_key" | "card_not_authentic"
}> {}

/** Seals cards at the intake and opens them in the processor (AES-256-GCM; PCI DSS 3.5). */
export class CardVault extends Context.Tag("gateway/CardVault")<CardVault, {
  readonly seal: (card: Card, facts: SealedFacts) => Effect.Effect<SealedCard>
  readonly open: (sealed: string, facts: SealedFacts) => Either.Either<Card, CardUnreadable>
  /** Proof that an operator gave this transaction up: nobody makes one without the keys. */
  readonly sealGiveUp: (id: TransactionId) => Effect.Effect<string>
  readonly isGivenUp: (token: string, id: TransactionId) => boolean
}>() {}
