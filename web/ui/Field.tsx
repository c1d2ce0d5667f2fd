import { clsx } from "clsx"
import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from "react"

interface Described {
  readonly label: string
  readonly hint?: ReactNode
  /** What is wrong with the value. */
  readonly error?: string | null
  /** The label is for screen readers alone. */
  readonly labelHidden?: boolean
}

const boxClass = (hasError: boolean) =>
  clsx(
    "h-8 w-full rounded-base border bg-surface px-2.5 text-base text-ink placeholder:text-ink-faint",
    hasError ? "border-rejected" : "border-edge"
  )

function Frame(
  { children, error, hint, id, label, labelHidden }: Described & { readonly id: string; readonly children: ReactNode }
) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label className={labelHidden === true ? "visually-hidden" : "text-small font-medium text-ink-soft"} htmlFor={id}>
        {label}
      </label>
      {children}
      {hint === undefined ? null : <p className="text-small text-ink-faint" id={`${id}-hint`}>{hint}</p>}
      {error === undefined || error === null ?
        null :
        <p className="text-small font-medium text-rejected" id={`${id}-error`}>{error}</p>}
    </div>
  )
}

const describedBy = (id: string, { error, hint }: Described) =>
  [hint === undefined ? [] : `${id}-hint`, error === undefined || error === null ? [] : `${id}-error`].flat().join(
    " "
  ) ||
  undefined

export function TextField(
  { className, error, hint, label, labelHidden, ...rest }: Described & InputHTMLAttributes<HTMLInputElement>
) {
  const made = useId()
  const id = rest.id ?? made
  const described = { label, hint, error: error ?? null, ...(labelHidden && { labelHidden }) }
  return (
    <Frame {...described} id={id}>
      <input
        autoComplete="off"
        spellCheck={false}
        {...rest}
        aria-describedby={describedBy(id, described)}
        aria-invalid={described.error === null ? undefined : true}
        className={clsx(boxClass(described.error !== null), className)}
        id={id}
      />
    </Frame>
  )
}

export function SelectField(
  { children, className, error, hint, label, labelHidden, ...rest }:
    & Described
    & SelectHTMLAttributes<HTMLSelectElement>
) {
  const made = useId()
  const id = rest.id ?? made
  const described = { label, hint, error: error ?? null, ...(labelHidden && { labelHidden }) }
  return (
    <Frame {...described} id={id}>
      <select
        {...rest}
        aria-describedby={describedBy(id, described)}
        aria-invalid={described.error === null ? undefined : true}
        className={clsx(boxClass(described.error !== null), "pr-1", className)}
        id={id}
      >
        {children}
      </select>
    </Frame>
  )
}
