/** Numbers that pass Luhn, by brand. */
export const cards = {
  visa: "4242424242424242",
  mastercard: "5555555555554444",
  amex: "378282246310005",
  diners: "30569309025904",
  discover: "6011111111111117",
  jcb: "3530111333300000",
  hipercard: "6062825624254001"
} as const

/** No client's name: in a log it would be a leak. */
export const holder = "Ottoline Canaryholder"

const nextYear = new Date().getUTCFullYear() + 1

export interface CardBody {
  readonly number: unknown
  readonly holder: unknown
  readonly exp_month: unknown
  readonly exp_year: unknown
  readonly cvv: unknown
}

export const card = (changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  number: cards.visa,
  holder,
  exp_month: 12,
  exp_year: nextYear,
  cvv: "739",
  ...changes
})

/** A transaction that is approved, but for the changes. */
export const transaction = (
  changes: Readonly<Record<string, unknown>> = {},
  cardChanges: Readonly<Record<string, unknown>> = {}
): Readonly<Record<string, unknown>> => ({ amount: 1999, card: card(cardChanges), ...changes })

/** A body that each POST route accepts, and who may send it; a route that is missing here fails the table's test. */
export const postRoutes: Readonly<
  Record<
    string,
    { readonly by: "account" | "operator" | "anyone"; readonly body: () => Readonly<Record<string, unknown>> }
  >
> = {
  "/v1/transactions": { by: "account", body: () => transaction() },
  "/v1/accounts": { by: "operator", body: () => ({ name: "Canaryname" }) },
  "/v1/account/secrets": { by: "account", body: () => ({ scope: "read_only" }) },
  "/v1/accounts/:id/secrets": { by: "operator", body: () => ({ scope: "read_only" }) },
  "/v1/session": { by: "anyone", body: () => ({ account: "nobody", secret: "none" }) }
}

/** A path of the template; there is no such account. */
export const pathOf = (template: string): string => template.replace(":id", "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV")

export interface ProblemJson {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  readonly code: string
  readonly request_id: string
  readonly retryable: boolean
  readonly errors: ReadonlyArray<{ readonly pointer: string; readonly code: string; readonly detail: string }>
}

export interface TransactionJson {
  readonly id: string
  readonly object: string
  readonly status: string
  readonly amount: number
  readonly currency: string
  readonly card: {
    readonly brand: string | null
    readonly bin: string | null
    readonly last4: string | null
    readonly exp_month: number
    readonly exp_year: number
    readonly fingerprint: string | null
  }
  readonly error: { readonly code: string; readonly message: string } | null
  readonly reference: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly created_at: string
  readonly decided_at: string | null
  readonly account?: string
}

export interface ListJson {
  readonly object: string
  readonly data: ReadonlyArray<TransactionJson>
  readonly has_more: boolean
  readonly next: string | null
  readonly url: string
}

export interface AuditJson {
  readonly object: string
  readonly at: string
  readonly accepted: number
  readonly decided: number
  readonly undecided: number
  readonly oldest_undecided_at: string | null
  readonly parked: number
  readonly undecided_by_key: ReadonlyArray<{ readonly key_id: string; readonly count: number }>
  readonly holds: boolean
}
