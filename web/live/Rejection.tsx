"use client"
import { clsx } from "clsx"
import { useTranslations } from "use-intl"
import type { Transaction } from "../api/types.ts"

interface RejectionProps {
  readonly transaction: Transaction
  readonly className?: string
}

/** Why it was rejected, for a person and for a program, and what to try instead. */
export function Rejection({ className, transaction: { card, error } }: RejectionProps) {
  const t = useTranslations("drawer")
  const reason = useTranslations("common.reason")
  if (error === null) return null
  const hint = t(`hint.${error.code}`, {
    expiry: `${String(card.exp_month).padStart(2, "0")}/${card.exp_year}`,
    month: String(card.exp_month),
    year: String(card.exp_year),
    brand: card.brand ?? "other"
  })
  return (
    <div className={clsx("rounded-base border-l-2 border-rejected bg-rejected-soft px-3 py-2.5", className)}>
      <h3 className="visually-hidden">{t("why")}</h3>
      <p className="text-large font-medium">{reason(`${error.code}.sentence`)}</p>
      <p className="mt-0.5">{hint}</p>
      <code className="mt-1 block text-small text-rejected">{error.code}</code>
    </div>
  )
}
