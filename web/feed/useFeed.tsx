"use client"
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react"
import { Feed, type FeedState } from "./Feed.ts"
import type { Second } from "./Rates.ts"
import type { TransactionStore, View } from "./TransactionStore.ts"

const Context = createContext<Feed | null>(null)

/** One feed for as long as somebody is signed in, on whichever page. */
export function FeedProvider({ children }: { readonly children: ReactNode }) {
  const [feed] = useState(() => new Feed())
  useEffect(() => {
    feed.start()
    return () => feed.stop()
  }, [feed])
  return <Context value={feed}>{children}</Context>
}

export const useFeed = (): Feed => {
  const feed = useContext(Context)
  if (feed === null) throw new Error("outside of FeedProvider")
  return feed
}

export const useFeedState = (): FeedState => {
  const feed = useFeed()
  return useSyncExternalStore(feed.subscribe, feed.state, feed.state)
}

/** The rows of the present filter, and when they changed. */
export const useRows = (): { readonly store: TransactionStore; readonly view: View } => {
  const feed = useFeed()
  const store = useSyncExternalStore(feed.subscribe, feed.store, feed.store)
  const view = useSyncExternalStore(store.subscribe, store.view, store.view)
  return { store, view }
}

export const useSeconds = (): ReadonlyArray<Second> => {
  const feed = useFeed()
  return useSyncExternalStore(feed.subscribe, feed.seconds, feed.seconds)
}
