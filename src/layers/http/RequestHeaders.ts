import { Either, Redacted } from "effect"
import type { IncomingMessage } from "node:http"

export interface BasicCredential {
  readonly username: string
  readonly password: Redacted.Redacted
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/

/** RFC 7617; null for anything else, two Authorization lines among it. */
export const basicCredential = (request: IncomingMessage): BasicCredential | null => {
  const header = request.headers.authorization
  if (header === undefined || header.length > 8_192 || header.slice(0, 6).toLowerCase() !== "basic ") return null
  const encoded = header.slice(6).trim()
  if (!base64.test(encoded) || !isWrittenOnce(request, "authorization")) return null
  const text = Buffer.from(encoded, "base64").toString("utf8")
  const colon = text.indexOf(":")
  if (colon < 0) return null
  return { username: text.slice(0, colon), password: Redacted.make(text.slice(colon + 1)) }
}

/** Node joins or drops repeated header lines; the raw ones tell. */
const linesOf = ({ rawHeaders }: IncomingMessage, name: string): number => {
  let lines = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === name.length && rawHeaders[i]!.toLowerCase() === name) lines++
  }
  return lines
}

export const isWrittenOnce = (request: IncomingMessage, name: string): boolean => linesOf(request, name) === 1

/** RFC 9112, 3.2: exactly one Host in HTTP/1.1. */
export const namesHost = (request: IncomingMessage): boolean =>
  request.httpVersion === "1.0" || linesOf(request, "host") === 1

/** Of the request's target; RFC 9112, 3.2.2: a server must accept the absolute form too. */
export const originForm = (url: string): string => url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?#]+/i, "")

const visibleAscii = /^[\x21-\x7e]{1,255}$/
/** An sf-string of RFC 8941: the draft's own form of the key. */
const quoted = /^"((?:[^"\\]|\\["\\])*)"$/

/** Null when there is none; left when it is not one key of 1 to 255 visible ASCII characters. */
export const idempotencyKey = (request: IncomingMessage): Either.Either<string | null, string> => {
  const header = request.headers["idempotency-key"]
  if (header === undefined) return Either.right(null)
  if (linesOf(request, "idempotency-key") !== 1) return Either.left("Idempotency-Key must be sent once.")
  const written = String(header)
  const inner = quoted.exec(written)?.[1]
  const key = inner === undefined ? written : inner.replace(/\\(["\\])/g, "$1")
  return visibleAscii.test(key)
    ? Either.right(key)
    : Either.left("Idempotency-Key must be 1 to 255 visible ASCII characters.")
}

/** Of a header that an expression reads: on some texts its time grows with the square of the length. */
const longestHeader = 256

const longestWait = 30
const waitPreference = /^\s*wait\s*=\s*(?:(\d+)|"(\d+)")\s*(?:;.*)?$/i
/** What stands between commas that are not within quotes. */
const preferences = /(?:[^",]|"(?:[^"\\]|\\.)*")+/g

/** RFC 7240: seconds of `wait=N`, capped at 30; null when there is no such preference or it is malformed. */
export const preferredWait = (prefer: string | Array<string> | undefined): number | null => {
  if (prefer === undefined || prefer.length > longestHeader) return null
  for (const [preference] of String(prefer).matchAll(preferences)) {
    const match = waitPreference.exec(preference)
    if (match !== null) return Math.min(Number(match[1] ?? match[2]), longestWait)
  }
  return null
}

/** How much an Accept header (RFC 9110, 12.5.1) wants this type, 0 to 1; the most specific range decides. */
const qualityOf = (accept: string, type: string): number => {
  const [major] = type.split("/")
  let best = { specificity: -1, quality: 0 }
  for (const part of accept.split(",")) {
    const [range, ...parameters] = part.split(";").map((_) => _.trim().toLowerCase())
    const specificity = range === type ? 2 : range === `${major}/*` ? 1 : range === "*/*" ? 0 : -1
    if (specificity < 0 || specificity < best.specificity) continue
    const quality = parameters.find((_) => _.startsWith("q="))
    best = { specificity, quality: quality === undefined ? 1 : Number(quality.slice(2)) }
  }
  return best.quality
}

/** The type that an Accept header wants most, the first one of equals; null when it wants none of them. */
export const preferredType = (accept: string | undefined, types: ReadonlyArray<string>): string | null => {
  if (accept === undefined || accept === "*/*" || accept.trim() === "") return types[0]!
  let best: string | null = null
  let most = 0
  for (const type of types) {
    const quality = qualityOf(accept, type)
    if (quality > most) [best, most] = [type, quality]
  }
  return best
}

/** Whether an If-None-Match (RFC 9110, 13.1.2) holds this entity tag. */
export const matchesTag = (ifNoneMatch: string | undefined, tag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch.split(",").some((_) => _.trim() === "*" || _.trim().replace(/^W\//, "") === tag)

/** The values of a cookie (RFC 6265, 4.2.1): pages of other ports and paths of a host may have set more of that name. */
export const cookiesOf = ({ headers }: IncomingMessage, name: string): ReadonlyArray<string> =>
  (headers.cookie ?? "").split(";", 100).flatMap((pair) => {
    const equals = pair.indexOf("=")
    return equals > 0 && pair.slice(0, equals).trim() === name ? [pair.slice(equals + 1).trim()] : []
  })

/**
 * RFC 6454: a browser says where a page came from, and no page can say otherwise. A request that is not known to have come
 * by TLS may have done so, through a proxy that is not trusted.
 */
export const comesFromOwnOrigin = ({ headers }: IncomingMessage, isSecure: boolean): boolean => {
  const { host, origin } = headers
  if (origin === undefined || host === undefined) return false
  const own = host.toLowerCase()
  const from = origin.toLowerCase()
  return from === `https://${own}` || (!isSecure && from === `http://${own}`)
}

const jsonType = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i

/** JSON in UTF-8, as it is: nothing that would have to be unpacked first. */
export const carriesJson = ({ headers }: IncomingMessage): boolean =>
  headers["content-encoding"] === undefined && (headers["content-type"] ?? "").length <= longestHeader &&
  jsonType.test(headers["content-type"] ?? "")
