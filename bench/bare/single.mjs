/**
 * The pipeline that most systems of this kind have, in three processes (`intake`, `processor`, `recorder`): one message,
 * one statement, one send. Clients and pools are as they come; nothing is made slower than it is usually written.
 */
import mysql from "mysql2/promise"
import { accepted, createIntake, replay, stopInOrder, unavailable } from "./http.mjs"
import { decide, resultMessage, seal, submissionMessage } from "./messages.mjs"
import { card, consume, env, groups, intakeKeys, kafka, orDie, partitioner, stopInTurn, topics } from "./servers.mjs"

const resendAfter = 5_000
const duplicate = 1062
/** kafkajs' default is 1: one message at a time, whatever its partition. */
const concurrency = Number(env.BENCH_CONCURRENCY ?? 1)

const sender = async () => {
  const producer = kafka.producer({ createPartitioner: partitioner })
  await producer.connect()
  return producer
}

const intake = async () => {
  const pool = mysql.createPool(env.DATABASE_URL)
  const producer = await sender()
  const key = card()
  const { accounts, keys } = intakeKeys()

  const submit = async ({ response, row }) => {
    try {
      await pool.execute(
        `INSERT INTO submissions (id, account_id, amount, currency, brand, bin, last4, exp_month, exp_year, fingerprint,
          cvv_shape, sealed_card, key_id, reference, metadata, accepted_at, idempotency_key, request_digest, resend_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          row.id,
          row.account_id,
          row.amount,
          row.currency,
          row.brand,
          row.bin,
          row.last4,
          row.exp_month,
          row.exp_year,
          row.fingerprint,
          row.cvv_shape,
          row.sealed_card,
          key.id,
          row.reference,
          row.metadata,
          row.accepted_at,
          row.idempotency_key,
          row.request_digest?.toString("base64url") ?? null,
          row.accepted_at + resendAfter
        ]
      )
      await producer.send({ topic: topics.transactions, messages: [{ key: row.id, value: submissionMessage(row) }] })
      accepted(response, row)
    } catch (cause) {
      if (cause.errno !== duplicate) {
        console.error(cause)
        return unavailable(response)
      }
      const [[first]] = await pool.execute("SELECT * FROM submissions WHERE account_id = ? AND idempotency_key = ?", [
        row.account_id,
        row.idempotency_key
      ])
      replay(response, row, { ...first, request_digest: Buffer.from(first.request_digest, "base64url") })
    }
  }

  const server = createIntake({
    accounts,
    keys,
    lookUp: async (id, account, then) => {
      const [rows] = await pool.execute("SELECT * FROM submissions WHERE id = ? AND account_id = ?", [id, account])
      then(rows[0])
    },
    seal: ({ account, acceptedAt, amount, currency, cvv, id }, of) =>
      seal(key, { account, accepted_at: acceptedAt, amount, currency, cvv, id }, of),
    submit
  })
  server.listen(Number(env.PORT), env.HOST)
  stopInOrder(server, () => producer.disconnect().then(() => process.exit(0)))
}

const processor = async () => {
  const pool = mysql.createPool(env.PROCESSOR_DATABASE_URL)
  const producer = await sender()
  const key = card()

  const eachMessage = async ({ message, partition }) => {
    const m = JSON.parse(message.value)
    const decided = {
      id: m.id,
      reason: decide(key, m),
      decided_at: Date.now(),
      log_partition: partition,
      log_offset: Number(message.offset),
      appended_at: Number(message.timestamp)
    }
    try {
      await pool.execute(
        `INSERT INTO transactions (id, account_id, amount, currency, status, reason, accepted_at, decided_at,
          log_partition, log_offset, appended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          m.id,
          m.account,
          m.amount,
          m.currency,
          decided.reason === null ? "approved" : "rejected",
          decided.reason,
          m.accepted_at,
          decided.decided_at,
          decided.log_partition,
          decided.log_offset,
          decided.appended_at
        ]
      )
    } catch (cause) {
      if (cause.errno !== duplicate) throw cause
      const [[stored]] = await pool.execute("SELECT * FROM transactions WHERE id = ?", [m.id])
      Object.assign(decided, stored)
    }
    await producer.send({ topic: topics.results, messages: [{ key: m.id, value: resultMessage(decided) }] })
  }
  const consumer = await consume(groups.processor, topics.transactions, {}, {
    partitionsConsumedConcurrently: concurrency,
    eachMessage
  })
  stopInTurn(() => consumer.disconnect(), () => producer.disconnect())
}

const recorder = async () => {
  const pool = mysql.createPool(env.DATABASE_URL)
  const eachMessage = async ({ message }) => {
    const { decision, ...r } = JSON.parse(message.value)
    await pool.execute(
      `UPDATE submissions SET status = ?, reason = ?, decided_at = ?, log_partition = ?, log_offset = ?, appended_at = ?,
        recorded_at = ?, sealed_card = NULL, resend_at = NULL WHERE id = ? AND status IS NULL`,
      [
        decision.status,
        decision.reason,
        r.decided_at,
        r.partition,
        r.offset,
        r.appended_at,
        Date.now(),
        r.id
      ]
    )
  }
  const consumer = await consume(groups.recorder, topics.results, {}, {
    partitionsConsumedConcurrently: concurrency,
    eachMessage
  })
  stopInTurn(() => consumer.disconnect())
}

const roles = { intake, processor, recorder }
await orDie(roles[process.argv[2]]())
console.log("ready")
