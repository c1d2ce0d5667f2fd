import { clsx } from "clsx"
import { memo, useState } from "react"
import { useTranslations } from "use-intl"
import type { Transaction } from "../api/types.ts"
import { useFormat } from "../ui/format.ts"
import { RelativeTime } from "../ui/RelativeTime.tsx"
import { Status } from "../ui/Status.tsx"

/** px. */
export const rowHeight = { wide: 36, narrow: 58 } as const

/** The columns of a wide row, and which of them fall away first as the list gets narrower. */
export const columns =
  "grid grid-cols-[5.5rem_minmax(9rem,1.1fr)_6.5rem_minmax(9rem,0.8fr)] gap-x-5 px-4 @3xl:grid-cols-[5.5rem_minmax(13rem,1.1fr)_6.5rem_minmax(9rem,0.6fr)_minmax(6rem,1fr)] @5xl:grid-cols-[5.5rem_minmax(14rem,1.1fr)_6.5rem_minmax(9rem,0.6fr)_minmax(6rem,1fr)_5.5rem_17.5rem]"

interface TransactionRowProps {
  readonly transaction: Transaction
  readonly narrow: boolean
}

/** Whether this transaction was seen without its decision, in the place where it is shown now. */
const useJustDecided = ({ id, status }: Transaction): boolean => {
  const [waited, setWaited] = useState<string | null>(null)
  if (status === "processing" && waited !== id) setWaited(id)
  return status !== "processing" && waited === id
}

function Card({ card }: { readonly card: Transaction["card"] }) {
  const t = useTranslations("common.brand")
  const live = useTranslations("live")
  const brand = t(card.brand ?? "unknown")
  if (card.last4 === null) return <span className="truncate text-ink-faint">{brand}</span>
  return (
    <span className="flex min-w-0 gap-1.5">
      <span aria-hidden className="truncate">{brand}</span>
      <span aria-hidden className="figures shrink-0 text-ink-soft">•••• {card.last4}</span>
      <span className="visually-hidden">{live("cardEnds", { brand, last4: card.last4 })}</span>
    </span>
  )
}

function Outcome({ transaction }: { readonly transaction: Transaction }) {
  const { error, status } = transaction
  const t = useTranslations("common.reason")
  const justDecided = useJustDecided(transaction)
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Status className={clsx("rounded-small", justDecided && "settling")} status={status} />
      {error === null ? null : <span className="truncate text-ink-soft">{t(`${error.code}.short`)}</span>}
    </span>
  )
}

/** The cells of one transaction. Drawn again only when it is another object: whatever moves the row moves its frame. */
export const TransactionCells = memo(function TransactionCells({ narrow, transaction }: TransactionRowProps) {
  const format = useFormat()
  const t = useTranslations("live")
  const { account, amount, card, created_at, decided_at, id, reference } = transaction
  if (narrow) {
    return (
      <div className="grid h-full grid-cols-[1fr_auto] content-center gap-x-3 px-4">
        <div className="min-w-0" role="gridcell">
          <Outcome transaction={transaction} />
        </div>
        <div className="figures text-right font-medium" role="gridcell">{format.money(amount)}</div>
        <div className="flex min-w-0 gap-2 text-small text-ink-soft" role="gridcell">
          <Card card={card} />
          {reference === null ? null : <span className="truncate text-ink-faint">{reference}</span>}
        </div>
        <div className="text-right text-small text-ink-faint" role="gridcell">
          <RelativeTime instant={created_at} />
        </div>
      </div>
    )
  }
  return (
    <div className={clsx(columns, "h-full items-center")}>
      <div className="truncate text-ink-faint" role="gridcell">
        <RelativeTime className="figures" instant={created_at} />
      </div>
      <div className="min-w-0" role="gridcell">
        <Outcome transaction={transaction} />
      </div>
      <div className="figures text-right font-medium" role="gridcell">{format.money(amount)}</div>
      <div className="flex min-w-0" role="gridcell">
        <Card card={card} />
      </div>
      <div className="hidden min-w-0 truncate @3xl:block" role="gridcell">
        {account === undefined ? null : <span className="mr-2 font-mono text-tiny text-ink-soft">{account}</span>}
        {reference ?? (
          <span className="text-ink-faint">
            <span aria-hidden>–</span>
            <span className="visually-hidden">{t("noReference")}</span>
          </span>
        )}
      </div>
      <div className="figures hidden text-right text-ink-faint @5xl:block" role="gridcell">
        {decided_at === null ? null : format.duration(Date.parse(decided_at) - Date.parse(created_at))}
      </div>
      <div className="hidden truncate font-mono text-tiny text-ink-faint @5xl:block" role="gridcell">{id}</div>
    </div>
  )
})
