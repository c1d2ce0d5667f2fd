import { useEffect, useState } from "react"
import { useTranslations } from "use-intl"
import { Button } from "../ui/Button.tsx"
import { CopyButton } from "../ui/CopyButton.tsx"
import { Dialog } from "../ui/Dialog.tsx"
import { WarningIcon } from "../ui/icons.tsx"

/** A secret that has just been made. Whoever holds this value shows it, and drops it when it is stored. */
export interface Issued {
  readonly account: string
  readonly name: string
  readonly secret: string
  /** What becomes of the one before, in a sentence. */
  readonly previous: string | null
}

function Line({ label, text, title }: { readonly label: string; readonly title: string; readonly text: string }) {
  return (
    <div>
      <div className="mb-1 flex items-center justify-between gap-2">
        <h3 className="text-small font-medium text-ink-soft">{title}</h3>
        <CopyButton label={label} labelled text={text} />
      </div>
      <p className="rounded-base border border-line bg-sunken px-3 py-2 font-mono text-small break-all select-all">
        {text}
      </p>
    </div>
  )
}

/** Shows a secret once. It closes when one says that it is stored, and not by accident. */
export function SecretOnce({ issued, onStored }: { readonly issued: Issued | null; readonly onStored: () => void }) {
  const t = useTranslations("operator.accounts")
  const [reminded, setReminded] = useState(false)

  useEffect(() => {
    if (issued === null) return
    const guard = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener("beforeunload", guard)
    return () => removeEventListener("beforeunload", guard)
  }, [issued])

  const stored = () => {
    setReminded(false)
    onStored()
  }

  return (
    <Dialog
      actions={
        <>
          {reminded ?
            <p className="min-w-0 grow basis-60 self-center font-medium text-waiting" role="alert">{t("notYet")}</p> :
            null}
          <Button kind="primary" onClick={stored}>{t("stored")}</Button>
        </>
      }
      description={t("secretLead")}
      onOpenChange={(open) => open ? undefined : setReminded(true)}
      open={issued !== null}
      title={t("secretTitle", { name: issued?.name ?? "" })}
      wide
    >
      {issued === null ? null : (
        <div className="flex flex-col gap-4">
          <Line label={t("copySecret")} text={issued.secret} title={t("secret")} />
          <Line label={t("copyPair")} text={`${issued.account}:${issued.secret}`} title={t("pair")} />
          {issued.previous === null ? null : (
            <p className="flex items-start gap-2 text-ink-soft">
              <WarningIcon className="mt-0.5 shrink-0 text-waiting" />
              {issued.previous}
            </p>
          )}
        </div>
      )}
    </Dialog>
  )
}
