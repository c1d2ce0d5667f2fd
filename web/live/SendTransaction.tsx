"use client"
import { useId, useRef, useState } from "react"
import { useTranslations } from "use-intl"
import { useSession } from "../api/useSession.ts"
import { useShortcut } from "../shell/shortcuts.ts"
import { Button } from "../ui/Button.tsx"
import { Dialog } from "../ui/Dialog.tsx"
import { SendIcon } from "../ui/icons.tsx"
import { CopyCommand } from "./CopyCommand.tsx"
import { sendCommand } from "./curl.ts"
import { SendForm } from "./SendForm.tsx"
import { SendOutcome } from "./SendOutcome.tsx"
import { useSending } from "./useSending.ts"

interface SendTransactionProps {
  readonly onSent: (id: string) => void
}

/** The way to a test transaction, for who may send one. */
export function SendTransaction({ onSent }: SendTransactionProps) {
  const { isOperator, mayWrite } = useSession()
  return isOperator || !mayWrite ? null : <SendButton onSent={onSent} />
}

function SendButton({ onSent }: SendTransactionProps) {
  const t = useTranslations("shell")
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  useShortcut("s", () => setOpen(true), !open)
  return (
    <>
      <Button aria-keyshortcuts="s" kind="primary" onClick={() => setOpen(true)} ref={button}>
        <SendIcon size={14} />
        {t("sendTest")}
      </Button>
      {/* whatever was written is forgotten when it closes */}
      {open ?
        (
          <SendDialog
            onOpen={(id) => {
              setOpen(false)
              onSent(id)
            }}
            onOpenChange={(next) => {
              setOpen(next)
              // also where the key opened it, and nothing had the focus before
              if (!next) setTimeout(() => button.current?.focus(), 0)
            }}
          />
        ) :
        null}
    </>
  )
}

interface SendDialogProps {
  readonly onOpen: (id: string) => void
  readonly onOpenChange: (open: boolean) => void
}

/** Once, when it comes. */
const focus = (element: HTMLElement | null) => element?.focus()

function SendDialog({ onOpen, onOpenChange }: SendDialogProps) {
  const t = useTranslations("send")
  const { account } = useSession()
  const sending = useSending()
  const { answer, another, body, headers, isBusy, mayBeMade } = sending
  const formId = useId()
  const outcomeId = useId()
  if (answer !== null) {
    return (
      <Dialog
        actions={
          <>
            <Button onClick={another}>{t("outcome.another")}</Button>
            <Button aria-describedby={outcomeId} kind="primary" onClick={() => onOpen(answer.id)} ref={focus}>
              {t("outcome.open")}
            </Button>
          </>
        }
        onOpenChange={onOpenChange}
        open
        title={t("title")}
        wide
      >
        <SendOutcome answer={answer} id={outcomeId} />
      </Dialog>
    )
  }
  return (
    <Dialog
      actions={
        <>
          {body === null || headers === null ? null : (
            <span className="mr-auto flex items-center">
              <CopyCommand text={sendCommand(location.origin, account, body, headers)} />
            </span>
          )}
          <Button aria-disabled={isBusy} form={formId} kind="primary" type="submit">
            {isBusy ? t("submitting") : mayBeMade ? t("again") : t("submit")}
          </Button>
        </>
      }
      description={t("lead")}
      onOpenChange={onOpenChange}
      open
      title={t("title")}
      wide
    >
      <SendForm id={formId} sending={sending} />
    </Dialog>
  )
}
