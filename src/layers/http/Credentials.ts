import { Clock, Context, Duration, Effect, Layer, Option, type Redacted } from "effect"
import type { IncomingMessage } from "node:http"
import { Authenticate, type Principal, type Recalled } from "../../services/Authenticate.ts"
import { FailedAttempts, failureWindow, mostFailures } from "../../services/FailedAttempts.ts"
import { SessionSeal } from "../../services/SessionSeal.ts"
import { HttpSettings } from "../Settings.ts"
import { makeProxies, type Proxies } from "./ClientAddress.ts"
import { secureSessionCookie, sessionCookie } from "./Endpoint.ts"
import { Problem, unavailable } from "./Problem.ts"
import type { Caller } from "./RequestChecks.ts"
import { basicCredential, cookiesOf, isWrittenOnce } from "./RequestHeaders.ts"

/** Basic opens the browser's own password window, over a page that has a sign-in of its own. */
const challenges = {
  basic: { "www-authenticate": "Basic realm=\"gateway\", charset=\"UTF-8\"" },
  session: { "www-authenticate": "Session realm=\"gateway\"" }
}
const detail = "Send account and secret by HTTP Basic authentication, or sign in."
const unauthenticated = {
  basic: new Problem({ name: "unauthenticated", detail, headers: challenges.basic }),
  session: new Problem({ name: "unauthenticated", detail, headers: challenges.session })
}

const carriesCookie = (message: IncomingMessage): boolean =>
  message.headers.cookie !== undefined &&
  (cookiesOf(message, sessionCookie).length > 0 || cookiesOf(message, secureSessionCookie).length > 0)

const capacity = 10_000
/** Milliseconds: no credential is kept much longer than it may be used. */
const sweepInterval = 5_000

const failureHeaders = (seconds: number) => ({
  "retry-after": String(seconds),
  "ratelimit-policy": `"failures";q=${mostFailures};w=${Duration.toSeconds(failureWindow)}`,
  ratelimit: `"failures";r=0;t=${seconds}`
})

const byAuthorization = (principal: Principal): Caller => ({
  principal,
  byCookie: false,
  isSecure: false,
  sessionEndsAt: null
})

/** Finds out who makes a request, from its Authorization header or the panel's cookie. */
export class Credentials extends Context.Tag("gateway/http/Credentials")<Credentials, {
  readonly proxies: Proxies
  /** At once, for who was known a moment ago; null where the database has to be asked. */
  readonly recall: (message: IncomingMessage, now: number) => Caller | null
  readonly identify: (message: IncomingMessage) => Effect.Effect<Caller, Problem>
  /** By the panel's cookie alone. */
  readonly identifySession: (message: IncomingMessage) => Effect.Effect<Caller, Problem>
  /** Of a sign-in. */
  readonly check: (
    message: IncomingMessage,
    account: string,
    secret: Redacted.Redacted
  ) => Effect.Effect<Principal, Problem>
}>() {
  static readonly Live = Layer.effect(
    Credentials,
    Effect.gen(function*() {
      const { authenticate, generation, recall, resume } = yield* Authenticate
      /**
       * Headers that were found right, for as long as what was read may be used: to decode one and to make its digest is 8 %
       * of what accepting costs. Who does not have all of a header learns nothing from a map that does not hold it.
       */
      const recent = new Map<string, Recalled & { readonly caller: Caller; readonly generation: number }>()
      const attempts = yield* FailedAttempts
      const sessions = yield* SessionSeal
      let sweptAt = 0
      const sweep = (now: number) => {
        if (recent.size >= capacity) recent.clear()
        if (Math.abs(now - sweptAt) < sweepInterval) return
        sweptAt = now
        for (const [header, { until }] of recent) if (until <= now) recent.delete(header)
      }
      const proxies = makeProxies(Option.getOrElse((yield* HttpSettings).trustedProxies, () => []))

      const fail = Effect.fnUntraced(function*(message: IncomingMessage, account: string, problem: Problem) {
        const left = attempts.fail(account, proxies.addressOf(message), yield* Clock.currentTimeMillis)
        return left === null ? yield* problem : yield* new Problem({
          name: "too_many_failures",
          detail: "Too many attempts with a wrong secret: look it up before the next one.",
          headers: failureHeaders(Math.ceil(left / 1000))
        })
      })

      const check = (message: IncomingMessage, account: string, secret: Redacted.Redacted, problem: Problem) =>
        Effect.catchAll(
          authenticate(account, secret),
          (error) => error._tag === "StorageUnavailable" ? unavailable(error) : fail(message, account, problem)
        )

      const session = Effect.fnUntraced(function*(message: IncomingMessage) {
        const name = proxies.isSecure(message) ? secureSessionCookie : sessionCookie
        const claims = Option.firstSomeOf(cookiesOf(message, name).map(sessions.open))
        if (Option.isNone(claims)) return yield* unauthenticated.session
        const principal = yield* Effect.mapError(
          resume(claims.value),
          (error) => error._tag === "StorageUnavailable" ? unavailable(error) : unauthenticated.session
        )
        const isSecure = proxies.isSecure(message)
        return { principal, byCookie: true, isSecure, sessionEndsAt: claims.value.expiresAt } satisfies Caller
      })

      return Credentials.of({
        proxies,
        recall: (message, now) => {
          const header = message.headers.authorization
          if (header === undefined) return null
          const known = recent.get(header)
          if (
            known !== undefined && known.since <= now && now < known.until && known.generation === generation() &&
            isWrittenOnce(message, "authorization")
          ) return known.caller
          const credential = basicCredential(message)
          if (credential === null) return null
          const recalled = recall(credential.username, credential.password, now)
          if (recalled === null) return null
          const caller = byAuthorization(recalled.principal)
          sweep(now)
          recent.set(header, { ...recalled, caller, generation: generation() })
          return caller
        },
        identify: (message) => {
          const problem = carriesCookie(message) ? unauthenticated.session : unauthenticated.basic
          if (message.headers.authorization === undefined) return carriesCookie(message) ? session(message) : problem
          const credential = basicCredential(message)
          if (credential === null) return problem
          return Effect.map(check(message, credential.username, credential.password, problem), byAuthorization)
        },
        // Authorization wins over the cookie, and has no session
        identifySession: (message) =>
          message.headers.authorization === undefined ? session(message) : unauthenticated.session,
        check: (message, account, secret) => check(message, account, secret, unauthenticated.session)
      })
    })
  )
}
