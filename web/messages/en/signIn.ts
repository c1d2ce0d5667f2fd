export const signIn = {
  title: "Sign in",
  lead: "With an account and its secret, or as operator.",
  account: "Account",
  accountHint: "acct_… or operator. Paste account:secret, and both fields are filled.",
  secret: "Secret",
  submit: "Sign in",
  submitting: "Signing in",
  ended: "The session has ended. Sign in again to go on.",
  wrong: "Account and secret do not fit together.",
  throttled: "Too many failed attempts. Try again in {seconds, plural, one {# second} other {# seconds}}.",
  required: "Fill in both fields.",
  where: "Where do I find them?",
  whereAccount: "npm start prints the demo account as account:secret.",
  whereOperator: "The operator's secret is operatorSecret in data/keys.json, or OPERATOR_SECRET.",
  promise: "The secret is sent once and not kept in this page."
}
