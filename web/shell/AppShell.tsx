"use client"
import { clsx } from "clsx"
import Link from "next/link"
import { usePathname } from "next/navigation"
import type { ReactNode } from "react"
import { useTranslations } from "use-intl"
import { useSession } from "../api/useSession.ts"
import { Mark } from "../ui/icons.tsx"
import { ConnectionBadge } from "./ConnectionBadge.tsx"
import { Menu } from "./Menu.tsx"
import { ShortcutHelp } from "./ShortcutHelp.tsx"

const sections = [
  { href: "/operator", name: "pipeline", operator: true },
  { href: "/", name: "transactions", operator: false },
  { href: "/operator/parked", name: "parked", operator: true },
  { href: "/operator/accounts", name: "accounts", operator: true }
] as const

/** What stands around every page: the product, its sections, how fresh it is, and who looks. */
export function AppShell({ children }: { readonly children: ReactNode }) {
  const t = useTranslations("shell")
  const { isOperator } = useSession()
  const path = usePathname()
  return (
    <div className="flex h-dvh flex-col">
      <a
        className="absolute top-2 left-2 z-50 -translate-y-20 rounded-base bg-accent px-3 py-1.5 font-medium text-on-accent focus:translate-y-0"
        href="#content"
      >
        {t("skip")}
      </a>
      <header className="flex shrink-0 flex-wrap items-center gap-x-2 border-b border-line bg-surface px-3 sm:gap-x-4 sm:px-4">
        <Link className="flex items-center gap-2 text-accent" href="/">
          <Mark size={20} />
          <span className="hidden font-semibold text-ink md:inline">{t("title")}</span>
          <span className="visually-hidden md:hidden">{t("title")}</span>
        </Link>
        {isOperator ? <span className="h-12 grow sm:hidden" /> : null}
        <nav
          aria-label={t("navigation")}
          className={clsx(
            "flex h-12 min-w-0 grow gap-1 overflow-x-auto",
            // four sections have no place beside the rest on a phone
            isOperator && "order-last basis-full sm:order-none sm:basis-0"
          )}
        >
          {sections.filter(({ operator }) => isOperator || !operator).map(({ href, name }) => (
            <Link
              aria-current={path === href ? "page" : undefined}
              className={clsx(
                "flex items-center border-b-2 px-2 font-medium",
                path === href ? "border-accent text-ink" : "border-transparent text-ink-soft hover:text-ink"
              )}
              href={href}
              key={href}
            >
              {t(name)}
            </Link>
          ))}
        </nav>
        <ConnectionBadge />
        <Menu />
      </header>
      <main className="flex min-h-0 grow flex-col" id="content" tabIndex={-1}>{children}</main>
      <ShortcutHelp />
    </div>
  )
}

/** What only the operator may see, or a sentence that says so. */
export function OperatorOnly({ children }: { readonly children: ReactNode }) {
  const t = useTranslations("shell.onlyOperator")
  const { isOperator } = useSession()
  if (isOperator) return children
  return (
    <div className="px-6 py-12 text-center">
      <h1 className="text-title font-semibold">{t("title")}</h1>
      <p className="text-ink-soft">{t("text")}</p>
    </div>
  )
}
