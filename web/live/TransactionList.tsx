"use client"
import { useVirtualizer } from "@tanstack/react-virtual"
import { clsx } from "clsx"
import {
  type KeyboardEvent,
  type PointerEvent,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
  useState
} from "react"
import { useTranslations } from "use-intl"
import { isEverything } from "../feed/Filter.ts"
import { useFeed, useFeedState, useRows } from "../feed/useFeed.tsx"
import { useShortcut } from "../shell/shortcuts.ts"
import { Button } from "../ui/Button.tsx"
import { ArrowUpIcon } from "../ui/icons.tsx"
import { EmptyState, FailureNotice, Skeleton } from "../ui/States.tsx"
import { FirstTransaction } from "./FirstTransaction.tsx"
import { columns, rowHeight, TransactionCells } from "./TransactionRow.tsx"

export interface TransactionListHandle {
  readonly focusSelected: () => void
}

interface TransactionListProps {
  readonly opened: string | null
  readonly onOpen: (id: string, how?: "push" | "replace") => void
  readonly ref: Ref<TransactionListHandle>
}

/** px of the list's own width, below which a row has two lines. */
const narrowBelow = 600
/** Rows from the end at which older ones are asked for. */
const ahead = 30
/** Rows below which they are not: of a filter that little fits, all of the past would be read. */
const enough = 100

const useNarrow = () => {
  const [narrow, setNarrow] = useState(false)
  const ref = useCallback((element: HTMLElement | null) => {
    if (element === null) return
    const observer = new ResizeObserver(([entry]) => setNarrow(entry!.contentRect.width < narrowBelow))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [narrow, ref] as const
}

/** The rows of the filter, newest first. They stand still under the pointer, the focus, and away from the top. */
export function TransactionList({ onOpen, opened, ref }: TransactionListProps) {
  const t = useTranslations("live")
  const feed = useFeed()
  const { newest, older } = useFeedState()
  const { store, view } = useRows()
  const [narrow, measure] = useNarrow()
  const scroller = useRef<HTMLDivElement>(null)
  const [selected, setSelected] = useState<string | null>(null)

  const height = narrow ? rowHeight.narrow : rowHeight.wide
  const rows = useVirtualizer({
    // a place of the list is kept and filled anew: to make thirty rows ten times a second costs more than all the rest
    count: view.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8
  })
  useEffect(() => rows.measure(), [rows, height])

  const items = rows.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (view.count >= enough && last >= view.count - ahead && store.hasOlder && older.kind === "ready") {
      void feed.readOlder()
    }
  }, [feed, last, view.count, store, older.kind])

  const focusRow = (id: string) =>
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true })
    )

  const select = (position: number) => {
    const transaction = store.at(Math.min(Math.max(position, 0), view.count - 1))
    if (transaction === undefined) return
    feed.hold("focus")
    setSelected(transaction.id)
    rows.scrollToIndex(store.positionOf(transaction.id))
    // the details follow, and keep the focus where it is
    if (opened === null) focusRow(transaction.id)
    else onOpen(transaction.id, "replace")
  }
  const current = opened ?? selected
  const position = current === null ? -1 : store.positionOf(current)
  const next = () => select(position + 1)
  const previous = () => select(position < 0 ? 0 : position - 1)

  useImperativeHandle(ref, () => ({
    focusSelected: () => {
      const id = opened ?? selected
      if (id === null || store.positionOf(id) < 0) return scroller.current?.focus()
      setSelected(id)
      rows.scrollToIndex(store.positionOf(id))
      focusRow(id)
    }
  }))

  const showWaiting = () => {
    scroller.current?.scrollTo({ top: 0 })
    feed.showWaiting()
  }

  useShortcut("j", next)
  useShortcut("k", previous)
  useShortcut("n", showWaiting)

  const onKeyDown = (event: KeyboardEvent) => {
    const id = (event.target as HTMLElement).dataset["id"]
    if (event.key === "ArrowDown") next()
    else if (event.key === "ArrowUp") previous()
    else if (event.key === "Home") select(0)
    else if (event.key === "End") select(view.count - 1)
    else if ((event.key === "Enter" || event.key === " ") && id !== undefined) onOpen(id)
    else return
    event.preventDefault()
  }

  const byMouse = (run: () => void) => (event: PointerEvent) => {
    if (event.pointerType === "mouse") run()
  }

  const isEmpty = view.count === 0
  const firstTabStop = current !== null && position >= 0 ? current : store.at(items[0]?.index ?? 0)?.id
  return (
    <div className="@container relative flex min-h-80 grow flex-col" ref={measure}>
      {view.waiting === 0 ? null : (
        <Button
          aria-label={t("waitingLabel", { count: view.waiting })}
          className="absolute top-11 left-1/2 z-10 -translate-x-1/2 rounded-full! shadow-lifted"
          kind="primary"
          onClick={showWaiting}
          size="small"
        >
          <ArrowUpIcon size={13} />
          <span className="figures">{t("waiting", { count: view.waiting })}</span>
        </Button>
      )}
      <div
        aria-busy={newest.kind === "loading"}
        aria-labelledby="transactions"
        aria-rowcount={store.hasOlder ? -1 : view.count + 1}
        className="flex min-h-0 grow flex-col"
        onKeyDown={onKeyDown}
        role="grid"
      >
        <div className={narrow ? "visually-hidden" : "shrink-0 border-b border-line bg-surface"} role="rowgroup">
          <div
            aria-rowindex={1}
            className={narrow ? "" : clsx(columns, "h-8 items-center text-small font-medium text-ink-soft")}
            role="row"
          >
            {narrow
              ? (["status", "amount", "card", "time"] as const).map((name) => (
                <div key={name} role="columnheader">{t(`columns.${name}`)}</div>
              ))
              : (
                <>
                  <div role="columnheader">{t("columns.time")}</div>
                  <div role="columnheader">{t("columns.status")}</div>
                  <div className="text-right" role="columnheader">{t("columns.amount")}</div>
                  <div role="columnheader">{t("columns.card")}</div>
                  <div className="hidden @3xl:block" role="columnheader">{t("columns.reference")}</div>
                  <div className="hidden text-right @5xl:block" role="columnheader">{t("columns.took")}</div>
                  <div className="hidden @5xl:block" role="columnheader">{t("columns.id")}</div>
                </>
              )}
          </div>
        </div>
        <div
          className={clsx("min-h-0 grow overflow-y-auto overscroll-contain", isEmpty && "hidden")}
          onBlur={(event) => {
            if (!event.currentTarget.contains(event.relatedTarget)) feed.release("focus")
          }}
          onFocus={() => feed.hold("focus")}
          onPointerLeave={byMouse(() => feed.release("hover"))}
          // not where it lay when the list came: where somebody points
          onPointerMove={byMouse(() => feed.hold("hover"))}
          onScroll={(event) => event.currentTarget.scrollTop > 0 ? feed.hold("scroll") : feed.release("scroll")}
          ref={scroller}
          role="rowgroup"
        >
          <div className="relative" role="presentation" style={{ height: rows.getTotalSize() }}>
            {items.map(({ index, key, start }) => {
              const transaction = store.at(index)
              if (transaction === undefined) return null
              const { id } = transaction
              return (
                <div
                  aria-rowindex={index + 2}
                  aria-selected={id === opened}
                  className={clsx(
                    "absolute top-0 left-0 w-full cursor-pointer border-b border-line/60 -outline-offset-2",
                    id === opened ? "bg-accent-soft" : "bg-surface hover:bg-sunken"
                  )}
                  data-id={id}
                  key={key}
                  onClick={() => {
                    setSelected(id)
                    onOpen(id, opened === null ? "push" : "replace")
                  }}
                  role="row"
                  style={{ height, transform: `translateY(${start}px)` }}
                  tabIndex={id === firstTabStop ? 0 : -1}
                >
                  <TransactionCells narrow={narrow} transaction={transaction} />
                </div>
              )
            })}
          </div>
          <div role="row">
            <div className="flex h-10 items-center px-4 text-small text-ink-faint" role="gridcell">
              {older.kind === "loading"
                ? t("older")
                : !store.hasOlder
                ? t("end")
                : view.count < enough
                ? <Button onClick={() => void feed.readOlder()} size="small">{t("lookFurther")}</Button>
                : null}
            </div>
          </div>
        </div>
      </div>
      {isEmpty ? <Empty filtered={!isEverything(store.filter)} /> : null}
      <div aria-live="polite" className="shrink-0">
        {newest.kind === "failed" && !isEmpty
          ? (
            <div className="p-2">
              <FailureNotice failure={newest.failure} onRetry={feed.readNewestAgain} />
            </div>
          )
          : older.kind === "failed"
          ? (
            <div className="p-2">
              <FailureNotice failure={older.failure} onRetry={() => void feed.readOlder()} />
            </div>
          )
          : null}
      </div>
    </div>
  )
}

/** No rows: not yet, not at all, or not with this filter. */
function Empty({ filtered }: { readonly filtered: boolean }) {
  const t = useTranslations("live")
  const feed = useFeed()
  const { newest, older } = useFeedState()
  const { store } = useRows()
  if (newest.kind === "loading" || older.kind === "loading") {
    return (
      <div aria-hidden className="flex flex-col gap-px overflow-hidden">
        {Array.from(
          { length: 14 },
          (_, index) => (
            <div className="flex h-9 shrink-0 items-center gap-6 bg-surface px-4" key={index}>
              <Skeleton className="h-3.5 w-14" />
              <Skeleton className="h-3.5 w-40" />
              <Skeleton className="h-3.5 w-20" />
              <Skeleton className="h-3.5 w-32" />
            </div>
          )
        )}
      </div>
    )
  }
  if (newest.kind === "failed") {
    return (
      <div className="p-4">
        <FailureNotice failure={newest.failure} onRetry={feed.readNewestAgain} />
      </div>
    )
  }
  if (!filtered) return <FirstTransaction />
  return (
    <EmptyState title={t("nothing.title")}>
      <p>{store.hasOlder ? t("further") : t("nothing.text")}</p>
      {store.hasOlder ? <Button onClick={() => void feed.readOlder()}>{t("lookFurther")}</Button> : null}
    </EmptyState>
  )
}
