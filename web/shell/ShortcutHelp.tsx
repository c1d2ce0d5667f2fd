"use client"
import { useState } from "react"
import { useTranslations } from "use-intl"
import { Dialog } from "../ui/Dialog.tsx"
import { useShortcut } from "./shortcuts.ts"

const keys = [
  ["/", "search"],
  ["J", "next"],
  ["K", "previous"],
  ["Enter", "open"],
  ["Esc", "close"],
  ["P", "pause"],
  ["N", "newest"],
  ["S", "send"],
  ["?", "help"]
] as const

/** What the keys do, on `?`. */
export function ShortcutHelp() {
  const t = useTranslations("shell.shortcuts")
  const [open, setOpen] = useState(false)
  useShortcut("?", () => setOpen(true))
  return (
    <Dialog onOpenChange={setOpen} open={open} title={t("title")}>
      <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2">
        {keys.map(([key, name]) => (
          <div className="contents" key={key}>
            <dt>
              <kbd className="inline-block min-w-7 rounded-small border border-edge px-1.5 py-0.5 text-center text-small">
                {key}
              </kbd>
            </dt>
            <dd>{t(name)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
