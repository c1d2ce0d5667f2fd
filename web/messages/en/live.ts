export const live = {
  title: "Transactions",
  search: {
    label: "Search",
    placeholder: "Id, last four digits, or reference",
    submit: "Search",
    hint: "An id opens the transaction. Four digits look for the card, anything else for that exact reference."
  },
  filters: {
    open: "Filters",
    apply: "Apply",
    clear: "Clear filters",
    remove: "Remove filter: {filter}",
    status: "Status",
    any: "All",
    more: "More filters",
    from: "Accepted from",
    to: "Accepted before",
    last: "Last {duration}",
    min: "Amount from ($)",
    max: "Amount to ($)",
    brand: "Card brand",
    anyBrand: "Any brand",
    last4: "Last four digits",
    reference: "Reference",
    referenceHint: "Exactly as it was sent",
    account: "Account",
    badAmount: "An amount such as 19.99",
    badDigits: "Four digits",
    chips: {
      from: "from {value}",
      to: "before {value}",
      min: "at least {value}",
      max: "at most {value}",
      last4: "card ends in {value}",
      reference: "reference {value}",
      account: "account {value}"
    }
  },
  pause: "Pause",
  resume: "Go on",
  pausedHint: "Paused: rows wait until you go on",
  waiting: "{count, plural, one {# new} other {# new}}",
  waitingLabel: "{count, plural, one {Show # new transaction} other {Show # new transactions}}",
  csv: {
    label: "CSV",
    title: "Download what the filters show as CSV",
    working: "Preparing the CSV: {size}",
    done: "The CSV is ready: {size}",
    failed: "The CSV could not be read to its end.",
    cancel: "Cancel"
  },
  columns: {
    time: "Accepted",
    status: "Status",
    amount: "Amount",
    card: "Card",
    reference: "Reference",
    account: "Account",
    took: "Decided in",
    id: "Id"
  },
  noReference: "no reference",
  cardEnds: "{brand}, ends in {last4}",
  end: "These are all",
  older: "Loading older transactions",
  olderFailed: "Older transactions could not be loaded.",
  further: "Nothing matched in what was looked at.",
  lookFurther: "Look further back",
  empty: {
    title: "Waiting for the first transaction",
    text:
      "Send one from the page, or paste this into a terminal, with SECRET set to the account's secret. Its row appears here by itself.",
    operator: "No account has sent a transaction yet. They appear here by themselves.",
    copy: "Copy the command"
  },
  nothing: {
    title: "No transaction matches",
    text: "What comes from now on is shown as it matches."
  },
  details: "Transaction {id}"
}
