import { useState } from "react"
import { useTranslations } from "use-intl"
import { paths } from "../api/paths.ts"
import { now } from "../api/request.ts"
import type { Account, NewSecret } from "../api/types.ts"
import { SelectField } from "../ui/Field.tsx"
import { useFormat } from "../ui/format.ts"
import { useNow } from "../ui/RelativeTime.tsx"
import { FailureNotice } from "../ui/States.tsx"
import { Confirm } from "./Confirm.tsx"
import type { Issued } from "./SecretOnce.tsx"
import { useAsk } from "./useAsk.ts"

/** Seconds that the present secret may live on. */
const choices = { now: 0, hour: 3_600, day: 86_400, week: 604_800, month: 2_592_000 } as const
type Choice = keyof typeof choices

interface RotateSecretProps {
  readonly account: Account | null
  readonly onClose: () => void
  readonly onIssued: (issued: Issued) => void
}

/** Gives an account another secret, and says what becomes of the one it has. */
export function RotateSecret({ account, onClose, onIssued }: RotateSecretProps) {
  const t = useTranslations("operator.accounts")
  const format = useFormat()
  const present = useNow()
  const [choice, setChoice] = useState<Choice>("day")
  const { ask, failure, forget, isBusy } = useAsk()
  const until = (instant: number) => format.full(instant + choices[choice] * 1_000)

  const close = () => {
    setChoice("day")
    forget()
    onClose()
  }

  const confirm = async () => {
    if (account === null) return
    const answer = await ask<NewSecret>(paths.accountSecrets(account.id), {
      method: "POST",
      body: { scope: "full", expire_current_in: choices[choice] }
    })
    if (answer === null) return
    close()
    onIssued({
      account: account.id,
      name: account.name,
      secret: answer.secret,
      previous: choice === "now" ? t("previousEnded") : t("previousUntil", { until: until(now()) })
    })
  }

  const isFull = failure?.kind === "problem" && failure.code === "too_many_secrets"
  return (
    <Confirm
      description={t("rotateLead")}
      isBusy={isBusy}
      kind={choice === "now" ? "danger" : "primary"}
      onClose={close}
      onConfirm={() => void confirm()}
      open={account !== null}
      title={t("rotateTitle", { name: account?.name ?? "" })}
      verb={t("rotateSubmit")}
    >
      <div className="flex flex-col gap-3">
        <SelectField
          label={t("rotateKeeps")}
          onChange={(event) => {
            setChoice(event.target.value as Choice)
            forget()
          }}
          value={choice}
        >
          {(Object.keys(choices) as ReadonlyArray<Choice>).map((name) => (
            <option key={name} value={name}>{t(`keeps.${name}`)}</option>
          ))}
        </SelectField>
        <p className="text-ink-soft">
          {choice === "now" ? t("rotateNow") : t("rotateUntil", { until: until(present) })}
        </p>
        {failure === null
          ? null
          : isFull
          ? (
            <p className="rounded-base bg-rejected-soft px-3 py-2 font-medium text-rejected" role="alert">
              {t("rotateFull")}
            </p>
          )
          : <FailureNotice failure={failure} />}
      </div>
    </Confirm>
  )
}
