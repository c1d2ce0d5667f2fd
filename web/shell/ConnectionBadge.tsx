"use client"
import { clsx } from "clsx"
import { useTranslations } from "use-intl"
import { useFeedState } from "../feed/useFeed.tsx"
import { useFormat } from "../ui/format.ts"
import { useNow } from "../ui/RelativeTime.tsx"

/** ms without the stream after which what is shown is called stale. */
const staleAfter = 6_000
/** ms below which nobody would notice a lag. */
const noticeable = 1_000

/** How fresh what is shown is, in words. */
export function ConnectionBadge() {
  const t = useTranslations("shell.connection")
  const format = useFormat()
  const { connection, lag, paused } = useFeedState()
  const present = useNow()

  const stale = connection.kind === "reconnecting" &&
    (connection.since === null || present - connection.since > staleAfter)
  const kind = stale ? "stale" : paused && connection.kind === "live" ? "paused" : connection.kind
  const text = connection.kind === "reconnecting" && stale
    ? connection.since === null
      ? t("never")
      : t("stale", { ago: format.ago(present - connection.since) })
    : kind === "stale"
    ? t("never")
    : t(kind)
  return (
    <p
      aria-label={t("label")}
      className={clsx(
        "inline-flex h-7 items-center gap-2 rounded-full border px-2.5 text-small font-medium whitespace-nowrap",
        kind === "live" && "border-line text-approved",
        (kind === "connecting" || kind === "asleep" || kind === "paused") && "border-line text-ink-soft",
        kind === "reconnecting" && "border-waiting text-waiting",
        kind === "stale" && "border-rejected bg-rejected-soft text-rejected"
      )}
      data-connection={kind}
      role="status"
    >
      <span
        aria-hidden
        className={clsx(
          "size-2",
          kind === "live" && "rounded-full bg-current",
          kind === "paused" && "border-x-2 border-current",
          (kind === "connecting" || kind === "reconnecting") && "breathing rounded-full border-2 border-current",
          kind === "asleep" && "rounded-full border border-current",
          kind === "stale" && "rotate-45 bg-current"
        )}
      />
      {text}
      {kind === "live" && lag !== null && lag >= noticeable ? ` · ${t("lag", { lag: format.duration(lag) })}` : null}
    </p>
  )
}
