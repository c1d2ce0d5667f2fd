import { Clock, Duration, Effect } from "effect"
import type { IncomingMessage } from "node:http"
import { Authenticate, type Principal } from "../../services/Authenticate.ts"
import { SessionSeal } from "../../services/SessionSeal.ts"
import { Credentials } from "./Credentials.ts"
import { secureSessionCookie, sessionCookie } from "./Endpoint.ts"
import type { Handlers } from "./Reply.ts"
import { toTimestamp } from "./TransactionResource.ts"

const lifetime = Duration.hours(12)

const toSession = (principal: Principal, expiresAt: number) => ({
  object: "session" as const,
  account: principal._tag === "Operator" ? "operator" : principal.id,
  scope: principal._tag === "Operator" ? "full" as const : principal.scope,
  expires_at: toTimestamp(expiresAt)
})

export const sessionHandlers = Effect.gen(function*() {
  const { check, proxies } = yield* Credentials
  const { claimsOf } = yield* Authenticate
  const { seal } = yield* SessionSeal

  const cookie = (message: IncomingMessage, value: string, maxAge: Duration.Duration) => {
    const isSecure = proxies.isSecure(message)
    const name = isSecure ? secureSessionCookie : sessionCookie
    return {
      "set-cookie": `${name}=${value}; Path=/; Max-Age=${Duration.toSeconds(maxAge)}; HttpOnly; SameSite=Strict${
        isSecure ? "; Secure" : ""
      }`
    }
  }

  const createSession: Handlers["createSession"] = Effect.fnUntraced(function*({ message, payload }) {
    const principal = yield* check(message, payload.account, payload.secret)
    const expiresAt = (yield* Clock.currentTimeMillis) + Duration.toMillis(lifetime)
    return {
      status: 201,
      headers: cookie(message, seal(claimsOf(principal, expiresAt)), lifetime),
      body: toSession(principal, expiresAt)
    }
  })

  const readSession: Handlers["readSession"] = ({ principal, sessionEndsAt }) =>
    Effect.succeed({ status: 200, body: toSession(principal, sessionEndsAt) })

  const deleteSession: Handlers["deleteSession"] = ({ message }) =>
    Effect.succeed({ status: 204, headers: cookie(message, "", Duration.zero), body: undefined })

  return { createSession, readSession, deleteSession } as const
})
