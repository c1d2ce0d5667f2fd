"use client"
import { clsx } from "clsx"
import { type FormEvent, useRef, useState } from "react"
import { useTranslations } from "use-intl"
import { useSession } from "../api/useSession.ts"
import { everything } from "../feed/Filter.ts"
import { useFeed, useFeedState } from "../feed/useFeed.tsx"
import { useShortcut } from "../shell/shortcuts.ts"
import { Button } from "../ui/Button.tsx"
import { FilterIcon, PauseIcon, PlayIcon, SearchIcon } from "../ui/icons.tsx"
import { DownloadCsv } from "./DownloadCsv.tsx"
import { FilterChips } from "./FilterChips.tsx"
import { FilterFields } from "./FilterFields.tsx"
import { SendTransaction } from "./SendTransaction.tsx"
import { useFilter } from "./useAddress.ts"

const statuses = [null, "processing", "approved", "rejected"] as const

/** What a person does with the list: search, narrow, pause, download, send. */
export function Filters({ onOpen }: { readonly onOpen: (id: string) => void }) {
  const t = useTranslations("live")
  const statusName = useTranslations("common.status")
  const feed = useFeed()
  const { paused } = useFeedState()
  const { isOperator } = useSession()
  const [filter, change] = useFilter()
  const [areFieldsOpen, setFieldsOpen] = useState(false)
  const search = useRef<HTMLInputElement>(null)

  useShortcut("/", () => search.current?.focus())
  useShortcut("p", () => feed.setPaused(!paused))

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const text = search.current!.value.trim()
    if (text === "") return
    search.current!.value = ""
    search.current!.blur()
    if (text.startsWith("txn_")) return onOpen(text)
    if (isOperator && text.startsWith("acct_")) return change({ ...everything, account: text })
    change({ ...everything, ...(/^\d{4}$/.test(text) ? { last4: text } : { reference: text }) })
  }

  return (
    <>
      <div className="flex flex-wrap items-center gap-2 px-4 py-2">
        <form className="relative min-w-44 grow basis-56 sm:max-w-80" onSubmit={submit} role="search">
          <SearchIcon className="pointer-events-none absolute top-2 left-2.5 text-ink-faint" />
          <input
            aria-describedby="search-hint"
            aria-label={t("search.label")}
            className="h-8 w-full rounded-base border border-edge bg-surface pr-8 pl-8 text-base placeholder:text-ink-faint"
            enterKeyHint="search"
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
            placeholder={t("search.placeholder")}
            ref={search}
            spellCheck={false}
            type="search"
          />
          <kbd
            aria-hidden
            className="pointer-events-none absolute top-1.5 right-2 hidden rounded-small border border-line px-1.5 text-small text-ink-faint sm:block"
          >
            /
          </kbd>
          <p className="visually-hidden" id="search-hint">{t("search.hint")}</p>
        </form>
        <div
          aria-label={t("filters.status")}
          className="flex rounded-base border border-edge/60 bg-surface p-px"
          role="group"
        >
          {statuses.map((status) => (
            <button
              aria-pressed={filter.status === status}
              className={clsx(
                "h-7 rounded-small px-2 text-small font-medium sm:px-2.5",
                filter.status === status ? "bg-ink text-surface" : "text-ink-soft hover:text-ink"
              )}
              key={status ?? "any"}
              onClick={() => change({ status })}
              type="button"
            >
              {status === null ? t("filters.any") : statusName(status)}
            </button>
          ))}
        </div>
        <Button
          aria-controls="filter-fields"
          aria-expanded={areFieldsOpen}
          kind="quiet"
          onClick={() => setFieldsOpen(!areFieldsOpen)}
        >
          <FilterIcon />
          {t("filters.open")}
        </Button>
        <span className="grow" />
        <Button aria-pressed={paused} kind={paused ? "plain" : "quiet"} onClick={() => feed.setPaused(!paused)}>
          {paused ? <PlayIcon /> : <PauseIcon />}
          {paused ? t("resume") : t("pause")}
        </Button>
        <DownloadCsv filter={filter} />
        <SendTransaction onSent={onOpen} />
      </div>
      <FilterChips filter={filter} onChange={change} />
      <div hidden={!areFieldsOpen} id="filter-fields">
        {areFieldsOpen ? <FilterFields filter={filter} onChange={change} /> : null}
      </div>
    </>
  )
}
