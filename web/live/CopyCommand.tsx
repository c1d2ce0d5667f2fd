"use client"
import { useTranslations } from "use-intl"
import { CopyButton } from "../ui/CopyButton.tsx"

/** Copies a command for a terminal, whose SECRET is the person's own. */
export function CopyCommand({ text }: { readonly text: string }) {
  const t = useTranslations("drawer")
  return (
    <span className="inline-flex items-center gap-2">
      <CopyButton label={t("copyCurl")} labelled text={text} />
      <span className="hidden text-small text-ink-faint sm:inline">{t("curlHint")}</span>
    </span>
  )
}
