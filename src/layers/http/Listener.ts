import { Cause, type Context, Effect, Either, Exit, FiberRef, Option, Runtime } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { innermost } from "../../services/Failure.ts"
import { Metrics } from "../../services/Metrics.ts"
import { Randomness } from "../../services/Randomness.ts"
import { readTraceparent, traceIdOf, type Traceparent, Tracing } from "../../services/Tracing.ts"
import type { Credentials } from "./Credentials.ts"
import { makeRequestId } from "./HttpServer.ts"
import { operationsOf } from "./Operation.ts"
import { badHost, encodeProblem, methodNotAllowed, Problem, routeMissing, shuttingDown } from "./Problem.ts"
import type { RateLimits } from "./RateLimits.ts"
import type { Handlers, StreamReply } from "./Reply.ts"
import { type Body, collectBody, emptyBody, emptyObject, leavesMuch } from "./RequestBody.ts"
import { type Arrived, type Caller, checkAccess, checkContent, checkHead, leavesBodyOut } from "./RequestChecks.ts"
import { namesHost, originForm } from "./RequestHeaders.ts"
import { makeRouter } from "./Router.ts"

/** What is answered to a request, encoded. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** A page beside the contract, open to everybody: documentation and health. */
export interface Page {
  /** Or what stands for many of them, where requests are counted. */
  readonly path: string
  readonly answer: Effect.Effect<Answer>
}

/** Pages at the paths that nothing else has. */
export interface Site {
  readonly find: (path: string, message: IncomingMessage) => Page | null
}

/** What the contract says can be done, by whom, and how much of it at one time. */
export interface Operations {
  readonly handlers: Handlers
  readonly credentials: Context.Tag.Service<Credentials>
  /** None where it is off. */
  readonly rateLimits: RateLimits | null
  /** Requests that are answered at one time; what comes beyond is answered 503. */
  readonly capacity: number
  /** How many of them only wait. */
  readonly waiting: () => number
}

/** Shown for requests that match no route: a raw path may hold anything. */
const otherRoute = "other"

/** What is counted of a request whose client went away before it was answered (nginx's 499). */
const clientClosedRequest = 499
const badCoding = new Problem({
  name: "bad_request",
  detail: "Transfer-Encoding can be chunked alone (RFC 9112, 6.1)."
})
const badExpectation = new Problem({ name: "expectation_failed", detail: "Only 100-continue can be expected." })
const overloaded = new Problem({
  name: "overloaded",
  detail: "Nothing was done: repeat the request in a moment."
})
const anyone: Caller = { principal: null, byCookie: false, isSecure: false, sessionEndsAt: null }
const mistake = new Problem({
  name: "internal_error",
  detail: "The gateway's log says what happened, by the request id."
})

/**
 * Serves the contract. Every request passes the same checks in the same order (docs/decisions/0004): path, method,
 * framing, credential, access, rate, Accept, content type, size, query, headers, JSON, schema.
 */
export const makeListener = Effect.fnUntraced(function*({ api, pages, site }: {
  /** Null where there are pages alone. */
  readonly api: Operations | null
  readonly pages: ReadonlyArray<Page>
  readonly site: Site
}) {
  const metrics = yield* Metrics
  const randomness = yield* Randomness
  const tracer = yield* Tracing
  // a request that is refused is no unhandled error
  const runtime = Runtime.setFiberRef(yield* Effect.runtime(), FiberRef.unhandledErrorLogLevel, Option.none())
  const runFork = Runtime.runFork(runtime)
  const clock = yield* Effect.clock
  const route = makeRouter(api === null ? [] : operationsOf(api.handlers))
  const pageOf = new Map(pages.map((page) => [page.path, page]))
  let draining = false
  let active = 0

  /** Access, rate, and what the headers promise of the body; the media type of the answer when nothing is wrong. */
  const admit = (
    { rateLimits }: Operations,
    arrived: Arrived,
    caller: Caller,
    headers: Headers
  ): Either.Either<string, Problem> => {
    const refused = checkAccess(arrived, caller)
    if (rateLimits !== null && caller.principal !== null) {
      const limit = rateLimits(caller.principal, clock.unsafeCurrentTimeMillis())
      Object.assign(headers, limit.headers)
      if (refused === null && limit.retryAfter !== null) return Either.left(tooFast(limit.retryAfter))
    }
    return refused === null ? checkHead(arrived) : Either.left(refused)
  }

  const respond = (
    arrived: Arrived,
    caller: Caller,
    mediaType: string,
    body: Body
  ): Effect.Effect<Answer | StreamReply, Problem> => {
    const { operation } = arrived
    const request = checkContent(arrived, caller, mediaType, body)
    if (Either.isLeft(request)) return request.left
    return Effect.flatMap(operation.handle(request.right), (reply): Effect.Effect<Answer | StreamReply> => {
      if (!operation.statuses.has(reply.status)) {
        return Effect.dieMessage(`${operation.template} answered ${reply.status}, which its contract does not list`)
      }
      if ("stream" in reply) return Effect.succeed(reply)
      return Effect.succeed(
        reply.body === undefined
          ? { status: reply.status, headers: reply.headers ?? {}, body: "" }
          : {
            status: reply.status,
            headers: { "content-type": "application/json", ...reply.headers },
            body: JSON.stringify(reply.body)
          }
      )
    })
  }

  /** Who needs no credential, or is remembered: null where the database has to be asked. */
  const knownCaller = ({ credentials }: Operations, { message, operation }: Arrived): Caller | null => {
    switch (operation.access) {
      case "anyone":
        return anyone
      case "own_page":
        return { ...anyone, isSecure: credentials.proxies.isSecure(message) }
      case "session":
        return null
      default:
        return credentials.recall(message, clock.unsafeCurrentTimeMillis())
    }
  }

  let warnedAt = 0
  /** At most once a second: when the database is away, every request is refused. */
  const warn = ({ cause, name }: Problem, told: Readonly<Record<string, string>>) => {
    const now = clock.unsafeCurrentTimeMillis()
    if (Math.abs(now - warnedAt) < 1_000) return
    warnedAt = now
    runFork(
      Effect.logWarning(`answered ${name}`, innermost(cause)).pipe(Effect.annotateLogs(told))
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
      const traceOfClient = readTraceparent(message.headers.traceparent)
      let span: Traceparent | null = null
      let startedAt = 0n
      /** What a log says of this request. */
      const told = () => {
        const trace = span ?? traceOfClient
        return { request_id: requestId, route: template, ...(trace === null ? {} : { trace_id: traceIdOf(trace) }) }
      }
      let abandon: (() => void) | undefined
      let counted = false
      let finished = false
      const headersOfAll: Headers = { "request-id": requestId }
      metrics.httpStarted()

      const send = ({ body, headers, status }: Answer) => {
        uncount()
        if (response.writableEnded || response.destroyed) return
        // in the middle of a stream nothing else can be said
        if (response.headersSent) return response.destroy()
        response.writeHead(status, {
          ...headersOfAll,
          "cache-control": "no-store",
          ...headers,
          ...(status === 204 || status === 304 ? {} : { "content-length": Buffer.byteLength(body) }),
          ...(draining || leavesMuch(message) ? { connection: "close" } : {})
        })
        response.end(body)
      }
      const refuse = (problem: Problem) => {
        metrics.problem(problem.name)
        if (problem.cause !== undefined) warn(problem, told())
        send(encodeProblem(problem, template, requestId))
      }

      /** False when there is too much to do. */
      const count = ({ capacity, waiting }: Operations): boolean => {
        if (active - waiting() >= capacity) return false
        active++
        counted = true
        return true
      }
      const uncount = () => {
        if (counted) active--
        counted = false
      }

      const streamOut = ({ headers, isIdle, status, stream }: StreamReply) =>
        Effect.suspend(() => {
          if (isIdle) uncount()
          response.writeHead(status, { ...headersOfAll, "cache-control": "no-store", ...headers })
          response.flushHeaders()
          return Effect.zipRight(
            message.method === "HEAD" ? Effect.void : stream(response),
            Effect.sync(() => {
              response.end()
            })
          )
        })

      const fork = <A>(effect: Effect.Effect<A, Problem>, succeed: (value: A) => void) => {
        const fiber = runFork(effect)
        abandon = () => fiber.unsafeInterruptAsFork(fiber.id())
        fiber.addObserver((exit) => {
          // what has an answer but no client any more must not begin a stream that nothing would end
          if (Exit.isSuccess(exit)) return finished ? undefined : succeed(exit.value)
          const failure = Cause.failureOption(exit.cause)
          if (Option.isSome(failure)) return refuse(failure.value)
          if (Cause.isInterruptedOnly(exit.cause)) return response.destroy()
          runFork(
            Effect.logError("a request failed by a mistake", exit.cause).pipe(Effect.annotateLogs(told()))
          )
          return refuse(mistake)
        })
      }

      const run = (answer: Effect.Effect<Answer | StreamReply, Problem>) =>
        fork(answer, (made) => {
          if (!("stream" in made)) return send(made)
          fork(streamOut(made), () => {})
        })

      const finish = () => {
        if (finished) return
        finished = true
        uncount()
        message.socket.removeListener("close", finish)
        if (!response.writableFinished) abandon?.()
        const seconds = (clock.unsafeCurrentTimeMillis() - receivedAt) / 1000
        const status = response.headersSent ? response.statusCode : clientClosedRequest
        metrics.httpFinished(template, method, status, seconds)
        if (tracer === null || span === null) return
        tracer.end({
          context: span,
          parent: traceOfClient,
          name: `${method} ${template}`,
          kind: "server",
          startedAt,
          attributes: {
            "http.request.method": method,
            "http.route": template,
            "http.response.status_code": status,
            "gateway.request_id": requestId
          },
          failed: status >= 500
        })
      }
      response.on("close", finish)
      // a response that is queued behind another one has no socket yet, and does not hear when it goes away
      if (response.socket === null) message.socket.setMaxListeners(0).once("close", finish)

      if (draining) return refuse(shuttingDown)

      const url = originForm(message.url ?? "")
      const mark = url.indexOf("?")
      const path = mark < 0 ? url : url.slice(0, mark)
      const own = pageOf.get(path)
      const match = own === undefined ? route(path) : null
      const page = own ?? (match === null ? site.find(path, message) : null)
      if (page === null && match === null) return refuse(routeMissing)
      template = match?.route.template ?? page!.path
      const operation = match?.route.operations.get(method)
      if (operation === undefined && (page === null || method !== "GET")) {
        return refuse(methodNotAllowed(match === null ? ["GET"] : Array.from(match.route.operations.keys())))
      }
      if (!namesHost(message)) return refuse(badHost)
      if (message.headers["transfer-encoding"] !== undefined && !isChunked(message)) return refuse(badCoding)
      if (!/^(?:100-continue)?$/i.test(message.headers.expect ?? "")) return refuse(badExpectation)
      if (api === null || match === null || operation === undefined) return run(page!.answer)

      const query = mark < 0 ? "" : url.slice(mark + 1)
      if (tracer !== null) {
        span = tracer.begin(traceOfClient)
        startedAt = tracer.now()
      }
      const trace = span ?? traceOfClient
      const arrived: Arrived = { operation, parameters: match.parameters, query, message, receivedAt, trace }

      const work = (caller: Caller, mediaType: string, body: Body) => {
        if (!count(api)) return refuse(overloaded)
        run(Effect.suspend(() => respond(arrived, caller, mediaType, body)))
      }
      const proceed = (caller: Caller) => {
        const mediaType = admit(api, arrived, caller, headersOfAll)
        if (Either.isLeft(mediaType)) return refuse(mediaType.left)
        if (operation.decodeBody === null) return work(caller, mediaType.right, emptyBody)
        if (leavesBodyOut(arrived)) return work(caller, mediaType.right, emptyObject)
        if (message.headers.expect !== undefined) response.writeContinue()
        collectBody(message, (body) => work(caller, mediaType.right, body))
      }

      const known = knownCaller(api, arrived)
      if (known !== null) return proceed(known)
      if (!count(api)) return refuse(overloaded)
      const { identify, identifySession } = api.credentials
      const asking = operation.access === "session" ? identifySession(message) : identify(message)
      fork(asking, (caller) => {
        uncount()
        proceed(caller)
      })
    }
  } as const
})

export type Listener = Effect.Effect.Success<ReturnType<typeof makeListener>>

/** Of every answer to a request. */
type Headers = Record<string, string>

const tooFast = (seconds: number) =>
  new Problem({
    name: "rate_limited",
    detail: "The account sends more than its rate allows: nothing was done, repeat the request later.",
    headers: { "retry-after": String(seconds) }
  })

const isChunked = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"]!.trim().toLowerCase() === "chunked"
