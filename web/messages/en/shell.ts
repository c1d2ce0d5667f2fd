export const shell = {
  title: "Payment gateway",
  skip: "Skip to content",
  navigation: "Sections",
  transactions: "Transactions",
  pipeline: "Pipeline",
  parked: "Parked",
  accounts: "Accounts",
  menu: "Settings and account",
  signedInAs: "Signed in as",
  copyAccount: "Copy the account's id",
  operator: "Operator",
  readOnly: "read-only",
  signOut: "Sign out",
  signOutFailed: "Signing out failed: the gateway does not answer. This browser is still signed in.",
  documentation: "API documentation",
  theme: "Appearance",
  themes: { light: "Light", dark: "Dark", system: "System" },
  language: "Language",
  keys: "Keyboard shortcuts",
  sendTest: "Send a test",
  connection: {
    label: "Event stream",
    connecting: "Connecting",
    live: "Live",
    lag: "{lag} behind",
    paused: "Paused",
    reconnecting: "Reconnecting",
    stale: "Stale, last heard {ago}",
    never: "Not connected",
    asleep: "Asleep"
  },
  shortcuts: {
    title: "Keyboard shortcuts",
    search: "Search, or open a transaction by its id",
    next: "Next row",
    previous: "Previous row",
    open: "Open the row",
    close: "Close what is open",
    pause: "Pause or go on",
    newest: "Show what is new",
    send: "Send a test transaction",
    help: "This list"
  },
  notFound: {
    title: "There is nothing here",
    text: "The address may be old, or mistyped.",
    back: "To the transactions"
  },
  onlyOperator: {
    title: "This is for the operator",
    text: "Sign in as operator to see the pipeline, parked transactions and accounts."
  }
}
