import { HttpClientError } from "@effect/platform"
import { Data, Either, ParseResult, Predicate, Schema } from "effect"
import { fieldErrors } from "../http/FieldErrors.ts"
import { FieldError, type ProblemName } from "../http/Problem.ts"

/**
 * `unreachable`: nothing was sent. `connection_lost` and `timeout`: what was sent may have arrived, or not.
 * `unexpected_answer`: somebody answered, but not as the contract has it; a proxy, perhaps.
 */
export type ClientErrorCode = "unreachable" | "connection_lost" | "timeout" | "unexpected_answer"

/** The codes of a problem answer, and those of a client that got none. */
export type GatewayErrorCode = Exclude<ProblemName, "unknown_cursor"> | ClientErrorCode

/** Why a call failed. It never holds what was sent: no card, no secret, no header. */
export class GatewayError extends Data.TaggedError("GatewayError")<{
  /** Of the answer; null when there was none. */
  readonly status: number | null
  readonly code: GatewayErrorCode
  /** A sentence for a person. */
  readonly detail: string
  /** What the gateway's operator finds the request by. */
  readonly requestId: string | null
  /** The same request may succeed later, unchanged. */
  readonly retryable: boolean
  /** Every member of the body that does not fit. */
  readonly errors: ReadonlyArray<FieldError>
  /** Milliseconds that the gateway asked to wait. */
  readonly retryAfter: number | null
  /** Of `submit` alone: repeat the request with it, and it is made once at most. */
  readonly idempotencyKey: string | null
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.detail} (${[this.code, this.requestId].filter(Predicate.isNotNull).join(", ")})`
  }
}

const none = { requestId: null, errors: [], retryAfter: null, idempotencyKey: null } as const

/** Codes of a socket that was never connected. */
const neverConnected = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT"
])

const systemCode = (cause: unknown): string | undefined =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string"
    ? cause.code
    : Predicate.hasProperty(cause, "cause")
    ? systemCode(cause.cause)
    : undefined

/** fetch does not go to some ports at all (WHATWG Fetch, 2.9). */
const isBadPort = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "cause") && Predicate.hasProperty(cause.cause, "message") &&
  cause.cause.message === "bad port"

const unsendable = new GatewayError({
  ...none,
  status: null,
  code: "invalid_request",
  detail: "The request cannot be sent: is the address right?",
  retryable: false
})

export const notAnId = new GatewayError({
  ...none,
  status: null,
  code: "invalid_request",
  detail: "This is not an id, and was not sent.",
  retryable: false
})

const fromNetwork = (cause: unknown): GatewayError => {
  const code = systemCode(cause)
  if (isBadPort(cause)) return unsendable
  return code !== undefined && neverConnected.has(code)
    ? new GatewayError({
      ...none,
      status: null,
      code: "unreachable",
      detail: `The gateway cannot be reached: ${code}.`,
      retryable: true,
      cause
    })
    : new GatewayError({
      ...none,
      status: null,
      code: "connection_lost",
      detail: `The connection was lost before the whole answer was there${code === undefined ? "" : `: ${code}`}.`,
      retryable: true,
      cause
    })
}

/** @param milliseconds how long was waited */
export const timedOut = (milliseconds: number): GatewayError =>
  new GatewayError({
    ...none,
    status: null,
    code: "timeout",
    detail: `There was no answer within ${milliseconds} ms.`,
    retryable: true
  })

/** A stream of events that ended, which it never does by itself. */
export const streamEnded = new GatewayError({
  ...none,
  status: null,
  code: "connection_lost",
  detail: "The stream of events ended.",
  retryable: true
})

/** What the transport of a request fails with: the errors of the platform hold the request, so only their causes go on. */
export const fromTransport = (error: HttpClientError.HttpClientError): GatewayError =>
  error._tag === "RequestError" && error.reason !== "Transport"
    ? unsendable
    : fromNetwork(error.cause)

const Problem = Schema.parseJson(Schema.Struct({
  detail: Schema.String,
  code: Schema.String,
  request_id: Schema.String,
  retryable: Schema.Boolean,
  errors: Schema.Array(FieldError)
}))
const decodeProblem = Schema.decodeUnknownEither(Problem)

/** Milliseconds of a Retry-After (RFC 9110, 10.2.3): seconds, or a date. */
export const retryAfterOf = (header: string | undefined, now: number): number | null => {
  if (header === undefined) return null
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Of an answer of 400 or more. One that is no problem of ours comes from something in between. */
export const fromAnswer = ({ body, headers, now, status }: Refusal): GatewayError => {
  const retryAfter = retryAfterOf(headers["retry-after"], now)
  return Either.match(decodeProblem(body), {
    onLeft: () =>
      new GatewayError({
        ...none,
        status,
        code: "unexpected_answer",
        detail: `The answer is ${status} and not the gateway's own.`,
        requestId: headers["request-id"] ?? null,
        retryable: status === 408 || status === 429 || status >= 500,
        retryAfter
      }),
    onRight: ({ code, detail, errors, request_id, retryable }) =>
      new GatewayError({
        status,
        // a newer gateway may know more of them
        code: code as GatewayErrorCode,
        detail,
        requestId: request_id,
        retryable,
        errors,
        retryAfter,
        idempotencyKey: null
      })
  })
}

/** What is known of a call when its schema refuses something. */
export interface Progress {
  status: number | null
  requestId: string | null
}

/** A request that the contract refuses is not sent; an answer that it refuses is not the gateway's. */
export const fromSchema = ({ issue }: ParseResult.ParseError, { requestId, status }: Progress): GatewayError => {
  const errors = fieldErrors(issue)
  return status === null
    ? new GatewayError({
      ...none,
      status,
      code: "invalid_request",
      detail: "The request does not fit the contract and was not sent: see errors.",
      retryable: false,
      errors
    })
    : new GatewayError({
      ...none,
      status,
      code: "unexpected_answer",
      detail: `The answer does not fit the contract at ${errors.map((_) => _.pointer).join(", ")}.`,
      requestId,
      retryable: false
    })
}

export const toGatewayError = (error: unknown, progress: Progress): GatewayError => {
  if (error instanceof GatewayError) return error
  if (ParseResult.isParseError(error)) return fromSchema(error, progress)
  return new GatewayError({
    ...none,
    ...progress,
    code: "unexpected_answer",
    detail: "The answer does not fit the contract.",
    retryable: false
  })
}
