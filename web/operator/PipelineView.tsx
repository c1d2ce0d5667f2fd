"use client"
import { useTranslations } from "use-intl"

export function PipelineView() {
  const t = useTranslations("shell")
  return <h1>{t("pipeline")}</h1>
}
