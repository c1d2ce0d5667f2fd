"use client"
import { useCallback, useEffect, useRef } from "react"
import { useTranslations } from "use-intl"
import { useFeed } from "../feed/useFeed.tsx"
import { useShortcut } from "../shell/shortcuts.ts"
import { Filters } from "./Filters.tsx"
import { Rates } from "./Rates.tsx"
import { TransactionDrawer } from "./TransactionDrawer.tsx"
import { TransactionList, type TransactionListHandle } from "./TransactionList.tsx"
import { useFilter, useOpened } from "./useAddress.ts"

/** The transactions of who is signed in, as they are decided. */
export function LiveView() {
  const t = useTranslations("live")
  const feed = useFeed()
  const [filter] = useFilter()
  const [opened, open] = useOpened()
  const list = useRef<TransactionListHandle>(null)

  useEffect(() => feed.setFilter(filter), [feed, filter])

  // what one reads must not move away
  const isOpen = opened !== null
  useEffect(() => {
    if (!isOpen) return
    feed.hold("details")
    return () => feed.release("details")
  }, [feed, isOpen])

  const close = useCallback(() => {
    open(null)
    list.current?.focusSelected()
  }, [open])
  useShortcut("Escape", close, isOpen)

  return (
    <div className="flex min-h-0 grow">
      <section
        aria-labelledby="transactions"
        // where there is no height for all of it, as with the filters open on a phone, the list keeps a part and the rest scrolls
        className={`min-w-0 grow flex-col overflow-y-auto ${isOpen ? "hidden md:flex" : "flex"}`}
      >
        <h1 className="visually-hidden" id="transactions">{t("title")}</h1>
        <Rates />
        <Filters onOpen={open} />
        <TransactionList onOpen={open} opened={opened} ref={list} />
      </section>
      {!isOpen ? null : (
        <aside
          aria-label={t("details", { id: opened })}
          className="w-full shrink-0 overflow-y-auto border-l border-line bg-surface md:w-[26rem] xl:w-[30rem]"
        >
          <TransactionDrawer id={opened} onClose={close} />
        </aside>
      )}
    </div>
  )
}
