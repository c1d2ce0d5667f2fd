import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useCallback, useEffect, useReducer } from "react"
import { withQuery } from "../api/paths.ts"
import { type Failure, fetched, request } from "../api/request.ts"
import type { List } from "../api/types.ts"
import { failureOfQuery } from "./usePipeline.ts"

interface Row {
  readonly id: string
}

interface Known<A> {
  /** Newest first; null before the first page came. */
  readonly rows: ReadonlyArray<A> | null
  /** Where the next older page begins; null at the end. */
  readonly next: string | null
  readonly older: "ready" | "loading" | Failure
}

type Change<A> =
  | { readonly kind: "newest" | "older"; readonly page: List<A> }
  | { readonly kind: "put"; readonly row: A }
  | { readonly kind: "remove"; readonly id: string }
  | { readonly kind: "asking" }
  | { readonly kind: "failed"; readonly failure: Failure }

const merged = <A extends Row>(...lists: ReadonlyArray<ReadonlyArray<A>>): ReadonlyArray<A> =>
  [...new Map(lists.flat().map((row) => [row.id, row])).values()].sort((a, b) => a.id < b.id ? 1 : -1)

/** The first page is right about all ids it spans; what was loaded below it stays. */
const reduce = <A extends Row>(known: Known<A>, change: Change<A>): Known<A> => {
  const rows = known.rows ?? []
  switch (change.kind) {
    case "newest": {
      const { data, has_more, next } = change.page
      const last = data.at(-1)?.id
      if (!has_more || last === undefined) return { rows: data, next: has_more ? next : null, older: "ready" }
      const below = rows.filter((_) => _.id < last)
      return { ...known, rows: merged(below, data), next: below.length === 0 ? next : known.next }
    }
    case "older":
      return {
        rows: merged(rows, change.page.data),
        next: change.page.has_more ? change.page.next : null,
        older: "ready"
      }
    case "put":
      return { ...known, rows: merged(rows, [change.row]) }
    case "remove":
      return { ...known, rows: rows.filter((_) => _.id !== change.id) }
    case "asking":
      return { ...known, older: "loading" }
    case "failed":
      return { ...known, older: change.failure }
  }
}

/** A list of the gateway: its first page is read again and again, older ones when a person asks for them. */
export const usePages = <A extends Row>(path: string, { interval, limit }: { interval: number; limit: number }) => {
  const client = useQueryClient()
  const [known, tell] = useReducer(reduce<A>, { rows: null, next: null, older: "ready" })
  const { data, dataUpdatedAt, error, refetch } = useQuery({
    queryKey: ["list", path],
    queryFn: ({ signal }) => fetched<List<A>>(withQuery(path, { limit }), { signal }),
    refetchInterval: interval,
    refetchOnMount: "always",
    networkMode: "always",
    // every reading counts, also one that says the same
    structuralSharing: false,
    retry: false
  })
  useEffect(() => {
    if (data !== undefined) tell({ kind: "newest", page: data })
  }, [data])

  const loadMore = async () => {
    if (known.older === "loading" || known.next === null) return
    tell({ kind: "asking" })
    const result = await request<List<A>>(withQuery(path, { limit, starting_after: known.next }))
    tell(result.ok ? { kind: "older", page: result.value } : { kind: "failed", failure: result.failure })
  }

  return {
    rows: known.rows,
    /** What the first page held, for who wants to know what is not read again by itself. */
    newest: data?.data,
    readAt: dataUpdatedAt,
    failure: failureOfQuery(error),
    hasMore: known.next !== null,
    older: known.older,
    loadMore,
    refetch,
    /** A row that a change was answered with; the page that held the one before is not true any more. */
    put: useCallback((row: A) => {
      tell({ kind: "put", row })
      void client.invalidateQueries({ queryKey: ["list", path] })
    }, [client, path]),
    remove: useCallback((id: string) => tell({ kind: "remove", id }), [])
  }
}
