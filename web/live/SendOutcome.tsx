"use client"
import { useTranslations } from "use-intl"
import type { Transaction } from "../api/types.ts"
import { useFormat } from "../ui/format.ts"
import { Status } from "../ui/Status.tsx"
import { Rejection } from "./Rejection.tsx"
import { useTransaction } from "./useTransaction.ts"

/** What became of what was sent; one that is not decided yet goes on changing. */
export function SendOutcome({ answer, id: elementId }: { readonly answer: Transaction; readonly id: string }) {
  const t = useTranslations("send.outcome")
  const format = useFormat()
  const { value: transaction = answer } = useTransaction(answer.id, answer)
  const { amount, created_at, decided_at, id, status } = transaction
  return (
    <div aria-live="polite" className="flex flex-col gap-3" id={elementId}>
      <p className="flex flex-wrap items-center gap-x-3">
        <span className="figures text-figure font-semibold tracking-tight">{format.money(amount)}</span>
        <Status className="text-large" status={status} />
        <span className="figures ml-auto text-ink-soft">
          {decided_at === null
            ? null
            : t("took", { duration: format.duration(Date.parse(decided_at) - Date.parse(created_at)) })}
        </span>
      </p>
      <Rejection transaction={transaction} />
      {status === "processing" ? <p className="text-ink-soft">{t("waiting")}</p> : null}
      <code className="text-small text-ink-soft wrap-anywhere">{id}</code>
    </div>
  )
}
