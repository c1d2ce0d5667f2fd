/**
 * The limit program of the distributed profile: the gateway's job by hand on kafkajs and mysql2, three small processes
 * (`intake`, `processor`, `recorder`) without a framework.
 *
 * It is the yardstick, so it is written to be fast and keeps the gateway's durability: a 202 is answered after a flushed
 * commit, a decision is stored before it is published, everything is sent with acks=-1, and offsets are committed after
 * the work. Whatever arrives while a statement or a send is under way is the next one, from all partitions together.
 */
import mysql from "mysql2"
import { accepted, createIntake, replay, stopInOrder, unavailable } from "./http.mjs"
import { decide, resultMessage, seal, submissionMessage } from "./messages.mjs"
import {
  card,
  consume,
  env,
  groups,
  intakeKeys,
  kafka,
  orDie,
  partitioner,
  stopInTurn,
  topics,
  withoutIdleTimer
} from "./servers.mjs"

const maxBatch = 500
const resendAfter = 5_000
const duplicate = 1062

withoutIdleTimer()

/** Gives what waits to `write`, at most `most` items at a time and by at most `writers` at once. */
const grouped = (most, writers, write) => {
  const waiting = []
  let running = 0
  let scheduled = false
  const next = () => {
    scheduled = false
    while (running < writers && waiting.length > 0) {
      const entries = waiting.splice(0, most)
      running += 1
      write(entries.map((entry) => entry.item)).then(
        () => entries.forEach((entry) => entry.done()),
        (cause) => entries.forEach((entry) => entry.failed(cause))
      ).finally(() => {
        running -= 1
        next()
      })
    }
  }
  /** Calls `done` when the item is written. */
  return (item, done, failed) => {
    waiting.push({ item, done, failed })
    if (scheduled || running === writers) return
    scheduled = true
    setImmediate(next)
  }
}

const together = (group) => (items) =>
  new Promise((resolve, reject) => {
    let left = items.length
    if (left === 0) resolve()
    const done = () => {
      left -= 1
      if (left === 0) resolve()
    }
    for (const item of items) group(item, done, reject)
  })

const plain = /^[\w.:-]*$/
const text = (value) =>
  value === null || value === undefined ? "NULL" : plain.test(value) ? `'${value}'` : mysql.escape(value)
const number = (value) => value === null || value === undefined ? "NULL" : String(value)
const list = (ids) => ids.map(text).join()

/** Text, because a statement of 500 rows has thousands of parameters. */
const database = (url, connections) => {
  const pool = mysql.createPool({ uri: url, connectionLimit: connections, charset: "UTF8MB4_BIN" })
  return (sql) =>
    new Promise((resolve, reject) =>
      pool.query(sql, (error, result) => error === null ? resolve(result) : reject(error))
    )
}

/** One send at a time, for all partitions together. */
const sender = async () => {
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: partitioner })
  await producer.connect()
  const send = (topic) =>
    grouped(2_000, 1, async (messages) => {
      const rows = await producer.send({ topic, acks: -1, messages })
      if (rows.length === 0 || rows.some((row) => row.errorCode !== 0)) throw new Error("not every record was stored")
    })
  return { send, disconnect: () => producer.disconnect() }
}

const intake = async () => {
  const query = database(env.DATABASE_URL, 2)
  const key = card()
  const { accounts, keys } = intakeKeys()
  const { disconnect, send } = await sender()
  const sendTransaction = send(topics.transactions)
  const offer = (row) => sendTransaction({ key: row.id, value: submissionMessage(row) }, () => {}, console.error)

  const values = (r) =>
    `(${text(r.id)},${text(r.account_id)},${number(r.amount)},${text(r.currency)},${text(r.brand)},${text(r.bin)},${
      text(r.last4)
    },${number(r.exp_month)},${number(r.exp_year)},${text(r.fingerprint)},${text(r.cvv_shape)},${text(r.sealed_card)},${
      text(key.id)
    },${text(r.reference)},${text(r.metadata)},${number(r.accepted_at)},${text(r.idempotency_key)},${
      text(r.request_digest?.toString("base64url"))
    },${number(r.accepted_at + resendAfter)})`

  const insert = grouped(maxBatch, 1, async (items) => {
    await query(
      `INSERT INTO submissions (id,account_id,amount,currency,brand,bin,last4,exp_month,exp_year,fingerprint,cvv_shape,
        sealed_card,key_id,reference,metadata,accepted_at,idempotency_key,request_digest,resend_at) VALUES ${
        items.map((item) => values(item.row)).join()
      } ON DUPLICATE KEY UPDATE id = submissions.id`
    )
    const keyed = items.filter((item) => item.row.idempotency_key !== null)
    if (keyed.length === 0) return
    const pairs = keyed.map(({ row }) => `(${text(row.account_id)},${text(row.idempotency_key)})`).join()
    const holders = await query(`SELECT * FROM submissions WHERE (account_id, idempotency_key) IN (${pairs})`)
    const byKey = new Map(holders.map((row) => [`${row.account_id} ${row.idempotency_key}`, row]))
    for (const item of keyed) {
      const first = byKey.get(`${item.row.account_id} ${item.row.idempotency_key}`)
      if (first.id !== item.row.id) {
        item.first = { ...first, request_digest: Buffer.from(first.request_digest, "base64url") }
      }
    }
  })

  const submit = (item) =>
    insert(item, () => {
      const { first, response, row } = item
      if (first !== undefined) return replay(response, row, first)
      accepted(response, row)
      offer(row)
    }, (cause) => {
      console.error(cause)
      unavailable(item.response)
    })

  // what the last life left without a decision goes to the log again
  for (const row of await query("SELECT * FROM submissions WHERE resend_at IS NOT NULL")) offer(row)

  const server = createIntake({
    accounts,
    keys,
    lookUp: (id, account, then) =>
      query(`SELECT * FROM submissions WHERE id = ${text(id)} AND account_id = ${text(account)}`).then(
        (rows) => then(rows[0])
      ),
    seal: ({ account, acceptedAt, amount, currency, cvv, id }, of) =>
      seal(key, { account, accepted_at: acceptedAt, amount, currency, cvv, id }, of),
    submit
  })
  server.listen(Number(env.PORT), env.HOST)
  stopInOrder(server, () => disconnect().then(() => process.exit(0)))
}

/** Whatever a fetch has: all partitions at once, so that their statements and sends are shared. */
const consumption = {
  partitionsConsumedConcurrently: 64,
  eachBatchAutoResolve: false,
  autoCommit: true,
  autoCommitInterval: 1_000
}

const handled = (handle) => async ({ batch, heartbeat, isRunning, isStale, resolveOffset }) => {
  const { messages, partition } = batch
  for (let at = 0; at < messages.length; at += maxBatch) {
    if (!isRunning() || isStale()) return
    const records = messages.slice(at, at + maxBatch)
    await handle(records, partition)
    resolveOffset(records[records.length - 1].offset)
    await heartbeat()
  }
}

const processor = async () => {
  const query = database(env.PROCESSOR_DATABASE_URL, 2)
  const key = card()
  const { disconnect, send } = await sender()
  const publish = together(send(topics.results))
  const park = together(send(topics.dead))

  const columns =
    "id,account_id,amount,currency,status,reason,accepted_at,decided_at,log_partition,log_offset,appended_at"
  const values = (d) =>
    `(${text(d.id)},${text(d.account_id)},${number(d.amount)},${text(d.currency)},${
      d.reason === null ? "'approved',NULL" : `'rejected',${text(d.reason)}`
    },${number(d.accepted_at)},${number(d.decided_at)},${number(d.log_partition)},${number(d.log_offset)},${
      number(d.appended_at)
    })`

  /** Looks for what is stored already only when the INSERT says that something is: then that is what is published. */
  const store = together(grouped(maxBatch, 2, async (decisions) => {
    for (let missing = decisions; missing.length > 0;) {
      try {
        return void await query(`INSERT INTO transactions (${columns}) VALUES ${missing.map(values).join()}`)
      } catch (cause) {
        if (cause.errno !== duplicate) throw cause
        const rows = await query(`SELECT ${columns} FROM transactions WHERE id IN (${list(missing.map((d) => d.id))})`)
        const stored = new Map(rows.map((row) => [row.id, row]))
        for (const d of missing) Object.assign(d, stored.get(d.id))
        missing = missing.filter((d) => !stored.has(d.id))
      }
    }
  }))

  const consumer = await consume(groups.processor, topics.transactions, {}, {
    ...consumption,
    eachBatch: handled(async (records, partition) => {
      const decided_at = Date.now()
      const decisions = new Map()
      const parked = []
      for (const record of records) {
        try {
          const m = JSON.parse(record.value)
          decisions.set(m.id, {
            id: m.id,
            account_id: m.account,
            amount: m.amount,
            currency: m.currency,
            reason: decide(key, m),
            accepted_at: m.accepted_at,
            decided_at,
            log_partition: partition,
            log_offset: Number(record.offset),
            appended_at: Number(record.timestamp)
          })
        } catch {
          parked.push({ key: record.key, value: record.value, headers: { parked_reason: "unreadable_message" } })
        }
      }
      const decided = [...decisions.values()]
      await store(decided)
      await publish(decided.map((d) => ({ key: d.id, partition, value: resultMessage(d) })))
      await park(parked)
    })
  })
  stopInTurn(() => consumer.disconnect(), disconnect)
}

const recorder = async () => {
  const query = database(env.DATABASE_URL, 2)
  const record = together(grouped(maxBatch, 1, (results) => {
    const recorded_at = Date.now()
    const items = results.map(({ decision, ...r }) => [
      r.id,
      decision.status,
      decision.reason,
      r.decided_at,
      r.partition,
      r.offset,
      r.appended_at
    ])
    return query(
      `UPDATE JSON_TABLE(${mysql.escape(JSON.stringify(items))}, '$[*]' COLUMNS (
        id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin PATH '$[0]', status VARCHAR(10) PATH '$[1]',
        reason VARCHAR(40) PATH '$[2]', decided_at BIGINT PATH '$[3]', log_partition INT PATH '$[4]',
        log_offset BIGINT PATH '$[5]', appended_at BIGINT PATH '$[6]'
      )) AS d STRAIGHT_JOIN submissions s ON s.id = d.id
      SET s.status = d.status, s.reason = d.reason, s.decided_at = d.decided_at, s.log_partition = d.log_partition,
        s.log_offset = d.log_offset, s.appended_at = d.appended_at, s.recorded_at = ${recorded_at},
        s.sealed_card = NULL, s.resend_at = NULL
      WHERE s.status IS NULL`
    )
  }))
  const consumer = await consume(groups.recorder, topics.results, {}, {
    ...consumption,
    eachBatch: handled((records) => record(records.map((_) => JSON.parse(_.value))))
  })
  stopInTurn(() => consumer.disconnect())
}

const roles = { intake, processor, recorder }
await orDie(roles[process.argv[2]]())
console.log("ready")
