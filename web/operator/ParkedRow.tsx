import Link from "next/link"
import { useTranslations } from "use-intl"
import { withQuery } from "../api/paths.ts"
import type { Parked } from "../api/types.ts"
import { Button } from "../ui/Button.tsx"
import { useFormat } from "../ui/format.ts"
import { WaitingIcon, WarningIcon } from "../ui/icons.tsx"
import { RelativeTime } from "../ui/RelativeTime.tsx"
import { Cell, Row } from "./Listing.tsx"
import { reasonOf } from "./ParkedReasons.tsx"
import type { Asked } from "./useParked.ts"

interface ParkedRowProps {
  readonly parked: Parked
  readonly asked: Asked | undefined
  readonly onReplay: () => void
  readonly onGiveUp: () => void
}

/** What became of what was asked, as far as it is seen. */
function Progress({ asked, isWaiting }: { readonly asked: Asked | undefined; readonly isWaiting: boolean }) {
  const t = useTranslations("operator.parked")
  const Icon = isWaiting ? WaitingIcon : WarningIcon
  return (
    <span className="block" role="status">
      {asked === undefined ? null : (
        <span className="flex items-center gap-1.5 text-small font-medium text-waiting">
          <Icon className={isWaiting ? "breathing" : ""} size={14} />
          {isWaiting ? asked.action === "replay" ? t("asked") : t("askedGiveUp") : t("again")}
        </span>
      )}
    </span>
  )
}

export function ParkedRow({ asked, onGiveUp, onReplay, parked }: ParkedRowProps) {
  const t = useTranslations("operator.parked")
  const format = useFormat()
  const { account, count, id, parked_at, reason } = parked
  // what was asked has been tried when it is parked once more
  const isWaiting = asked !== undefined && count <= asked.count
  const link = "font-mono text-small text-accent hover:underline"
  return (
    <Row id={id}>
      <Cell className="max-lg:truncate">
        <Link className={link} href={withQuery("/", { transaction: id })}>{id}</Link>
      </Cell>
      <Cell className="max-lg:hidden lg:max-w-44 lg:truncate">
        <Link className={link} href={withQuery("/", { account })} title={account}>{account}</Link>
      </Cell>
      <Cell className="max-lg:order-3">
        <span className="font-medium">{t(`reasons.${reasonOf(reason)}.short`)}</span>{" "}
        <code className="text-small text-ink-soft max-lg:hidden">{reason}</code>
        <Progress asked={asked} isWaiting={isWaiting} />
      </Cell>
      <Cell className="figures whitespace-nowrap max-lg:order-4 max-lg:text-right">
        <span title={format.count(count)}>{t("times", { count })}</span>
      </Cell>
      <Cell className="figures whitespace-nowrap text-ink-soft max-lg:order-2 max-lg:text-right">
        <RelativeTime instant={parked_at} />
      </Cell>
      <Cell className="max-lg:order-5 max-lg:col-span-2">
        {/* the buttons stay where they are, and with them the focus of who pressed one */}
        <div className="flex items-center gap-2 lg:justify-end">
          <Button
            aria-disabled={isWaiting}
            aria-label={t("replayOf", { id })}
            onClick={isWaiting ? undefined : onReplay}
            size="small"
          >
            {t("replay")}
          </Button>
          <Button
            aria-disabled={isWaiting}
            aria-label={t("giveUpOf", { id })}
            kind="danger"
            onClick={isWaiting ? undefined : onGiveUp}
            size="small"
          >
            {t("giveUp")}
          </Button>
        </div>
      </Cell>
    </Row>
  )
}
