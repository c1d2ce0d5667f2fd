import type { ReactNode } from "react"

interface IconProps {
  readonly className?: string
  readonly size?: number
}

/** Drawn on a field of 16 by 16; they say nothing to a screen reader, the word beside them does. */
const icon = (drawing: ReactNode) =>
  function Icon({ className, size = 16 }: IconProps) {
    return (
      <svg
        aria-hidden
        className={className}
        fill="none"
        height={size}
        stroke="currentColor"
        strokeLinecap="round"
        strokeLinejoin="round"
        strokeWidth={1.5}
        viewBox="0 0 16 16"
        width={size}
      >
        {drawing}
      </svg>
    )
  }

export const ApprovedIcon = icon(
  <>
    <circle cx="8" cy="8" fill="currentColor" r="6.25" />
    <path d="m5.4 8.2 1.8 1.8 3.5-3.8" stroke="var(--surface)" />
  </>
)
export const RejectedIcon = icon(
  <>
    <circle cx="8" cy="8" r="6.25" />
    <path d="m5.9 5.9 4.2 4.2m0-4.2-4.2 4.2" />
  </>
)
export const WaitingIcon = icon(<circle cx="8" cy="8" r="6.25" strokeDasharray="2.4 2.5" />)
export const SearchIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.2 10.2 3.3 3.3" />
  </>
)
export const CloseIcon = icon(<path d="m4 4 8 8m0-8-8 8" />)
export const PauseIcon = icon(<path d="M5.75 3.5v9m4.5-9v9" />)
export const PlayIcon = icon(<path d="M5 3.5v9l7.5-4.5z" />)
export const ArrowUpIcon = icon(<path d="M8 13V3.5M4 7l4-4 4 4" />)
export const ChevronIcon = icon(<path d="m4.5 6.5 3.5 3.5 3.5-3.5" />)
export const CopyIcon = icon(
  <>
    <rect height="8" rx="1.5" width="8" x="5.5" y="5.5" />
    <path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2" />
  </>
)
export const CheckIcon = icon(<path d="m3.5 8.5 3 3 6-7" />)
export const DownloadIcon = icon(<path d="M8 2.5v7.5m-3-3 3 3 3-3M3 13.5h10" />)
export const SendIcon = icon(<path d="M13.5 2.5 7 9m6.5-6.5-4 11L7 9 2.5 6.5z" />)
export const MenuIcon = icon(<path d="M2.5 4.5h11m-11 3.5h11m-11 3.5h11" />)
export const FilterIcon = icon(<path d="M2.5 4h11m-9 4h7m-4.5 4h2" />)
export const WarningIcon = icon(<path d="M8 5.5v3.5m0 2.4v.1M8 2 14.5 13.5h-13z" />)
export const ExternalIcon = icon(<path d="M9.5 2.5h4v4m0-4-6 6m4 .5v4.5h-9v-9H7" />)

/** The product's mark: two strokes that pass a gate. */
export const Mark = icon(
  <>
    <path d="M3 2.5v11m10-11v11" strokeWidth={2} />
    <path d="M1 8h9m-2.5-2.5L10 8l-2.5 2.5" />
  </>
)
