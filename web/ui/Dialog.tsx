"use client"
import { Dialog as Base } from "@base-ui/react/dialog"
import type { ReactNode } from "react"
import { useTranslations } from "use-intl"
import { buttonClass } from "./Button.tsx"
import { CloseIcon } from "./icons.tsx"

interface DialogProps {
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
  readonly title: string
  readonly description?: ReactNode
  readonly children: ReactNode
  /** What decides: the buttons at the end. */
  readonly actions?: ReactNode
  readonly wide?: boolean
}

/** A window above the page that keeps the focus until it is closed; Esc closes it. */
export function Dialog({ actions, children, description, onOpenChange, open, title, wide = false }: DialogProps) {
  const t = useTranslations("common")
  return (
    <Base.Root onOpenChange={(next) => onOpenChange(next)} open={open}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-ink/30 dark:bg-canvas/70" />
        <Base.Popup
          className={`fixed top-[8dvh] left-1/2 z-50 flex max-h-[84dvh] w-[calc(100vw-2rem)] -translate-x-1/2 flex-col rounded-large border border-line bg-surface shadow-lifted ${
            wide ? "max-w-2xl" : "max-w-md"
          }`}
        >
          <header className="flex items-start gap-3 border-b border-line px-5 py-3.5">
            <div className="min-w-0 grow">
              <Base.Title className="text-large font-semibold">{title}</Base.Title>
              {description === undefined ?
                null :
                <Base.Description className="text-ink-soft" render={<div />}>{description}</Base.Description>}
            </div>
            <Base.Close aria-label={t("close")} className={buttonClass({ kind: "quiet", size: "small", square: true })}>
              <CloseIcon />
            </Base.Close>
          </header>
          <div className="overflow-y-auto px-5 py-4">{children}</div>
          {actions === undefined ?
            null :
            <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{actions}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
