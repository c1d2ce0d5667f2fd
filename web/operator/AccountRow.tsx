import Link from "next/link"
import { useTranslations } from "use-intl"
import { withQuery } from "../api/paths.ts"
import type { Account } from "../api/types.ts"
import { Button } from "../ui/Button.tsx"
import { CopyButton } from "../ui/CopyButton.tsx"
import { ApprovedIcon, RejectedIcon } from "../ui/icons.tsx"
import { RelativeTime } from "../ui/RelativeTime.tsx"
import { Cell, Row } from "./Listing.tsx"
import { ago } from "./rich.tsx"

interface AccountRowProps {
  readonly account: Account
  readonly onRotate: () => void
  readonly onDisable: () => void
  readonly onEnable: () => void
}

export function AccountRow({ account, onDisable, onEnable, onRotate }: AccountRowProps) {
  const t = useTranslations("operator.accounts")
  const { created_at, disabled_at, id, name } = account
  return (
    <Row id={id}>
      <Cell className="max-lg:truncate lg:max-w-64">
        <p className="truncate font-medium" title={name}>{name}</p>
        <Link
          aria-label={t("transactionsOf", { name })}
          className="text-small text-accent hover:underline max-lg:hidden"
          href={withQuery("/", { account: id })}
        >
          {t("transactions")}
        </Link>
      </Cell>
      <Cell className="max-lg:order-3 max-lg:col-span-2">
        <span className="flex items-center gap-1">
          <span className="min-w-0 truncate font-mono text-small">{id}</span>
          <CopyButton label={t("copyId", { name })} text={id} />
        </span>
      </Cell>
      <Cell className="figures whitespace-nowrap text-ink-soft max-lg:hidden">
        <RelativeTime instant={created_at} />
      </Cell>
      <Cell className="whitespace-nowrap max-lg:order-2 max-lg:text-right">
        {disabled_at === null
          ? (
            <span className="inline-flex items-center gap-1.5 font-medium text-approved">
              <ApprovedIcon size={14} />
              {t("enabled")}
            </span>
          )
          : (
            <span className="inline-flex items-center gap-1.5 font-medium text-rejected">
              <RejectedIcon size={14} />
              {t("disabled")}
              <span className="font-normal text-small text-ink-soft max-lg:hidden">
                {t.rich("disabledSince", { time: ago(disabled_at) })}
              </span>
            </span>
          )}
      </Cell>
      <Cell className="max-lg:order-4 max-lg:col-span-2">
        <div className="flex items-center gap-2 whitespace-nowrap max-lg:flex-wrap lg:justify-end">
          <Button aria-label={t("rotateOf", { name })} onClick={onRotate} size="small">{t("rotate")}</Button>
          {disabled_at === null
            ? (
              <Button aria-label={t("disableOf", { name })} kind="danger" onClick={onDisable} size="small">
                {t("disable")}
              </Button>
            )
            : (
              <Button aria-label={t("enableOf", { name })} onClick={onEnable} size="small">
                {t("enable")}
              </Button>
            )}
          <Link
            aria-label={t("transactionsOf", { name })}
            className="ml-auto text-small text-accent hover:underline lg:hidden"
            href={withQuery("/", { account: id })}
          >
            {t("transactions")}
          </Link>
        </div>
      </Cell>
    </Row>
  )
}
