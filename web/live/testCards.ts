import type { RejectionReason } from "../api/types.ts"

/** What the form sends of a card, as it is written in its fields. */
export interface CardText {
  readonly number: string
  readonly month: string
  readonly year: string
  readonly cvv: string
}

export type TestCard =
  & CardText
  & (
    | { readonly outcome: "approved"; readonly brand: "visa" | "mastercard" | "amex" | "elo" | "hipercard" }
    | { readonly outcome: RejectionReason; readonly special: "luhn" | "brand" | "expired" | "cvv" | "month" | "year" }
  )

/** No bank has issued any of these. Each is judged as it says (src/domain/Card.ts); `year` is the present one. */
export const testCards = (year: number): ReadonlyArray<TestCard> => {
  const good = { month: "12", year: String(year + 4), cvv: "123" }
  return [
    { ...good, number: "4242 4242 4242 4242", outcome: "approved", brand: "visa" },
    { ...good, number: "5555 5555 5555 4444", outcome: "approved", brand: "mastercard" },
    { ...good, number: "3782 822463 10005", cvv: "1234", outcome: "approved", brand: "amex" },
    { ...good, number: "6362 9700 0045 7013", outcome: "approved", brand: "elo" },
    { ...good, number: "6062 8256 2425 4001", outcome: "approved", brand: "hipercard" },
    { ...good, number: "4242 4242 4242 4241", outcome: "invalid_number", special: "luhn" },
    { ...good, number: "6200 0000 0000 0005", outcome: "card_brand_not_supported", special: "brand" },
    { ...good, number: "4000 0000 0000 0069", month: "1", year: "2020", outcome: "expired_card", special: "expired" },
    { ...good, number: "4000 0000 0000 0127", cvv: "1234", outcome: "invalid_cvv", special: "cvv" },
    { ...good, number: "4242 4242 4242 4242", month: "13", outcome: "invalid_expiry_month", special: "month" },
    { ...good, number: "4242 4242 4242 4242", year: String(year + 30), outcome: "invalid_expiry_year", special: "year" }
  ]
}

/** Cents, and what becomes of them with a card that is good. */
export const testAmounts = [
  { cents: 1_999, outcome: "approved" },
  { cents: 99, outcome: "amount_too_small" },
  { cents: 100_001, outcome: "amount_too_large" }
] as const
