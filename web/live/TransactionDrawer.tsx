"use client"
import { memo, type ReactNode, useEffect, useId, useRef, useState } from "react"
import { useTranslations } from "use-intl"
import type { Transaction } from "../api/types.ts"
import { useSession } from "../api/useSession.ts"
import { Button } from "../ui/Button.tsx"
import { CopyButton } from "../ui/CopyButton.tsx"
import { useFormat } from "../ui/format.ts"
import { ChevronIcon, CloseIcon } from "../ui/icons.tsx"
import { FailureNotice, Skeleton } from "../ui/States.tsx"
import { Status } from "../ui/Status.tsx"
import { CopyCommand } from "./CopyCommand.tsx"
import { readCommand } from "./curl.ts"
import { Rejection } from "./Rejection.tsx"
import { Fact, Facts, Section } from "./Section.tsx"
import { Timeline } from "./Timeline.tsx"
import { useTransaction } from "./useTransaction.ts"

interface TransactionDrawerProps {
  readonly id: string
  readonly onClose: () => void
}

/** All there is to know about one transaction, as it changes. The focus comes to its heading when it opens. */
export function TransactionDrawer({ id, onClose }: TransactionDrawerProps) {
  const t = useTranslations("drawer")
  const common = useTranslations("common")
  const format = useFormat()
  const { failure, retry, value } = useTransaction(id)
  const headingId = useId()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])

  const isMissing = failure?.kind === "problem" && failure.status === 404
  const said = isMissing
    ? t("missing.title")
    : value === undefined
    ? null
    : t("changed", { amount: format.money(value.amount), status: common(`status.${value.status}`) })
  const announcement = useAnnouncement(id, said)

  return (
    <section aria-busy={value === undefined && failure === null} aria-labelledby={headingId}>
      <header className="sticky top-0 z-10 border-b border-line bg-surface px-4 py-2.5 sm:px-5">
        <div className="flex items-center gap-3">
          <h2 className="mr-auto min-w-0 rounded-small" id={headingId} ref={heading} tabIndex={-1}>
            {value === undefined
              ? (
                <span className="block text-large leading-[1.875rem] font-semibold">
                  {isMissing ? t("missing.title") : t("transaction")}
                </span>
              )
              : (
                <span className="flex flex-wrap items-center gap-x-3">
                  <span className="visually-hidden">{t("transaction")}</span>
                  <span className="figures text-figure font-semibold tracking-tight">{format.money(value.amount)}</span>
                  {" "}
                  <Status className="text-large" status={value.status} />
                </span>
              )}
          </h2>
          <Button aria-label={common("close")} kind="quiet" onClick={onClose} square title={common("close")}>
            <CloseIcon />
          </Button>
        </div>
        <div aria-live="polite" className="visually-hidden">{announcement}</div>
      </header>
      {value !== undefined
        ? <Content transaction={value} />
        : failure === null
        ? <Loading />
        : (
          <div className="flex flex-col gap-3 px-4 py-4 sm:px-5">
            {isMissing ?
              <p className="text-ink-soft">{t("missing.text")}</p> :
              <FailureNotice failure={failure} onRetry={retry} />}
            <Facts>
              <Fact name={t("missing.looked")}>
                <code className="text-small">{id}</code>
              </Fact>
            </Facts>
          </div>
        )}
    </section>
  )
}

/** What is said when another transaction is shown, or this one changes; the heading's focus says the first itself. */
const useAnnouncement = (id: string, said: string | null): string => {
  const first = useRef({ id, said })
  const [text, setText] = useState("")
  useEffect(() => {
    if (said === null) return
    const { current } = first
    if (current.said === null && current.id === id) first.current = { id, said }
    else if (current.id !== id || current.said !== said) {
      first.current = { id: "", said: "" }
      setText(said)
    }
  }, [id, said])
  return text
}

function Loading() {
  return (
    <div className="flex flex-col gap-3 px-4 py-4 sm:px-5">
      <Skeleton className="h-4 w-72 max-w-full" />
      <Skeleton className="h-7 w-48" />
      {Array.from({ length: 8 }, (_, index) => <Skeleton className="h-5" key={index} />)}
    </div>
  )
}

const Content = memo(function Content({ transaction }: { readonly transaction: Transaction }) {
  const t = useTranslations("drawer")
  const format = useFormat()
  const session = useSession()
  const { created_at, id, status } = transaction
  /** The one whose decision the reader has waited for. */
  const [waited, setWaited] = useState<string | null>(null)
  if (status === "processing" && waited !== id) setWaited(id)
  return (
    <>
      <div className="flex flex-col gap-3 px-4 py-3 sm:px-5">
        <Rejection className={waited === id ? "settling" : ""} transaction={transaction} />
        <div>
          <div className="flex items-center gap-1">
            <code className="min-w-0 text-small wrap-anywhere">{id}</code>
            <CopyButton label={t("copyId")} text={id} />
          </div>
          <p className="text-small text-ink-faint">{t("accepted", { time: format.full(created_at) })}</p>
        </div>
        <div className="flex flex-wrap items-center gap-2">
          <CopyButton
            label={t("copyLink")}
            labelled
            text={`${location.origin}/?transaction=${encodeURIComponent(id)}`}
          />
          <CopyCommand text={readCommand(location.origin, session.account, id)} />
        </div>
      </div>
      <Timeline transaction={transaction} />
      <Card card={transaction.card} />
      <Details transaction={transaction} />
      <Json transaction={transaction} />
    </>
  )
})

const masked = ({ bin, last4 }: Transaction["card"]) => `${bin ?? ""} •••••• ${last4}`.trim()

function Card({ card }: { readonly card: Transaction["card"] }) {
  const t = useTranslations("drawer.card")
  const common = useTranslations("common")
  return (
    <Section title={t("title")}>
      <Facts>
        <Fact name={t("brand")}>{common(`brand.${card.brand ?? "unknown"}`)}</Fact>
        <Fact name={t("number")}>
          {card.last4 === null ? <Faint>{t("notKept")}</Faint> : (
            <>
              <span aria-hidden className="figures font-mono text-small">{masked(card)}</span>
              <span className="visually-hidden">{t("masked", { last4: card.last4 })}</span>
            </>
          )}
        </Fact>
        <Fact name={t("expiry")}>
          <span className="figures font-mono text-small">
            {`${String(card.exp_month).padStart(2, "0")}/${card.exp_year}`}
          </span>
        </Fact>
        <Fact name={t("fingerprint")}>
          {card.fingerprint === null ? <Faint>{common("none")}</Faint> : (
            <>
              <code className="min-w-0 truncate text-small" title={card.fingerprint}>
                {card.fingerprint.slice(0, 16)}…
              </code>
              <Compact>
                <CopyButton label={t("copyFingerprint")} text={card.fingerprint} />
              </Compact>
            </>
          )}
        </Fact>
      </Facts>
    </Section>
  )
}

const Faint = ({ children }: { readonly children: ReactNode }) => <span className="text-ink-faint">{children}</span>

/** A button in a line of text that the line does not grow by. */
const Compact = ({ children }: { readonly children: ReactNode }) => <span className="-my-1 shrink-0">{children}</span>

function Details({ transaction: { account, metadata, reference } }: { readonly transaction: Transaction }) {
  const t = useTranslations("drawer")
  const none = useTranslations("common")("none")
  const pairs = Object.entries(metadata)
  return (
    <>
      <Section title={t("facts.title")}>
        <Facts>
          <Fact name={t("facts.reference")}>
            {reference === null ? <Faint>{none}</Faint> : (
              <>
                <Text>{reference}</Text>
                <Compact>
                  <CopyButton label={t("facts.copyReference")} text={reference} />
                </Compact>
              </>
            )}
          </Fact>
          {account === undefined ? null : (
            <Fact name={t("facts.account")}>
              <code className="text-small">{account}</code>
              <Compact>
                <CopyButton label={t("facts.copyAccount")} text={account} />
              </Compact>
            </Fact>
          )}
          {pairs.length > 0 ? null : (
            <Fact name={t("metadata")}>
              <Faint>{none}</Faint>
            </Fact>
          )}
        </Facts>
      </Section>
      {pairs.length === 0 ? null : (
        <Section title={t("metadata")}>
          <Facts>
            {pairs.map(([name, value]) => (
              <Fact key={name} name={<Text className="font-mono text-small">{name}</Text>}>
                <Text>{value}</Text>
              </Fact>
            ))}
          </Facts>
        </Section>
      )}
    </>
  )
}

/** What somebody else wrote: it is shown as it is, and turns nothing around it. */
function Text({ children, className = "" }: { readonly children: string; readonly className?: string }) {
  const t = useTranslations("drawer.facts")
  if (children === "") return <Faint>{t("empty")}</Faint>
  return <bdi className={`min-w-0 whitespace-pre-wrap wrap-anywhere ${className}`}>{children}</bdi>
}

/** What turns the text around it; it can only stand in a string, where an escape means the same. */
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

function Json({ transaction }: { readonly transaction: Transaction }) {
  const t = useTranslations("drawer.json")
  const text = JSON.stringify(transaction, null, 2).replaceAll(
    turning,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
  return (
    <details className="group relative border-t border-line px-4 py-3 sm:px-5">
      <summary className="flex h-7 list-none items-center gap-1.5 font-semibold [&::-webkit-details-marker]:hidden">
        <ChevronIcon className="-rotate-90 text-ink-soft transition-transform group-open:rotate-0" size={14} />
        {t("title")}
      </summary>
      <div className="absolute top-3 right-4 sm:right-5">
        <CopyButton label={t("copy")} text={text} />
      </div>
      <pre
        aria-label={t("title")}
        className="mt-2 overflow-x-auto rounded-base bg-sunken p-3 text-small text-ink"
        role="group"
        tabIndex={0}
      >
        {text}
      </pre>
    </details>
  )
}
