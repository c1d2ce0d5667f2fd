import { useMemo } from "react"
import { useLocale } from "use-intl"

/** Formats of the reader's language; made once for each, because making one is slow. */
const make = (locale: string) => {
  const money = new Intl.NumberFormat(locale, { style: "currency", currency: "USD" })
  const count = new Intl.NumberFormat(locale)
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 })
  const decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  const time = new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23"
  })
  const clock = new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23"
  })
  const minute = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
  const full = new Intl.DateTimeFormat(locale, {
    dateStyle: "medium",
    timeStyle: "long"
  })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "narrow" })
  const present = new Intl.RelativeTimeFormat(locale, { numeric: "auto" })

  const ago = (milliseconds: number): string => {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000))
    if (seconds === 0) return present.format(0, "second")
    if (seconds < 60) return relative.format(-seconds, "second")
    if (seconds < 3_600) return relative.format(-Math.floor(seconds / 60), "minute")
    if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3_600), "hour")
    return relative.format(-Math.floor(seconds / 86_400), "day")
  }

  return {
    /** Of cents. */
    money: (cents: number) => money.format(cents / 100),
    count: (value: number) => count.format(value),
    decimal: (value: number) => decimal.format(value),
    /** Of a share between 0 and 1. */
    percent: (share: number) => percent.format(share),
    /** `14:03:07.120` of an instant. */
    time: (instant: string | number) => time.format(new Date(instant)),
    /** `14:03:07`. */
    clock: (instant: string | number) => clock.format(new Date(instant)),
    /** `14:03`. */
    minute: (instant: string | number) => minute.format(new Date(instant)),
    /** With its date and zone. */
    full: (instant: string | number) => full.format(new Date(instant)),
    /** How long since, of ms. */
    ago,
    /** ms for a person: `12 ms`, `1.4 s`, `3 min`. */
    duration: (milliseconds: number): string =>
      milliseconds < 1_000
        ? `${count.format(Math.round(milliseconds))} ms`
        : milliseconds < 60_000
        ? `${decimal.format(milliseconds / 1_000)} s`
        : milliseconds < 3_600_000
        ? `${count.format(Math.floor(milliseconds / 60_000))} min`
        : `${decimal.format(milliseconds / 3_600_000)} h`
  }
}

export type Format = ReturnType<typeof make>

const made = new Map<string, Format>()

export const formatOf = (locale: string): Format => {
  const known = made.get(locale) ?? make(locale)
  made.set(locale, known)
  return known
}

export const useFormat = (): Format => {
  const locale = useLocale()
  return useMemo(() => formatOf(locale), [locale])
}
