import { Layer, Redacted } from "effect"
import { createHash } from "node:crypto"
import { AesCardVault } from "../../src/layers/AesCardVault.ts"
import { HmacDigests } from "../../src/layers/HmacDigests.ts"
import { type CardKey, CardKeys, SecretPepper } from "../../src/layers/Keys.ts"
import { OperatorSecret } from "../../src/services/Authenticate.ts"
import { seededRandomness } from "./LayersSamples.ts"

export const cardKey = (id: string): CardKey => ({ id, key: createHash("sha256").update(`card key ${id}`).digest() })

export const operatorSecret = Redacted.make("op_of_the_tests")

/** Keys of which the first one seals. */
export const keys = (sealing: string, ...others: ReadonlyArray<string>) =>
  Layer.mergeAll(
    Layer.succeed(CardKeys, [cardKey(sealing), ...others.map(cardKey)]),
    Layer.succeed(SecretPepper, Redacted.make("pepper of the tests")),
    Layer.succeed(OperatorSecret, operatorSecret)
  )

export const cryptography = (sealing: string, ...others: ReadonlyArray<string>) =>
  Layer.mergeAll(AesCardVault, HmacDigests).pipe(
    Layer.provideMerge(keys(sealing, ...others)),
    Layer.provideMerge(seededRandomness(`keys ${sealing}`))
  )
