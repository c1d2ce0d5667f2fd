import { clsx } from "clsx"
import type { ReactNode } from "react"
import { useTranslations } from "use-intl"
import type { Failure } from "../api/request.ts"
import { Button } from "../ui/Button.tsx"
import { FailureNotice, Skeleton } from "../ui/States.tsx"
import { ago } from "./rich.tsx"

/** A column: its heading, and whether the heading is for screen readers alone. */
export interface Column {
  readonly key: string
  readonly heading: string
  readonly hidden?: boolean
}

/** A table whose rows become cards where there is no room. */
export function Table({ caption, children, columns }: {
  readonly caption: string
  readonly columns: ReadonlyArray<Column>
  readonly children: ReactNode
}) {
  return (
    <div className="overflow-hidden rounded-large border border-line bg-surface">
      <table aria-label={caption} className="w-full max-lg:block">
        <thead className="max-lg:visually-hidden">
          <tr>
            {columns.map(({ heading, hidden, key }) => (
              <th
                className="border-b border-line px-3 py-2 text-left text-small font-medium whitespace-nowrap text-ink-soft first:pl-4 last:pr-4"
                key={key}
                scope="col"
              >
                <span className={hidden === true ? "visually-hidden" : ""}>{heading}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="max-lg:block">{children}</tbody>
      </table>
    </div>
  )
}

export function Row({ children, className, id }: {
  readonly id: string
  readonly children: ReactNode
  readonly className?: string
}) {
  return (
    <tr
      className={clsx(
        "border-b border-line last:border-b-0 max-lg:grid max-lg:grid-cols-[minmax(0,1fr)_auto] max-lg:items-center",
        "max-lg:gap-x-3 max-lg:gap-y-1.5 max-lg:px-4 max-lg:py-3",
        className
      )}
      data-row={id}
    >
      {children}
    </tr>
  )
}

export function Cell({ children, className }: { readonly children: ReactNode; readonly className?: string }) {
  return (
    <td
      className={clsx("min-w-0 lg:px-3 lg:py-2 lg:align-middle lg:first:pl-4 lg:last:pr-4", className)}
    >
      {children}
    </td>
  )
}

export function ListSkeleton() {
  const t = useTranslations("common")
  return (
    <div aria-busy className="flex flex-col gap-2">
      <p className="visually-hidden">{t("loading")}</p>
      {Array.from({ length: 6 }, (_, index) => <Skeleton className="h-11" key={index} />)}
    </div>
  )
}

/** A list that was read and cannot be read again. */
export function StaleNotice({ failure, onRetry, readAt }: {
  readonly failure: Failure
  readonly readAt: number
  readonly onRetry: () => void
}) {
  const t = useTranslations("operator")
  return (
    <div className="flex flex-col gap-1">
      <FailureNotice failure={failure} onRetry={onRetry} />
      <p className="text-small font-medium text-rejected">
        {t.rich("stale", { ago: ago(new Date(readAt).toISOString()) })}
      </p>
    </div>
  )
}

/** How many there are, and the way to the rest. */
export function Pager({ count, hasMore, older, onMore }: {
  readonly count: number
  readonly hasMore: boolean
  readonly older: "ready" | "loading" | Failure
  readonly onMore: () => void
}) {
  const t = useTranslations("operator")
  return (
    <div className="flex flex-col gap-3">
      {typeof older === "object" ? <FailureNotice failure={older} onRetry={onMore} /> : null}
      <div className="flex flex-wrap items-center gap-3">
        {hasMore
          ? (
            <Button aria-disabled={older === "loading"} onClick={onMore}>
              {older === "loading" ? t("loadingMore") : t("more")}
            </Button>
          )
          : null}
        <p className="figures text-small text-ink-soft" role="status">{t("shown", { count })}</p>
      </div>
    </div>
  )
}
