import { Either } from "effect"
import { isUtf8 } from "node:buffer"
import type { IncomingMessage } from "node:http"
import { Problem } from "./Problem.ts"
import { carriesJson } from "./RequestHeaders.ts"
import { parseStrictJson } from "./StrictJson.ts"

/** Bytes. */
export const maxBodyBytes = 16_384

export type Body = Buffer | "too_large"

/** Of a request without one. */
export const emptyBody = Buffer.alloc(0)

/** What is read where a body may be left out and is. */
export const emptyObject = Buffer.from("{}")

/** RFC 9112, 6: neither header, no body. */
export const hasNoBody = ({ headers }: IncomingMessage): boolean =>
  headers["content-type"] === undefined && headers["transfer-encoding"] === undefined &&
  Number(headers["content-length"] ?? 0) === 0

export const declaresTooMuch = ({ headers }: IncomingMessage): boolean =>
  Number(headers["content-length"] ?? 0) > maxBodyBytes

/** What a client has not sent yet of a small body is skipped; of another one, the connection is closed. */
export const leavesMuch = (message: IncomingMessage): boolean =>
  !message.complete && (message.headers["transfer-encoding"] !== undefined || declaresTooMuch(message))

/** Calls back once with the body, or as soon as it is known to be too large; never when the client goes away. */
export const collectBody = (message: IncomingMessage, done: (body: Body) => void): void => {
  let first: Buffer | undefined
  let more: Array<Buffer> | undefined
  let length = 0
  message.on("data", (chunk: Buffer) => {
    if (length > maxBodyBytes) return
    length += chunk.length
    if (length > maxBodyBytes) return done("too_large")
    if (first === undefined) first = chunk
    else (more ??= [first]).push(chunk)
  })
  message.on("end", () => {
    if (length <= maxBodyBytes) done(more === undefined ? first ?? emptyBody : Buffer.concat(more))
  })
}

export const tooLarge = new Problem({
  name: "payload_too_large",
  detail: `The body may have at most ${maxBodyBytes} bytes.`
})

const unsupported = new Problem({
  name: "unsupported_media_type",
  detail: "The body must be application/json in UTF-8, without a Content-Encoding."
})

const problems = {
  notUtf8: Either.left(new Problem({ name: "invalid_json", detail: "The body is not UTF-8." })),
  invalid_json: new Problem({ name: "invalid_json", detail: "The body is not JSON (RFC 8259)." }),
  duplicate_key: new Problem({ name: "duplicate_key", detail: "An object has the same key twice." })
} as const

/** Null for JSON as it is. */
export const checkType = (message: IncomingMessage): Problem | null => carriesJson(message) ? null : unsupported

export const parseBody = (body: Buffer): Either.Either<unknown, Problem> =>
  isUtf8(body)
    ? Either.mapLeft(parseStrictJson(body.toString("utf8")), (code) => problems[code])
    : problems.notUtf8
