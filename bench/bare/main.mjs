/**
 * The bare program: the gateway's job by hand. `node:http`, better-sqlite3, one process, no framework.
 *
 * It is the yardstick of the benchmarks, so it is written to be fast and keeps the gateway's durability: a 202 is
 * answered after a flushed commit, a decision is stored by a flushed commit before anybody hears of it, and whatever a
 * crash cuts off is appended again at the next start.
 */
import Database from "better-sqlite3"
import { isUtf8 } from "node:buffer"
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomFillSync,
  timingSafeEqual
} from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { cvvShape, digitsOf, fullYear, holdsCardNumber, reject, sentences, summarize } from "./cards.mjs"

const port = Number(process.env.PORT ?? 8080)
const host = process.env.HOST ?? "127.0.0.1"
const dataDir = process.env.DATA_DIR ?? "./data"
const maxBody = 16_384
const maxBatch = 500
/** Milliseconds. Two flushed commits of a bigger batch cost less than four of two small ones. */
const linger = 2
const resendAfter = 5_000

mkdirSync(dataDir, { recursive: true, mode: 0o700 })

// ids and keys

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
const entropy = Buffer.alloc(8_192)
let used = entropy.length
const random = (length) => {
  if (used + length > entropy.length) {
    randomFillSync(entropy)
    used = 0
  }
  used += length
  return entropy.subarray(used - length, used)
}

let lastInstant = -1
let lastPrefix = ""
const ulid = (instant) => {
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

const privately = { mode: 0o600 }
const newKey = () => randomFillSync(Buffer.alloc(32)).toString("base64")
const keysFile = join(dataDir, "keys.json")
if (!existsSync(keysFile)) {
  writeFileSync(
    keysFile,
    JSON.stringify({ secret: newKey(), fingerprint: newKey(), idempotency: newKey(), card: newKey() }),
    privately
  )
}
const keys = JSON.parse(
  readFileSync(keysFile, "utf8"),
  (_, key) => typeof key === "string" ? createSecretKey(Buffer.from(key, "base64")) : key
)
const hmac = (key, text) => createHmac("sha256", key).update(text).digest()

// databases

const open = (name, synchronous) => {
  const database = new Database(join(dataDir, name))
  database.pragma("journal_mode = WAL")
  database.pragma(`synchronous = ${synchronous}`)
  return database
}

const gateway = open("gateway.sqlite", "FULL")
gateway.pragma("secure_delete = ON")
gateway.exec(`
  CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, secret_digest BLOB NOT NULL, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS submissions (
    id TEXT NOT NULL PRIMARY KEY, account_id TEXT NOT NULL, idempotency_key TEXT, request_digest BLOB,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, brand TEXT, bin TEXT, last4 TEXT, exp_month INTEGER NOT NULL,
    exp_year INTEGER NOT NULL, fingerprint TEXT, cvv_shape TEXT NOT NULL, sealed_card BLOB, reference TEXT,
    metadata TEXT, accepted_at INTEGER NOT NULL, status TEXT, error_code TEXT, decided_at INTEGER, recorded_at INTEGER,
    resend_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS submissions_account ON submissions (account_id, id);
  CREATE INDEX IF NOT EXISTS submissions_resend ON submissions (resend_at) WHERE resend_at IS NOT NULL;
  CREATE UNIQUE INDEX IF NOT EXISTS submissions_key ON submissions (account_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
`)

const processor = open("processor.sqlite", "FULL")
processor.exec(`
  CREATE TABLE IF NOT EXISTS transactions (
    id TEXT NOT NULL PRIMARY KEY, account_id TEXT NOT NULL, status TEXT NOT NULL, reason TEXT,
    accepted_at INTEGER NOT NULL, decided_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER IF NOT EXISTS transactions_update BEFORE UPDATE ON transactions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
  CREATE TRIGGER IF NOT EXISTS transactions_delete BEFORE DELETE ON transactions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
`)

// the log alone may lose its tail in a power cut: what is lost is appended again from the submissions
const log = open("log.sqlite", "NORMAL")
log.exec(`
  CREATE TABLE IF NOT EXISTS records (
    topic TEXT NOT NULL, "offset" INTEGER NOT NULL, "key" TEXT NOT NULL, value TEXT NOT NULL,
    appended_at INTEGER NOT NULL, PRIMARY KEY (topic, "offset")
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS offsets (
    topic TEXT PRIMARY KEY, next INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`)

// the log

const insertRecord = log.prepare("INSERT INTO records VALUES (?, ?, ?, ?, ?)")
const selectRecords = log.prepare(
  "SELECT \"offset\", value FROM records WHERE topic = ? AND \"offset\" >= ? ORDER BY \"offset\" LIMIT ?"
).raw()
const upsertOffset = log.prepare("INSERT INTO offsets VALUES (?, ?) ON CONFLICT DO UPDATE SET next = excluded.next")

class Topic {
  constructor(name) {
    this.name = name
    this.end = log.prepare("SELECT coalesce(max(\"offset\") + 1, 0) FROM records WHERE topic = ?").pluck().get(name)
    this.next = Math.min(log.prepare("SELECT next FROM offsets WHERE topic = ?").pluck().get(name) ?? 0, this.end)
    this.stored = this.next
    this.running = false
    this.append = log.transaction((records) => {
      const now = Date.now()
      let offset = this.end
      for (const { id, value } of records) insertRecord.run(name, offset++, id, value, now)
      return offset
    })
  }

  send(records) {
    if (records.length > 0) this.end = this.append(records)
    this.wake()
  }

  consume(handle) {
    this.handle = handle
    this.wake()
  }

  /** One batch per turn of the event loop, so that requests are read in between; one that is not full may still grow. */
  wake() {
    if (this.running || this.handle === undefined || this.next >= this.end) return
    this.running = true
    setTimeout(() => {
      const records = selectRecords.all(this.name, this.next, maxBatch)
      this.handle(records)
      this.next = records[records.length - 1][0] + 1
      this.running = false
      this.wake()
    }, this.end - this.next < maxBatch ? linger : 0)
  }

  store() {
    if (this.stored === this.next) return
    upsertOffset.run(this.name, this.next)
    this.stored = this.next
  }
}

const transactions = new Topic("transactions")
const results = new Topic("transactions_result")
const dead = new Topic("transactions_dead")

const storeOffsets = log.transaction(() => {
  transactions.store()
  results.store()
})
setInterval(storeOffsets, 1_000)

// the card

/** Everything else that the decision reads: none of it can be changed on the way. */
const associated = (m) => Buffer.from(`1|${m.id}|${m.account}|${m.amount}|${m.currency}|${m.acceptedAt}|${m.cvv}`)

const seal = (message, card) => {
  const nonce = random(12)
  const cipher = createCipheriv("aes-256-gcm", keys.card, nonce)
  cipher.setAAD(associated(message))
  return Buffer.concat([nonce, cipher.update(JSON.stringify(card), "utf8"), cipher.final(), cipher.getAuthTag()])
}

const unseal = (message) => {
  const sealed = Buffer.from(message.card, "base64")
  const decipher = createDecipheriv("aes-256-gcm", keys.card, sealed.subarray(0, 12))
  decipher.setAAD(associated(message))
  decipher.setAuthTag(sealed.subarray(-16))
  return JSON.parse(decipher.update(sealed.subarray(12, -16), undefined, "utf8") + decipher.final("utf8"))
}

// processor

const selectDecisions = processor.prepare(
  "SELECT id, status, reason, decided_at FROM transactions WHERE id IN (SELECT value FROM json_each(?))"
).raw()
const insertDecision = processor.prepare("INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?)")
const insertDecisions = processor.transaction((decided) => {
  for (const { decision: d, message: m } of decided) {
    insertDecision.run(d.id, m.account, d.status, d.reason, m.acceptedAt, d.decidedAt)
  }
})

const result = (decision) => ({ id: decision.id, value: JSON.stringify(decision) })

const decide = (message, decidedAt) => {
  const card = unseal(message)
  const reason = reject({
    acceptedAt: message.acceptedAt,
    amount: message.amount,
    cvv: message.cvv,
    expMonth: card.expMonth,
    expYear: card.expYear,
    number: card.number
  }) ?? null
  return { v: 1, id: message.id, status: reason === null ? "approved" : "rejected", reason, decidedAt }
}

transactions.consume((records) => {
  const messages = new Map()
  for (const [, value] of records) {
    const message = JSON.parse(value)
    messages.set(message.id, message)
  }
  const out = []
  for (const [id, status, reason, decidedAt] of selectDecisions.all(JSON.stringify([...messages.keys()]))) {
    messages.delete(id)
    out.push(result({ v: 1, id, status, reason, decidedAt }))
  }
  const decided = []
  const parked = []
  const now = Date.now()
  for (const message of messages.values()) {
    try {
      decided.push({ decision: decide(message, now), message })
    } catch {
      parked.push({ id: message.id, value: JSON.stringify({ id: message.id, reason: "card_unreadable" }) })
    }
  }
  if (decided.length > 0) insertDecisions(decided)
  for (const { decision } of decided) out.push(result(decision))
  results.send(out)
  dead.send(parked)
})

// recorder

const record = gateway.prepare(`
  UPDATE submissions
  SET status = ?, error_code = ?, decided_at = ?, recorded_at = ?, sealed_card = NULL, resend_at = NULL
  WHERE id = ? AND status IS NULL
`)

results.consume(gateway.transaction((records) => {
  const now = Date.now()
  for (const [, value] of records) {
    const decision = JSON.parse(value)
    record.run(decision.status, decision.reason, decision.decidedAt, now, decision.id)
  }
}))

// intake

const insertSubmission = gateway.prepare(`
  INSERT INTO submissions (id, account_id, idempotency_key, request_digest, amount, currency, brand, bin, last4,
    exp_month, exp_year, fingerprint, cvv_shape, sealed_card, reference, metadata, accepted_at, resend_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING
`)
const submissionById = gateway.prepare("SELECT * FROM submissions WHERE id = ? AND account_id = ?")
const submissionByKey = gateway.prepare("SELECT * FROM submissions WHERE account_id = ? AND idempotency_key = ?")
const undecided = gateway.prepare("SELECT * FROM submissions WHERE resend_at IS NOT NULL")

const insertSubmissions = gateway.transaction((batch) => {
  for (const item of batch) {
    const { row: r } = item
    item.created = insertSubmission.run(
      r.id,
      r.account_id,
      r.idempotency_key,
      r.request_digest,
      r.amount,
      r.currency,
      r.brand,
      r.bin,
      r.last4,
      r.exp_month,
      r.exp_year,
      r.fingerprint,
      r.cvv_shape,
      r.sealed_card,
      r.reference,
      r.metadata,
      r.accepted_at,
      r.accepted_at + resendAfter
    ).changes === 1
  }
})

const message = (row) => ({
  id: row.id,
  value: JSON.stringify({
    v: 1,
    id: row.id,
    account: row.account_id,
    amount: row.amount,
    currency: row.currency,
    acceptedAt: row.accepted_at,
    cvv: row.cvv_shape,
    card: row.sealed_card.toString("base64")
  })
})

let waiting = []
const submit = (item) => {
  if (waiting.push(item) === 1) setImmediate(commit)
}

/** Everything that came in one turn of the event loop shares one flushed commit. */
const commit = () => {
  const batch = waiting
  waiting = []
  try {
    insertSubmissions(batch)
  } catch (cause) {
    console.error(cause)
    for (const { response } of batch) problem(response, 503, "unavailable", "Perhaps stored, repeat with the same key.")
    return
  }
  const records = []
  for (const { created, response, row } of batch) {
    if (created) {
      records.push(message(row))
      accepted(response, row)
    } else {
      replay(response, row)
    }
  }
  transactions.send(records)
}

const accepted = (response, row) =>
  send(response, 202, JSON.stringify(transaction(row)), {
    "Content-Type": "application/json",
    Location: `/v1/transactions/${row.id}`,
    "Retry-After": "1"
  })

const replay = (response, row) => {
  const first = submissionByKey.get(row.account_id, row.idempotency_key)
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
const requestDigest = (body) => hmac(keys.idempotency, canonical({ ...body, card: { ...body.card, cvv: undefined } }))

// credentials

const selectAccount = gateway.prepare("SELECT id, secret_digest FROM accounts")
const credentialFile = join(dataDir, "demo-credential.json")
if (!existsSync(credentialFile)) {
  const account = `acct_${ulid(Date.now())}`
  const secret = `sk_${randomFillSync(Buffer.alloc(32)).toString("base64url")}`
  gateway.prepare("INSERT INTO accounts VALUES (?, 'demo', ?, ?)").run(account, hmac(keys.secret, secret), Date.now())
  writeFileSync(credentialFile, JSON.stringify({ account, secret }), privately)
}
const accounts = new Map(selectAccount.all().map((row) => [row.id, row.secret_digest]))
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

// http

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

/** The key, null when there is none, undefined when it is not one. */
const idempotencyKey = (request) => {
  const header = request.headers["idempotency-key"]
  if (header === undefined) return null
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header
  return /^[\x21-\x7e]{1,255}$/.test(key) && !holdsCardNumber(key) ? key : undefined
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
  const row = submissionById.get(id, account)
  if (row === undefined) return problem(response, 404, "not_found", "No such transaction.")
  send(response, 200, JSON.stringify(transaction(row)), { "Content-Type": "application/json" })
}

const collection = "/v1/transactions"

const server = createServer((request, response) => {
  const { method, url } = request
  response.requestId = `req_${ulid(Date.now())}`
  if (url === collection && method === "POST") return create(request, response)
  if (method === "GET" && url.startsWith(`${collection}/`)) {
    return find(request, response, url.slice(collection.length + 1))
  }
  if (method === "GET" && url === "/livez") return send(response, 200, "ok", { "Content-Type": "text/plain" })
  problem(response, 404, "not_found", "No such resource.")
})

// what the last life left without a decision goes to the log again
transactions.send(undecided.all().map(message))

server.listen(port, host)

const stop = () => {
  server.close(() => {
    storeOffsets()
    for (const database of [gateway, processor, log]) database.close()
    process.exit(0)
  })
  server.closeIdleConnections()
  setTimeout(() => server.closeAllConnections(), 2_000).unref()
}
process.once("SIGTERM", stop)
process.once("SIGINT", stop)
