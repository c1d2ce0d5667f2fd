import { HttpApiSchema } from "@effect/platform"
import { Data, Schema } from "effect"

interface ProblemType {
  readonly status: number
  /** Constant: a person reads it, a program reads the code. */
  readonly title: string
  /** The same request may succeed later, unchanged. */
  readonly retryable?: true
}

/** Status, title and type of every code that an answer can carry (RFC 9457). The domain knows codes alone. */
export const problemTypes = {
  bad_request: { status: 400, title: "The request is not valid HTTP" },
  invalid_header: { status: 400, title: "A header is not valid" },
  invalid_json: { status: 400, title: "The body is not valid JSON" },
  duplicate_key: { status: 400, title: "An object in the body has a key twice" },
  invalid_query: { status: 400, title: "The query is not valid" },
  unknown_cursor: { status: 400, title: "There is no such resource" },
  unauthenticated: { status: 401, title: "The credential is missing or not valid" },
  forbidden: { status: 403, title: "The credential does not allow this" },
  route_missing: { status: 404, title: "There is nothing at this path" },
  resource_missing: { status: 404, title: "There is no such resource" },
  method_not_allowed: { status: 405, title: "The method is not allowed here" },
  not_acceptable: { status: 406, title: "No representation fits the Accept header" },
  request_timeout: { status: 408, title: "The request took too long to arrive", retryable: true },
  too_many_secrets: { status: 409, title: "The account has too many secrets" },
  last_secret: { status: 409, title: "The account's last full secret cannot go" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body is of a type that is not accepted" },
  expectation_failed: { status: 417, title: "The expectation cannot be met" },
  invalid_request: { status: 422, title: "The request is not valid" },
  currency_not_supported: { status: 422, title: "The currency is not supported" },
  card_number_in_text: { status: 422, title: "A text holds a card number" },
  idempotency_key_reused: { status: 422, title: "The idempotency key was used for another request" },
  too_many_failures: { status: 429, title: "Too many failed attempts to authenticate", retryable: true },
  rate_limited: { status: 429, title: "Too many requests", retryable: true },
  too_many_streams: { status: 429, title: "Too many event streams are open", retryable: true },
  headers_too_large: { status: 431, title: "The headers are too large" },
  internal_error: { status: 500, title: "The gateway made a mistake", retryable: true },
  unavailable: { status: 503, title: "The gateway cannot answer now", retryable: true },
  overloaded: { status: 503, title: "The gateway has too much to do", retryable: true },
  shutting_down: { status: 503, title: "The gateway is shutting down", retryable: true }
} as const satisfies Record<string, ProblemType>

export type ProblemName = keyof typeof problemTypes

/** What clients are told: the same answer for an unknown and for a foreign cursor, and its code is that of 404. */
const codeOf = (name: ProblemName): string => name === "unknown_cursor" ? "resource_missing" : name

export const FieldError = Schema.Struct({
  /** Where in the body (RFC 6901, as a URI fragment). */
  pointer: Schema.String,
  code: Schema.Literal("missing", "unknown_field", "invalid", "currency_not_supported", "card_number_in_text"),
  detail: Schema.String
}).annotations({ identifier: "FieldError" })
export interface FieldError extends Schema.Schema.Type<typeof FieldError> {}

const problemSchema = (status: number, names: ReadonlyArray<ProblemName>) =>
  Schema.Struct({
    type: Schema.String,
    title: Schema.String,
    status: Schema.Literal(status),
    detail: Schema.String,
    instance: Schema.String,
    code: Schema.Literal(...names.map(codeOf)),
    request_id: Schema.String,
    retryable: Schema.Boolean,
    errors: Schema.Array(FieldError)
  })
    .pipe(HttpApiSchema.withEncoding({ kind: "Json", contentType: "application/problem+json" }))
    .annotations(
      HttpApiSchema.annotations({ status, description: names.map((_) => problemTypes[_].title).join(" · ") })
    )

/** The problems of one status, as an error of an endpoint. */
export const problemsOf = (...names: readonly [ProblemName, ...ReadonlyArray<ProblemName>]) =>
  problemSchema(problemTypes[names[0]].status, names).annotations({ identifier: `Problem_${names.join("_")}` })

/** A problem on its way to the client; its detail never holds what the client wrote. */
export class Problem extends Data.TaggedError("Problem")<{
  readonly name: ProblemName
  readonly detail: string
  readonly errors?: ReadonlyArray<FieldError>
  readonly headers?: Readonly<Record<string, string>>
  /** For the log alone. */
  readonly cause?: unknown
}> {}

/** The same for what never was, what is gone and what is somebody else's. */
export const resourceMissing = new Problem({ name: "resource_missing", detail: "There is no such resource." })

export const routeMissing = new Problem({ name: "route_missing", detail: "There is nothing at this path." })

export const shuttingDown = new Problem({ name: "shutting_down", detail: "Repeat the request elsewhere." })

export const methodNotAllowed = (methods: ReadonlyArray<string>): Problem => {
  const allow = methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ")
  return new Problem({ name: "method_not_allowed", detail: `Allowed are ${allow}.`, headers: { allow } })
}

/** RFC 9112, 3.2. */
export const badHost = new Problem({
  name: "bad_request",
  detail: "HTTP/1.1 needs one Host header (RFC 9112, 3.2)."
})

export const refusedByDatabase = new Problem({
  name: "invalid_request",
  detail: "The database cannot store this request."
})

/** The database cannot be asked now; what was sent may have been stored. */
export const unavailable = (cause: unknown): Problem =>
  new Problem({
    name: "unavailable",
    detail: "What was sent may have been stored, or not: repeat it with the same Idempotency-Key.",
    cause
  })

/** Seconds after which a retry is worth it. */
const retryAfter = "1"

export interface EncodedProblem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The answer of a problem. `instance` is the route's template: a raw path may hold anything. */
export const encodeProblem = (
  problem: Problem,
  instance: string,
  requestId: string
): EncodedProblem => {
  const { status, title, ...type }: ProblemType = problemTypes[problem.name]
  const retryable = type.retryable === true
  const code = codeOf(problem.name)
  return {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(status === 503 ? { "retry-after": retryAfter } : {}),
      ...problem.headers
    },
    body: JSON.stringify({
      type: `urn:problem:${code}`,
      title,
      status,
      detail: problem.detail,
      instance,
      code,
      request_id: requestId,
      retryable,
      errors: problem.errors ?? []
    })
  }
}
