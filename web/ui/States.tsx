import { clsx } from "clsx"
import type { ReactNode } from "react"
import { useTranslations } from "use-intl"
import type { Failure } from "../api/request.ts"
import { Button } from "./Button.tsx"
import { WarningIcon } from "./icons.tsx"

/** The place of what is being loaded. */
export function Skeleton({ className }: { readonly className?: string }) {
  return <span aria-hidden className={clsx("breathing block rounded-small bg-sunken", className)} />
}

/** Nothing to show, and what one can do about it. */
export function EmptyState(
  { children, title }: { readonly title: string; readonly children?: ReactNode }
) {
  return (
    <div className="flex flex-col items-center justify-center gap-2 px-6 py-12 text-center">
      <h2 className="text-large font-semibold">{title}</h2>
      <div className="flex max-w-prose flex-col items-center gap-3 text-ink-soft">{children}</div>
    </div>
  )
}

/** What a failure says to a person. */
export const useFailureText = (): (failure: Failure) => string => {
  const t = useTranslations("common.failure")
  return (failure) =>
    failure.kind === "unreachable" ? t("unreachable") : t("problem", { detail: failure.detail || failure.code })
}

export function FailureNotice(
  { failure, onRetry }: { readonly failure: Failure; readonly onRetry?: () => void }
) {
  const t = useTranslations("common")
  const text = useFailureText()
  return (
    <div className="flex items-start gap-3 rounded-base border border-line bg-surface p-3" role="alert">
      <WarningIcon className="mt-0.5 shrink-0 text-rejected" />
      <div className="min-w-0 grow">
        <p className="font-medium">{text(failure)}</p>
        <p className="text-small text-ink-soft">
          {failure.kind === "unreachable"
            ? t("failure.unreachableHint")
            : failure.requestId !== null
            ? t("failure.requestId", { id: failure.requestId })
            : null}
        </p>
      </div>
      {onRetry === undefined ? null : <Button onClick={onRetry} size="small">{t("retry")}</Button>}
    </div>
  )
}
