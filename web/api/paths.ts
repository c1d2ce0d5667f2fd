/** `/v1/…` with the parameters that have a value. */
export const withQuery = (path: string, parameters: Readonly<Record<string, string | number | null>>): string => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== "") query.set(name, String(value))
  }
  const text = query.toString()
  return text === "" ? path : `${path}?${text}`
}

const id = encodeURIComponent

export const paths = {
  session: "/v1/session",
  transactions: "/v1/transactions",
  events: "/v1/transactions/events?batch=true",
  transaction: (transaction: string) => `/v1/transactions/${id(transaction)}`,
  timeline: (transaction: string) => `/v1/transactions/${id(transaction)}/timeline`,
  summary: "/v1/summary",
  pipeline: "/v1/operator/pipeline",
  audit: "/v1/operator/audit",
  simulation: "/v1/operator/simulation",
  parked: "/v1/operator/parked",
  replay: (transaction: string) => `/v1/operator/parked/${id(transaction)}/replay`,
  giveUp: (transaction: string) => `/v1/operator/parked/${id(transaction)}/give_up`,
  accounts: "/v1/accounts",
  account: (account: string) => `/v1/accounts/${id(account)}`,
  accountSecrets: (account: string) => `/v1/accounts/${id(account)}/secrets`
} as const
