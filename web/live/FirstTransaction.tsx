"use client"
import { useTranslations } from "use-intl"
import { now } from "../api/request.ts"
import { useSession } from "../api/useSession.ts"
import { CopyButton } from "../ui/CopyButton.tsx"
import { EmptyState } from "../ui/States.tsx"

/** A command that makes the first row appear. */
export const firstCommand = (origin: string, account: string, year: number): string =>
  `curl -i ${origin}/v1/transactions -u "${account}:$SECRET" \\
  -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\
  -d '{"amount": 1999, "reference": "first", "card": {"number": "4242424242424242",
       "holder": "Ada Lovelace", "exp_month": 12, "exp_year": ${year}, "cvv": "123"}}'`

/** An account that has sent nothing yet. */
export function FirstTransaction() {
  const t = useTranslations("live.empty")
  const { account, isOperator } = useSession()
  if (isOperator) {
    return (
      <EmptyState title={t("title")}>
        <p>{t("operator")}</p>
      </EmptyState>
    )
  }
  const command = firstCommand(location.origin, account, new Date(now()).getUTCFullYear() + 2)
  return (
    <EmptyState title={t("title")}>
      <p>{t("text")}</p>
      <pre
        className="max-w-full overflow-x-auto rounded-base border border-line bg-surface p-3 text-left text-small text-ink"
        tabIndex={0}
      >
        {command}
      </pre>
      <CopyButton label={t("copy")} labelled text={command} />
    </EmptyState>
  )
}
