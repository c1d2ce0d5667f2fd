import { clsx } from "clsx"
import type { ComponentProps } from "react"

interface ButtonProps extends ComponentProps<"button"> {
  readonly kind?: "primary" | "plain" | "quiet" | "danger"
  readonly size?: "base" | "small"
  /** Nothing but an icon: give it an `aria-label`. */
  readonly square?: boolean
}

/** The look of a button, also for a link that is one. */
export const buttonClass = ({ kind = "plain", size = "base", square = false }: ButtonProps = {}): string =>
  clsx(
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-base border text-base font-medium whitespace-nowrap",
    "transition-colors disabled:opacity-60 aria-disabled:opacity-60",
    size === "base" ? "h-8" : "h-7 text-small",
    square ? (size === "base" ? "w-8" : "w-7") : size === "base" ? "px-3" : "px-2.5",
    {
      primary: "border-transparent bg-accent text-on-accent not-disabled:hover:opacity-90",
      plain: "border-edge/60 bg-surface text-ink not-disabled:hover:bg-sunken",
      quiet: "border-transparent bg-transparent text-ink-soft not-disabled:hover:bg-sunken not-disabled:hover:text-ink",
      danger: "border-rejected bg-surface text-rejected not-disabled:hover:bg-rejected-soft"
    }[kind]
  )

export function Button({ className, kind, size, square, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={clsx(
        buttonClass({ ...(kind && { kind }), ...(size && { size }), ...(square && { square }) }),
        className
      )}
    />
  )
}
