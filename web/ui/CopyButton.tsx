"use client"
import { useEffect, useState } from "react"
import { useTranslations } from "use-intl"
import { Button } from "./Button.tsx"
import { CheckIcon, CopyIcon } from "./icons.tsx"

/** The clipboard is there in secure contexts alone; a selection can be copied everywhere. */
const copy = async (text: string): Promise<void> => {
  if ("clipboard" in navigator && isSecureContext) return navigator.clipboard.writeText(text)
  const area = document.createElement("textarea")
  area.value = text
  area.style.position = "fixed"
  area.style.opacity = "0"
  document.body.append(area)
  area.select()
  document.execCommand("copy")
  area.remove()
}

interface CopyButtonProps {
  readonly text: string
  /** What is copied, in words: the button's name. */
  readonly label: string
  /** Shows the label; else an icon alone. */
  readonly labelled?: boolean
}

export function CopyButton({ label, labelled = false, text }: CopyButtonProps) {
  const t = useTranslations("common")
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2_000)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <>
      <Button
        {...(labelled ? {} : { "aria-label": label, title: label })}
        kind={labelled ? "plain" : "quiet"}
        onClick={(event) => {
          event.stopPropagation()
          void copy(text).then(() => setCopied(true), () => {})
        }}
        size="small"
        square={!labelled}
      >
        {copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
        {labelled ? label : null}
      </Button>
      <span aria-live="polite" className="visually-hidden">{copied ? t("copied") : ""}</span>
    </>
  )
}
