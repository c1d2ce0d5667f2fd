/** What the bare programs of the distributed profile share: their environment, and the clients of the two servers. */
import kafkajs from "kafkajs"
import RequestQueue from "kafkajs/src/network/requestQueue/index.js"
import { createSecretKey, hkdfSync } from "node:crypto"
import { hmac } from "./http.mjs"
import { cardKey } from "./messages.mjs"

export const env = process.env
const prefix = env.KAFKA_TOPIC_PREFIX ?? ""
export const topics = {
  transactions: `${prefix}transactions`,
  results: `${prefix}transactions_result`,
  dead: `${prefix}transactions_dead`
}
export const groups = {
  processor: `${prefix}processor.transactions`,
  recorder: `${prefix}recorder.transactions_result`
}

export const card = () => cardKey(env.CARD_KEYS)

/** Those of the intake, with the one account that there is: BENCH_CREDENTIAL is `account:secret`. */
export const intakeKeys = () => {
  const derive = (label) => createSecretKey(Buffer.from(hkdfSync("sha256", env.SECRET_PEPPER, "", label, 32)))
  const keys = { secret: derive("secret"), fingerprint: derive("fingerprint"), idempotency: derive("idempotency") }
  const colon = env.BENCH_CREDENTIAL.indexOf(":")
  const account = env.BENCH_CREDENTIAL.slice(0, colon)
  const digest = hmac(keys.secret, env.BENCH_CREDENTIAL.slice(colon + 1))
  return { accounts: new Map([[account, digest]]), keys }
}

export const kafka = new kafkajs.Kafka({
  clientId: "bare",
  brokers: env.KAFKA_BROKERS.split(","),
  logLevel: kafkajs.logLevel.WARN
})

export const partitioner = kafkajs.Partitioners.DefaultPartitioner

/** kafkajs 2.2.4 looks every millisecond whether a throttled request may go: 3 % of a core for nothing. */
export const withoutIdleTimer = () => {
  const { prototype } = RequestQueue
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function() {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
  }
}

/** What ends by itself is not measured. */
export const orDie = (promise) =>
  promise.catch((cause) => {
    console.error(cause)
    process.exit(1)
  })

/** The consumer runs; a crash of it ends the program. */
export const consume = async (groupId, topic, options, run) => {
  const consumer = kafka.consumer({ groupId, ...options })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    console.error(payload.error)
    process.exit(1)
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.run(run)
  await joined
  return consumer
}

export const stopInTurn = (...stops) => {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.once(signal, async () => {
      for (const stop of stops) await stop()
      process.exit(0)
    })
  }
}
