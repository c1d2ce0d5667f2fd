import { HttpApiMiddleware, HttpApiSecurity } from "@effect/platform"
import { Context, Schema } from "effect"
import { problemsOf } from "./Problem.ts"

/** Who may call an endpoint; `anyone` needs no credential. */
export class Access extends Context.Tag("gateway/Access")<Access, "account" | "operator" | "both" | "anyone">() {}

/** What it answers besides JSON, or instead. */
export class MediaTypes extends Context.Tag("gateway/MediaTypes")<MediaTypes, ReadonlyArray<string>>() {}

/** Whether it answers 304 to an `If-None-Match` that fits. */
export class Conditional extends Context.Tag("gateway/Conditional")<Conditional, true>() {}

export const sessionCookie = "gateway_session"
/** RFC 6265bis: the name of the cookie when it came by TLS. */
export const secureSessionCookie = `__Host-${sessionCookie}`

/**
 * RFC 7617, or the panel's cookie. The server checks them, before anything of the request is decoded.
 *
 * @effect-expect-leaking HttpServerRequest | ParsedSearchParams | RouteContext
 */
export class Authentication extends HttpApiMiddleware.Tag<Authentication>()("gateway/Authentication", {
  failure: problemsOf("unauthenticated"),
  security: {
    basic: HttpApiSecurity.basic,
    session: HttpApiSecurity.apiKey({ key: sessionCookie, in: "cookie" })
  }
}) {}

/** Unknown members are refused and all errors are told at once. */
export const strict = { parseOptions: { onExcessProperty: "error", errors: "all" } } as const

export const anyRequest = problemsOf("not_acceptable")
export const badRequest = problemsOf("bad_request", "invalid_header", "invalid_query")
export const missing = problemsOf("resource_missing")
export const limited = problemsOf("rate_limited", "too_many_failures")
export const unavailable = problemsOf("unavailable", "overloaded", "shutting_down")
export const withBody = {
  badBody: problemsOf("bad_request", "invalid_header", "invalid_query", "invalid_json", "duplicate_key"),
  tooLarge: problemsOf("payload_too_large"),
  mediaType: problemsOf("unsupported_media_type")
}

const limit = Schema.String.pipe(
  Schema.pattern(/^[1-9]\d{0,2}$/),
  Schema.compose(Schema.NumberFromString),
  Schema.between(1, 100)
)

/** Of every list, newest first. */
export const pageQuery = {
  limit: Schema.optional(limit),
  /** An id; any other text is a cursor that is not known. */
  starting_after: Schema.optional(Schema.String),
  ending_before: Schema.optional(Schema.String)
}

export const listOf = <A, I>(identifier: string, item: Schema.Schema<A, I>) =>
  Schema.Struct({
    object: Schema.Literal("list"),
    data: Schema.Array(item),
    has_more: Schema.Boolean,
    next: Schema.NullOr(Schema.String).annotations({
      description: "What to give as starting_after (or ending_before) for the next page; null at the end"
    }),
    url: Schema.String
  }).annotations({ identifier })
