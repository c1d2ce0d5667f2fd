import { useTranslations } from "use-intl"
import type { Parked } from "../api/types.ts"

const known = [
  "unknown_card_key",
  "card_not_authentic",
  "unreadable_message",
  "unknown_schema_version",
  "unknown_submission",
  "unstorable"
] as const

/** The reason as this panel can explain it. */
export const reasonOf = (code: string): typeof known[number] | "other" => known.find((_) => _ === code) ?? "other"

/** What the reasons in the list mean and what mends them: once for all rows that have the same. */
export function ParkedReasons({ rows }: { readonly rows: ReadonlyArray<Parked> }) {
  const t = useTranslations("operator.parked")
  const codes = [...new Set(rows.map(({ reason }) => reason))].sort()
  return (
    <dl className="flex flex-col gap-2 border-l-2 border-waiting pl-3">
      {codes.map((code) => (
        <div className="flex flex-wrap gap-x-2" key={code}>
          <dt className="font-medium">
            {t(`reasons.${reasonOf(code)}.short`)} <code className="text-small font-normal text-ink-soft">{code}</code>
          </dt>
          <dd className="text-ink-soft">{t(`reasons.${reasonOf(code)}.sentence`)}</dd>
        </div>
      ))}
    </dl>
  )
}
