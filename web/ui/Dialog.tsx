"use client"
import { type ReactNode, useId, useLayoutEffect, useRef } from "react"
import { useTranslations } from "use-intl"
import { Button } from "./Button.tsx"
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

/**
 * A window above the page: the browser's own, which keeps the focus, makes the rest inert, and gives the focus back.
 * Esc, the cross and a click beside it ask to close it.
 */
export function Dialog({ open, ...rest }: DialogProps) {
  return open ? <OpenDialog {...rest} /> : null
}

function OpenDialog(
  { actions, children, description, onOpenChange, title, wide = false }: Omit<DialogProps, "open">
) {
  const t = useTranslations("common")
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  const body = useRef<HTMLDivElement>(null)

  // before it is painted, and closed while it is still there: only then the focus goes back
  useLayoutEffect(() => {
    const element = dialog.current!
    element.showModal()
    const first = body.current!.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea")
    const target = first ?? element
    target.focus()
    return () => element.close()
  }, [])

  return (
    <dialog
      aria-describedby={description === undefined ? undefined : `${id}-description`}
      aria-labelledby={`${id}-title`}
      className={`m-auto mt-[8dvh] max-h-[84dvh] w-[calc(100vw-2rem)] flex-col rounded-large border border-line bg-surface p-0 text-ink shadow-lifted backdrop:bg-ink/30 open:flex dark:backdrop:bg-canvas/70 ${
        wide ? "max-w-2xl" : "max-w-md"
      }`}
      onCancel={(event) => {
        event.preventDefault()
        onOpenChange(false)
      }}
      // a browser closes it without asking when Esc is pressed again and again
      onClose={() => {
        if (dialog.current === null) return
        onOpenChange(false)
        queueMicrotask(() => dialog.current?.isConnected === true && !dialog.current.open && dialog.current.showModal())
      }}
      onClick={(event) => event.target === dialog.current && onOpenChange(false)}
      ref={dialog}
      tabIndex={-1}
    >
      <header className="flex items-start gap-3 border-b border-line px-5 py-3.5">
        <div className="min-w-0 grow">
          <h2 className="text-large font-semibold" id={`${id}-title`}>{title}</h2>
          {description === undefined ?
            null :
            <div className="text-ink-soft" id={`${id}-description`}>{description}</div>}
        </div>
        <Button aria-label={t("close")} kind="quiet" onClick={() => onOpenChange(false)} size="small" square>
          <CloseIcon />
        </Button>
      </header>
      <div className="overflow-y-auto px-5 py-4" ref={body}>{children}</div>
      {actions === undefined ?
        null :
        <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{actions}</footer>}
    </dialog>
  )
}
