"use client"
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react"
import { IntlProvider } from "use-intl"
import { en } from "../messages/en/index.ts"
import type { Translation } from "../messages/Messages.ts"
import { Outline } from "./Outline.tsx"

export const locales = ["en", "pt-BR"] as const
export type Locale = typeof locales[number]

const key = "gateway.locale"

interface LocaleContext {
  readonly locale: Locale
  readonly setLocale: (locale: Locale) => void
}

const Context = createContext<LocaleContext>({ locale: "en", setLocale: () => {} })
export const useLocaleChoice = (): LocaleContext => useContext(Context)

const preferred = (): Locale => {
  const kept = localStorage.getItem(key)
  if (kept === "en" || kept === "pt-BR") return kept
  return navigator.languages.find((_) => /^(?:en|pt)\b/i.test(_))?.toLowerCase().startsWith("pt") === true
    ? "pt-BR"
    : "en"
}

/** English comes with the page; another language is loaded when somebody reads it. */
const load = async (locale: Locale): Promise<Translation> =>
  locale === "en" ? en : (await import("../messages/pt-BR/index.ts")).ptBR

/** What may be thrown where a browser keeps nothing. */
function quietly<A>(run: () => A, otherwise: A): A {
  try {
    return run()
  } catch {
    return otherwise
  }
}

/** Nothing is shown in words before the language is known: the page as it is served is an outline. */
export function LocaleProvider({ children }: { readonly children: ReactNode }) {
  const [chosen, setChosen] = useState<{ readonly locale: Locale; readonly messages: Translation } | null>(null)

  const choose = useCallback((locale: Locale) =>
    void load(locale).then((messages) => {
      document.documentElement.lang = locale
      setChosen({ locale, messages })
    }), [])
  useEffect(() => choose(quietly(preferred, "en")), [choose])

  const context = useMemo(() => ({
    locale: chosen?.locale ?? "en",
    setLocale: (locale: Locale) => {
      quietly(() => localStorage.setItem(key, locale), undefined)
      choose(locale)
    }
  }), [chosen, choose])

  if (chosen === null) return <Outline />
  return (
    <Context.Provider value={context}>
      <IntlProvider locale={chosen.locale} messages={chosen.messages as typeof en} timeZone={zone()}>
        {children}
      </IntlProvider>
    </Context.Provider>
  )
}

const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone
