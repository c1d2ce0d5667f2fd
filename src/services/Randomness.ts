import { Context } from "effect"

/** Where every random byte comes from, so that tests own them. */
export class Randomness extends Context.Tag("gateway/Randomness")<Randomness, {
  /** Bytes fit for keys, nonces and ids. The array belongs to the caller. */
  readonly bytes: (size: number) => Uint8Array
}>() {}
