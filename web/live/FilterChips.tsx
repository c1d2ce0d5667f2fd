"use client"
import { useTranslations } from "use-intl"
import { everything, type Filter } from "../feed/Filter.ts"
import { Button } from "../ui/Button.tsx"
import { useFormat } from "../ui/format.ts"
import { CloseIcon } from "../ui/icons.tsx"

interface FilterChipsProps {
  readonly filter: Filter
  readonly onChange: (change: Partial<Filter>) => void
}

/** What narrows the list, in words, each to be taken away. */
export function FilterChips({ filter, onChange }: FilterChipsProps) {
  const t = useTranslations("live.filters")
  const brandName = useTranslations("common.brand")
  const format = useFormat()

  const isBrand = (name: string): name is "visa" => brandName.has(name as "visa")
  const words: { readonly [K in keyof Filter]?: (value: NonNullable<Filter[K]>) => string } = {
    from: (value) => t("chips.from", { value: format.full(value) }),
    to: (value) => t("chips.to", { value: format.full(value) }),
    min: (value) => t("chips.min", { value: format.money(value) }),
    max: (value) => t("chips.max", { value: format.money(value) }),
    brand: (value) => isBrand(value) ? brandName(value) : value,
    last4: (value) => t("chips.last4", { value }),
    reference: (value) => t("chips.reference", { value }),
    account: (value) => t("chips.account", { value })
  }
  const active = (Object.keys(words) as Array<keyof typeof words>).flatMap((name) => {
    const value = filter[name]
    if (value === null) return []
    return [{ name, text: (words[name] as (value: unknown) => string)(value) }]
  })
  if (active.length === 0) return null
  return (
    <ul className="flex flex-wrap items-center gap-1.5 px-4 pb-2">
      {active.map(({ name, text }) => (
        <li key={name}>
          <button
            aria-label={t("remove", { filter: text })}
            className="inline-flex h-6 max-w-72 items-center gap-1 rounded-full bg-accent-soft pr-1.5 pl-2.5 text-small text-accent hover:opacity-80"
            onClick={() => onChange({ [name]: null })}
            type="button"
          >
            <span className="truncate">{text}</span>
            <CloseIcon className="shrink-0" size={12} />
          </button>
        </li>
      ))}
      <li>
        <Button kind="quiet" onClick={() => onChange(everything)} size="small">{t("clear")}</Button>
      </li>
    </ul>
  )
}
