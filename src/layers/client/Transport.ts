import {
  FetchHttpClient,
  HttpClient,
  type HttpClientError,
  HttpClientRequest,
  type HttpClientResponse
} from "@effect/platform"
import { Clock, Duration, Effect, FiberRef, Layer, Redacted } from "effect"
import {
  fromAnswer,
  fromTransport,
  type GatewayError,
  type Progress,
  timedOut,
  toGatewayError
} from "./GatewayError.ts"
import { type RetryOptions, retryPolicy, withRetries } from "./Retry.ts"

export interface ClientOptions {
  /** Where the gateway is: `https://payments.example`. */
  readonly baseUrl: string | URL
  /** An account's id, or `operator`. */
  readonly account: string
  readonly secret: Redacted.Redacted | string
  /** Of one attempt, besides the time that it asks the gateway to wait. 10 s unless told otherwise. */
  readonly timeout?: Duration.DurationInput
  readonly retry?: RetryOptions
  /** What sends a request; the platform's own unless told otherwise. */
  readonly fetch?: typeof globalThis.fetch
}

type Response = HttpClientResponse.HttpClientResponse

const reported = FiberRef.unsafeMake<Progress>({ status: null, requestId: null })

/** Gives every failure of a call one type. */
export const called = <A>(call: Effect.Effect<A, unknown>): Effect.Effect<A, GatewayError> =>
  Effect.suspend(() => {
    const progress: Progress = { status: null, requestId: null }
    return call.pipe(
      Effect.locally(reported, progress),
      Effect.mapError((error) => toGatewayError(error, progress))
    )
  })

/** Milliseconds that the request asks the gateway to wait. */
const waitOf = ({ headers }: HttpClientRequest.HttpClientRequest): number =>
  Number(/^wait=(\d+)$/.exec(headers["prefer"] ?? "")?.[1] ?? 0) * 1000

/**
 * Whether it may be sent again after this. A request that can be repeated may whenever that is worth it; any other one
 * only when it is sure that nothing became of it.
 */
const mayRepeat = (request: HttpClientRequest.HttpClientRequest) => {
  const bears = request.method === "GET" || request.headers["idempotency-key"] !== undefined
  return ({ code, retryable, status }: GatewayError): boolean =>
    retryable && (bears || code === "unreachable" || status === 408 || status === 429)
}

const decoder = new TextDecoder()

const refused = Effect.fnUntraced(function*(response: Response) {
  const body = yield* Effect.mapError(response.arrayBuffer, fromTransport)
  return yield* fromAnswer({
    status: response.status,
    headers: response.headers,
    body: decoder.decode(body),
    now: yield* Clock.currentTimeMillis
  })
})

const platformClient = ({ fetch }: ClientOptions): HttpClient.HttpClient =>
  HttpClient.HttpClient.pipe(
    Effect.map(HttpClient.transformResponse(Effect.provideService(FetchHttpClient.RequestInit, {
      // a card and a credential go where they were sent, and nowhere else
      redirect: "error"
    }))),
    Effect.map((client) =>
      fetch === undefined
        ? client
        : HttpClient.transformResponse(client, Effect.provideService(FetchHttpClient.Fetch, fetch))
    ),
    Effect.provide(Layer.fresh(FetchHttpClient.layer)),
    Effect.runSync
  )

/** How requests are sent: with the credential, within their time, and again where they may be. */
export const makeTransport = (options: ClientOptions) => {
  const policy = retryPolicy(options.retry)
  const timeout = Duration.toMillis(options.timeout ?? "10 seconds")
  const baseUrl = String(options.baseUrl).replace(/\/+$/, "")
  const client = platformClient(options).pipe(
    HttpClient.mapRequest((_) =>
      HttpClientRequest.basicAuth(HttpClientRequest.prependUrl(_, baseUrl), options.account, options.secret)
    )
  )

  const within = <A>(attempt: Effect.Effect<A, GatewayError>, milliseconds: number) =>
    Effect.timeoutFail(attempt, { duration: milliseconds, onTimeout: () => timedOut(milliseconds) })

  /** The head of an answer below 400, and whatever `read` takes of its body. */
  const answer = (
    request: HttpClientRequest.HttpClientRequest,
    read: (response: Response) => Effect.Effect<unknown, HttpClientError.HttpClientError>
  ): Effect.Effect<Response, GatewayError> =>
    Effect.flatMap(
      FiberRef.get(reported),
      (progress) =>
        Effect.flatMap(Effect.mapError(client.execute(request), fromTransport), (response) => {
          if (response.status >= 400) return refused(response)
          return Effect.as(Effect.mapError(read(response), fromTransport), response).pipe(
            Effect.tap(() =>
              Effect.sync(() => {
                progress.status = response.status
                progress.requestId = response.headers["request-id"] ?? null
              })
            )
          )
        })
    )

  const send = (
    request: HttpClientRequest.HttpClientRequest,
    read: (response: Response) => Effect.Effect<unknown, HttpClientError.HttpClientError>
  ): Effect.Effect<Response, GatewayError> =>
    withRetries(
      policy,
      (left) => within(answer(request, read), Math.min(left, timeout + waitOf(request))),
      mayRepeat(request)
    )

  return {
    policy,
    timeout,
    /** The head of an answer, once. */
    open: (request: HttpClientRequest.HttpClientRequest) => within(answer(request, () => Effect.void), timeout),
    /** The head of an answer, whose body is read as a stream. */
    stream: (request: HttpClientRequest.HttpClientRequest) => send(request, () => Effect.void),
    /** For the contract's own client: an answer is there when all of it is. */
    httpClient: HttpClient.makeWith<never, never, GatewayError, never>(
      (preprocessed) => Effect.flatMap(preprocessed, (_) => send(_, (response) => response.arrayBuffer)),
      Effect.succeed
    )
  }
}

export type Transport = ReturnType<typeof makeTransport>
