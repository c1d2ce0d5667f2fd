/** The HTTP side of the bare programs: credentials, checks and answers on `node:http`, without a framework. */
import { isUtf8 } from "node:buffer"
import { createHmac, randomFillSync, timingSafeEqual } from "node:crypto"
import { createServer } from "node:http"
import { cvvShape, digitsOf, fullYear, holdsCardNumber, sentences, summarize } from "./cards.mjs"

const maxBody = 16_384

export const hmac = (key, text) => createHmac("sha256", key).update(text).digest()

// ids

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
const entropy = Buffer.alloc(8_192)
let used = entropy.length
export const random = (length) => {
  if (used + length > entropy.length) {
    randomFillSync(entropy)
    used = 0
  }
  used += length
  return entropy.subarray(used - length, used)
}

let lastInstant = -1
let lastPrefix = ""
export const ulid = (instant) => {
  if (instant !== lastInstant) {
    lastInstant = instant
    lastPrefix = ""
    for (let rest = instant, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) {
      lastPrefix = alphabet[rest % 32] + lastPrefix
    }
  }
  let text = lastPrefix
  for (const byte of random(16)) text += alphabet[byte & 31]
  return text
}

// answers

const send = (response, status, body, headers) => {
  headers["Request-Id"] = response.requestId
  headers["Content-Length"] = Buffer.byteLength(body)
  response.writeHead(status, headers)
  response.end(body)
}

const problem = (response, status, code, detail, headers = {}, errors = []) =>
  send(response, status, JSON.stringify({ status, code, detail, request_id: response.requestId, errors }), {
    ...headers,
    "Content-Type": "application/problem+json"
  })

const unauthorized = (response) =>
  problem(response, 401, "unauthorized", "No such account and secret.", {
    "WWW-Authenticate": "Basic realm=\"gateway\""
  })

/** The row may be stored or not. */
export const unavailable = (response) =>
  problem(response, 503, "unavailable", "Perhaps stored, repeat with the same key.")

/** The row is stored. */
export const accepted = (response, row) =>
  send(response, 202, JSON.stringify(transaction(row)), {
    "Content-Type": "application/json",
    Location: `/v1/transactions/${row.id}`,
    "Retry-After": "1"
  })

/** The key's first request had made another row. */
export const replay = (response, row, first) => {
  if (!timingSafeEqual(first.request_digest, row.request_digest)) {
    return problem(response, 422, "idempotency_key_reused", "This key was used with another body.")
  }
  send(response, first.status === null ? 202 : 201, JSON.stringify(transaction(first)), {
    "Content-Type": "application/json",
    "Idempotent-Replayed": "true",
    Location: `/v1/transactions/${first.id}`
  })
}

const iso = (instant) => instant === null || instant === undefined ? null : new Date(instant).toISOString()

const transaction = (row) => ({
  id: row.id,
  object: "transaction",
  status: row.status ?? "processing",
  amount: row.amount,
  currency: row.currency,
  card: {
    brand: row.brand,
    bin: row.bin,
    last4: row.last4,
    exp_month: row.exp_month,
    exp_year: row.exp_year,
    fingerprint: row.fingerprint
  },
  error: row.error_code ? { code: row.error_code, message: sentences[row.error_code] } : null,
  reference: row.reference,
  metadata: row.metadata === null ? null : JSON.parse(row.metadata),
  created_at: iso(row.accepted_at),
  decided_at: iso(row.decided_at)
})

// checks of the request's fields

const isText = (value, min, max) =>
  typeof value === "string" && value.length >= min && value.length <= max && !value.includes("\0") &&
  value.isWellFormed()
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value)
const isInteger = (value, max) => Number.isInteger(value) && value >= 0 && value <= max
const isMetadata = (value) => {
  if (!isObject(value)) return false
  const entries = Object.entries(value)
  return entries.length <= 50 && entries.every(([key, text]) => isText(key, 1, 40) && isText(text, 0, 500))
}

const requestFields = new Set(["amount", "currency", "card", "reference", "metadata"])
const cardFields = new Set(["number", "holder", "exp_month", "exp_year", "cvv"])

const check = (body) => {
  const errors = []
  const refuse = (pointer, code, detail) => errors.push({ pointer, code, detail })
  const known = (value, fields, pointer) => {
    for (const name in value) if (!fields.has(name)) refuse(pointer, "unknown_field", "Unknown field.")
  }
  if (!isObject(body)) {
    refuse("", "invalid_type", "Expected an object.")
    return errors
  }
  known(body, requestFields, "")
  if (!Number.isSafeInteger(body.amount)) refuse("/amount", "invalid_type", "Expected an integer number of cents.")
  if (body.currency !== undefined && body.currency !== "USD") {
    refuse("/currency", "currency_not_supported", "Expected USD.")
  }
  if (isObject(body.card)) {
    known(body.card, cardFields, "/card")
    if (!isText(body.card.number, 0, 64)) refuse("/card/number", "invalid_type", "Expected a string.")
    if (!isText(body.card.holder, 1, 255)) refuse("/card/holder", "invalid_type", "Expected a string.")
    else if (holdsCardNumber(body.card.holder)) refuse("/card/holder", "card_number_in_text", "Holds a card number.")
    if (!isInteger(body.card.exp_month, 99)) refuse("/card/exp_month", "invalid_type", "Expected an integer.")
    if (!isInteger(body.card.exp_year, 9999)) refuse("/card/exp_year", "invalid_type", "Expected an integer.")
    if (!isText(body.card.cvv, 0, 16)) refuse("/card/cvv", "invalid_type", "Expected a string.")
  } else {
    refuse("/card", "invalid_type", "Expected an object.")
  }
  if (body.reference !== undefined) {
    if (!isText(body.reference, 0, 255)) refuse("/reference", "invalid_type", "Expected a string.")
    else if (holdsCardNumber(body.reference)) refuse("/reference", "card_number_in_text", "Holds a card number.")
  }
  if (body.metadata !== undefined) {
    if (!isMetadata(body.metadata)) refuse("/metadata", "invalid_type", "Expected up to 50 pairs of strings.")
    else if (Object.entries(body.metadata).some((pair) => pair.some(holdsCardNumber))) {
      refuse("/metadata", "card_number_in_text", "Holds a card number.")
    }
  }
  return errors
}

/** The JSON with its keys in order and without the CVV: what two requests with one key must agree on. */
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (!isObject(value)) return JSON.stringify(value)
  return `{${Object.keys(value).toSorted().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`
}

/** The key, null when there is none, undefined when it is not one. */
const idempotencyKey = (request) => {
  const header = request.headers["idempotency-key"]
  if (header === undefined) return null
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header
  return /^[\x21-\x7e]{1,255}$/.test(key) && !holdsCardNumber(key) ? key : undefined
}

const collection = "/v1/transactions"

/**
 * A server that gives each good request to `submit({ created: false, response, row })`, which answers it with what is
 * above. `lookUp(id, account, then)` finds a row; `accounts` has the digests of their secrets.
 */
export const createIntake = ({ accounts, keys, lookUp, seal, submit }) => {
  const nobody = Buffer.alloc(32)

  const authenticate = (request) => {
    const header = request.headers.authorization
    if (header === undefined || header.length > 512 || !header.startsWith("Basic ")) return undefined
    const text = Buffer.from(header.slice(6), "base64").toString("latin1")
    const colon = text.indexOf(":")
    if (colon === -1) return undefined
    const account = text.slice(0, colon)
    const expected = accounts.get(account)
    const same = timingSafeEqual(hmac(keys.secret, text.slice(colon + 1)), expected ?? nobody)
    return same && expected !== undefined ? account : undefined
  }

  const requestDigest = (body) => hmac(keys.idempotency, canonical({ ...body, card: { ...body.card, cvv: undefined } }))

  const create = (request, response) => {
    const account = authenticate(request)
    if (account === undefined) return unauthorized(response)
    if (!/^application\/json(?:$|;)/.test(request.headers["content-type"] ?? "")) {
      return problem(response, 415, "unsupported_media_type", "Expected application/json.")
    }
    const chunks = []
    let size = 0
    request.on("data", (chunk) => {
      size += chunk.length
      if (size <= maxBody) chunks.push(chunk)
    })
    request.on("end", () => {
      if (size > maxBody) return problem(response, 413, "body_too_large", "Expected at most 16,384 bytes.")
      const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
      if (!isUtf8(bytes)) return problem(response, 400, "invalid_json", "Expected UTF-8.")
      let body
      try {
        body = JSON.parse(bytes.toString())
      } catch {
        return problem(response, 400, "invalid_json", "Expected JSON.")
      }
      const key = idempotencyKey(request)
      if (key === undefined) return problem(response, 400, "invalid_header", "Bad Idempotency-Key.")
      const errors = check(body)
      if (errors.length > 0) return problem(response, 422, "invalid_request", "Some fields are not right.", {}, errors)
      submit({ created: false, response, row: submission(account, key, body) })
    })
  }

  const submission = (account, key, body) => {
    const acceptedAt = Date.now()
    const id = `txn_${ulid(acceptedAt)}`
    const digits = digitsOf(body.card.number)
    const card = summarize(digits)
    const cvv = cvvShape(body.card.cvv)
    const currency = "USD"
    return {
      id,
      account_id: account,
      idempotency_key: key,
      request_digest: key === null ? null : requestDigest(body),
      amount: body.amount,
      currency,
      brand: card.brand,
      bin: card.bin,
      last4: card.last4,
      exp_month: body.card.exp_month,
      exp_year: fullYear(body.card.exp_year),
      fingerprint: card.bin === null ? null : hmac(keys.fingerprint, digits).toString("base64url"),
      cvv_shape: cvv,
      sealed_card: seal({ id, account, amount: body.amount, currency, acceptedAt, cvv }, {
        number: body.card.number,
        holder: body.card.holder,
        expMonth: body.card.exp_month,
        expYear: body.card.exp_year
      }),
      reference: body.reference ?? null,
      metadata: body.metadata === undefined ? null : JSON.stringify(body.metadata),
      accepted_at: acceptedAt
    }
  }

  const find = (request, response, id) => {
    const account = authenticate(request)
    if (account === undefined) return unauthorized(response)
    lookUp(id, account, (row) => {
      if (row === undefined) return problem(response, 404, "not_found", "No such transaction.")
      send(response, 200, JSON.stringify(transaction(row)), { "Content-Type": "application/json" })
    })
  }

  return createServer((request, response) => {
    const { method, url } = request
    response.requestId = `req_${ulid(Date.now())}`
    if (url === collection && method === "POST") return create(request, response)
    if (method === "GET" && url.startsWith(`${collection}/`)) {
      return find(request, response, url.slice(collection.length + 1))
    }
    if (method === "GET" && url === "/livez") return send(response, 200, "ok", { "Content-Type": "text/plain" })
    problem(response, 404, "not_found", "No such resource.")
  })
}

/** Ends the program by SIGTERM or SIGINT, when what is being answered is answered. */
export const stopInOrder = (server, then) => {
  const stop = () => {
    server.close(then)
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 2_000).unref()
  }
  process.once("SIGTERM", stop)
  process.once("SIGINT", stop)
}
