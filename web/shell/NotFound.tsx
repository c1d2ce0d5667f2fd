"use client"
import Link from "next/link"
import { useTranslations } from "use-intl"

export function NotFound() {
  const t = useTranslations("shell.notFound")
  return (
    <div className="px-6 py-12 text-center">
      <h1 className="text-title font-semibold">{t("title")}</h1>
      <p className="text-ink-soft">{t("text")}</p>
      <Link className="mt-3 inline-block font-medium text-accent hover:underline" href="/">{t("back")}</Link>
    </div>
  )
}
