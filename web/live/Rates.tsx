"use client"
import { clsx } from "clsx"
import { type ReactNode, useId, useMemo, useState } from "react"
import { useTranslations } from "use-intl"
import type { Second } from "../feed/Rates.ts"
import { useFeedState, useSeconds } from "../feed/useFeed.tsx"
import { Button } from "../ui/Button.tsx"
import { useFormat } from "../ui/format.ts"
import { ChevronIcon } from "../ui/icons.tsx"
import { RatesChart } from "./RatesChart.tsx"

const nothing = "–"
/** Seconds that the tiles speak of. */
const spoken = 60
/** Seconds in a row of the table. */
const row = 30
/** Seconds between two tables: a screen reader is not to be flooded. */
const tablePace = 10

interface Totals {
  readonly accepted: number
  readonly approved: number
  readonly rejected: number
  /** The largest of the seconds' own; null where nothing was decided. */
  readonly p95: number | null
  /** The most that were decided of one second. */
  readonly peak: number
}

const totalsOf = (seconds: ReadonlyArray<Second>): Totals =>
  seconds.reduce<Totals>((sum, { accepted, approved, p95, rejected }) => ({
    accepted: sum.accepted + accepted,
    approved: sum.approved + approved,
    rejected: sum.rejected + rejected,
    p95: p95 === null ? sum.p95 : Math.max(sum.p95 ?? 0, p95),
    peak: Math.max(sum.peak, approved + rejected)
  }), { accepted: 0, approved: 0, rejected: 0, p95: null, peak: 0 })

/** What was heard last: without the stream, seconds go by in which nothing happened as far as this page knows. */
const useHeard = (): { readonly seconds: ReadonlyArray<Second>; readonly isLive: boolean } => {
  const seconds = useSeconds()
  const { connection } = useFeedState()
  const isLive = connection.kind === "live"
  const [heard, setHeard] = useState(seconds)
  if (isLive && heard !== seconds) setHeard(seconds)
  return { seconds: isLive ? seconds : heard, isLive }
}

const key = "gateway.rates"

/** Whether the chart is shown, as this browser remembers. */
const useOpen = (): readonly [boolean, (isOpen: boolean) => void] => {
  const [isOpen, setIsOpen] = useState(() => {
    try {
      return localStorage.getItem(key) !== "closed"
    } catch {
      return true
    }
  })
  return [isOpen, (isOpen) => {
    setIsOpen(isOpen)
    try {
      localStorage.setItem(key, isOpen ? "open" : "closed")
    } catch {
      // a browser that keeps nothing shows it again the next time
    }
  }]
}

/** How fast transactions come, what becomes of them, and how long it takes. */
export function Rates() {
  const t = useTranslations("rates")
  const format = useFormat()
  const id = useId()
  const { isLive, seconds } = useHeard()
  const { connection, paused } = useFeedState()
  const [isOpen, setIsOpen] = useOpen()

  // the second that has begun is not over
  const complete = useMemo(() => seconds.slice(0, -1), [seconds])
  const last = seconds.at(-1)
  const minute = totalsOf(complete.slice(-spoken))
  const decided = minute.approved + minute.rejected
  const all = totalsOf(seconds)
  const perSecond = minute.accepted / spoken

  const note = !isLive && connection.kind !== "connecting"
    ? last === undefined ? t("unknown") : t("stopped", { time: format.clock(last.at * 1_000) })
    : paused
    ? t("paused")
    : null

  return (
    <section aria-label={t("title")} className="@container relative shrink-0 border-b border-line bg-surface">
      <div className={clsx(isOpen && "@3xl:flex @3xl:h-28 @3xl:items-stretch")}>
        <dl
          className={clsx(
            "grid grid-cols-4 gap-x-3 px-3 py-2 pr-11 sm:gap-x-6 sm:px-4",
            isOpen
              ? "@3xl:w-96 @3xl:shrink-0 @3xl:content-center @3xl:gap-x-3 @3xl:pr-2 @4xl:w-124 @4xl:gap-x-5"
              : "@3xl:max-w-180",
            !isLive && "text-ink-faint"
          )}
        >
          <Tile
            description={t("description.throughput")}
            hint={t("throughput.hint")}
            isOpen={isOpen}
            label={t("throughput.label")}
            unit={t("throughput.unit")}
          >
            {last === undefined
              ? null
              : perSecond > 0 && perSecond < 0.1
              ? `<${format.decimal(0.1)}`
              : perSecond >= 100
              ? format.count(Math.round(perSecond))
              : format.decimal(perSecond)}
          </Tile>
          <Tile
            description={t("description.approval")}
            hint={t("approval.hint", { count: decided })}
            isOpen={isOpen}
            label={t("approval.label")}
          >
            {decided === 0 ? null : format.percent(minute.approved / decided)}
          </Tile>
          <Tile
            description={t("description.p95")}
            hint={t("p95.hint")}
            isOpen={isOpen}
            label={t("p95.label")}
            short={t("p95.short")}
          >
            {minute.p95 === null ? null : format.duration(minute.p95)}
          </Tile>
          <Tile
            description={t("description.waiting")}
            hint={t("waiting.hint")}
            isOpen={isOpen}
            label={t("waiting.label")}
          >
            {last === undefined ? null : format.count(all.accepted - all.approved - all.rejected)}
          </Tile>
        </dl>
        {isOpen
          ? (
            <div
              className={clsx(
                "h-20 min-w-0 px-2 pb-1 sm:px-3 @3xl:h-auto @3xl:grow @3xl:py-2 @3xl:pr-12 @3xl:pl-0 [@media(max-height:640px)]:hidden",
                !isLive && "[&_canvas]:opacity-70"
              )}
              id={id}
            >
              <Chart seconds={complete} />
            </div>
          )
          : null}
      </div>
      <Button
        aria-controls={isOpen ? id : undefined}
        aria-expanded={isOpen}
        aria-label={isOpen ? t("hide") : t("show")}
        className="absolute top-2 right-2 [@media(max-height:640px)]:hidden"
        kind="quiet"
        onClick={() => setIsOpen(!isOpen)}
        size="small"
        square
        title={isOpen ? t("hide") : t("show")}
      >
        <ChevronIcon className={clsx(isOpen && "rotate-180")} />
      </Button>
      {note === null
        ? null
        : (
          <p className="px-3 pb-1 text-tiny text-ink-soft sm:px-4 @3xl:absolute @3xl:bottom-0.5 @3xl:left-0" data-note>
            {note}
          </p>
        )}
    </section>
  )
}

function Tile(
  { children, description, hint, isOpen, label, short, unit }: {
    /** Null where there is nothing to say: that is not a zero. */
    readonly children: ReactNode
    readonly description: string
    readonly hint: string
    readonly isOpen: boolean
    readonly label: string
    readonly short?: string
    readonly unit?: string
  }
) {
  return (
    <div className="min-w-0" title={description}>
      <dt className="truncate text-small text-ink-soft">
        {short === undefined ? label : (
          <>
            <span className="@4xl:hidden">{short}</span>
            <span className="hidden @4xl:inline">{label}</span>
          </>
        )}
        <span className="visually-hidden">{description}</span>
      </dt>
      <dd>
        <span
          className={clsx(
            "figures block truncate font-semibold",
            isOpen ? "text-title @3xl:text-figure" : "text-large"
          )}
        >
          {children ?? nothing}
          {children === null || unit === undefined
            ? null
            : <span className="ml-0.5 text-small font-normal text-ink-soft">{unit}</span>}
        </span>
        {isOpen ? <span className="hidden truncate text-tiny text-ink-faint sm:block">{hint}</span> : null}
      </dd>
    </div>
  )
}

/** The chart, and the same numbers as a table for who does not see it. */
function Chart({ seconds }: { readonly seconds: ReadonlyArray<Second> }) {
  const t = useTranslations("rates")
  const format = useFormat()
  const [told, setTold] = useState(seconds)
  const toldAt = told.at(-1)?.at ?? -Infinity
  // what is read of the time before this page was opened is told at once
  const hasGrown = seconds.length > 0 && totalsOf(seconds).accepted > 2 * totalsOf(told).accepted
  if (hasGrown || (seconds.at(-1)?.at ?? -Infinity) > toldAt + tablePace - 1) setTold(seconds)

  const duration = (p95: number | null) => p95 === null ? nothing : format.duration(p95)
  const rows = useMemo(() => {
    const end = Math.floor(((told.at(-1)?.at ?? -1) + 1) / row) * row
    const begins = Array.from(
      { length: told.length === 0 ? 0 : Math.floor(told.length / row) - 1 },
      (_, i) => end - (i + 1) * row
    )
    return begins.map((from) => ({ from, ...totalsOf(told.filter(({ at }) => at >= from && at < from + row)) }))
  }, [told])
  const all = useMemo(() => totalsOf(told), [told])

  return (
    <>
      <RatesChart
        label={t("chart.summary", {
          until: told.length === 0 ? nothing : format.clock((toldAt + 1) * 1_000),
          approved: format.count(all.approved),
          rejected: format.count(all.rejected),
          peak: format.count(all.peak),
          p95: duration(all.p95)
        })}
        seconds={seconds}
      />
      {/* a table is as wide as its words, whatever is said of it */}
      <div className="visually-hidden">
        <table>
          <caption>{t("table.caption")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("table.from")}</th>
              <th scope="col">{t("table.accepted")}</th>
              <th scope="col">{t("table.approved")}</th>
              <th scope="col">{t("table.rejected")}</th>
              <th scope="col">{t("table.p95")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ accepted, approved, from, p95, rejected }) => (
              <tr key={from}>
                <th scope="row">{format.clock(from * 1_000)}</th>
                <td>{format.count(accepted)}</td>
                <td>{format.count(approved)}</td>
                <td>{format.count(rejected)}</td>
                <td>{duration(p95)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
