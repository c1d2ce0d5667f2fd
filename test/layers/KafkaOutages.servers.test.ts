import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { afterAll, beforeAll, inject } from "vitest"
import { freePorts } from "../../scripts/servers/server.mjs"
import { newPrefix } from "../support/LayersKafka.ts"
import { cuttingProxy, requests } from "../support/LayersKafkaProxy.ts"
import {
  assertHandled,
  assertKept,
  at,
  consumer,
  eventually,
  life,
  ownKafka,
  patience,
  readAll,
  tail,
  traffic
} from "../support/LayersKafkaSuite.ts"
import { textOf, textRecord } from "../support/LayersSamples.ts"

const has = inject("kafka") !== null

const fromStart = new Map([[0, 0], [1, 0], [2, 0]])

describe.runIf(has)("KafkaLog: a broker that comes last", () => {
  it.scopedLive(
    "nothing is refused meanwhile that need not be, and all begins when it is there",
    () =>
      Effect.gen(function*() {
        const [port] = yield* Effect.promise(() => freePorts(1))
        const brokers = [`127.0.0.1:${port!}`]
        yield* life(brokers, { KAFKA_TOPIC_PREFIX: newPrefix(), LANE_CAPACITY: "50" }, ({ counted, log, said }) =>
          Effect.gen(function*() {
            const processor = yield* consumer(log)
            const tailed = yield* tail(log, fromStart, "transactions")
            const fromEnd = yield* Effect.forkScoped(log.tail("transactions_result", "end", () =>
              Effect.void))
            for (let i = 0; i < 60; i++) {
              yield* log.offer("transactions", textRecord(`${i}`, "one"))
            }
            assert.strictEqual(counted.laneDropped.get("transactions"), 10)
            const asked = performance.now()
            const refused = yield* Effect.flip(log.append("transactions", [textRecord("refused")]))
            assert.strictEqual(refused._tag, "LogUnavailable")
            assert.isBelow(performance.now() - asked, 15_000)
            const silent = yield* Effect.flip(log.lag("transactions", "processor"))
            assert.strictEqual(silent._tag, "LogUnavailable")
            const waiting =
              `WARN waiting for Kafka at ${brokers[0]!} (Connection error: connect ECONNREFUSED ${brokers[0]!}; `
              + "check KAFKA_BROKERS, KAFKA_SSL where the brokers speak TLS, and KAFKA_SASL_USERNAME where they ask for a user)"
            assert.deepStrictEqual(
              said.filter((_) =>
                _.startsWith("WARN waiting")
              ),
              [waiting]
            )
            assert.lengthOf(processor.seen, 0)
            const kafka = yield* Effect.acquireRelease(
              Effect.promise(() => ownKafka({ ports: [port!] })),
              ({ end }) => Effect.promise(end)
            )
            assert.deepStrictEqual(kafka.brokers, brokers)
            const there = performance.now()
            yield* processor.has(50)
            yield* eventually("the tail has them", Effect.sync(() => tailed.seen.length), (_) => _ === 50)
            assert.isBelow(performance.now() - there, 20_000)
            assert.deepStrictEqual(tailed.texts(), Array.from({ length: 50 }, (_, index) => `${index}`))
            yield* log.append("transactions", [textRecord("later")])
            yield* processor.has(51)
            yield* eventually(
              "it says that it goes on",
              Effect.sync(() => said),
              (_) => _.includes("INFO Kafka is there")
            )
            assert.isNull(fromEnd.unsafePoll())
          }))
      }),
    3 * patience
  )
})

describe.runIf(has)("KafkaLog: a broker that dies, or hangs", () => {
  let kafka: Awaited<ReturnType<typeof ownKafka>>
  beforeAll(async () => {
    kafka = await ownKafka({})
  })
  afterAll(() => kafka?.end())

  it.scopedLive(
    "what was acknowledged survives kill -9 of the broker, in order; consumer and tail go on",
    () =>
      life(kafka.brokers, { KAFKA_TOPIC_PREFIX: newPrefix() }, ({ log }) =>
        Effect.gen(function*() {
          const [node] = kafka.nodes
          const processor = yield* consumer(log)
          const tailed = yield* tail(log, fromStart, "transactions")
          const { end, sent } = yield* traffic(log, { appenders: 8 })
          yield* processor.has(200)
          yield* Effect.promise(() => node!.kill())
          yield* Effect.promise(() => node!.start())
          const before = sent.length
          yield* eventually("appends go on", Effect.sync(() => sent.length), (_) => _ > before + 100)
          yield* end
          const kept = yield* readAll(log)
          assertKept(sent, kept)
          const positions = Effect.sync(() =>
            new Set(processor.seen.map((_) => `${_.position.partition}/${_.position.offset}`)).size
          )
          yield* eventually("the consumer has all", positions, (_) => _ === kept.length)
          assertHandled(sent, processor.seen.map((_) => ({ ..._.position, text: textOf(_) })))
          const texts = Effect.sync(() => new Set(tailed.texts()))
          yield* eventually("the tail has all", texts, (_) => sent.every(({ text }) => _.has(text)))
        })),
    3 * patience
  )

  /** How long a life took to end after its broker was stopped in its midst. */
  const endsIn = (
    prepare: (log: Parameters<Parameters<typeof life>[2]>[0]["log"]) => Effect.Effect<unknown, unknown>
  ) =>
    Effect.gen(function*() {
      const [node] = kafka.nodes
      let ending = 0
      yield* life(kafka.brokers, { KAFKA_TOPIC_PREFIX: newPrefix() }, ({ log }) =>
        Effect.gen(function*() {
          yield* Effect.addFinalizer(() => Effect.sync(() => (ending = performance.now())))
          const processor = yield* consumer(log)
          yield* Effect.forkScoped(log.tail("transactions_result", "end", () => Effect.void))
          yield* log.append(
            "transactions",
            Array.from({ length: 30 }, (_, index) => textRecord(`${index}`, `${index}`))
          )
          yield* processor.has(30)
          yield* log.append("transactions_result", Array.from({ length: 30 }, (_, index) => textRecord("", `${index}`)))
          node!.pause()
          yield* prepare(log)
          for (let i = 0; i < 100; i++) {
            yield* log.offer("transactions", textRecord("offered", `${i}`))
            yield* log.offer("transactions_result", textRecord("offered", `${i}`))
          }
          yield* Effect.forkDaemon(log.append("transactions", [textRecord("in flight")]))
          yield* Effect.sleep("100 millis")
        })).pipe(Effect.ensuring(Effect.sync(() => node!.resume())))
      return performance.now() - ending
    })

  it.scopedLive(
    "with a broker that hangs, it ends within seconds, whatever is in flight",
    () =>
      Effect.gen(function*() {
        assert.isBelow(yield* endsIn(() => Effect.void), 15_000)
      }),
    3 * patience
  )

  it.scopedLive("while it cannot connect, it ends within seconds", () =>
    Effect.gen(function*() {
      const [node] = kafka.nodes
      const shortLife = (brokers: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          let ending = 0
          yield* life(brokers, { KAFKA_TOPIC_PREFIX: newPrefix() }, ({ log }) =>
            Effect.gen(function*() {
              yield* Effect.addFinalizer(() => Effect.sync(() => (ending = performance.now())))
              yield* consumer(log)
              yield* tail(log, new Map(), "transactions_result")
              yield* log.offer("transactions", textRecord("offered"))
              yield* Effect.sleep("300 millis")
            }))
          return performance.now() - ending
        })
      node!.pause()
      const hanging = yield* shortLife(kafka.brokers)
      node!.resume()
      const nobody = yield* shortLife(["127.0.0.1:1"])
      const nowhere = yield* shortLife(["192.0.2.1:9092", "does-not-exist.invalid:9092"])
      assert.isBelow(Math.max(hanging, nobody, nowhere), 10_000, `${hanging}, ${nobody}, ${nowhere}`)
    }), 3 * patience)
})

describe.runIf(has)("KafkaLog: connections that are cut", () => {
  it.scopedLive(
    "in the midst of any request, before it or before its reply: nothing is lost, and all goes on",
    () =>
      Effect.gen(function*() {
        const [port, advertised] = yield* Effect.promise(() => freePorts(2))
        yield* Effect.acquireRelease(
          Effect.promise(() => ownKafka({ ports: [port!], advertised: [advertised!] })),
          ({ end }) => Effect.promise(end)
        )
        const proxy = yield* Effect.acquireRelease(
          Effect.promise(() => cuttingProxy(advertised!, port!)),
          ({ close }) => Effect.sync(close)
        )
        yield* life([`127.0.0.1:${advertised!}`], { KAFKA_TOPIC_PREFIX: newPrefix() }, ({ log }) =>
          Effect.gen(function*() {
            const processor = yield* consumer(log)
            const tailed = yield* tail(log, fromStart, "transactions")
            const { end, sent } = yield* traffic(log, { appenders: 8 })
            const asking = Effect.ignore(log.lag("transactions", "processor"))
            yield* Effect.forkScoped(Effect.forever(Effect.zipRight(asking, Effect.sleep("200 millis"))))
            const { Heartbeat, JoinGroup, SyncGroup, ...others } = requests
            yield* processor.has(100)
            const members = [processor]
            const handled = () =>
              members.flatMap(({ seen }) =>
                seen.map((_) => at(_.position))
              )
            for (const how of ["request", "reply"] as const) {
              for (const kinds of [Object.values(others), [Heartbeat, JoinGroup, SyncGroup]]) {
                proxy.cut(kinds, 2, how)
                // one more makes all of them join again
                members.push(yield* consumer(log))
                yield* eventually(`each ${how} was cut`, Effect.sync(proxy.left), (_) => _.length === 0)
                const wanted = sent.slice(-20).map(at)
                const isHandled = Effect.sync(() => new Set(handled()))
                yield* eventually("the consumers go on", isHandled, (_) => wanted.every((place) => _.has(place)))
              }
            }
            yield* end
            const kept = yield* readAll(log)
            assertKept(sent, kept)
            for (const who of [handled, () => tailed.seen.map((_) => at(_.position))]) {
              yield* eventually("all is given", Effect.sync(() => new Set(who()).size), (_) => _ === kept.length)
            }
          }))
      }),
    6 * patience
  )
})
