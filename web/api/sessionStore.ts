import { paths } from "./paths.ts"
import { type Failure, now, onSignedOut, request } from "./request.ts"
import type { Session } from "./types.ts"

export type SessionState =
  /** Before the page's script has looked. */
  | { readonly kind: "unknown" }
  /** `ended`: there was a session in this page, and it is over. */
  | { readonly kind: "out"; readonly ended: boolean }
  | { readonly kind: "in"; readonly session: Session }

export const unknown: SessionState = { kind: "unknown" }

/**
 * Who signed in here, as the gateway told it: no credential. Who has never signed in is not asked about, since browsers
 * write every 401 to the console.
 */
const key = "gateway.session"

const remembered = (): SessionState => {
  try {
    const session: unknown = JSON.parse(localStorage.getItem(key) ?? "null")
    if (typeof session === "object" && session !== null && "account" in session) {
      return { kind: "in", session: session as Session }
    }
  } catch {
    // as if nobody had been here
  }
  return { kind: "out", ended: false }
}

const remember = (session: Session | null): void => {
  try {
    if (session === null) localStorage.removeItem(key)
    else localStorage.setItem(key, JSON.stringify(session))
  } catch {
    // a browser that keeps nothing asks for the sign-in again
  }
}

let state: SessionState = unknown
let expiry: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()

const set = (next: SessionState): void => {
  state = next
  clearTimeout(expiry)
  if (next.kind === "in") {
    // a session has an end that is known: say so rather than wait for the next refusal
    const left = Date.parse(next.session.expires_at) - now()
    expiry = setTimeout(() => leave(true), Math.max(left, 0))
  }
  for (const listener of listeners) listener()
}

const enter = (session: Session): void => {
  remember(session)
  set({ kind: "in", session })
}

const leave = (ended: boolean): void => {
  remember(null)
  if (state.kind !== "out") set({ kind: "out", ended })
}

/** Looks who is signed in, when the page's script begins; the gateway then says whether it is still so. */
const begin = (): void => {
  onSignedOut(() => leave(true))
  // another tab signed in or out
  addEventListener("storage", (event) => {
    if (event.key === key) set(remembered())
  })
  set(remembered())
  if (state.kind === "in") void request<Session>(paths.session).then((_) => _.ok ? enter(_.value) : undefined)
}

/** The session is the gateway's cookie, which no script can read; the page only knows whose it is. */
export const sessionStore = {
  subscribe: (listener: () => void): () => void => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  state: (): SessionState => {
    if (state.kind === "unknown") begin()
    return state
  },
  signIn: async (account: string, secret: string): Promise<Failure | null> => {
    const result = await request<Session>(paths.session, {
      method: "POST",
      body: { account, secret },
      expects401: true
    })
    if (!result.ok) return result.failure
    enter(result.value)
    return null
  },
  signOut: async (): Promise<Failure | null> => {
    const result = await request<void>(paths.session, { method: "DELETE", expects401: true })
    if (!result.ok) return result.failure
    leave(false)
    return null
  }
} as const
