import { Either } from "effect"
import type { IncomingMessage } from "node:http"
import type { Principal } from "../../services/Authenticate.ts"
import type { Traceparent } from "../../services/Tracing.ts"
import type { Operation } from "./Operation.ts"
import { Problem, resourceMissing } from "./Problem.ts"
import type { Received } from "./Reply.ts"
import { type Body, checkType, declaresTooMuch, hasNoBody, parseBody, tooLarge } from "./RequestBody.ts"
import { comesFromOwnOrigin, idempotencyKey, preferredType } from "./RequestHeaders.ts"

const forbidden = {
  account: new Problem({ name: "forbidden", detail: "Only an account may do this." }),
  operator: new Problem({ name: "forbidden", detail: "Only the operator may do this." }),
  readOnly: new Problem({ name: "forbidden", detail: "A read-only secret may not do this." }),
  foreignOrigin: new Problem({
    name: "forbidden",
    detail: "A change by cookie needs an Origin header of this host."
  })
}

/** What is known of a request before its credential is. */
export interface Arrived {
  readonly operation: Operation
  readonly parameters: Readonly<Record<string, string>>
  readonly query: string
  readonly message: IncomingMessage
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  /** Where its own span stands, or else what the client says of its trace. */
  readonly trace: Traceparent | null
}

/** Who makes a request, and how it was told. */
export interface Caller {
  /** Null where no credential is needed. */
  readonly principal: Principal | null
  readonly byCookie: boolean
  /** Whether the request is known to have come by TLS. */
  readonly isSecure: boolean
  /** When the session ends, in ms since the epoch; null without one. */
  readonly sessionEndsAt: number | null
}

const checkedKey = (message: IncomingMessage): Either.Either<string | null, Problem> =>
  Either.mapLeft(idempotencyKey(message), (detail) => new Problem({ name: "invalid_header", detail }))

/** Null when this caller may do this. */
export const checkAccess = (
  { message, operation }: Arrived,
  { byCookie, isSecure, principal }: Caller
): Problem | null => {
  const { access, changes } = operation
  if (principal !== null && (access === "account" || access === "operator")) {
    if ((access === "operator") !== (principal._tag === "Operator")) return forbidden[access]
  }
  if (!changes) return null
  if (principal?._tag === "Account" && principal.scope === "read_only") return forbidden.readOnly
  const needsOrigin = byCookie || access === "own_page"
  return needsOrigin && !comesFromOwnOrigin(message, isSecure) ? forbidden.foreignOrigin : null
}

/** Whether there is no body, and need not be one. */
export const leavesBodyOut = ({ message, operation }: Pick<Arrived, "message" | "operation">): boolean =>
  operation.bodyIsOptional && hasNoBody(message)

/** The media type of the answer, when the headers promise a body that can be taken: Accept, content type, declared size. */
export const checkHead = ({ message, operation }: Arrived): Either.Either<string, Problem> => {
  const mediaType = preferredType(message.headers.accept, operation.mediaTypes)
  if (mediaType === null) {
    return Either.left(
      new Problem({ name: "not_acceptable", detail: `This is answered as ${operation.mediaTypes.join(" or ")}.` })
    )
  }
  if (operation.decodeBody === null || leavesBodyOut({ message, operation })) return Either.right(mediaType)
  const refused = checkType(message) ?? (declaresTooMuch(message) ? tooLarge : null)
  return refused === null ? Either.right(mediaType) : Either.left(refused)
}

const none = Either.right(null)
const nothing = Either.right(undefined)

/** What is left when the body is there, in this order: its size, query, headers, JSON, schema. */
export const checkContent = (
  { message, operation, parameters, query, receivedAt, trace }: Arrived,
  { principal, sessionEndsAt }: Caller,
  mediaType: string,
  body: Body
): Either.Either<Received<never>, Problem> => {
  if (body === "too_large") return Either.left(tooLarge)
  const decodedQuery = operation.decodeQuery(query)
  if (Either.isLeft(decodedQuery)) return Either.left(decodedQuery.left)
  const key = operation.takesIdempotencyKey ? checkedKey(message) : none
  if (Either.isLeft(key)) return Either.left(key.left)
  const json = operation.decodeBody === null ? nothing : parseBody(body)
  if (Either.isLeft(json)) return Either.left(json.left)
  const payload = operation.decodeBody === null ? nothing : operation.decodeBody(json.right)
  if (Either.isLeft(payload)) return Either.left(payload.left)
  const path = operation.decodePath(parameters)
  if (Either.isLeft(path)) return Either.left(resourceMissing)
  return Either.right({
    principal,
    sessionEndsAt,
    path: path.right,
    query: decodedQuery.right,
    payload: payload.right,
    json: json.right,
    key: key.right,
    message,
    mediaType,
    receivedAt,
    trace
  } as Received<never>)
}
