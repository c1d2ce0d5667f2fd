import type { ReactNode } from "react"
import { useTranslations } from "use-intl"
import { Button } from "../ui/Button.tsx"
import { Dialog } from "../ui/Dialog.tsx"

interface ConfirmProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly description?: ReactNode
  readonly children: ReactNode
  /** What is done, in a word. */
  readonly verb: string
  readonly kind: "primary" | "danger"
  readonly isBusy: boolean
  readonly onConfirm: () => void
}

/** A question before something is done; what it says is known when one answers. */
export function Confirm(
  { children, description, isBusy, kind, onClose, onConfirm, open, title, verb }: ConfirmProps
) {
  const t = useTranslations("common")
  return (
    <Dialog
      actions={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button aria-disabled={isBusy} kind={kind} onClick={onConfirm}>{verb}</Button>
        </>
      }
      description={description}
      onOpenChange={(next) => next ? undefined : onClose()}
      open={open}
      title={title}
    >
      {children}
    </Dialog>
  )
}
