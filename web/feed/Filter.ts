import { withQuery } from "../api/paths.ts"
import type { Status, Transaction } from "../api/types.ts"

/** What of the transactions is shown; null where anything is. The names are those of the page's address. */
export interface Filter {
  readonly status: Status | null
  /** Instants, RFC 3339: from (included) and to (not included). */
  readonly from: string | null
  readonly to: string | null
  /** Cents, both included. */
  readonly min: number | null
  readonly max: number | null
  readonly brand: string | null
  readonly last4: string | null
  readonly reference: string | null
  /** The operator's alone. */
  readonly account: string | null
}

export const everything: Filter = {
  status: null,
  from: null,
  to: null,
  min: null,
  max: null,
  brand: null,
  last4: null,
  reference: null,
  account: null
}

export const isEverything = (filter: Filter): boolean => Object.values(filter).every((value) => value === null)

/** In ms, rounded up where the text is finer, as the gateway reads it. */
const instantOf = (text: string): number => Date.parse(text) + (/\.\d{3}\d*[1-9]\d*\D/.test(text) ? 1 : 0)

/** The same decision that the gateway makes for a list. */
export const matches = (filter: Filter, { account, amount, card, created_at, reference, status }: Transaction) =>
  (filter.status === null || filter.status === status) &&
  (filter.min === null || amount >= filter.min) &&
  (filter.max === null || amount <= filter.max) &&
  (filter.brand === null || filter.brand === card.brand) &&
  (filter.last4 === null || filter.last4 === card.last4) &&
  (filter.reference === null || filter.reference === reference) &&
  (filter.account === null || filter.account === account) &&
  (filter.from === null || Date.parse(created_at) >= instantOf(filter.from)) &&
  (filter.to === null || Date.parse(created_at) < instantOf(filter.to))

/** The gateway's list of what the filter lets through. */
export const listPath = (
  filter: Filter,
  page: { readonly limit?: number; readonly starting_after?: string | null } = {}
): string =>
  withQuery("/v1/transactions", {
    limit: page.limit ?? null,
    starting_after: page.starting_after ?? null,
    status: filter.status,
    "created[gte]": filter.from,
    "created[lt]": filter.to,
    "amount[gte]": filter.min,
    "amount[lte]": filter.max,
    brand: filter.brand,
    last4: filter.last4,
    reference: filter.reference,
    account: filter.account
  })
