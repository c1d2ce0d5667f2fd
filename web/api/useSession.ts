"use client"
import { createContext, useContext, useMemo, useSyncExternalStore } from "react"
import { type SessionState, sessionStore, unknown } from "./sessionStore.ts"
import type { Session } from "./types.ts"

export const useSessionState = (): SessionState =>
  useSyncExternalStore(sessionStore.subscribe, sessionStore.state, () => unknown)

export const SignedInContext = createContext<Session | null>(null)

/** Who is signed in; only below a signed-in page. */
export const useSession = (): Session & { readonly isOperator: boolean; readonly mayWrite: boolean } => {
  const session = useContext(SignedInContext)
  if (session === null) throw new Error("nobody is signed in")
  return useMemo(() => ({
    ...session,
    isOperator: session.account === "operator",
    mayWrite: session.scope === "full"
  }), [session])
}
