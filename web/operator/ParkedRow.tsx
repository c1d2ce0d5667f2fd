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
        <code className="text-small text-ink-soft">{reason}</code>
      </Cell>
      <Cell className="figures whitespace-nowrap max-lg:order-4 max-lg:text-right">
        <span title={format.count(count)}>{t("times", { count })}</span>
      </Cell>
      <Cell className="figures whitespace-nowrap text-ink-soft max-lg:order-2 max-lg:text-right">
        <RelativeTime instant={parked_at} />
      </Cell>
      <Cell className="max-lg:order-5 max-lg:col-span-2">
        <div className="flex items-center gap-2 whitespace-nowrap max-lg:flex-wrap lg:justify-end">
          {isWaiting
            ? (
              <span className="inline-flex h-7 items-center gap-1.5 text-small font-medium text-waiting" role="status">
                <WaitingIcon className="breathing" size={14} />
                {asked.action === "replay" ? t("asked") : t("askedGiveUp")}
              </span>
            )
            : (
              <>
                {asked === undefined ?
                  null :
                  (
                    <span className="inline-flex items-center gap-1.5 text-small text-waiting" role="status">
                      <WarningIcon size={14} />
                      {t("again")}
                    </span>
                  )}
                <Button aria-label={t("replayOf", { id })} onClick={onReplay} size="small">{t("replay")}</Button>
                <Button aria-label={t("giveUpOf", { id })} kind="danger" onClick={onGiveUp} size="small">
                  {t("giveUp")}
                </Button>
              </>
            )}
        </div>
      </Cell>
    </Row>
  )
}
