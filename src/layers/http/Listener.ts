import { Cause, Effect, Either, Exit, Option, Runtime } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Authenticate, type Principal } from "../../services/Authenticate.ts"
import { innermost } from "../../services/Failure.ts"
import { Metrics } from "../../services/Metrics.ts"
import { Randomness } from "../../services/Randomness.ts"
import { makeRequestId } from "./HttpServer.ts"
import { operationsOf } from "./Operation.ts"
import { encodeProblem, Problem, unavailable } from "./Problem.ts"
import type { Handlers } from "./Reply.ts"
import { type Body, collectBody } from "./RequestBody.ts"
import { type Arrived, checkRequest } from "./RequestChecks.ts"
import { basicCredential, namesHost } from "./RequestHeaders.ts"
import { makeRouter } from "./Router.ts"

/** What is answered to a request, encoded. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A page beside the contract, open to everybody: documentation and health. */
export interface Page {
  readonly path: string
  readonly answer: Effect.Effect<Answer>
}

/** Shown for requests that match no route: a raw path may hold anything. */
const otherRoute = "other"

const challenge = { "www-authenticate": "Basic realm=\"gateway\", charset=\"UTF-8\"" }
const unauthenticated = new Problem({
  name: "unauthenticated",
  detail: "Send account and secret by HTTP Basic authentication.",
  headers: challenge
})
/** What is counted of a request whose client went away before it was answered (nginx's 499). */
const clientClosedRequest = 499
const noRoute = new Problem({ name: "route_missing", detail: "There is nothing at this path." })
const badHost = new Problem({ name: "bad_request", detail: "HTTP/1.1 needs one Host header (RFC 9112, 3.2)." })
const mistake = new Problem({
  name: "internal_error",
  detail: "The gateway's log says what happened, by the request id."
})

/**
 * Serves the contract. Every request passes the same checks in the same order (docs/decisions/0004): path, method,
 * framing, credential, access, Accept, content type, size, JSON, schema.
 */
export const makeListener = Effect.fnUntraced(function*(handlers: Handlers, pages: ReadonlyArray<Page>) {
  const { authenticate, recall } = yield* Authenticate
  const metrics = yield* Metrics
  const randomness = yield* Randomness
  const runtime = yield* Effect.runtime()
  const runFork = Runtime.runFork(runtime)
  const clock = yield* Effect.clock
  const route = makeRouter(operationsOf(handlers))
  const pageOf = new Map(pages.map((page) => [page.path, page]))
  let draining = false

  const respond = (arrived: Arrived, principal: Principal): Effect.Effect<Answer, Problem> => {
    const { operation } = arrived
    const request = checkRequest(arrived, principal)
    if (Either.isLeft(request)) return request.left
    return Effect.flatMap(operation.handle(request.right), (reply) =>
      operation.statuses.has(reply.status)
        ? Effect.succeed({
          status: reply.status,
          headers: { "content-type": "application/json", ...reply.headers },
          body: JSON.stringify(reply.body)
        })
        : Effect.dieMessage(`${operation.template} answered ${reply.status}, which its contract does not list`))
  }

  /** What is remembered of a credential answers at once; everything else asks the database. */
  const operate = (arrived: Arrived): Effect.Effect<Answer, Problem> => {
    const credential = basicCredential(arrived.message)
    if (credential === null) return unauthenticated
    const { password, username } = credential
    const remembered = recall(username, password, clock.unsafeCurrentTimeMillis())
    if (remembered !== null) return respond(arrived, remembered)
    return authenticate(username, password).pipe(
      Effect.mapError((error) => error._tag === "StorageUnavailable" ? unavailable(error) : unauthenticated),
      Effect.flatMap((principal) => respond(arrived, principal))
    )
  }

  let warnedAt = 0
  /** At most once a second: when the database is away, every request is refused. */
  const warn = ({ cause, name }: Problem, route: string, requestId: string) => {
    const now = clock.unsafeCurrentTimeMillis()
    if (Math.abs(now - warnedAt) < 1_000) return
    warnedAt = now
    runFork(
      Effect.logWarning(`answered ${name}`, innermost(cause)).pipe(
        Effect.annotateLogs({ request_id: requestId, route })
      )
    )
  }

  return {
    /** From now on every request is answered 503, and its connection is closed. */
    drain: Effect.sync(() => {
      draining = true
    }),

    handle: (message: IncomingMessage, response: ServerResponse): void => {
      const receivedAt = clock.unsafeCurrentTimeMillis()
      const requestId = makeRequestId(randomness, receivedAt)
      const method = message.method === "HEAD" ? "GET" : message.method ?? ""
      let template = otherRoute
      let abandon: (() => void) | undefined
      metrics.httpStarted()

      const send = ({ body, headers, status }: Answer) => {
        if (response.writableEnded || response.destroyed) return
        response.writeHead(status, {
          "request-id": requestId,
          "cache-control": "no-store",
          ...headers,
          "content-length": Buffer.byteLength(body),
          // a body that was not read to its end leaves the connection in the middle of it
          ...(draining || (!message.complete && announcesBody(message)) ? { connection: "close" } : {})
        })
        response.end(body)
      }
      const refuse = (problem: Problem) => {
        if (problem.cause !== undefined) warn(problem, template, requestId)
        send(encodeProblem(problem, template, requestId))
      }

      const run = (answer: Effect.Effect<Answer, Problem>) => {
        const fiber = runFork(answer)
        abandon = () => fiber.unsafeInterruptAsFork(fiber.id())
        fiber.addObserver((exit) => {
          if (Exit.isSuccess(exit)) return send(exit.value)
          const failure = Cause.failureOption(exit.cause)
          if (Option.isSome(failure)) return refuse(failure.value)
          if (Cause.isInterruptedOnly(exit.cause)) return response.destroy()
          runFork(
            Effect.logError("a request failed by a mistake", exit.cause).pipe(
              Effect.annotateLogs({ request_id: requestId, route: template })
            )
          )
          return refuse(mistake)
        })
      }

      let finished = false
      const finish = () => {
        if (finished) return
        finished = true
        message.socket.removeListener("close", finish)
        if (!response.writableFinished) abandon?.()
        const seconds = (clock.unsafeCurrentTimeMillis() - receivedAt) / 1000
        metrics.httpFinished(
          template,
          method,
          response.headersSent ? response.statusCode : clientClosedRequest,
          seconds
        )
      }
      response.on("close", finish)
      // a response that is queued behind another one has no socket yet, and does not hear when it goes away
      if (response.socket === null) message.socket.setMaxListeners(0).once("close", finish)

      if (draining) return refuse(new Problem({ name: "shutting_down", detail: "Repeat the request elsewhere." }))

      const url = originForm(message.url ?? "")
      const mark = url.indexOf("?")
      const path = mark < 0 ? url : url.slice(0, mark)
      const page = pageOf.get(path)
      const match = page === undefined ? route(path) : null
      if (page === undefined && match === null) return refuse(noRoute)
      template = match?.route.template ?? path
      const operation = match?.route.operations.get(method)
      if (operation === undefined && (page === undefined || method !== "GET")) {
        return refuse(notAllowed(match === null ? ["GET"] : Array.from(match.route.operations.keys())))
      }
      if (!namesHost(message)) return refuse(badHost)
      if (match === null || operation === undefined) return run(page!.answer)

      const query = mark < 0 ? "" : url.slice(mark + 1)
      const answer = (body: Body) =>
        run(
          Effect.suspend(() => operate({ operation, parameters: match.parameters, query, message, body, receivedAt }))
        )
      if (operation.decodeBody === null) answer("too_large")
      else collectBody(message, answer)
    }
  } as const
})

export type Listener = Effect.Effect.Success<ReturnType<typeof makeListener>>

const announcesBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0

/** RFC 9112, 3.2.2: a server must accept the absolute form too. */
const originForm = (url: string): string => url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?#]+/i, "")

const notAllowed = (methods: ReadonlyArray<string>) => {
  const allow = methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ")
  return new Problem({ name: "method_not_allowed", detail: `Allowed are ${allow}.`, headers: { allow } })
}
