import { useQuery } from "@tanstack/react-query"
import { clsx } from "clsx"
import { useTranslations } from "use-intl"
import { paths } from "../api/paths.ts"
import { fetched } from "../api/request.ts"
import type { Audit } from "../api/types.ts"
import { Button } from "../ui/Button.tsx"
import { useFormat } from "../ui/format.ts"
import { ApprovedIcon, RejectedIcon } from "../ui/icons.tsx"
import { FailureNotice } from "../ui/States.tsx"
import { Card } from "./Page.tsx"
import { ago } from "./rich.tsx"
import { failureOfQuery } from "./usePipeline.ts"

function Term({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <span className="flex flex-col">
      <span className="figures text-figure font-semibold">{value}</span>
      <span className="text-small text-ink-soft">{name}</span>
    </span>
  )
}

function Sign({ name, sign }: { readonly sign: string; readonly name: string }) {
  return (
    <span className="text-title leading-[1.875rem] text-ink-soft">
      <span aria-hidden>{sign}</span>
      <span className="visually-hidden">{name}</span>
    </span>
  )
}

function Found({ audit }: { readonly audit: Audit }) {
  const t = useTranslations("operator.audit")
  const format = useFormat()
  const difference = Math.abs(audit.accepted - audit.decided - audit.undecided)
  const Icon = audit.holds ? ApprovedIcon : RejectedIcon
  return (
    <div className="mt-4 flex flex-col gap-3">
      <p className="flex flex-wrap items-start gap-x-3 gap-y-1">
        <Term name={t("accepted")} value={format.count(audit.accepted)} />
        <Sign name={t("equals")} sign={audit.holds ? "=" : "≠"} />
        <Term name={t("decided")} value={format.count(audit.decided)} />
        <Sign name={t("plus")} sign="+" />
        <Term name={t("undecided")} value={format.count(audit.undecided)} />
      </p>
      <p
        className={clsx(
          "flex flex-wrap items-center gap-x-1.5 font-medium",
          audit.holds ? "text-approved" : "text-rejected"
        )}
        role="status"
      >
        <Icon className="shrink-0" size={14} />
        {audit.holds ? t("holds") : t("fails", { difference: format.count(difference) })}
        <span className="font-normal text-small text-ink-faint">
          {t.rich("at", { time: ago(audit.at) })}
        </span>
      </p>
      {audit.undecided_by_key.length === 0 ? null : (
        <table className="w-full text-small">
          <caption className="pb-1 text-left text-ink-soft">{t("byKey")}</caption>
          <thead className="visually-hidden">
            <tr>
              <th scope="col">{t("key")}</th>
              <th scope="col">{t("count")}</th>
            </tr>
          </thead>
          <tbody>
            {audit.undecided_by_key.map(({ count, key_id }) => (
              <tr className="border-t border-line" key={key_id}>
                <th className="py-1 text-left font-mono font-normal break-all" scope="row">{key_id}</th>
                <td className="figures py-1 text-right">{format.count(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

/** Whether nothing was lost, by the gateway's own database; asked when a person asks, since it counts everything. */
export function AuditCard() {
  const t = useTranslations("operator.audit")
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["audit"],
    queryFn: ({ signal }) => fetched<Audit>(paths.audit, { signal, patience: 120_000 }),
    enabled: false,
    networkMode: "always",
    retry: false
  })
  const failure = failureOfQuery(error)
  return (
    <Card
      actions={
        <Button aria-disabled={isFetching} onClick={() => isFetching ? undefined : void refetch()} size="small">
          {isFetching ? t("checking") : data === undefined ? t("check") : t("again")}
        </Button>
      }
      title={t("title")}
    >
      <p className="text-ink-soft">{t("lead")}</p>
      {failure === null ? null : (
        <div className="mt-3">
          <FailureNotice failure={failure} />
        </div>
      )}
      {data === undefined ? null : <Found audit={data} />}
    </Card>
  )
}
