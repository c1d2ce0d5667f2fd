import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { inject } from "vitest"
import type { StoredRecord } from "../../src/services/Log.ts"
import { newPrefix } from "../support/LayersKafka.ts"
import {
  asAdmin,
  assertHandled,
  at,
  consumer,
  eventually,
  type Handled,
  life,
  member,
  patience,
  plainKafka,
  traffic,
  write
} from "../support/LayersKafkaSuite.ts"
import { textRecord } from "../support/LayersSamples.ts"

const brokers = inject("kafka") ?? []

type Lines = ReadonlyArray<Handled & { readonly heardAt: number }>

/** Of the last seconds, in which each partition was given records. */
const partitionsOf = (handled: Lines) => {
  const since = performance.now() - 3000
  return new Set(handled.slice(handled.findLastIndex((_) => _.heardAt < since) + 1).map((_) => _.partition))
}

/** Each has two of four partitions, and not the other's. */
const areSplit = (one: Lines, other: Lines) => {
  const [ofOne, ofOther] = [partitionsOf(one), partitionsOf(other)]
  return ofOne.size === 2 && ofOther.size === 2 && new Set([...ofOne, ...ofOther]).size === 4
}

/** It has records in hand while offsets are committed. */
const holds = ({ kill }: { readonly kill: (signal: NodeJS.Signals) => void }) =>
  Effect.zipRight(Effect.sync(() => kill("SIGUSR2")), Effect.sleep("2 seconds"))

const settingsOf = (prefix: string) => ({ KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: "4" })

const toPartition = (record: StoredRecord) => record.position.partition

describe.runIf(brokers.length > 0)("KafkaLog: groups", { concurrent: true }, () => {
  it.scopedLive("two members split the partitions; those of a killed one move, and nothing is skipped", () => {
    const entries = settingsOf(newPrefix())
    return life(brokers, entries, ({ log }) =>
      Effect.gen(function*() {
        const { end, sent } = yield* traffic(log)
        const [one, other] = [yield* member(brokers, entries), yield* member(brokers, entries)]
        yield* eventually(
          "they have two partitions each",
          Effect.sync(() => areSplit(one.handled, other.handled)),
          (_) => _
        )
        const lost = partitionsOf(one.handled)
        yield* holds(one)
        one.kill("SIGKILL")
        const killed = performance.now()
        yield* eventually(
          "the other is given what the killed one had",
          Effect.sync(() => partitionsOf(other.handled).size),
          (_) => _ === 4
        )
        // its session ends 10 s after its last heartbeat
        assert.isBelow(performance.now() - killed, 20_000)
        assert.lengthOf(lost, 2)
        yield* end
        const all = () => [...one.handled, ...other.handled]
        const have = Effect.sync(() => new Set(all().map(at)))
        yield* eventually("all is handled", have, (_) => sent.every((one) => _.has(at(one))))
        assertHandled(sent, all())
        assert.strictEqual(other.errors(), "")
      }))
  }, 3 * patience)

  it.scopedLive("a zombie does no harm: what is committed was handled, whoever handled it", () => {
    const entries = settingsOf(newPrefix())
    return life(brokers, entries, ({ log }) =>
      Effect.gen(function*() {
        const { end, sent } = yield* traffic(log)
        const [one, other] = [yield* member(brokers, entries), yield* member(brokers, entries)]
        const all = () => [...one.handled, ...other.handled]
        const split = Effect.sync(() => areSplit(one.handled, other.handled))
        /** Nothing below the committed offsets is missing. */
        const committedIsHandled = Effect.gen(function*() {
          const committed = (yield* log.offsets("transactions", "processor")).map((_) => _.committed ?? 0)
          const missing = Effect.sync(() => {
            const handled = new Set(all().map(at))
            return committed.flatMap((end, partition) =>
              Array.from({ length: end }, (_, offset) => at({ partition, offset })).filter((_) => !handled.has(_))
            )
          })
          // a line may still be in the pipe
          yield* eventually("what is committed was handled", missing, (_) => _.length === 0, 5000)
        })
        yield* eventually("they have two partitions each", split, (_) => _)
        const watching = yield* Effect.forkScoped(
          Effect.forever(Effect.zipRight(committedIsHandled, Effect.sleep("200 millis")))
        )
        yield* holds(one)
        one.kill("SIGSTOP")
        yield* eventually(
          "the other has all partitions",
          Effect.sync(() => partitionsOf(other.handled).size),
          (_) => _ === 4
        )
        const before = one.handled.length
        one.kill("SIGUSR2")
        one.kill("SIGCONT")
        yield* eventually("the zombie goes on", Effect.sync(() => one.handled.length), (_) => _ > before)
        yield* eventually("they have two partitions each again", split, (_) => _)
        yield* end
        yield* eventually(
          "all is handled",
          Effect.sync(() => new Set(all().map(at))),
          (_) => sent.every((one) => _.has(at(one)))
        )
        yield* committedIsHandled
        assert.isNull(watching.unsafePoll(), "committed, and handled by nobody")
        assertHandled(sent, all())
        assert.strictEqual(`${one.errors()}${other.errors()}`, "")
      }))
  }, 3 * patience)

  it.scopedLive("a group that loses its offsets while a member is stopped begins again, and nothing is skipped", () => {
    const prefix = newPrefix()
    const entries = settingsOf(prefix)
    return life(brokers, entries, ({ log }) =>
      Effect.gen(function*() {
        const records = Array.from({ length: 100 }, (_, index) => textRecord(`${index}`, `key ${index}`))
        yield* log.append("transactions", records)
        const one = yield* member(brokers, entries)
        // a group that was deleted may have no coordinator for a moment
        const committed = log.offsets("transactions", "processor").pipe(
          Effect.map((_) => _.reduce((sum, { committed }) => sum + (committed ?? 0), 0)),
          Effect.orElseSucceed(() => null)
        )
        yield* eventually("all is committed", committed, (_) => _ === 100)
        one.kill("SIGSTOP")
        const groupId = `${prefix}processor.transactions`
        const groups = asAdmin(brokers, (_) => _.describeGroups([groupId]))
        yield* eventually("the group is empty", groups, (_) => _.groups[0]!.state === "Empty")
        yield* asAdmin(brokers, (_) => _.deleteGroups([groupId]))
        yield* log.append("transactions", records)
        one.kill("SIGCONT")
        yield* eventually("all is committed again", committed, (_) => _ === 200)
        assert.lengthOf(new Set(one.handled.map(at)), 200)
        assert.strictEqual(one.errors(), "")
      }))
  }, 3 * patience)

  it.scopedLive("a handler slower than the session keeps its membership, and its batch is not given twice", () => {
    const entries = settingsOf(newPrefix())
    return life(brokers, entries, ({ log }) =>
      Effect.gen(function*() {
        const given: Array<string> = []
        const sleepy = (records: ReadonlyArray<StoredRecord>) =>
          Effect.zipRight(
            Effect.sync(() => void given.push(...records.map((_) => at(_.position)))),
            Effect.sleep(13_000)
          )
        yield* log.append("transactions", [textRecord("slow", "one")])
        const one = yield* consumer(log, sleepy)
        yield* one.has(1)
        const committed = Effect.map(
          log.offsets("transactions", "processor"),
          (_) => _.reduce((sum, { committed }) => sum + (committed ?? 0), 0)
        )
        yield* eventually("it is committed", committed, (_) => _ === 1)
        assert.lengthOf(given, 1)
      }))
  }, 3 * patience)

  it.scopedLive("a consumer that is ended while it joins leaves nothing behind that holds partitions", () => {
    const prefix = newPrefix()
    return life(brokers, settingsOf(prefix), ({ log }) =>
      Effect.gen(function*() {
        const groupId = `${prefix}processor.transactions`
        yield* log.append("transactions", [textRecord("one", "one")])
        // a member that does not join again keeps the others waiting for their assignment
        const foreign = plainKafka(brokers).consumer({ groupId, sessionTimeout: 20_000, rebalanceTimeout: 20_000 })
        yield* Effect.acquireRelease(
          Effect.promise(async () => {
            let holds: () => void = () => {}
            const held = new Promise<void>((_) => (holds = _))
            await foreign.connect()
            await foreign.subscribe({ topic: `${prefix}transactions`, fromBeginning: true })
            await foreign.run({
              autoCommit: false,
              eachBatch: async () => {
                holds()
                await new Promise((_) => setTimeout(_, 8000))
              }
            })
            await held
          }),
          () => Effect.promise(() => foreign.disconnect())
        )
        const group = asAdmin(brokers, (_) => _.describeGroups([groupId]))
        const first = yield* consumer(log)
        yield* eventually("it is joining", group, (_) => _.groups[0]!.state === "PreparingRebalance")
        yield* first.end
        yield* Effect.promise(() => foreign.disconnect())
        const second = yield* consumer(log)
        yield* second.has(1)
        yield* eventually("it is alone in the group", group, (_) => _.groups[0]!.members.length === 1)
        yield* log.append("transactions", Array.from({ length: 20 }, (_, index) => textRecord("", `${index}`)))
        yield* second.has(21)
        assert.lengthOf(first.seen, 0)
      }))
  }, 3 * patience)

  it.scopedLive("a partition whose handler fails, or does not end, holds no other one", () => {
    const prefix = newPrefix()
    return life(brokers, settingsOf(prefix), ({ log }) =>
      Effect.gen(function*() {
        yield* log.offsets("transactions", "processor")
        let failing = true
        let failures = 0
        const processor = yield* consumer(log, (records) =>
          Effect.suspend(() => {
            if (!failing) return Effect.void
            if (toPartition(records[0]!) === 0) return failures++, Effect.fail("down")
            return toPartition(records[0]!) === 1 ? Effect.never : Effect.void
          }))
        const toEach = (text: string) =>
          write(
            brokers,
            `${prefix}transactions`,
            [0, 1, 2, 3].map((partition) => ({ partition, value: text }))
          )
        yield* toEach("first")
        yield* processor.has(2)
        for (let round = 0; round < 5; round++) {
          const before = processor.seen.length
          yield* toEach(`${round}`)
          yield* processor.has(before + 2, 3000)
        }
        assert.deepStrictEqual(new Set(processor.seen.map(toPartition)), new Set([2, 3]))
        assert.isAtLeast(failures, 2)
        failing = false
        yield* eventually(
          "the failing one goes on where it was",
          Effect.sync(() => processor.seen.filter((_) => toPartition(_) === 0).map((_) => _.position.offset)),
          (_) => _.length === 6 && _.every((offset, index) => offset === index)
        )
      }))
  }, patience)
})
