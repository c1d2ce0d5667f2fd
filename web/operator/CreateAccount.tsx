import { type FormEvent, useId, useState } from "react"
import { useTranslations } from "use-intl"
import { paths } from "../api/paths.ts"
import type { Account, AccountWithSecret } from "../api/types.ts"
import { Button } from "../ui/Button.tsx"
import { Dialog } from "../ui/Dialog.tsx"
import { TextField } from "../ui/Field.tsx"
import { FailureNotice } from "../ui/States.tsx"
import type { Issued } from "./SecretOnce.tsx"
import { useAsk } from "./useAsk.ts"

interface CreateAccountProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly onCreated: (account: Account, issued: Issued) => void
}

export function CreateAccount({ onClose, onCreated, open }: CreateAccountProps) {
  const t = useTranslations("operator.accounts")
  const common = useTranslations("common")
  const form = useId()
  const [name, setName] = useState("")
  const [isEmpty, setEmpty] = useState(false)
  const { ask, failure, forget, isBusy } = useAsk()

  const close = () => {
    setName("")
    setEmpty(false)
    forget()
    onClose()
  }

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() === "") return setEmpty(true)
    const answer = await ask<AccountWithSecret>(paths.accounts, { method: "POST", body: { name: name.trim() } })
    if (answer === null) return
    const { secret, ...account } = answer
    close()
    onCreated(account, { account: account.id, name: account.name, secret, previous: null })
  }

  return (
    <Dialog
      actions={
        <>
          <Button onClick={close}>{common("cancel")}</Button>
          <Button aria-disabled={isBusy} form={form} kind="primary" type="submit">
            {isBusy ? t("creating") : t("createSubmit")}
          </Button>
        </>
      }
      description={t("createLead")}
      onOpenChange={(next) => next ? undefined : close()}
      open={open}
      title={t("create")}
    >
      <form className="flex flex-col gap-3" id={form} noValidate onSubmit={(event) => void submit(event)}>
        <TextField
          error={isEmpty ? t("nameRequired") : null}
          hint={t("nameHint")}
          label={t("name")}
          maxLength={255}
          name="name"
          onChange={(event) => {
            setName(event.target.value)
            setEmpty(false)
          }}
          value={name}
        />
        {failure === null ? null : <FailureNotice failure={failure} />}
      </form>
    </Dialog>
  )
}
