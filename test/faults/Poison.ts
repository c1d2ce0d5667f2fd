import type { Kafka, Message } from "kafkajs"
import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { makeTransactionId } from "../../src/domain/Ids.ts"
import type { Random } from "../crash/Random.ts"
import type { Counts } from "./Counts.ts"
import type { History } from "./History.ts"
import { poisonHeader, type Topic } from "./Seen.ts"
import type { SubmissionRow } from "./Stores.ts"

/** One character of the ciphertext becomes another. */
const tamper = (sealed: string) => {
  const at = sealed.lastIndexOf(".") + 30
  return `${sealed.slice(0, at)}${sealed[at] === "A" ? "B" : "A"}${sealed.slice(at + 1)}`
}

const messageOf = ({ accepted_at, account_id, amount, currency, cvv_shape, id, sealed_card }: SubmissionRow) => ({
  v: 1,
  id,
  account: account_id,
  amount,
  currency,
  accepted_at,
  cvv: cvv_shape,
  card: sealed_card ?? `1.k1.${randomBytes(80).toString("base64url")}`
})

interface Kind {
  readonly kind: string
  readonly topic: Topic
  readonly key: string | null
  readonly value: Buffer
  readonly foreignId: string | null
  /** False where the record names a submission: if that is decided, its decision is published again instead. */
  readonly mustBeParked: boolean
}

/** Records that nobody can decide or record; `victim` is a submission that they name, and must not lose by it. */
const kindsOf = (random: Random, victim: SubmissionRow): ReadonlyArray<Kind> => {
  // of the records of one id in a batch, one is looked at: each has an id of its own
  const makeForeign = () => makeTransactionId(Date.now(), randomBytes(10))
  const [foreign, large, decided] = [makeForeign(), makeForeign(), makeForeign()]
  const message = messageOf(victim)
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  const kind = (kind: string, value: Buffer, rest: Partial<Kind> = {}): Kind => ({
    kind,
    topic: "transactions",
    key: null,
    value,
    foreignId: null,
    mustBeParked: true,
    ...rest
  })
  return [
    kind("bad JSON", Buffer.from("\u0000 no JSON {")),
    kind("bad JSON with a submission's key", Buffer.from("{\"v\":1,"), { key: victim.id }),
    kind("an array", json([])),
    kind("a version to come", json({ ...message, v: 2 }), { key: victim.id }),
    kind("a foreign id", json({ ...message, id: foreign }), { key: foreign, foreignId: foreign }),
    kind("empty", Buffer.alloc(0)),
    kind("binary", randomBytes(random.int(1, 5_000))),
    kind("900 kB", randomBytes(900_000)),
    kind("900 kB of JSON", json({ ...message, id: large, filler: "x".repeat(900_000) }), {
      key: large,
      foreignId: large
    }),
    kind("a card that does not open", json({ ...message, card: tamper(message.card) }), {
      key: victim.id,
      mustBeParked: false
    }),
    kind("another amount", json({ ...message, amount: message.amount + 100 }), { key: victim.id, mustBeParked: false }),
    kind("a result that is no JSON", Buffer.from("no JSON"), { topic: "transactions_result", key: victim.id }),
    kind("a result of a version to come", json({ v: 2, id: victim.id }), {
      topic: "transactions_result",
      key: victim.id
    }),
    kind(
      "a foreign result",
      json({
        v: 1,
        id: decided,
        decision: { status: "approved", reason: null },
        decided_at: Date.now(),
        partition: 0,
        offset: 0,
        appended_at: Date.now()
      }),
      { topic: "transactions_result", key: decided, foreignId: decided }
    )
  ]
}

const attempts = 20

export interface Poisoner {
  /** Puts one record of each kind into the topics. */
  readonly poison: (random: Random, victim: SubmissionRow, only?: string) => Promise<void>
}

export const makePoisoner = (options: {
  readonly kafka: Kafka
  readonly prefix: string
  readonly history: History
  readonly counts: Counts
}): Poisoner => {
  const { counts, history, kafka, prefix } = options
  let number = 0

  const send = async (random: Random, { key, topic, value }: Kind, header: number) => {
    const name = prefix + topic
    for (let attempt = 0;; attempt++) {
      const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 3 } })
      try {
        await producer.connect()
        const admin = kafka.admin()
        await admin.connect()
        const partitions = await admin.fetchTopicOffsets(name).finally(() => void admin.disconnect().catch(() => {}))
        const message: Message = {
          key,
          value,
          headers: { [poisonHeader]: String(header) },
          partition: random.pick(partitions).partition
        }
        await producer.send({ topic: name, acks: -1, messages: [message] })
        return
      } catch (error) {
        if (attempt === attempts) throw error
        await sleep(500)
      } finally {
        void producer.disconnect().catch(() => {})
      }
    }
  }

  return {
    poison: async (random, victim, only) => {
      const kinds = kindsOf(random, victim).filter(({ kind }) => only === undefined || only === kind)
      await Promise.all(kinds.map(async (each) => {
        const { foreignId, kind, mustBeParked, topic } = each
        const header = number++
        history.append({ _tag: "poison", number: header, kind, topic, foreignId })
        await send(random, each, header)
        history.append({ _tag: "poisoned", number: header, mustBeParked })
        counts.add("poison records")
      }))
    }
  }
}
