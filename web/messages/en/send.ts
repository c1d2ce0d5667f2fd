export const send = {
  title: "Send a test transaction",
  lead: "It goes the whole way: accepted, appended, decided, recorded.",
  card: "Test card",
  approves: "Approved",
  rejects: "Rejected",
  /** What is special about a card that is rejected. */
  special: {
    luhn: "last digit is wrong",
    brand: "UnionPay",
    expired: "{expiry}",
    cvv: "Visa, 4 digits",
    month: "month 13",
    year: "{year}"
  },
  amount: "Amount in dollars",
  amounts: "Quick amounts",
  amountOutcome: {
    approved: "approved",
    amount_too_small: "too small",
    amount_too_large: "too large"
  },
  details: "Card and reference",
  number: "Card number",
  holder: "Holder",
  month: "Expiry month",
  year: "Expiry year",
  cvv: "Security code",
  reference: "Reference",
  referenceHint: "Optional; your own name for it.",
  notStored: "Card number and security code stay in this form and are forgotten when it closes.",
  key: "Idempotency-Key",
  submit: "Send",
  again: "Send again",
  submitting: "Sending",
  sameKey: "It may have arrived all the same. Send again: it carries the same key, so nothing is made twice.",
  invalid: {
    amount: "An amount such as 19.99, without separators of thousands.",
    number: "Up to 64 characters.",
    holder: "1 to 255 characters.",
    month: "A number from 0 to 99.",
    year: "A number from 0 to 9999.",
    cvv: "Up to 16 characters.",
    reference: "Up to 255 characters.",
    cardNumber: "A card number does not belong here: it would be shown and kept."
  },
  outcome: {
    took: "Decided in {duration}",
    waiting: "Accepted, and not decided yet. It changes here by itself.",
    open: "Open",
    another: "Send another"
  }
}
