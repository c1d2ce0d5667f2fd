import type { en } from "./en/index.ts"

type Translated<T> = { readonly [K in keyof T]: T[K] extends string ? string : Translated<T[K]> }

/** What every language says; English is the one that says what there is. */
export type Translation = Translated<typeof en>

declare module "use-intl" {
  interface AppConfig {
    Locale: "en" | "pt-BR"
    Messages: typeof en
  }
}
