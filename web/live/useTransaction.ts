"use client"
import { useQuery } from "@tanstack/react-query"
import { useState, useSyncExternalStore } from "react"
import { paths } from "../api/paths.ts"
import { type Failure, fetched, RequestFailure } from "../api/request.ts"
import type { Timeline, Transaction } from "../api/types.ts"
import { useFeed } from "../feed/useFeed.tsx"

/** ms between two questions about what is not decided yet. */
const pace = 1_000

const failureOf = (error: Error | null): Failure | null =>
  error === null ? null : error instanceof RequestFailure ? error.failure : { kind: "unreachable" }

interface Asked<A> {
  readonly value: A | undefined
  readonly failure: Failure | null
  readonly retry: () => void
}

/** A transaction as it is now: as the stream tells it, else as the gateway does. A decision is never undone. */
export const useTransaction = (id: string, known?: Transaction): Asked<Transaction> => {
  const feed = useFeed()
  const store = useSyncExternalStore(feed.subscribe, feed.store, feed.store)
  const find = () => store.find(id)
  const live = useSyncExternalStore(store.subscribe, find, find)
  const isDecided = [live, known].some((transaction) => transaction?.decided_at != null)
  const query = useQuery({
    queryKey: ["transaction", id],
    queryFn: ({ signal }) => fetched<Transaction>(paths.transaction(id), { signal }),
    enabled: !isDecided,
    // the stream tells it first; this is for when it does not
    refetchInterval: ({ state }) =>
      state.data?.status === "processing" || (state.data === undefined && live !== undefined) ? pace : false
  })
  const candidates = [live, known, query.data].filter((transaction) => transaction !== undefined)
  const present = candidates.find(({ status }) => status !== "processing") ?? candidates[0]
  // a row that the filter has let go stays what it was
  const [last, setLast] = useState(present)
  const isLastDecided = last?.id === id && last.status !== "processing"
  if (present !== undefined && present !== last && !isLastDecided) setLast(present)
  const value = isLastDecided ? last : present ?? (last?.id === id ? last : undefined)
  return {
    value,
    failure: value === undefined ? failureOf(query.error) : null,
    retry: () => void query.refetch()
  }
}

const isComplete = (timeline: Timeline | undefined): boolean =>
  timeline?.stages.some(({ stage }) => stage === "recorded") === true

/** The stages of a transaction, asked for until the last one has come. */
export const useTimeline = ({ id, status }: Transaction): Asked<Timeline> => {
  const query = useQuery({
    queryKey: ["timeline", id, status],
    queryFn: ({ signal }) => fetched<Timeline>(paths.timeline(id), { signal }),
    staleTime: ({ state }) => isComplete(state.data) ? Infinity : 0,
    refetchInterval: ({ state }) => isComplete(state.data) || state.status === "error" ? false : pace,
    placeholderData: (before) => before?.transaction === id ? before : undefined
  })
  return { value: query.data, failure: failureOf(query.error), retry: () => void query.refetch() }
}
