import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import kafkajs from "kafkajs"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, inject } from "vitest"
import { makeCertificates } from "../../scripts/servers/certificates.mjs"
import { type Entries, newPrefix } from "../support/LayersKafka.ts"
import { asAdmin, consumer, eventually, life, ownKafka, patience, readAll } from "../support/LayersKafkaSuite.ts"
import { textOf, textRecord } from "../support/LayersSamples.ts"

type Listener = "plain" | "ssl" | "saslPlaintext" | "saslSsl"

interface Case {
  readonly listener: Listener
  /** `CA` and `OTHER_CA` stand for paths. */
  readonly settings: Entries
}

const password = "pw-of-the-gateway"
const user = { KAFKA_SASL_USERNAME: "gateway", KAFKA_SASL_PASSWORD: password }
const stranger = { KAFKA_SASL_USERNAME: "stranger", KAFKA_SASL_PASSWORD: "strange" }
const tls = { KAFKA_SSL: "true", KAFKA_SSL_CA_FILE: "CA" }

const works: Readonly<Record<string, Case>> = {
  "TLS": { listener: "ssl", settings: tls },
  "PLAIN": { listener: "saslPlaintext", settings: user },
  "SCRAM-SHA-256": { listener: "saslPlaintext", settings: { ...user, KAFKA_SASL_MECHANISM: "scram-sha-256" } },
  "PLAIN over TLS": { listener: "saslSsl", settings: { ...user, ...tls } },
  "SCRAM-SHA-512 over TLS": {
    listener: "saslSsl",
    settings: { ...user, ...tls, KAFKA_SASL_MECHANISM: "scram-sha-512" }
  }
}

const signIn = "check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM"

const refused: Readonly<Record<string, Case & { readonly remedy: string }>> = {
  "a wrong password": {
    listener: "saslPlaintext",
    settings: { ...user, KAFKA_SASL_PASSWORD: "not it" },
    remedy: signIn
  },
  "a wrong password by SCRAM, over TLS": {
    listener: "saslSsl",
    settings: { ...user, ...tls, KAFKA_SASL_PASSWORD: "not it", KAFKA_SASL_MECHANISM: "scram-sha-512" },
    remedy: signIn
  },
  "an unknown user": {
    listener: "saslPlaintext",
    settings: { ...user, KAFKA_SASL_USERNAME: "nobody", KAFKA_SASL_MECHANISM: "scram-sha-256" },
    remedy: signIn
  },
  "no user where one is asked for": { listener: "saslPlaintext", settings: {}, remedy: "KAFKA_SASL_USERNAME" },
  "a user where none is asked for": { listener: "plain", settings: user, remedy: signIn },
  "another authority": {
    listener: "ssl",
    settings: { KAFKA_SSL: "true", KAFKA_SSL_CA_FILE: "OTHER_CA" },
    remedy: "check KAFKA_SSL and KAFKA_SSL_CA_FILE"
  },
  "an authority that nobody named": {
    listener: "ssl",
    settings: { KAFKA_SSL: "true" },
    remedy: "check KAFKA_SSL and KAFKA_SSL_CA_FILE"
  },
  "no TLS where it is asked for": { listener: "ssl", settings: {}, remedy: "KAFKA_SSL where the brokers speak TLS" },
  "TLS where nobody speaks it": { listener: "plain", settings: tls, remedy: "check KAFKA_SSL" },
  "a user without rights": {
    listener: "saslPlaintext",
    settings: stranger,
    remedy: "give this user Describe, Create, Read and Write on the gateway's topics"
  }
}

describe.runIf(inject("kafka") !== null)("KafkaLog: TLS and SASL", { concurrent: true }, () => {
  let kafka: Awaited<ReturnType<typeof ownKafka>>
  let otherCa: string
  const folder = mkdtempSync(join(tmpdir(), "gateway-authority-"))
  beforeAll(async () => {
    const security = { users: { gateway: password }, strangers: { stranger: "strange" } }
    const [started, made] = await Promise.all([ownKafka({ security }), makeCertificates(folder)])
    kafka = started
    otherCa = made.ca
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
    return kafka?.end()
  })

  const brokersOf = (listener: Listener) => listener === "plain" ? kafka.brokers : kafka.secure[listener]

  const opened = <A, E, R>(
    { listener, settings }: Case,
    entries: Entries,
    body: Parameters<typeof life<A, E, R>>[2]
  ) => {
    const paths: Entries = { CA: kafka.secure.ca, OTHER_CA: otherCa }
    const named = Object.entries(settings).map(([name, value]) => [name, paths[value] ?? value])
    return life(brokersOf(listener), { ...Object.fromEntries(named), ...entries }, body)
  }

  for (const [what, how] of Object.entries(works)) {
    it.scopedLive(
      `${what} works`,
      () =>
        opened(how, { KAFKA_TOPIC_PREFIX: newPrefix() }, ({ log }) =>
          Effect.gen(function*() {
            yield* log.append("transactions", [textRecord("one")])
            const processor = yield* consumer(log)
            yield* processor.has(1)
            yield* readAll(log)
          })),
      2 * patience
    )
  }

  for (const [what, { remedy, ...how }] of Object.entries(refused)) {
    it.scopedLive(
      `${what}: it waits, and says what to do`,
      () =>
        opened(how, { KAFKA_TOPIC_PREFIX: newPrefix() }, ({ death, log, said }) =>
          Effect.raceFirst(
            death,
            Effect.gen(function*() {
              yield* consumer(log)
              yield* Effect.forkScoped(log.tail("transactions_result", "end", () => Effect.void))
              const { _tag } = yield* Effect.flip(log.append("transactions", [textRecord("one")]))
              assert.strictEqual(_tag, "LogUnavailable")
              const waiting = Effect.sync(() => said.filter((_) => _.startsWith("WARN waiting for Kafka at ")))
              yield* eventually("it says what it waits for", waiting, (_) => _.length > 0)
              // every few tries say the same
              yield* Effect.sleep("6 seconds")
              const [sentence, ...more] = yield* waiting
              assert.lengthOf(more, 0)
              assert.include(sentence!, brokersOf(how.listener).join(", "))
              assert.include(sentence!, remedy)
              // whoever says it, together
              assert.lengthOf(said.filter((_) => _.startsWith("WARN")), 1)
              assert.notInclude(said.join(), password)
            })
          )),
      2 * patience
    )
  }

  it.scopedLive("rights that are given later are enough", () => {
    const prefix = newPrefix()
    return opened(
      { listener: "saslPlaintext", settings: stranger },
      { KAFKA_TOPIC_PREFIX: prefix },
      ({ log, said }) =>
        Effect.gen(function*() {
          const processor = yield* consumer(log)
          for (let i = 0; i < 10; i++) yield* log.offer("transactions", textRecord(`${i}`, "one"))
          yield* eventually(
            "it waits",
            Effect.sync(() => said.filter((_) => _.startsWith("WARN")).length),
            (_) => _ > 0
          )
          const {
            AclOperationTypes: { CREATE, DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE },
            AclPermissionTypes: { ALLOW },
            AclResourceTypes: { GROUP, TOPIC },
            ResourcePatternTypes: { PREFIXED }
          } = kafkajs
          const rights = [
            [TOPIC, CREATE],
            [TOPIC, DESCRIBE],
            [TOPIC, DESCRIBE_CONFIGS],
            [TOPIC, READ],
            [TOPIC, WRITE],
            [GROUP, READ]
          ] as const
          // the rights that the sentence asks for, and no other
          yield* asAdmin(kafka.brokers, (_) =>
            _.createAcls({
              acl: rights.map(([resourceType, operation]) => ({
                resourceType,
                operation,
                resourceName: prefix,
                resourcePatternType: PREFIXED,
                principal: "User:stranger",
                host: "*",
                permissionType: ALLOW
              }))
            }))
          yield* processor.has(10)
          assert.deepStrictEqual(processor.seen.map(textOf), Array.from({ length: 10 }, (_, index) => `${index}`))
          const lag = yield* log.lag("transactions", "processor")
          assert.strictEqual(lag.reduce((sum, _) => sum + _.end, 0), 10)
          yield* eventually("it says so", Effect.sync(() => said), (_) => _.includes("INFO Kafka is there"))
        })
    )
  }, 2 * patience)
})
