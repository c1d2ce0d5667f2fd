import type { Transaction } from "../api/types.ts"

type Brand = NonNullable<Transaction["card"]["brand"]>

/** Every brand of the contract: one that is missing or unknown here does not compile. */
const known = {
  visa: true,
  mastercard: true,
  amex: true,
  elo: true,
  hipercard: true,
  diners: true,
  discover: true,
  jcb: true
} satisfies Record<Brand, true>

export const brands = Object.keys(known) as ReadonlyArray<Brand>
