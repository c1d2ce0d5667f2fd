import { HttpApiMiddleware, HttpApiSchema, HttpApiSecurity, OpenApi } from "@effect/platform"
import { Context, Schema } from "effect"
import { problemsOf } from "./Problem.ts"

/**
 * Who may call an endpoint: with a credential of an account, of the operator, of either; with the panel's cookie alone
 * (`session`); with nothing (`anyone`), or nothing but from a page of our own (`own_page`).
 */
export class Access extends Context.Tag("gateway/Access")<
  Access,
  "account" | "operator" | "both" | "session" | "anyone" | "own_page"
>() {}

/** All that it answers, the default first; JSON alone where nothing is said. */
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
    basic: HttpApiSecurity.basic.pipe(
      HttpApiSecurity.annotate(
        OpenApi.Description,
        "An account's id and one of its secrets; the operator's name is `operator`. It wins over a cookie."
      )
    ),
    session: HttpApiSecurity.apiKey({ key: sessionCookie, in: "cookie" }).pipe(
      HttpApiSecurity.annotate(
        OpenApi.Description,
        `The panel's cookie, which POST /v1/session sets. By TLS its name is \`${secureSessionCookie}\`. ` +
          "A request that changes something needs an Origin header of the gateway's own host too."
      )
    )
  }
}) {}

/** How a text of a body is documented: its own description is what an error says that it must be. */
export const textSchema = (minLength: number, maxLength: number, description: string) => ({
  type: "string",
  minLength,
  maxLength,
  // no NUL
  pattern: "^[^\\u0000]*$",
  description
})

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

/** Any text: one that is no id names nothing, and is answered so. */
export const idOf = (component: "AccountId" | "SecretId" | "TransactionId", description: string) =>
  Schema.Struct({
    id: Schema.String.annotations({ jsonSchema: { $ref: `#/components/schemas/${component}`, description } })
  })

/** A success whose status is not 200; `Schema.annotations` alone would take its name away. */
export const answered = <S extends Schema.Annotable.All>(
  status: number,
  identifier: string,
  schema: S
): Schema.Annotable.Self<S> => schema.annotations({ identifier, [HttpApiSchema.AnnotationStatus]: status })

const limit = Schema.String.pipe(
  Schema.pattern(/^[1-9]\d{0,2}$/),
  Schema.annotations({
    jsonSchema: {
      type: "integer",
      minimum: 1,
      maximum: 100,
      default: 10,
      description: "How many a page has at most."
    }
  }),
  Schema.compose(Schema.NumberFromString),
  Schema.between(1, 100)
)

/** Of every list, newest first. */
export const pageQuery = {
  limit: Schema.optional(limit),
  /** An id; any other text is a cursor that is not known. */
  starting_after: Schema.optional(Schema.String.annotations({
    description: "An id: the page has what is older. One that is not known is answered 400, `resource_missing`."
  })),
  ending_before: Schema.optional(Schema.String.annotations({
    description: "An id: the page has what is newer, and goes before it. It excludes `starting_after`."
  }))
}

export const listOf = <A, I>(identifier: string, item: Schema.Schema<A, I>) =>
  Schema.Struct({
    object: Schema.Literal("list"),
    data: Schema.Array(item).annotations({ description: "Newest first" }),
    has_more: Schema.Boolean.annotations({ description: "Whether there is another page in the same direction" }),
    next: Schema.NullOr(Schema.String).annotations({
      description: "What to give as starting_after (or ending_before) for the next page; null at the end"
    }),
    url: Schema.String.annotations({ description: "The path of this list" })
  }).annotations({ identifier })
