export const common = {
  product: "Payment gateway",
  close: "Close",
  cancel: "Cancel",
  copy: "Copy",
  copied: "Copied",
  retry: "Try again",
  loading: "Loading",
  none: "none",
  milliseconds: "{value} ms",
  status: {
    processing: "Processing",
    approved: "Approved",
    rejected: "Rejected"
  },
  brand: {
    visa: "Visa",
    mastercard: "Mastercard",
    amex: "American Express",
    diners: "Diners Club",
    discover: "Discover",
    jcb: "JCB",
    elo: "Elo",
    hipercard: "Hipercard",
    unknown: "Unknown brand"
  },
  /** Why a transaction was rejected: a few words for a row, a sentence for the drawer. */
  reason: {
    invalid_number: { short: "Invalid card number", sentence: "The card number is not valid." },
    card_brand_not_supported: { short: "Brand not supported", sentence: "Cards of this brand are not supported." },
    invalid_expiry_month: { short: "Invalid expiry month", sentence: "The expiry month must be between 1 and 12." },
    invalid_expiry_year: { short: "Invalid expiry year", sentence: "The expiry year is not valid." },
    expired_card: { short: "Card has expired", sentence: "The card has expired." },
    invalid_cvv: { short: "Invalid security code", sentence: "The security code does not fit the card's brand." },
    amount_too_small: { short: "Amount too small", sentence: "The amount is below the minimum of $1.00." },
    amount_too_large: { short: "Amount too large", sentence: "The amount is above the maximum of $1,000.00." },
    card_unreadable: {
      short: "Card unreadable",
      sentence: "The card's data could not be read, and an operator gave the transaction up."
    }
  },
  failure: {
    unreachable: "The gateway does not answer.",
    unreachableHint: "It may be restarting. What you see may be old.",
    problem: "The gateway answered: {detail}",
    requestId: "Request {id}"
  }
}
