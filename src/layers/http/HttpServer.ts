import { type Context, Duration, Effect } from "effect"
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { ulid } from "../../domain/Ids.ts"
import { Randomness } from "../../services/Randomness.ts"
import { CannotStart } from "../CannotStart.ts"
import { encodeProblem, Problem } from "./Problem.ts"

/** `now` in ms since the epoch. */
export const makeRequestId = (randomness: Context.Tag.Service<Randomness>, now: number): string =>
  `req_${ulid(now, randomness.bytes(10))}`

/** What the HTTP parser refuses never becomes a request; its answer is written by hand. */
const refusalOf = (code: string | undefined): Problem => {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new Problem({ name: "headers_too_large", detail: "Send fewer or shorter headers." })
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new Problem({ name: "request_timeout", detail: "The request did not arrive in time." })
  }
  return new Problem({ name: "bad_request", detail: "The request could not be parsed as HTTP/1.1." })
}

const reasonPhrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large"
}

const writeRefusal = (socket: Socket, problem: Problem, requestId: string, now: number) => {
  const { body, headers, status } = encodeProblem(problem, "other", requestId)
  const lines = Object.entries({
    ...headers,
    "request-id": requestId,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    date: new Date(now).toUTCString(),
    connection: "close"
  }).map(([name, value]) => `${name}: ${value}`)
  socket.end(
    `HTTP/1.1 ${status} ${reasonPhrases[status]}\r\n${lines.join("\r\n")}\r\n\r\n${body}`,
    () => socket.destroy()
  )
}

/** Node keeps the response that is being written to a socket on the socket. */
type AnsweringSocket = Socket & { readonly _httpMessage?: ServerResponse | null }

/** A refusal must not stand where the answer to an earlier request of the connection belongs. */
const afterAnswers = (socket: AnsweringSocket, refuse: () => void): void => {
  const answering = socket._httpMessage
  if (answering?.req.complete === true) answering.once("close", () => afterAnswers(socket, refuse))
  else if (socket.writable) refuse()
}

/** Kept-alive connections outlive the idle time of the load balancers in front (60 s at most of them). */
const keepAliveTimeout = Duration.toMillis("65 seconds")

export interface Listening {
  readonly host: string
  readonly port: number
}

const listen = (server: Server, { host, port }: Listening, variable: string) =>
  Effect.async<Listening, CannotStart>((resume) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      resume(
        new CannotStart({
          sentence: error.code === "EADDRINUSE"
            ? `${host}:${port} is in use: stop what listens there, or set ${variable} to another port.`
            : `${host}:${port} cannot be listened on (${error.message}): set HOST and ${variable} to what this machine has.`
        })
      ))
    server.listen(port, host, () => resume(Effect.succeed({ host, port: (server.address() as AddressInfo).port })))
  })

/** A server that has stopped accepting ends when its last answer is out, or is cut after the grace. */
const close = (server: Server, sockets: Iterable<Socket>, grace: Duration.Duration) =>
  Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeIdleConnections()
    // a browser opens connections ahead, and one that has not asked for anything yet is not idle for node
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }).pipe(
    // a finalizer is not interruptible, and a client in the middle of a request never ends by itself
    Effect.interruptible,
    Effect.timeoutOption(grace),
    Effect.zipRight(Effect.sync(() => server.closeAllConnections()))
  )

/** A node server in a scope: `beforeClose` runs when the scope ends, before the server stops accepting. */
export const serve = Effect.fnUntraced(function*(options: {
  readonly listener: RequestListener
  readonly address: Listening
  /** The variable that a person would change. */
  readonly variable: string
  readonly requestTimeout: Duration.Duration
  /** Connections at one time. */
  readonly connections?: number
  readonly grace: Duration.Duration
  readonly beforeClose: Effect.Effect<void>
}) {
  const randomness = yield* Randomness
  const clock = yield* Effect.clock
  const requestId = () => makeRequestId(randomness, clock.unsafeCurrentTimeMillis())
  const timeout = Duration.toMillis(options.requestTimeout)
  const server = createServer({
    requestTimeout: timeout,
    headersTimeout: timeout,
    keepAliveTimeout,
    connectionsCheckingInterval: 1_000,
    // answered by the listener, as a problem
    requireHostHeader: false
  }, options.listener)
  // both are answered where everything is
  server.on("checkExpectation", options.listener)
  server.on("checkContinue", options.listener)
  // the bytes of all headers are bounded, and one that was left out could be the one that matters
  server.maxHeadersCount = 0
  server.on("connect", (_message: IncomingMessage, socket: AnsweringSocket) => {
    // node has let go of the socket: nobody else hears its errors
    socket.on("error", () => socket.destroy())
    // behind a request that is not answered yet a refusal would be taken for its answer: none is honest
    if (socket._httpMessage) return socket.destroy()
    const problem = new Problem({ name: "bad_request", detail: "This server makes no tunnels." })
    writeRefusal(socket, problem, requestId(), clock.unsafeCurrentTimeMillis())
  })
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) return socket.destroy()
    afterAnswers(
      socket,
      () => writeRefusal(socket, refusalOf(error.code), requestId(), clock.unsafeCurrentTimeMillis())
    )
  })

  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })

  if (options.connections !== undefined) server.maxConnections = options.connections

  // a client that reads nothing of its answer, for longer than any wait lasts
  server.setTimeout(keepAliveTimeout)

  const address = yield* Effect.acquireRelease(
    listen(server, options.address, options.variable),
    () => Effect.zipRight(options.beforeClose, close(server, sockets, options.grace))
  )
  return address
})
