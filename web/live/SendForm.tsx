"use client"
import { clsx } from "clsx"
import { type FormEvent, useEffect, useId, useRef, useState } from "react"
import { useTranslations } from "use-intl"
import { TextField } from "../ui/Field.tsx"
import { useFormat } from "../ui/format.ts"
import { ApprovedIcon, ChevronIcon, RejectedIcon } from "../ui/icons.tsx"
import { FailureNotice } from "../ui/States.tsx"
import { centsOf, textOf } from "./amount.ts"
import { testAmounts, type TestCard } from "./testCards.ts"
import type { FieldName, Sending } from "./useSending.ts"

/** What is chosen and written; the button that sends it stands outside, and names the form. */
export function SendForm({ id, sending }: { readonly id: string; readonly sending: Sending }) {
  const t = useTranslations("send")
  const format = useFormat()
  const { failure, faults, headers, mayBeMade, refusals, separator, submit, write, written } = sending
  const form = useRef<HTMLFormElement>(null)
  const notice = useRef<HTMLDivElement>(null)
  const [detailed, setDetailed] = useState(false)

  const field = (name: FieldName) => ({
    name,
    label: t(name),
    value: written[name],
    error: faults[name] === undefined ? null : t(`invalid.${faults[name] === "invalid" ? name : "cardNumber"}`),
    onChange: (event: { readonly target: { readonly value: string } }) => write({ [name]: event.target.value })
  })

  useEffect(() => form.current?.querySelector<HTMLElement>("input:checked")?.focus(), [])

  useEffect(() => {
    notice.current?.scrollIntoView({ block: "nearest" })
    const first = form.current?.querySelector<HTMLElement>("input[aria-invalid]")
    if (refusals === 0 || first == null) return
    const details = first.closest("details")
    // its toggling is heard below
    if (details !== null) details.open = true
    first.focus()
  }, [refusals])

  return (
    <form
      className="flex flex-col gap-5"
      id={id}
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        void submit()
      }}
      ref={form}
    >
      {failure === null ? null : (
        <div className="flex flex-col gap-2" ref={notice}>
          <FailureNotice failure={failure} />
          {mayBeMade ? <p className="text-ink-soft" role="status">{t("sameKey")}</p> : null}
        </div>
      )}
      <TestCards sending={sending} />
      <div className="grid items-end gap-x-4 gap-y-2 sm:grid-cols-[10rem_1fr]">
        <TextField {...field("amount")} className="figures text-right" inputMode="decimal" />
        <div aria-label={t("amounts")} className="flex flex-wrap gap-1.5" role="group">
          {testAmounts.map(({ cents, outcome }) => {
            const isChosen = centsOf(written.amount) === cents
            return (
              <button
                aria-pressed={isChosen}
                className={clsx(
                  "inline-flex h-8 items-center gap-1.5 rounded-base border px-2.5 text-small transition-colors",
                  isChosen ? "border-accent bg-accent-soft" : "border-edge/60 hover:bg-sunken"
                )}
                key={cents}
                onClick={() => write({ amount: textOf(cents, separator) })}
                type="button"
              >
                <span className="figures font-medium">{format.money(cents)}</span>
                <span className={outcome === "approved" ? "text-approved" : "text-rejected"}>
                  {t(`amountOutcome.${outcome}`)}
                </span>
              </button>
            )
          })}
        </div>
      </div>
      <details
        className="group -mt-1"
        onToggle={(event) => setDetailed(event.currentTarget.open)}
        open={detailed}
      >
        <summary className="flex h-7 list-none items-center gap-1.5 font-medium text-ink-soft [&::-webkit-details-marker]:hidden">
          <ChevronIcon className="-rotate-90 transition-transform group-open:rotate-0" size={14} />
          {t("details")}
        </summary>
        <div className="mt-2 grid grid-cols-6 items-start gap-x-3 gap-y-3">
          <div className="col-span-6 sm:col-span-3">
            <TextField {...field("number")} className="figures" inputMode="numeric" />
          </div>
          <div className="col-span-6 sm:col-span-3">
            <TextField {...field("holder")} />
          </div>
          <div className="col-span-2">
            <TextField {...field("month")} className="figures" inputMode="numeric" />
          </div>
          <div className="col-span-2">
            <TextField {...field("year")} className="figures" inputMode="numeric" />
          </div>
          <div className="col-span-2">
            <TextField {...field("cvv")} className="figures" inputMode="numeric" />
          </div>
          <div className="col-span-6">
            <TextField {...field("reference")} hint={t("referenceHint")} />
          </div>
          <div className="col-span-6 text-small text-ink-faint">
            <p>{t("notStored")}</p>
            {headers === null ? null : (
              <p className="wrap-anywhere">
                {t("key")} <code>{headers["Idempotency-Key"]}</code>
              </p>
            )}
          </div>
        </div>
      </details>
    </form>
  )
}

const isWritten = (card: TestCard, { written }: Sending): boolean =>
  card.number === written.number && card.month === written.month && card.year === written.year &&
  card.cvv === written.cvv

/** One choice in two columns: what is approved, and what is not. */
function TestCards({ sending }: { readonly sending: Sending }) {
  const t = useTranslations("send")
  const id = useId()
  const columns = [
    { name: "approves", cards: sending.cards.filter(({ outcome }) => outcome === "approved"), Icon: ApprovedIcon },
    { name: "rejects", cards: sending.cards.filter(({ outcome }) => outcome !== "approved"), Icon: RejectedIcon }
  ] as const
  return (
    <fieldset>
      <legend className="visually-hidden">{t("card")}</legend>
      <div className="grid items-start gap-x-4 gap-y-3 sm:grid-cols-2">
        {columns.map(({ Icon, cards, name }) => (
          <div aria-labelledby={`${id}-${name}`} key={name} role="group">
            <p
              className={clsx(
                "mb-1 flex items-center gap-1.5 text-small font-medium",
                name === "approves" ? "text-approved" : "text-rejected"
              )}
              id={`${id}-${name}`}
            >
              <Icon size={13} />
              {t(name)}
            </p>
            <div className="divide-y divide-line overflow-hidden rounded-base border border-line">
              {cards.map((card) => <Choice card={card} key={cardName(card)} name={id} sending={sending} />)}
            </div>
          </div>
        ))}
      </div>
    </fieldset>
  )
}

const cardName = (card: TestCard): string => card.outcome === "approved" ? card.brand : card.special

function Choice(
  { card, name, sending }: { readonly card: TestCard; readonly name: string; readonly sending: Sending }
) {
  const t = useTranslations("send.special")
  const common = useTranslations("common")
  const isChosen = isWritten(card, sending)
  const { cvv, month, number, year } = card
  return (
    <label
      className={clsx(
        "flex min-h-8 cursor-pointer items-center gap-2 px-2.5 py-1 has-focus-visible:outline-2 has-focus-visible:-outline-offset-2 has-focus-visible:outline-accent",
        isChosen ? "bg-accent-soft" : "hover:bg-sunken"
      )}
    >
      <input
        checked={isChosen}
        className="shrink-0 accent-accent outline-none"
        name={name}
        onChange={() => sending.write({ cvv, month, number, year })}
        type="radio"
        value={cardName(card)}
      />
      {card.outcome === "approved"
        ? (
          <>
            <span className="grow">{common(`brand.${card.brand}`)}</span>
            <span className="figures text-right text-small text-ink-soft">{number}</span>
          </>
        )
        : (
          <>
            <span className="grow">{common(`reason.${card.outcome}.short`)}</span>
            <span className="figures text-right text-small text-ink-soft">
              {t(card.special, { expiry: `${month.padStart(2, "0")}/${year}`, year })}
            </span>
          </>
        )}
    </label>
  )
}
