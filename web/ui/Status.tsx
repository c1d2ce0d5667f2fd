import { clsx } from "clsx"
import { useTranslations } from "use-intl"
import type { Status as StatusName } from "../api/types.ts"
import { ApprovedIcon, RejectedIcon, WaitingIcon } from "./icons.tsx"

const looks = {
  processing: { Icon: WaitingIcon, className: "text-waiting" },
  approved: { Icon: ApprovedIcon, className: "text-approved" },
  rejected: { Icon: RejectedIcon, className: "text-rejected" }
} as const

/** A status by shape, word and colour: any one of them is enough. */
export function Status({ className, status }: { readonly status: StatusName; readonly className?: string }) {
  const t = useTranslations("common.status")
  const { Icon, className: color } = looks[status]
  return (
    <span className={clsx("inline-flex items-center gap-1.5 font-medium whitespace-nowrap", color, className)}>
      <Icon className={clsx("shrink-0", status === "processing" && "breathing")} size={14} />
      {t(status)}
    </span>
  )
}
