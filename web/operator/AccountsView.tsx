"use client"
import { useTranslations } from "use-intl"

export function AccountsView() {
  const t = useTranslations("shell")
  return <h1>{t("pipeline")}</h1>
}
