import type { Brand } from "../../domain/CardBrand.ts"
import type { AccountId } from "../../domain/Ids.ts"
import type { TransactionQuery } from "../http/TransactionQuery.ts"

/** An instant: a date, RFC 3339 text, or milliseconds since the epoch. */
export type When = Date | string | number

/** All that is named must hold. */
export interface TransactionFilter {
  readonly status?: "processing" | "approved" | "rejected"
  readonly created?: { readonly gte?: When; readonly lt?: When }
  /** Cents. */
  readonly amount?: { readonly gte?: number; readonly lte?: number }
  readonly last4?: string
  readonly brand?: Brand
  readonly reference?: string
  /** Of the operator alone. */
  readonly account?: string
}

export interface Paging {
  /** 1 to 100. */
  readonly limit?: number
  /** An id, or the `next` of a page. */
  readonly startingAfter?: string
  readonly endingBefore?: string
}

const instant = (when: When): number => typeof when === "string" ? Date.parse(when) : Number(when)

const named = <Name extends string, A>(name: Name, value: A | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [_ in Name]?: A }

export const pagingParams = ({ endingBefore, limit, startingAfter }: Paging) => ({
  ...named("limit", limit),
  ...named("starting_after", startingAfter),
  ...named("ending_before", endingBefore)
})

/** As the contract writes it. */
export const filterParams = ({ account, amount, brand, created, last4, reference, status }: TransactionFilter) =>
  ({
    ...named("account", account as AccountId | undefined),
    ...named("status", status),
    ...named("created[gte]", created?.gte === undefined ? undefined : instant(created.gte)),
    ...named("created[lt]", created?.lt === undefined ? undefined : instant(created.lt)),
    ...named("amount[gte]", amount?.gte),
    ...named("amount[lte]", amount?.lte),
    ...named("last4", last4),
    ...named("brand", brand),
    ...named("reference", reference)
  }) satisfies TransactionQuery
