import { useTranslations } from "use-intl"
import { paths } from "../api/paths.ts"
import type { Account } from "../api/types.ts"
import { FailureNotice } from "../ui/States.tsx"
import { Confirm } from "./Confirm.tsx"
import { useAsk } from "./useAsk.ts"

interface DisableAccountProps {
  readonly account: Account | null
  readonly onClose: () => void
  readonly onDisabled: (account: Account) => void
}

export function DisableAccount({ account, onClose, onDisabled }: DisableAccountProps) {
  const t = useTranslations("operator.accounts")
  const { ask, failure, forget, isBusy } = useAsk()
  const close = () => {
    forget()
    onClose()
  }
  const confirm = async () => {
    if (account === null) return
    const answer = await ask<Account>(paths.account(account.id), { method: "PATCH", body: { disabled: true } })
    if (answer === null) return
    close()
    onDisabled(answer)
  }
  return (
    <Confirm
      description={account === null ? null : <span className="font-mono text-small break-all">{account.id}</span>}
      isBusy={isBusy}
      kind="danger"
      onClose={close}
      onConfirm={() => void confirm()}
      open={account !== null}
      title={t("disableTitle", { name: account?.name ?? "" })}
      verb={t("disable")}
    >
      <div className="flex flex-col gap-3">
        <p>{t("disableText")}</p>
        <p>{t("disableStays")}</p>
        {failure === null ? null : <FailureNotice failure={failure} />}
      </div>
    </Confirm>
  )
}
