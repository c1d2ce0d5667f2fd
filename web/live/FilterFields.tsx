"use client"
import { type FormEvent, useState } from "react"
import { useTranslations } from "use-intl"
import { now } from "../api/request.ts"
import { useSession } from "../api/useSession.ts"
import type { Filter } from "../feed/Filter.ts"
import { Button } from "../ui/Button.tsx"
import { SelectField, TextField } from "../ui/Field.tsx"
import { useFormat } from "../ui/format.ts"
import { centsOf, textOf } from "./amount.ts"
import { brands } from "./brands.ts"

/** `2026-11-28T21:40` in the reader's own zone, as the browser's field has it. */
const toLocal = (instant: string | null): string => {
  if (instant === null) return ""
  const date = new Date(instant)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
const fromLocal = (text: string): string | null => text === "" ? null : new Date(text).toISOString()

const quick = [15 * 60_000, 3_600_000, 24 * 3_600_000]

interface FilterFieldsProps {
  readonly filter: Filter
  readonly onChange: (change: Partial<Filter>) => void
}

/** What a list can be narrowed to, besides its status. Each field counts as soon as it is left, or Enter is pressed. */
export function FilterFields({ filter, onChange }: FilterFieldsProps) {
  const t = useTranslations("live.filters")
  const brandName = useTranslations("common.brand")
  const format = useFormat()
  const { isOperator } = useSession()
  const [wrong, setWrong] = useState<Readonly<Record<string, string | null>>>({})

  const text = (
    name: keyof Filter,
    value: string,
    read: (text: string) => Partial<Filter> | null,
    sentence: string
  ) => {
    const change = value.trim() === "" ? { [name]: null } : read(value.trim())
    setWrong((before) => ({ ...before, [name]: change === null ? sentence : null }))
    if (change !== null && change[name] !== filter[name]) onChange(change)
  }
  const amount = (name: "min" | "max") => (value: string) =>
    text(name, value, (_) => {
      const cents = centsOf(_)
      return cents === null ? null : { [name]: cents }
    }, t("badAmount"))

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const field = document.activeElement
    if (field instanceof HTMLInputElement) {
      field.blur()
      field.focus()
    }
  }

  return (
    <form
      className="grid grid-cols-2 gap-3 border-b border-line bg-surface px-4 pt-2 pb-4 md:grid-cols-4"
      noValidate
      onSubmit={submit}
    >
      <TextField
        defaultValue={toLocal(filter.from)}
        key={`from ${filter.from}`}
        label={t("from")}
        onBlur={(event) => onChange({ from: fromLocal(event.target.value) })}
        type="datetime-local"
      />
      <TextField
        defaultValue={toLocal(filter.to)}
        key={`to ${filter.to}`}
        label={t("to")}
        onBlur={(event) => onChange({ to: fromLocal(event.target.value) })}
        type="datetime-local"
      />
      <TextField
        defaultValue={filter.min === null ? "" : textOf(filter.min, ".")}
        error={wrong["min"] ?? null}
        inputMode="decimal"
        key={`min ${filter.min}`}
        label={t("min")}
        onBlur={(event) => amount("min")(event.target.value)}
      />
      <TextField
        defaultValue={filter.max === null ? "" : textOf(filter.max, ".")}
        error={wrong["max"] ?? null}
        inputMode="decimal"
        key={`max ${filter.max}`}
        label={t("max")}
        onBlur={(event) => amount("max")(event.target.value)}
      />
      <SelectField
        label={t("brand")}
        onChange={(event) => onChange({ brand: event.target.value === "" ? null : event.target.value })}
        value={filter.brand ?? ""}
      >
        <option value="">{t("anyBrand")}</option>
        {brands.map((brand) => <option key={brand} value={brand}>{brandName(brand)}</option>)}
      </SelectField>
      <TextField
        defaultValue={filter.last4 ?? ""}
        error={wrong["last4"] ?? null}
        inputMode="numeric"
        key={`last4 ${filter.last4}`}
        label={t("last4")}
        maxLength={4}
        onBlur={(event) =>
          text("last4", event.target.value, (_) => /^\d{4}$/.test(_) ? { last4: _ } : null, t("badDigits"))}
      />
      <TextField
        defaultValue={filter.reference ?? ""}
        key={`reference ${filter.reference}`}
        label={t("reference")}
        onBlur={(event) => text("reference", event.target.value, (_) => ({ reference: _ }), "")}
        placeholder={t("referenceHint")}
      />
      {isOperator ?
        (
          <TextField
            className="font-mono"
            defaultValue={filter.account ?? ""}
            key={`account ${filter.account}`}
            label={t("account")}
            onBlur={(event) => text("account", event.target.value, (_) => ({ account: _ }), "")}
            placeholder="acct_…"
          />
        ) :
        null}
      <div className="col-span-full flex flex-wrap gap-2">
        {quick.map((milliseconds) => (
          <Button
            key={milliseconds}
            onClick={() => onChange({ from: new Date(now() - milliseconds).toISOString(), to: null })}
            size="small"
          >
            {t("last", { duration: format.duration(milliseconds) })}
          </Button>
        ))}
      </div>
      <input hidden type="submit" value={t("apply")} />
    </form>
  )
}
