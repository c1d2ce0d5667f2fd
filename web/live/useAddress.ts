"use client"
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryState, useQueryStates } from "nuqs"
import { useMemo } from "react"
import type { Filter } from "../feed/Filter.ts"

const statuses = ["processing", "approved", "rejected"] as const

const instant = parseAsString
const filterParameters = {
  status: parseAsStringLiteral(statuses),
  from: instant,
  to: instant,
  min: parseAsInteger,
  max: parseAsInteger,
  brand: parseAsString,
  last4: parseAsString,
  reference: parseAsString,
  account: parseAsString
}

const isInstant = (text: string | null) => text !== null && !Number.isNaN(Date.parse(text))

/** The filter, kept in the page's address: a link shows the same to whom it is sent. */
export const useFilter = (): readonly [Filter, (change: Partial<Filter>) => void] => {
  const [written, write] = useQueryStates(filterParameters, { history: "push" })
  const { account, brand, from, last4, max, min, reference, status, to } = written
  // what the gateway would refuse is not asked for
  const filter = useMemo((): Filter => ({
    account,
    brand,
    from: isInstant(from) ? new Date(from!).toISOString() : null,
    last4: last4 !== null && /^\d{4}$/.test(last4) ? last4 : null,
    max,
    min,
    reference,
    status,
    to: isInstant(to) ? new Date(to!).toISOString() : null
  }), [account, brand, from, last4, max, min, reference, status, to])
  return [filter, (change) => void write(change)]
}

/** The transaction whose details are open; it has its place in the history, so that going back closes it. */
export const useOpened = (): readonly [string | null, (id: string | null, how?: "push" | "replace") => void] => {
  const [id, set] = useQueryState("transaction", parseAsString)
  return [id, (next, how = "push") => void set(next, { history: how })]
}
