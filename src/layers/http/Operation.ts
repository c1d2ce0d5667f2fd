import { HttpApi } from "@effect/platform"
import { Context, type Effect, Either, Option, ParseResult, Schema, SchemaAST } from "effect"
import { GatewayApi } from "./Api.ts"
import { Access, Conditional, MediaTypes } from "./Endpoint.ts"
import { fieldErrors } from "./FieldErrors.ts"
import { type FieldError, Problem, type ProblemName } from "./Problem.ts"
import type { AnyReply, Handlers, Received } from "./Reply.ts"

type Decode = (input: unknown) => Either.Either<unknown, ParseResult.ParseIssue>

/** An endpoint of the contract, ready to be served. */
export interface Operation {
  readonly template: string
  readonly access: Access["Type"]
  /** What it answers; the first one where the client leaves the choice. */
  readonly mediaTypes: ReadonlyArray<string>
  readonly changes: boolean
  readonly decodePath: Decode
  readonly decodeQuery: (query: string) => Either.Either<unknown, Problem>
  readonly takesIdempotencyKey: boolean
  /** Null where the endpoint takes no body. */
  readonly decodeBody: ((json: unknown) => Either.Either<unknown, Problem>) | null
  /** Whether no body at all is as good as an empty object. */
  readonly bodyIsOptional: boolean
  /** What the contract does not list is not answered. */
  readonly statuses: ReadonlySet<number>
  readonly handle: (request: Received<never>) => Effect.Effect<AnyReply, Problem>
}

/** The operations of one path, by method. */
export interface Route {
  readonly template: string
  readonly operations: ReadonlyMap<string, Operation>
}

const strict = { onExcessProperty: "error", errors: "all" } as const

const decoder = (schema: Option.Option<Schema.Schema.All>): Decode =>
  Option.match(schema, {
    onNone: () => Either.right,
    onSome: (_) => ParseResult.decodeUnknownEither(_ as Schema.Schema<unknown, unknown>, strict)
  })

/** Each parameter is known, written once, and has a value that fits. */
const queryDecoder = (schema: Option.Option<Schema.Schema.All>) => {
  // a schema without fields would take anything
  const decode: Decode = Option.isNone(schema) ? () => Either.right({}) : decoder(schema)
  const invalid = Either.left(
    new Problem({
      name: "invalid_query",
      detail: "A query parameter is unknown, repeated, or has a value that does not fit."
    })
  )
  return (query: string): Either.Either<unknown, Problem> => {
    const parameters = new URLSearchParams(query)
    const names = Array.from(parameters.keys())
    if (new Set(names).size !== names.length) return invalid
    if (names.length > 0 && Option.isNone(schema)) return invalid
    const decoded = decode(Object.fromEntries(parameters))
    return Either.isLeft(decoded) ? invalid : Either.right(decoded.right)
  }
}

/** A kind of error with a code of its own gives it to the whole, where there is no other kind. */
const problemOf = ([first, ...rest]: ReadonlyArray<FieldError>): ProblemName =>
  (first?.code === "currency_not_supported" || first?.code === "card_number_in_text") &&
    rest.every((_) => _.code === first.code)
    ? first.code
    : "invalid_request"

const bodyDecoder = (schema: Schema.Schema.All) => {
  const decode = decoder(Option.some(schema))
  return (json: unknown): Either.Either<unknown, Problem> =>
    Either.mapLeft(decode(json), (issue) => {
      const errors = fieldErrors(issue)
      return new Problem({
        name: problemOf(errors),
        detail: "The body does not fit: see errors.",
        errors
      })
    })
}

const namesKey = ({ ast }: Schema.Schema.All): boolean =>
  SchemaAST.getPropertySignatures(ast).some(({ name }) => name === "idempotency-key")

export const operationsOf = (handlers: Handlers): ReadonlyArray<Route> => {
  const routes = new Map<string, Map<string, Operation>>()
  HttpApi.reflect(GatewayApi, {
    onGroup: () => {},
    onEndpoint: ({ endpoint, successes }) => {
      const operations = routes.get(endpoint.path) ?? new Map<string, Operation>()
      routes.set(endpoint.path, operations)
      const decodeBody = Option.match(endpoint.payloadSchema, { onNone: () => null, onSome: bodyDecoder })
      operations.set(endpoint.method, {
        template: endpoint.path,
        access: Context.get(endpoint.annotations as Context.Context<Access>, Access),
        mediaTypes: Option.getOrElse(Context.getOption(endpoint.annotations, MediaTypes), () => ["application/json"]),
        changes: endpoint.method !== "GET",
        decodePath: decoder(endpoint.pathSchema),
        decodeQuery: queryDecoder(endpoint.urlParamsSchema),
        takesIdempotencyKey: Option.isSome(endpoint.headersSchema) && namesKey(endpoint.headersSchema.value),
        decodeBody,
        bodyIsOptional: decodeBody !== null && Either.isRight(decodeBody({})),
        statuses: new Set([
          ...successes.keys(),
          ...(Option.isSome(Context.getOption(endpoint.annotations, Conditional)) ? [304] : [])
        ]),
        handle: handlers[endpoint.name as keyof Handlers] as Operation["handle"]
      })
    }
  })
  return Array.from(routes, ([template, operations]) => ({ template, operations }))
}
