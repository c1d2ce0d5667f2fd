import { clsx } from "clsx"
import type { ReactNode } from "react"

interface PageProps {
  readonly title: string
  readonly lead?: ReactNode
  /** What can be done here: beside the title. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** A page of the operator: it scrolls below the shell's header. */
export function Page({ actions, children, lead, title }: PageProps) {
  return (
    <div className="min-h-0 grow overflow-y-auto">
      <div className="mx-auto flex max-w-6xl flex-col gap-4 px-4 py-5">
        <header className="flex flex-wrap items-center gap-x-4 gap-y-3">
          <div className="min-w-0 grow basis-60">
            <h1 className="text-title font-semibold">{title}</h1>
            {lead === undefined ? null : <p className="text-ink-soft">{lead}</p>}
          </div>
          {actions}
        </header>
        {children}
      </div>
    </div>
  )
}

/** A part of a page, with its heading. */
export function Card(
  { actions, children, className, title }:
    & Pick<PageProps, "actions" | "children" | "title">
    & { readonly className?: string }
) {
  return (
    <section className={clsx("flex min-w-0 flex-col rounded-large border border-line bg-surface", className)}>
      <header className="flex min-h-11 flex-wrap items-center justify-between gap-x-3 gap-y-1 border-b border-line px-4 py-1.5">
        <h2 className="text-large font-semibold">{title}</h2>
        {actions}
      </header>
      <div className="grow p-4">{children}</div>
    </section>
  )
}
