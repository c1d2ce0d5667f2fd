"use client"
import { type ClipboardEvent, type FormEvent, useEffect, useRef, useState } from "react"
import { useTranslations } from "use-intl"
import type { Failure } from "../api/request.ts"
import { sessionStore } from "../api/sessionStore.ts"
import { Button } from "../ui/Button.tsx"
import { TextField } from "../ui/Field.tsx"
import { Mark } from "../ui/icons.tsx"
import { useFailureText } from "../ui/States.tsx"
import { Preferences } from "./Menu.tsx"

/** `account:secret`, as `npm start` prints it and curl takes it. */
const both = (text: string): readonly [string, string] | null => {
  const match = /^\s*(?:-u\s+)?["']?(acct_\w+|operator):([^\s"']+)["']?\s*$/.exec(text)
  return match === null ? null : [match[1]!, match[2]!]
}

export function SignIn({ ended }: { readonly ended: boolean }) {
  const t = useTranslations("signIn")
  const common = useTranslations("common")
  const failureText = useFailureText()
  const [account, setAccount] = useState("")
  const [secret, setSecret] = useState("")
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const submitButton = useRef<HTMLButtonElement>(null)
  const accountField = useRef<HTMLDivElement>(null)

  useEffect(() => accountField.current?.querySelector("input")?.focus(), [])

  const textOf = (failure: Failure): string => {
    if (failure.kind === "problem" && failure.status === 401) return t("wrong")
    if (failure.kind === "problem" && failure.status === 429) {
      return t("throttled", { seconds: failure.retryAfter ?? 60 })
    }
    return failureText(failure)
  }

  const paste = (event: ClipboardEvent) => {
    const pair = both(event.clipboardData.getData("text"))
    if (pair === null) return
    event.preventDefault()
    setAccount(pair[0])
    setSecret(pair[1])
    setError(null)
    submitButton.current?.focus()
  }

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const [who, with_] = both(account) ?? [account.trim(), secret.trim()]
    if (who === "" || with_ === "") return setError(t("required"))
    setBusy(true)
    const failure = await sessionStore.signIn(who, with_)
    if (failure === null) return
    setBusy(false)
    setError(textOf(failure))
  }

  return (
    <main className="grid min-h-dvh grid-rows-[1fr_auto_2fr] px-4" id="content">
      <div className="row-start-2 mx-auto w-full max-w-sm">
        <div className="mb-6 flex items-center gap-2.5 text-accent">
          <Mark size={22} />
          <p className="text-large font-semibold text-ink">{common("product")}</p>
        </div>
        <form
          className="flex flex-col gap-4 rounded-large border border-line bg-surface p-6"
          noValidate
          onPaste={paste}
          onSubmit={(event) => void submit(event)}
        >
          <div>
            <h1 className="text-title font-semibold">{t("title")}</h1>
            <p className="text-ink-soft">{t("lead")}</p>
          </div>
          {ended && error === null ?
            <p className="rounded-base bg-waiting-soft px-3 py-2 text-waiting" role="status">{t("ended")}</p> :
            null}
          <div ref={accountField}>
            <TextField
              autoComplete="username"
              className="font-mono"
              hint={t("accountHint")}
              label={t("account")}
              name="account"
              onChange={(event) => setAccount(event.target.value)}
              value={account}
            />
          </div>
          <TextField
            autoComplete="current-password"
            className="font-mono"
            label={t("secret")}
            name="secret"
            onChange={(event) => setSecret(event.target.value)}
            type="password"
            value={secret}
          />
          {error === null ?
            null :
            <p className="rounded-base bg-rejected-soft px-3 py-2 font-medium text-rejected" role="alert">{error}</p>}
          <Button
            aria-disabled={isBusy}
            kind="primary"
            ref={submitButton}
            type="submit"
          >
            {isBusy ? t("submitting") : t("submit")}
          </Button>
          <details className="text-small text-ink-soft">
            <summary className="font-medium text-accent">{t("where")}</summary>
            <ul className="mt-2 flex list-disc flex-col gap-1 pl-4">
              <li>{t("whereAccount")}</li>
              <li>{t("whereOperator")}</li>
              <li>{t("promise")}</li>
            </ul>
          </details>
        </form>
        <div className="mt-6">
          <Preferences />
        </div>
      </div>
    </main>
  )
}
