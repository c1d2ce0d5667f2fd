/** Headers of answers, as the OpenAPI document tells them. One that is required is on every answer that lists it. */
const text = { type: "string" }

export const headers = {
  "Request-Id": {
    description: "Names this request in the gateway's log.",
    required: true,
    schema: { type: "string", pattern: "^req_[0-7][0-9A-HJKMNP-TV-Z]{25}$" },
    example: "req_01M6DRNP2A8QK4V5N6M7P8Q9RS"
  },
  "Cache-Control": {
    description: "Almost nothing may be stored; what has an entity tag may be, by the client itself.",
    schema: text,
    example: "no-store"
  },
  Location: {
    description: "Where the transaction is read.",
    required: true,
    schema: { type: "string", format: "uri-reference" },
    example: "/v1/transactions/txn_01M6DRNNY68QK4V5N6M7P8Q9RS"
  },
  "Retry-After": {
    description: "Seconds after which it is worth to ask again.",
    schema: { type: "integer", minimum: 0 },
    example: 1
  },
  "Preference-Applied": {
    description: "The wait that was applied (RFC 7240), where one was asked for and there was room for it.",
    schema: { type: "string", pattern: "^wait=\\d+$" },
    example: "wait=10"
  },
  "Idempotent-Replayed": {
    description: "The transaction was made by an earlier request with this Idempotency-Key.",
    schema: { type: "string", enum: ["true"] },
    example: "true"
  },
  ETag: {
    description: "Changes with the body (RFC 9110, 8.8.3).",
    required: true,
    schema: { type: "string", pattern: "^\"[\\w-]{22}\"$" },
    example: "\"9Zt1cQWvB0m5p2XyL7aKdA\""
  },
  Vary: {
    description: "The answer depends on who asks.",
    required: true,
    schema: text,
    example: "authorization, cookie"
  },
  RateLimit: {
    description: "What is left of the account's rate (draft-ietf-httpapi-ratelimit-headers), while rates are limited.",
    schema: text,
    example: "\"account\";r=999;t=1"
  },
  "RateLimit-Policy": {
    description: "The account's rate (draft-ietf-httpapi-ratelimit-headers), while rates are limited.",
    schema: text,
    example: "\"account\";q=1000;w=1"
  },
  "WWW-Authenticate": {
    description:
      "Basic; or Session, to a sign-in and to a request with the panel's cookie: browsers do nothing with it.",
    required: true,
    schema: text,
    example: "Basic realm=\"gateway\", charset=\"UTF-8\""
  },
  "Set-Cookie": {
    description: "The panel's cookie; to sign out, one that has ended.",
    required: true,
    schema: text,
    example: "gateway_session=…; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"
  },
  "Content-Disposition": {
    description: "Of CSV: a file.",
    schema: text,
    example: "attachment; filename=\"transactions.csv\""
  },
  "X-Accel-Buffering": {
    description: "A proxy must pass on every event at once.",
    required: true,
    schema: text,
    example: "no"
  }
} as const

export type HeaderName = keyof typeof headers

/** What the HTTP parser refuses is answered before there is a request. */
const beforeRequest: ReadonlySet<number> = new Set([408, 417, 431])
const retryLater: ReadonlySet<number> = new Set([429, 503])
export const ofRates: ReadonlyArray<HeaderName> = ["RateLimit", "RateLimit-Policy"]

/** What an answer of this status has, besides what its operation alone tells. */
export const headersOf = (status: number): ReadonlyArray<HeaderName> => [
  "Request-Id",
  ...(beforeRequest.has(status) ? [] : ["Cache-Control" as const]),
  ...(status === 401 ? ["WWW-Authenticate" as const] : beforeRequest.has(status) ? [] : ofRates),
  ...(retryLater.has(status) ? ["Retry-After" as const] : [])
]
