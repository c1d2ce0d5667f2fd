"use client"
import { useTranslations } from "use-intl"
import { useRows } from "../feed/useFeed.tsx"
import { Status } from "../ui/Status.tsx"

export function LiveView() {
  const t = useTranslations("shell")
  const { store, view } = useRows()
  return (
    <div>
      <h1>{t("transactions")}</h1>
      {Array.from({ length: Math.min(20, view.count) }, (_, i) => store.at(i)!).map((row) => (
        <p key={row.id}>
          {row.id} <Status status={row.status} />
        </p>
      ))}
    </div>
  )
}
