import { headersOf } from "./OpenApiHeaders.ts"
import { type ProblemName, problemTypes } from "./Problem.ts"

/** An example of each detail; the server's own say more where there is more to say. */
const details: Readonly<Record<ProblemName, string>> = {
  bad_request: "HTTP/1.1 needs one Host header (RFC 9112, 3.2).",
  invalid_header: "Idempotency-Key must be 1 to 255 visible ASCII characters.",
  invalid_json: "The body is not JSON (RFC 8259).",
  duplicate_key: "An object has the same key twice.",
  invalid_query: "A query parameter is unknown, repeated, or has a value that does not fit.",
  unknown_cursor: "There is nothing of that id to page from.",
  unauthenticated: "Send account and secret by HTTP Basic authentication, or sign in.",
  forbidden: "A read-only secret may not do this.",
  route_missing: "There is nothing at this path.",
  resource_missing: "There is no such resource.",
  method_not_allowed: "Allowed are GET, HEAD.",
  not_acceptable: "This is answered as application/json.",
  request_timeout: "The request did not arrive in time.",
  too_many_secrets: "An account has at most 2 live secrets of this scope: delete one, or wait until it expires.",
  last_secret: "Make another full secret before this one goes.",
  payload_too_large: "The body may have at most 16384 bytes.",
  unsupported_media_type: "The body must be application/json in UTF-8, without a Content-Encoding.",
  expectation_failed: "Only 100-continue can be expected.",
  invalid_request: "The body does not fit: see errors.",
  currency_not_supported: "The body does not fit: see errors.",
  card_number_in_text: "The body does not fit: see errors.",
  idempotency_key_reused: "This Idempotency-Key was used for another request: use a new one.",
  too_many_failures: "Too many attempts with a wrong secret: look it up before the next one.",
  rate_limited: "The account sends more than its rate allows: nothing was done, repeat the request later.",
  too_many_streams: "The account has as many event streams as it may: close one first.",
  headers_too_large: "Send fewer or shorter headers.",
  internal_error: "The gateway's log says what happened, by the request id.",
  unavailable: "What was sent may have been stored, or not: repeat it with the same Idempotency-Key.",
  overloaded: "Nothing was done: repeat the request in a moment.",
  shutting_down: "Repeat the request elsewhere."
}

const errors: { readonly [Name in ProblemName]?: { pointer: string; code: string; detail: string } } = {
  invalid_request: { pointer: "#/amount", code: "missing", detail: "This member is required." },
  currency_not_supported: {
    pointer: "#/currency",
    code: "currency_not_supported",
    detail: "This member must be USD."
  },
  card_number_in_text: {
    pointer: "#/reference",
    code: "card_number_in_text",
    detail: "This member must not hold a card number."
  }
}

/** What each problem is called among the shared answers, by its codes; any other one gets its codes for a name. */
const names: Readonly<Record<string, string>> = {
  "bad_request invalid_header invalid_query": "BadRequest",
  "bad_request invalid_header invalid_query invalid_json duplicate_key": "BadBody",
  "bad_request invalid_header invalid_query resource_missing": "BadListQuery",
  "invalid_request currency_not_supported card_number_in_text idempotency_key_reused": "InvalidTransaction",
  "rate_limited too_many_failures": "TooManyRequests",
  "rate_limited too_many_failures too_many_streams": "TooManyRequestsOrStreams",
  "unavailable overloaded shutting_down": "Unavailable"
}

const pascal = (code: string) => code.replace(/(?:^|_)([a-z])/g, (_, first: string) => first.toUpperCase())

export const responseNameOf = (codes: ReadonlyArray<string>): string =>
  names[codes.join(" ")] ?? codes.map(pascal).join("Or")

/** The parser refuses what never becomes a request, on any path. */
export const ofEveryOperation: ReadonlyArray<ProblemName> = [
  "request_timeout",
  "expectation_failed",
  "headers_too_large"
]

const exampleOf = (code: ProblemName, status: number) => ({
  summary: problemTypes[code].title,
  value: {
    type: `urn:problem:${code}`,
    title: problemTypes[code].title,
    status,
    detail: details[code],
    instance: ofEveryOperation.includes(code) ? "other" : "/v1/transactions",
    code,
    request_id: "req_01M6DRNP2A8QK4V5N6M7P8Q9RS",
    retryable: "retryable" in problemTypes[code],
    errors: errors[code] === undefined ? [] : [errors[code]]
  }
})

/** The answer of these problems of one status: the members of every problem, and what its own code can be. */
export const problemResponse = (status: number, codes: ReadonlyArray<ProblemName>) => ({
  description: codes.map((_) => problemTypes[_].title).join(" · "),
  headers: Object.fromEntries(headersOf(status).map((_) => [_, { $ref: `#/components/headers/${_}` }])),
  content: {
    "application/problem+json": {
      schema: {
        allOf: [
          { $ref: "#/components/schemas/Problem" },
          {
            type: "object",
            properties: {
              status: { type: "integer", enum: [status] },
              code: { type: "string", enum: codes }
            }
          }
        ]
      },
      examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code, status)]))
    }
  }
})

/** RFC 9457: what each member of a problem is. */
export const problemMembers: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  type: { type: "string", format: "uri", description: "`urn:problem:` and the code." },
  title: { type: "string", description: "The same for all of one type, for a person." },
  status: { type: "integer", minimum: 400, maximum: 599, description: "That of the answer." },
  detail: { type: "string", description: "What is wrong with this request; never what it held." },
  instance: { type: "string", description: "The template of the path, or `other`." },
  code: { type: "string", description: "For a program." },
  request_id: { type: "string", description: "The same as the header Request-Id." },
  retryable: { type: "boolean", description: "Whether the same request may succeed later, unchanged." },
  errors: {
    type: "array",
    items: { $ref: "#/components/schemas/FieldError" },
    description: "All that is wrong with the body, of 422; else empty."
  }
}
