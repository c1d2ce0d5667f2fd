export const drawer = {
  transaction: "Transaction",
  changed: "{amount}, {status}",
  accepted: "Accepted {time}",
  copyId: "Copy the id",
  copyLink: "Copy link",
  copyCurl: "Copy as cURL",
  curlHint: "uses $SECRET",
  missing: {
    title: "No such transaction",
    text: "There is no transaction with this id, or it is another account's.",
    looked: "Looked for"
  },
  why: "Why it was rejected",
  /** What to try instead; {month}, {year} and {expiry} are what was sent. */
  hint: {
    invalid_number:
      "Look for a mistyped digit: the last one checks the others (Luhn), and every brand has its own length.",
    card_brand_not_supported:
      "Visa, Mastercard, American Express, Diners Club, Discover, JCB, Elo and Hipercard are supported.",
    invalid_expiry_month: "The month that was sent is {month}. January is 1, December is 12.",
    invalid_expiry_year: "The year that was sent is {year}. Send two or four digits, at most 20 years ahead.",
    expired_card: "The expiry that was sent is {expiry}. A card is good through the last day (UTC) of its month.",
    invalid_cvv:
      "{brand, select, amex {American Express has 4 digits.} other {Send 3 digits; American Express alone has 4.}}",
    amount_too_small: "Amounts from $1.00 to $1,000.00 are approved.",
    amount_too_large: "Amounts from $1.00 to $1,000.00 are approved.",
    card_unreadable: "Send it again as a new transaction: this one stays rejected."
  },
  timeline: {
    title: "Timeline",
    took: "Decided in {duration}",
    waiting: "Waiting for {duration}",
    stage: {
      accepted: "Accepted",
      appended: "In the log",
      decided: "Decided",
      recorded: "Recorded"
    },
    position: "partition {partition}, offset {offset}",
    after: "+{duration}",
    /** In the log it is by now or soon; where, comes with the decision. */
    pending: { appended: "told with the decision", other: "waiting" }
  },
  card: {
    title: "Card",
    brand: "Brand",
    number: "Number",
    masked: "ends in {last4}",
    notKept: "not kept: fewer than 13 digits",
    expiry: "Expiry",
    fingerprint: "Fingerprint",
    copyFingerprint: "Copy the fingerprint"
  },
  facts: {
    title: "Details",
    reference: "Reference",
    account: "Account",
    copyAccount: "Copy the account",
    copyReference: "Copy the reference",
    empty: "empty"
  },
  metadata: "Metadata",
  json: {
    title: "JSON",
    copy: "Copy the JSON"
  }
}
