"use client"
import { useState } from "react"
import { useTranslations } from "use-intl"
import type { Parked } from "../api/types.ts"
import { EmptyState, FailureNotice } from "../ui/States.tsx"
import { Confirm } from "./Confirm.tsx"
import { ListSkeleton, Pager, StaleNotice, Table } from "./Listing.tsx"
import { Page } from "./Page.tsx"
import { ParkedReasons } from "./ParkedReasons.tsx"
import { ParkedRow } from "./ParkedRow.tsx"
import { code } from "./rich.tsx"
import { useParked } from "./useParked.ts"

function GiveUp({ onClose, onConfirm, parked }: {
  readonly parked: Parked | null
  readonly onClose: () => void
  readonly onConfirm: (parked: Parked) => void
}) {
  const t = useTranslations("operator.parked")
  return (
    <Confirm
      description={parked === null ? null : <span className="font-mono text-small break-all">{parked.id}</span>}
      isBusy={false}
      kind="danger"
      onClose={onClose}
      onConfirm={() => parked === null ? undefined : onConfirm(parked)}
      open={parked !== null}
      title={t("confirmTitle")}
      verb={t("giveUp")}
    >
      <ol className="flex list-decimal flex-col gap-1.5 pl-4">
        <li>{t("confirmOnce")}</li>
        <li>{t("confirmElse")}</li>
        <li>{t.rich("confirmThen", { code: code("card_unreadable") })}</li>
      </ol>
      <p className="mt-3 font-medium">{t("confirmFinal")}</p>
    </Confirm>
  )
}

/** What could not be decided, why, and what can be done about it. */
export function ParkedView() {
  const t = useTranslations("operator.parked")
  const { act, asked, failure, hasMore, loadMore, older, readAt, refetch, rows } = useParked()
  const [givingUp, setGivingUp] = useState<Parked | null>(null)
  const columns = [
    { key: "transaction", heading: t("transaction") },
    { key: "account", heading: t("account") },
    { key: "reason", heading: t("reason") },
    { key: "count", heading: t("count") },
    { key: "since", heading: t("since") },
    { key: "actions", heading: t("actions"), hidden: true }
  ]
  return (
    <Page lead={t("lead")} title={t("title")}>
      {rows === null
        ? failure === null ? <ListSkeleton /> : <FailureNotice failure={failure} onRetry={() => void refetch()} />
        : (
          <>
            {failure === null ?
              null :
              <StaleNotice failure={failure} onRetry={() => void refetch()} readAt={readAt} />}
            {rows.length === 0
              ? (
                <div className="rounded-large border border-line bg-surface" role="status">
                  <EmptyState title={t("none")}>
                    <p>{t("noneText")}</p>
                  </EmptyState>
                </div>
              )
              : (
                <>
                  <ParkedReasons rows={rows} />
                  <Table caption={t("title")} columns={columns}>
                    {rows.map((parked) => (
                      <ParkedRow
                        asked={asked.get(parked.id)}
                        key={parked.id}
                        onGiveUp={() => setGivingUp(parked)}
                        onReplay={() => void act(parked, "replay")}
                        parked={parked}
                      />
                    ))}
                  </Table>
                  <Pager count={rows.length} hasMore={hasMore} older={older} onMore={() => void loadMore()} />
                </>
              )}
          </>
        )}
      <GiveUp
        onClose={() => setGivingUp(null)}
        onConfirm={(parked) => {
          setGivingUp(null)
          void act(parked, "giveUp")
        }}
        parked={givingUp}
      />
    </Page>
  )
}
