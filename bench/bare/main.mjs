/**
 * The bare program: the gateway's job by hand. `node:http`, better-sqlite3, one process, no framework.
 *
 * It is the yardstick of the benchmarks, so it is written to be fast and keeps the gateway's durability: a 202 is
 * answered after a flushed commit, a decision is stored by a flushed commit before anybody hears of it, and whatever a
 * crash cuts off is appended again at the next start.
 */
import Database from "better-sqlite3"
import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { reject } from "./cards.mjs"
import { accepted, createIntake, hmac, random, replay, stopInOrder, ulid, unavailable } from "./http.mjs"

const port = Number(process.env.PORT ?? 8080)
const host = process.env.HOST ?? "127.0.0.1"
const dataDir = process.env.DATA_DIR ?? "./data"
const maxBatch = 500
/** Milliseconds. Two flushed commits of a bigger batch cost less than four of two small ones. */
const linger = 2
const resendAfter = 5_000

mkdirSync(dataDir, { recursive: true, mode: 0o700 })

// keys

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
    for (const { response } of batch) unavailable(response)
    return
  }
  const records = []
  for (const { created, response, row } of batch) {
    if (created) {
      records.push(message(row))
      accepted(response, row)
    } else {
      replay(response, row, submissionByKey.get(row.account_id, row.idempotency_key))
    }
  }
  transactions.send(records)
}

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
// what the last life left without a decision goes to the log again
transactions.send(undecided.all().map(message))

const server = createIntake({
  accounts,
  keys,
  lookUp: (id, account, then) => then(submissionById.get(id, account)),
  seal,
  submit
})
server.listen(port, host)
stopInOrder(server, () => {
  storeOffsets()
  for (const database of [gateway, processor, log]) database.close()
  process.exit(0)
})
