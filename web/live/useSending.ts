"use client"
import { useMemo, useState } from "react"
import { useLocale } from "use-intl"
import { paths } from "../api/paths.ts"
import { type Failure, type FieldError, now, request } from "../api/request.ts"
import type { Transaction } from "../api/types.ts"
import { centsOf, textOf } from "./amount.ts"
import { type CardText, testAmounts, testCards } from "./testCards.ts"

/** What is written in the form, as text. */
export interface Written extends CardText {
  readonly amount: string
  readonly holder: string
  readonly reference: string
}
export type FieldName = keyof Written

const fieldOf: Readonly<Record<string, FieldName>> = {
  "#/amount": "amount",
  "#/card/number": "number",
  "#/card/holder": "holder",
  "#/card/exp_month": "month",
  "#/card/exp_year": "year",
  "#/card/cvv": "cvv",
  "#/reference": "reference"
}

/** What is wrong with a field: that it does not fit, or that a card's number stands in it. */
export type Fault = "invalid" | "cardNumber"
export type Faults = { readonly [Name in FieldName]?: Fault }

const integerOf = (text: string): number | null => /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : null

/** The request's body, or what keeps it from being one. The rules are the gateway's to judge, not the form's. */
const bodyOf = (written: Written): { readonly body: object } | { readonly faults: Faults } => {
  const amount = centsOf(written.amount)
  const exp_month = integerOf(written.month)
  const exp_year = integerOf(written.year)
  if (amount === null || exp_month === null || exp_year === null) {
    return {
      faults: {
        ...(amount === null && { amount: "invalid" }),
        ...(exp_month === null && { month: "invalid" }),
        ...(exp_year === null && { year: "invalid" })
      }
    }
  }
  const { cvv, holder, number, reference } = written
  return {
    body: { amount, card: { number, holder, exp_month, exp_year, cvv }, ...(reference !== "" && { reference }) }
  }
}

const faultsOf = (errors: ReadonlyArray<FieldError>): Faults =>
  Object.fromEntries(errors.flatMap(({ code, pointer }) => {
    const name = fieldOf[pointer]
    return name === undefined ? [] : [[name, code === "card_number_in_text" ? "cardNumber" : "invalid"]]
  }))

const makeKey = (): string =>
  `panel-${
    Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36).padStart(7, "0")).join("")
  }`

/** Whether the transaction may have been made although no answer says so. */
const mayBeMade = (failure: Failure): boolean => failure.kind === "unreachable" || failure.status >= 500

/** The form of a test transaction. Nothing of a card leaves it but in the request. */
export const useSending = () => {
  const separator = useLocale() === "pt-BR" ? "," : "."
  const cards = useMemo(() => testCards(new Date(now()).getUTCFullYear()), [])
  const [written, setWritten] = useState((): Written => {
    const { cvv, month, number, year } = cards[0]!
    return {
      number,
      month,
      year,
      cvv,
      amount: textOf(testAmounts[0].cents, separator),
      holder: "Ada Lovelace",
      reference: ""
    }
  })
  const [faults, setFaults] = useState<Faults>({})
  /** How often something was refused. */
  const [refusals, setRefusals] = useState(0)
  const [failure, setFailure] = useState<Failure | null>(null)
  const [isBusy, setBusy] = useState(false)
  const [answer, setAnswer] = useState<Transaction | null>(null)

  const made = bodyOf(written)
  const body = "body" in made ? JSON.stringify(made.body) : null

  // one key for each body until it is answered: whoever writes something else means another transaction
  const [keys, setKeys] = useState<ReadonlyMap<string, string>>(new Map())
  const keyOf = (body: string): string => {
    const known = keys.get(body)
    if (known !== undefined) return known
    const key = makeKey()
    setKeys((before) => new Map(before).set(body, key))
    return key
  }
  const headers = body === null ? null : { Prefer: "wait=10", "Idempotency-Key": keyOf(body) }

  const refuse = (faults: Faults) => {
    setFaults(faults)
    setRefusals((before) => before + 1)
  }

  const submit = async (): Promise<void> => {
    if (isBusy) return
    setFailure(null)
    if ("faults" in made) return refuse(made.faults)
    if (body === null || headers === null) return
    setBusy(true)
    const result = await request<Transaction>(paths.transactions, { method: "POST", body: JSON.parse(body), headers })
    setBusy(false)
    if (result.ok) {
      setKeys(new Map())
      setFaults({})
      return setAnswer(result.value)
    }
    const refused = result.failure.kind === "problem" ? faultsOf(result.failure.fields) : {}
    refuse(refused)
    if (Object.keys(refused).length === 0) setFailure(result.failure)
  }

  return {
    answer,
    body,
    cards,
    failure,
    faults,
    headers,
    isBusy,
    mayBeMade: failure !== null && mayBeMade(failure),
    refusals,
    separator,
    written,
    submit,
    another: () => setAnswer(null),
    write: (change: Partial<Written>) => {
      setWritten((before) => ({ ...before, ...change }))
      setFaults((before) => Object.fromEntries(Object.entries(before).filter(([name]) => !(name in change))) as Faults)
    }
  } as const
}
export type Sending = ReturnType<typeof useSending>
