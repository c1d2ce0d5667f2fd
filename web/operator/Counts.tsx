import { clsx } from "clsx"
import Link from "next/link"
import type { ReactNode } from "react"
import { useTranslations } from "use-intl"
import { useFormat } from "../ui/format.ts"
import { ApprovedIcon, PauseIcon, WarningIcon } from "../ui/icons.tsx"
import { useNow } from "../ui/RelativeTime.tsx"
import { ago } from "./rich.tsx"
import { Sparkline } from "./Sparkline.tsx"
import type { Snapshot } from "./usePipeline.ts"
import { late } from "./verdict.ts"

function Tile({ children, figure, name, unit }: {
  readonly name: string
  readonly figure: ReactNode
  readonly unit?: ReactNode
  readonly children?: ReactNode
}) {
  return (
    <section className="min-w-0 bg-surface p-3.5">
      <h3 className="text-small font-medium text-ink-soft">{name}</h3>
      <p className="flex flex-wrap items-baseline gap-x-2">
        <span className="figures text-figure font-semibold group-data-stale/pipeline:text-ink-faint">{figure}</span>
        <span className="text-small text-ink-soft">{unit}</span>
      </p>
      {children}
    </section>
  )
}

/** How long the oldest has waited; later than a minute is said in a word, too. */
function Oldest({ instant }: { readonly instant: string }) {
  const t = useTranslations("operator.counts")
  const isLate = useNow() - Date.parse(instant) > late
  return (
    <span className={clsx("inline-flex items-center gap-1", isLate && "font-medium text-waiting")}>
      {isLate ? <WarningIcon size={13} /> : null}
      {isLate ? `${t("late")}: ` : null}
      {t.rich("oldest", { age: ago(instant) })}
    </span>
  )
}

/** What waits, and on whom. */
export function Counts({ snapshot }: { readonly snapshot: Snapshot }) {
  const t = useTranslations("operator.counts")
  const format = useFormat()
  const { history, pipeline: { parked, profile, undecided } } = snapshot
  const lagOf = ({ lag: { processor, recorder } }: typeof history[number]) =>
    processor === null || recorder === null ? null : processor.records + recorder.records
  const lag = lagOf(history.at(-1)!)
  return (
    <section>
      <h2 className="visually-hidden">{t("title")}</h2>
      <div className="grid gap-px overflow-hidden rounded-large border border-line bg-line sm:grid-cols-2 lg:grid-cols-[2fr_2fr_1fr_1fr]">
        <Tile
          figure={format.count(undecided.count)}
          name={t("undecided")}
          unit={undecided.oldest_at === null ? t("none") : <Oldest instant={undecided.oldest_at} />}
        >
          <Sparkline name={t("undecided")} points={history.map((_) => ({ at: _.at, value: _.undecided }))} />
        </Tile>
        <Tile figure={lag === null ? "–" : format.count(lag)} name={t("lag")} unit={lag === null ? null : t("records")}>
          <Sparkline name={t("lag")} points={history.map((_) => ({ at: _.at, value: lagOf(_) }))} />
        </Tile>
        <Tile
          figure={parked === 0
            ? format.count(parked)
            : (
              <Link className="text-accent underline decoration-1 underline-offset-4" href="/operator/parked">
                {format.count(parked)}
              </Link>
            )}
          name={t("parked")}
          unit={
            <span className={clsx("inline-flex items-center gap-1", parked > 0 && "font-medium text-waiting")}>
              {parked === 0 ? <ApprovedIcon className="text-approved" size={13} /> : <PauseIcon size={13} />}
              {parked === 0 ? t("parkedNone") : t("parkedSome")}
            </span>
          }
        />
        <Tile figure={<span className="text-large">{t(profile)}</span>} name={t("profile")}>
          <p className="text-small text-ink-soft">{t(`${profile}Does`)}</p>
        </Tile>
      </div>
    </section>
  )
}
