"use client"
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react"
import { paths } from "./paths.ts"
import { type Failure, now, onSignedOut, request } from "./request.ts"
import type { Session } from "./types.ts"

export type SessionState =
  /** Before the page's script has looked. */
  | { readonly kind: "unknown" }
  /** `ended`: there was a session in this page, and it is over. */
  | { readonly kind: "out"; readonly ended: boolean }
  | { readonly kind: "in"; readonly session: Session }

interface SessionContext {
  readonly state: SessionState
  readonly signIn: (account: string, secret: string) => Promise<Failure | null>
  readonly signOut: () => Promise<Failure | null>
}

const Context = createContext<SessionContext | null>(null)

export const useSessionState = (): SessionContext => {
  const context = useContext(Context)
  if (context === null) throw new Error("outside of SessionProvider")
  return context
}

/** Who is signed in; only below a signed-in page. */
export const useSession = (): Session & { readonly isOperator: boolean; readonly mayWrite: boolean } => {
  const { state } = useSessionState()
  if (state.kind !== "in") throw new Error("nobody is signed in")
  const { session } = state
  return useMemo(() => ({
    ...session,
    isOperator: session.account === "operator",
    mayWrite: session.scope === "full"
  }), [session])
}

/**
 * Who signed in here, as the gateway told it: no credential. Who has never signed in is not asked about, since browsers
 * write every 401 to the console.
 */
const memory = {
  key: "gateway.session",
  read: (): Session | null => {
    try {
      const session: unknown = JSON.parse(localStorage.getItem(memory.key) ?? "null")
      return typeof session === "object" && session !== null && "account" in session ? session as Session : null
    } catch {
      return null
    }
  },
  write: (session: Session | null) => {
    try {
      if (session === null) localStorage.removeItem(memory.key)
      else localStorage.setItem(memory.key, JSON.stringify(session))
    } catch {
      // a browser that keeps nothing asks for the sign-in again
    }
  }
}

/** The session is the gateway's cookie, which no script can read; this page only knows whose it is. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [state, setState] = useState<SessionState>({ kind: "unknown" })

  const enter = useCallback((session: Session) => {
    memory.write(session)
    setState({ kind: "in", session })
  }, [])
  const leave = useCallback((ended: boolean) => {
    memory.write(null)
    setState((before) => before.kind === "out" ? before : { kind: "out", ended })
  }, [])

  useEffect(() => {
    onSignedOut(() => leave(true))
    const session = memory.read()
    if (session === null) return leave(false)
    setState({ kind: "in", session })
    void request<Session>(paths.session).then((result) => result.ok ? enter(result.value) : undefined)
  }, [enter, leave])

  // another tab signed in or out
  useEffect(() => {
    const follow = (event: StorageEvent) => {
      if (event.key !== memory.key) return
      const session = memory.read()
      setState(session === null ? { kind: "out", ended: false } : { kind: "in", session })
    }
    addEventListener("storage", follow)
    return () => removeEventListener("storage", follow)
  }, [])

  // a session has an end that is known: say so rather than wait for the next refusal
  useEffect(() => {
    if (state.kind !== "in") return
    const left = Date.parse(state.session.expires_at) - now()
    const timer = setTimeout(() => leave(true), Math.max(left, 0))
    return () => clearTimeout(timer)
  }, [state, leave])

  const context = useMemo((): SessionContext => ({
    state,
    signIn: async (account, secret) => {
      const result = await request<Session>(paths.session, {
        method: "POST",
        body: { account, secret },
        expects401: true
      })
      if (!result.ok) return result.failure
      enter(result.value)
      return null
    },
    signOut: async () => {
      const result = await request<void>(paths.session, { method: "DELETE", expects401: true })
      if (!result.ok) return result.failure
      leave(false)
      return null
    }
  }), [state, enter, leave])

  return <Context.Provider value={context}>{children}</Context.Provider>
}
