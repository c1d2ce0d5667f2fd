import { assert } from "@effect/vitest"
import { Effect, Either, FastCheck, Runtime } from "effect"
import { type Log, type LogRecord, maxRecordBytes, type Position, RecordTooLarge } from "../../src/services/Log.ts"
import { byPartition, logSuite, type LogUnderTest, murmur2 } from "../support/LayersLog.ts"
import { textOf, textRecord } from "../support/LayersSamples.ts"

const numbered = (count: number, prefix = "record", key: string | null = null) =>
  Array.from({ length: count }, (_, index) => textRecord(`${prefix} ${index}`, key))

const assertSame = (read: LogRecord, appended: LogRecord) => {
  assert.strictEqual(read.key, appended.key)
  assert.deepStrictEqual({ ...read.headers }, { ...appended.headers })
  assert.isTrue(Buffer.from(read.value).equals(appended.value), `${appended.value.length} bytes are the same`)
}

const place = ({ offset, partition }: Position) => `${partition}/${offset}`

export const logAppends = (layer: LogUnderTest) => {
  const { eventually, life, readAll, test } = logSuite(layer)

  test("offsets are dense and increase from 0 in each partition, in each topic", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        for (const topic of ["transactions", "transactions_result"] as const) {
          const positions: Array<Position> = []
          for (const count of [1, 3, 40, 1, 501]) positions.push(...(yield* log.append(topic, numbered(count))))
          assert.lengthOf(positions, 546)
          for (const [partition, mine] of byPartition(positions, (_) => _.partition)) {
            assert.deepStrictEqual(mine.map((_) => _.offset), mine.map((_, index) => index), `partition ${partition}`)
          }
          assert.deepStrictEqual(yield* log.append(topic, []), [])
        }
        const results = yield* readAll(log, "transactions_result")
        assert.lengthOf(results, 546)
        assert.isTrue(results.every((_) => _.topic === "transactions_result"))
      })))

  test("what is read is what was appended, where it was acknowledged, at once and after reopening", (where) =>
    Effect.gen(function*() {
      const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
      const records: ReadonlyArray<LogRecord> = [
        textRecord("plain", "key"),
        textRecord("", "empty value"),
        textRecord("no key", null),
        textRecord("empty key", ""),
        { key: "binary", value: everyByte, headers: {} },
        textRecord("headers", "h", {
          traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
          empty: "",
          "": "nameless"
        }),
        textRecord("日本語 😀", "ключ 😀 \u0007", { "заголовок 😀": "värde 😀\n", quote: `"\\` }),
        { key: "largest", value: new Uint8Array(maxRecordBytes).map((_, at) => at * 31), headers: { n: "1" } },
        ...FastCheck.sample(
          FastCheck.record({
            key: FastCheck.option(FastCheck.string({ unit: "grapheme" })),
            value: FastCheck.uint8Array({ maxLength: 300 }),
            headers: FastCheck.dictionary(
              FastCheck.string({ minLength: 1 }),
              FastCheck.string({ unit: "grapheme" }),
              {
                noNullPrototype: true
              }
            )
          }),
          { numRuns: 100, seed: 7 }
        )
      ]
      const assertRead = Effect.fnUntraced(function*(log: Log["Type"], positions: ReadonlyArray<Position>) {
        const read = new Map((yield* readAll(log, "transactions")).map((_) => [place(_.position), _]))
        assert.strictEqual(read.size, records.length)
        records.forEach((record, index) => {
          const found = read.get(place(positions[index]!))
          assert.isDefined(found)
          assertSame(found!, record)
          assert.deepStrictEqual(found!.position, positions[index]!)
          assert.strictEqual(found!.topic, "transactions")
        })
      })
      const positions = yield* life(
        where,
        (log) => Effect.tap(log.append("transactions", records), (positions) => assertRead(log, positions))
      )
      yield* life(where, (log) => assertRead(log, positions))
    }))

  test("a record over the limit is refused, with its append and nothing else", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const tooLarge: LogRecord = { key: "k", value: new Uint8Array(maxRecordBytes + 1), headers: {} }
        const answers = yield* Effect.forEach(
          [numbered(3, "before"), [...numbered(1, "never"), tooLarge], numbered(3, "after")],
          (records) => Effect.either(log.append("transactions", records)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(answers.map(Either.isRight), [true, false, true])
        const error = Either.getOrThrow(Either.flip(answers[1]!))
        assert.instanceOf(error, RecordTooLarge)
        assert.strictEqual((error as RecordTooLarge).bytes, maxRecordBytes + 1)
        const texts = (yield* readAll(log, "transactions")).map(textOf).toSorted()
        assert.deepStrictEqual(texts, ["after 0", "after 1", "after 2", "before 0", "before 1", "before 2"])
      })))

  test("an offered record over the limit is dropped and counted, and costs the others nothing", (where) =>
    life(where, (log, counted) =>
      Effect.gen(function*() {
        yield* log.offer("transactions", textRecord("before", "k"))
        yield* log.offer("transactions", { key: "k", value: new Uint8Array(maxRecordBytes + 1), headers: {} })
        yield* log.offer("transactions", textRecord("after", "k"))
        yield* eventually(
          "the small ones are appended",
          Effect.map(log.lag("transactions", "processor"), (_) => _.reduce((sum, { end }) => sum + end, 0)),
          (_) => _ >= 2
        )
        yield* log.append("transactions", [textRecord("last", "k")])
        const texts = (yield* readAll(log, "transactions")).map((_) => textOf(_).slice(0, 9))
        assert.deepStrictEqual(texts, ["before", "after", "last"])
        assert.strictEqual(counted.laneDropped.get("transactions"), 1)
      })))

  test("the same key goes to the same partition, the one that Kafka's murmur2 names", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        // org.apache.kafka.common.utils.UtilsTest
        assert.deepStrictEqual(
          ["21", "foobar", "a-little-bit-long-string", "a-little-bit-longer-string", "abc"].map(murmur2),
          [-973932308, -790332482, -985981536, -1486304829, 479470107]
        )
        const partitions = (yield* log.lag("transactions", "processor")).length
        const keys = Array.from({ length: 100 }, (_, index) => `txn_${index} é`)
        const records = [...keys, ...keys].map((key) => textRecord(key, key))
        const positions = yield* log.append("transactions", records)
        records.forEach(({ key }, index) => {
          assert.strictEqual(positions[index]!.partition, (murmur2(key!) & 0x7fffffff) % partitions, `${key}`)
        })
      })))

  test("appended in one order, read in that order", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        for (let i = 0; i < 30; i++) yield* log.append("transactions", numbered(1 + i % 4, `append ${i}`, "one key"))
        const expected = Array.from({ length: 30 }, (_, i) => numbered(1 + i % 4, `append ${i}`).map(textOf)).flat()
        assert.deepStrictEqual((yield* readAll(log, "transactions")).map(textOf), expected)
      })))

  test("many appenders at once: everything once, and each one's records in its order", (where) =>
    life(where, (log) =>
      Effect.gen(function*() {
        const appenders = Array.from({ length: 20 }, (_, name) => name)
        const acknowledged = yield* Effect.forEach(
          appenders,
          (name) =>
            Effect.forEach(
              Array.from({ length: 25 }, (_, round) => round),
              (round) => log.append("transactions", numbered(2, `${name} ${round}`, `key ${name}`))
            ),
          { concurrency: "unbounded" }
        )
        const read = yield* readAll(log, "transactions")
        assert.lengthOf(read, 1000)
        assert.strictEqual(new Set(acknowledged.flat(2).map(place)).size, 1000)
        const of = byPartition(read, (_) => Number(textOf(_).split(" ")[0]))
        for (const name of appenders) {
          const expected = Array.from({ length: 25 }, (_, round) => numbered(2, `${name} ${round}`).map(textOf)).flat()
          assert.deepStrictEqual(of.get(name)!.map(textOf), expected)
          assert.deepStrictEqual(of.get(name)!.map((_) => place(_.position)), acknowledged[name]!.flat().map(place))
        }
      })))

  test("an offer never waits; what a full lane drops is counted", (where) =>
    life(where, (log, counted) =>
      Effect.gen(function*() {
        const run = Runtime.runSync(yield* Effect.runtime())
        // would throw if an offer had to wait
        for (let i = 0; i < 100; i++) run(log.offer("transactions", textRecord(`${i}`, "k")))
        const dropped = counted.laneDropped.get("transactions") ?? 0
        assert.isAbove(dropped, 0)
        assert.isBelow(dropped, 100)
        yield* eventually(
          "the rest is appended",
          Effect.map(log.lag("transactions", "processor"), (_) => _.reduce((sum, { end }) => sum + end, 0)),
          (_) => _ === 100 - dropped
        )
        const read = (yield* readAll(log, "transactions")).map((_) => Number(textOf(_)))
        assert.deepStrictEqual(read, read.toSorted((a, b) => a - b))
        assert.strictEqual(read.length, 100 - dropped)
        assert.isUndefined(counted.laneDropped.get("transactions_result"))
      }), { laneCapacity: 8 }))

  test("offers are appended in their order", (where) =>
    life(where, (log, counted) =>
      Effect.gen(function*() {
        for (let i = 0; i < 500; i++) yield* log.offer("transactions_result", textRecord(`${i}`, "k"))
        yield* eventually(
          "all are appended",
          Effect.map(log.lag("transactions_result", "recorder"), (_) => _.reduce((sum, { end }) => sum + end, 0)),
          (_) => _ === 500
        )
        const read = (yield* readAll(log, "transactions_result")).map((_) => Number(textOf(_)))
        assert.deepStrictEqual(read, read.map((_, index) => index))
        assert.strictEqual(counted.laneDropped.size, 0)
      })))
}
