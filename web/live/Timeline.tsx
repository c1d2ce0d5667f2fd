"use client"
import { clsx } from "clsx"
import { useTranslations } from "use-intl"
import type { Stage, Transaction } from "../api/types.ts"
import { useFormat } from "../ui/format.ts"
import { useNow } from "../ui/RelativeTime.tsx"
import { FailureNotice, Skeleton } from "../ui/States.tsx"
import { Section } from "./Section.tsx"
import { useTimeline } from "./useTransaction.ts"

const stages: ReadonlyArray<Stage> = ["accepted", "appended", "decided", "recorded"]

/** Since its acceptance, while there is no decision. */
function Waiting({ since }: { readonly since: string }) {
  const t = useTranslations("drawer.timeline")
  const format = useFormat()
  const present = useNow()
  return t("waiting", { duration: format.duration(Math.max(0, present - Date.parse(since))) })
}

function Took({ transaction }: { readonly transaction: Transaction }) {
  const t = useTranslations("drawer.timeline")
  const format = useFormat()
  const { created_at, decided_at } = transaction
  return (
    <span className="figures font-medium text-ink">
      {decided_at === null
        ? <Waiting since={created_at} />
        : t("took", { duration: format.duration(Date.parse(decided_at) - Date.parse(created_at)) })}
    </span>
  )
}

/** Where the transaction has been, and how long it took from each stage to the next, on one scale. */
export function Timeline({ transaction }: { readonly transaction: Transaction }) {
  const t = useTranslations("drawer.timeline")
  const format = useFormat()
  const { failure, retry, value } = useTimeline(transaction)
  const known = value?.stages ?? []
  const start = Date.parse(known[0]?.at ?? transaction.created_at)
  const total = Math.max(1, Date.parse(known.at(-1)?.at ?? transaction.created_at) - start)

  return (
    <Section aside={<Took transaction={transaction} />} title={t("title")}>
      {value === undefined && failure !== null ? <FailureNotice failure={failure} onRetry={retry} /> : (
        <ol>
          {stages.map((stage, index) => {
            const reached = known.find((_) => _.stage === stage)
            const isLast = index === stages.length - 1
            const before = index === 0 ? undefined : known[index - 1]
            const from = before === undefined ? 0 : Math.max(0, Date.parse(before.at) - start)
            const took = reached === undefined || before === undefined
              ? null
              : Math.max(0, Date.parse(reached.at) - Date.parse(before.at))
            return (
              <li className="relative grid grid-cols-[1rem_5rem_1fr_auto] gap-x-2 pb-3 last:pb-0" key={stage}>
                {isLast ? null : (
                  <span
                    aria-hidden
                    className={clsx(
                      "absolute top-3 bottom-[-0.5rem] left-[0.3125rem] border-l",
                      known[index + 1] === undefined ? "border-dashed border-edge" : "border-line"
                    )}
                  />
                )}
                <span
                  aria-hidden
                  className={clsx(
                    "relative mt-1 size-[0.6875rem] rounded-full border-2",
                    reached === undefined
                      ? "border-dashed border-edge bg-surface"
                      : stage !== "decided"
                      ? "border-ink-soft bg-ink-soft"
                      : transaction.status === "rejected"
                      ? "border-rejected bg-rejected"
                      : "border-approved bg-approved"
                  )}
                />
                <span className={clsx("font-medium", reached === undefined && "text-ink-faint")}>
                  {t(`stage.${stage}`)}
                </span>
                {reached === undefined
                  ? (
                    <span className="col-span-2 text-right text-ink-faint">
                      {value === undefined
                        ? <Skeleton className="ml-auto h-4 w-24" />
                        : t(`pending.${stage === "appended" ? stage : "other"}`)}
                    </span>
                  )
                  : (
                    <>
                      {took === null ? <span /> : (
                        <span className="flex items-center gap-2">
                          <span
                            aria-hidden
                            className="relative h-1.5 min-w-0 grow overflow-hidden rounded-full bg-sunken"
                          >
                            <span
                              className="absolute inset-y-0 min-w-0.5 rounded-full bg-edge"
                              style={{ left: `${(from / total) * 98}%`, width: `${(took / total) * 100}%` }}
                            />
                          </span>
                          <span className="figures w-[3.25rem] shrink-0 text-right text-small text-ink-soft">
                            {t("after", { duration: format.duration(took) })}
                          </span>
                        </span>
                      )}
                      <time
                        className="figures text-right font-mono text-small leading-5"
                        dateTime={reached.at}
                        title={format.full(reached.at)}
                      >
                        {format.time(reached.at)}
                      </time>
                      {reached.partition === undefined || reached.offset === undefined ?
                        null :
                        (
                          <span className="figures col-span-3 col-start-2 text-small text-ink-faint">
                            {t("position", { partition: String(reached.partition), offset: String(reached.offset) })}
                          </span>
                        )}
                    </>
                  )}
              </li>
            )
          })}
        </ol>
      )}
    </Section>
  )
}
