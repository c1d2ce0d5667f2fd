import { type ReactNode, useId } from "react"

interface SectionProps {
  readonly title: string
  /** At the end of the title's line. */
  readonly aside?: ReactNode
  readonly children: ReactNode
}

/** A part of the drawer. */
export function Section({ aside, children, title }: SectionProps) {
  const id = useId()
  return (
    <section aria-labelledby={id} className="border-t border-line px-4 py-4 sm:px-5">
      <header className="mb-2.5 flex min-h-5 items-center justify-between gap-3">
        <h3 className="font-semibold" id={id}>{title}</h3>
        {aside}
      </header>
      {children}
    </section>
  )
}

/** Names and values in two columns. */
export function Facts({ children }: { readonly children: ReactNode }) {
  return <dl className="grid grid-cols-[minmax(5.5rem,auto)_1fr] gap-x-4 gap-y-1.5">{children}</dl>
}

export function Fact({ children, name }: { readonly name: ReactNode; readonly children: ReactNode }) {
  return (
    <>
      <dt className="max-w-36 text-ink-soft wrap-anywhere">{name}</dt>
      <dd className="flex min-h-5 min-w-0 items-center gap-1 wrap-anywhere">{children}</dd>
    </>
  )
}
