"use client"
import { useTheme } from "next-themes"
import { toast } from "sonner"
import { useTranslations } from "use-intl"
import { sessionStore } from "../api/sessionStore.ts"
import { useSession } from "../api/useSession.ts"
import { Button } from "../ui/Button.tsx"
import { CopyButton } from "../ui/CopyButton.tsx"
import { SelectField } from "../ui/Field.tsx"
import { ExternalIcon, MenuIcon } from "../ui/icons.tsx"
import { type Locale, locales, useLocaleChoice } from "./Locale.tsx"

const names: Readonly<Record<Locale, string>> = { en: "English", "pt-BR": "Português (Brasil)" }

/** Appearance and language; where nobody is signed in, they are all there is. */
export function Preferences() {
  const t = useTranslations("shell")
  const { setTheme, theme } = useTheme()
  const { locale, setLocale } = useLocaleChoice()
  return (
    <div className="grid grid-cols-2 gap-3">
      <SelectField label={t("theme")} onChange={(event) => setTheme(event.target.value)} value={theme ?? "system"}>
        {(["system", "light", "dark"] as const).map((name) => (
          <option key={name} value={name}>{t(`themes.${name}`)}</option>
        ))}
      </SelectField>
      <SelectField
        label={t("language")}
        onChange={(event) => setLocale(event.target.value as Locale)}
        value={locale}
      >
        {locales.map((name) => <option key={name} lang={name} value={name}>{names[name]}</option>)}
      </SelectField>
    </div>
  )
}

/** Who is signed in, and what a person sets once. */
export function Menu() {
  const t = useTranslations("shell")
  const session = useSession()
  return (
    <>
      <Button aria-label={t("menu")} kind="quiet" popoverTarget="menu" square>
        <MenuIcon />
      </Button>
      {/* the browser's own: closed by Esc, by a click beside it, and by leaving it */}
      <div
        aria-label={t("menu")}
        className="fixed inset-auto top-14 right-3 m-0 w-72 flex-col gap-4 rounded-large border border-line bg-surface p-4 text-ink shadow-lifted [&:popover-open]:flex"
        id="menu"
        popover="auto"
        role="group"
      >
        <div>
          <p className="text-small text-ink-soft">{t("signedInAs")}</p>
          <div className="flex items-center gap-1">
            <p className="min-w-0 truncate font-mono text-small font-medium">
              {session.isOperator ? t("operator") : session.account}
            </p>
            {session.isOperator ? null : <CopyButton label={t("copyAccount")} text={session.account} />}
            {session.mayWrite ? null : <span className="text-small text-ink-faint">{t("readOnly")}</span>}
          </div>
        </div>
        <Preferences />
        <div className="flex flex-col items-start gap-1 border-t border-line pt-3">
          <a className="inline-flex items-center gap-1.5 py-1 text-accent hover:underline" href="/docs">
            {t("documentation")}
            <ExternalIcon size={13} />
          </a>
          <Button
            className="mt-2 w-full"
            onClick={() =>
              void sessionStore.signOut().then((failure) => {
                if (failure !== null) toast.error(t("signOutFailed"))
              })}
          >
            {t("signOut")}
          </Button>
        </div>
      </div>
    </>
  )
}
