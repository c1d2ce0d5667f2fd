"use client"
import { useState } from "react"
import { toast } from "sonner"
import { useTranslations } from "use-intl"
import { paths } from "../api/paths.ts"
import { request } from "../api/request.ts"
import type { Account } from "../api/types.ts"
import { Button } from "../ui/Button.tsx"
import { EmptyState, FailureNotice, useFailureText } from "../ui/States.tsx"
import { AccountRow } from "./AccountRow.tsx"
import { CreateAccount } from "./CreateAccount.tsx"
import { DisableAccount } from "./DisableAccount.tsx"
import { ListSkeleton, Pager, StaleNotice, Table } from "./Listing.tsx"
import { Page } from "./Page.tsx"
import { RotateSecret } from "./RotateSecret.tsx"
import { type Issued, SecretOnce } from "./SecretOnce.tsx"
import { usePages } from "./usePages.ts"

const interval = 30_000
const pageSize = 50

/** The clients of the gateway. A secret is in this component's state while it is shown, and nowhere else. */
export function AccountsView() {
  const t = useTranslations("operator.accounts")
  const failureText = useFailureText()
  const { failure, hasMore, loadMore, older, put, readAt, refetch, rows } = usePages<Account>(paths.accounts, {
    interval,
    limit: pageSize
  })
  const [isCreating, setCreating] = useState(false)
  const [rotating, setRotating] = useState<Account | null>(null)
  const [disabling, setDisabling] = useState<Account | null>(null)
  const [issued, setIssued] = useState<Issued | null>(null)

  const enable = async ({ id }: Account) => {
    const result = await request<Account>(paths.account(id), { method: "PATCH", body: { disabled: false } })
    if (!result.ok) return void toast.error(t("failed", { why: failureText(result.failure) }))
    put(result.value)
    toast.success(t("nowEnabled", { name: result.value.name }))
  }

  const columns = [
    { key: "name", heading: t("name") },
    { key: "id", heading: t("id") },
    { key: "created", heading: t("created") },
    { key: "status", heading: t("status") },
    { key: "actions", heading: t("actions"), hidden: true }
  ]
  const create = <Button kind="primary" onClick={() => setCreating(true)}>{t("create")}</Button>
  return (
    <Page actions={create} lead={t("lead")} title={t("title")}>
      {rows === null
        ? failure === null ? <ListSkeleton /> : <FailureNotice failure={failure} onRetry={() => void refetch()} />
        : (
          <>
            {failure === null ?
              null :
              <StaleNotice failure={failure} onRetry={() => void refetch()} readAt={readAt} />}
            {rows.length === 0
              ? (
                <div className="rounded-large border border-line bg-surface">
                  <EmptyState title={t("none")}>
                    <p>{t("noneText")}</p>
                  </EmptyState>
                </div>
              )
              : (
                <>
                  <Table caption={t("title")} columns={columns}>
                    {rows.map((account) => (
                      <AccountRow
                        account={account}
                        key={account.id}
                        onDisable={() => setDisabling(account)}
                        onEnable={() => void enable(account)}
                        onRotate={() => setRotating(account)}
                      />
                    ))}
                  </Table>
                  <Pager count={rows.length} hasMore={hasMore} older={older} onMore={() => void loadMore()} />
                </>
              )}
          </>
        )}
      <CreateAccount
        onClose={() => setCreating(false)}
        onCreated={(account, secret) => {
          put(account)
          setIssued(secret)
        }}
        open={isCreating}
      />
      <RotateSecret account={rotating} onClose={() => setRotating(null)} onIssued={setIssued} />
      <DisableAccount
        account={disabling}
        onClose={() => setDisabling(null)}
        onDisabled={(account) => {
          put(account)
          toast.success(t("nowDisabled", { name: account.name }))
        }}
      />
      <SecretOnce issued={issued} onStored={() => setIssued(null)} />
    </Page>
  )
}
