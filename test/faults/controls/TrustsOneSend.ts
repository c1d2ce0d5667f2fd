import { Effect, Layer, Schedule } from "effect"
import kafkajs, { type Message } from "kafkajs"
import { Log, type LogRecord, LogUnavailable, type Topic } from "../../../src/services/Log.ts"
import { NoResend } from "./NoResend.ts"
import { real, runWrongRole } from "./WrongRoles.ts"

const prefix = process.env.KAFKA_TOPIC_PREFIX ?? ""
const linger = 150

const messageOf = ({ headers, key, value }: LogRecord): Message => ({ key, value: Buffer.from(value), headers })

/** One producer; one send for whatever has gathered, over all partitions; what resolves is taken for stored. */
const TrustingLog = Layer.scoped(
  Log,
  Effect.gen(function*() {
    const log = yield* Log
    const producer = new kafkajs.Kafka({
      clientId: "trusting",
      brokers: (process.env.KAFKA_BROKERS ?? "").split(","),
      logLevel: kafkajs.logLevel.NOTHING
    }).producer({ allowAutoTopicCreation: false, createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    yield* Effect.promise(() => producer.connect())
    const waiting = new Map<Topic, Array<Message>>()

    const send = (topic: Topic, messages: Array<Message>) =>
      Effect.tryPromise({
        try: () => producer.send({ topic: prefix + topic, acks: -1, messages }),
        catch: (cause) => new LogUnavailable({ cause })
      })

    // what is refused is sent again, to the end: only what was acknowledged can be lost
    const flush = Effect.suspend(() => {
      const all = Array.from(waiting)
      waiting.clear()
      return Effect.forEach(
        all,
        ([topic, messages]) => Effect.retry(Effect.asVoid(send(topic, messages)), Schedule.spaced("200 millis")),
        { discard: true }
      )
    })
    yield* flush.pipe(Effect.ignore, Effect.zipRight(Effect.sleep(linger)), Effect.forever, Effect.forkScoped)

    return Log.of({
      ...log,
      offer: (topic, record) =>
        Effect.sync(() => {
          const messages = waiting.get(topic) ?? []
          messages.push(messageOf(record))
          waiting.set(topic, messages)
        }),
      append: (topic, records) =>
        Effect.map(
          send(topic, records.map(messageOf)),
          () => records.map(() => ({ partition: 0, offset: 0, appendedAt: 0 }))
        )
    })
  })
)

runWrongRole({ log: TrustingLog.pipe(Layer.provide(real.log)), resend: NoResend })
