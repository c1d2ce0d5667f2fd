import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, TestClock } from "effect"
import { makeEventId } from "../../src/domain/Ids.ts"
import { accepted, decided, feedWorld, listening, rest } from "../support/FeedScene.ts"
import { eventually, ownTime, remains } from "../support/LayersEventually.ts"
import { newAccountId, noon } from "../support/LayersSamples.ts"

/** A world with one process over it, whose feed runs. */
const scene = Effect.fnUntraced(function*(partitions = 1) {
  const world = feedWorld(partitions)
  const replica = world.replica()
  return { world, replica, feed: yield* replica.start }
})

const through = Effect.fnUntraced(function*(milliseconds: number) {
  for (let left = milliseconds; left > 0; left -= 50) {
    yield* TestClock.adjust(Math.min(left, 50))
    yield* rest
  }
})

describe("EventFeed, live", () => {
  it.scoped("begins at the present, and tells an account of its own, accepted and decided, as they were then", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const [mine, other] = [newAccountId(), newAccountId()]
      const past = world.accept(mine)
      world.record(past.id)
      world.publish(past)
      const hearer = yield* listening(feed, mine)
      const operator = yield* listening(feed, "all")
      yield* hearer.begun
      yield* operator.begun
      assert.deepStrictEqual([hearer.begins.length, hearer.resets.length], [1, 0])
      const [one, two] = [world.accept(mine), world.accept(other)]
      world.record(one.id)
      world.publish(one)
      yield* through(200)
      assert.deepStrictEqual(hearer.told(), [accepted(one), decided(one)])
      assert.sameMembers(operator.told(), [accepted(one), accepted(two), decided(one)])
      const [first, second] = hearer.events()
      // it is decided by now, and was not when it was accepted
      assert.isNull(first!.submission.recorded)
      assert.deepStrictEqual([first!.id, first!.createdAt], [makeEventId(one.id, "accepted"), one.acceptedAt])
      assert.strictEqual(second!.submission.recorded?.decision.status, "approved")
      assert.deepStrictEqual([second!.id, second!.createdAt], [makeEventId(one.id, "decided"), noon + 20])
      assert.notStrictEqual(first!.cursor, second!.cursor)
    }))

  it.scoped("all hearers of one scope are given the same array", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearers = [yield* listening(feed, mine), yield* listening(feed, mine)]
      for (const hearer of hearers) yield* hearer.begun
      world.accept(mine)
      world.accept(mine)
      yield* through(200)
      const [one, two] = hearers
      assert.strictEqual(one!.events().length, 2)
      assert.strictEqual(one!.arrays.length, two!.arrays.length)
      one!.arrays.forEach((array, at) => assert.strictEqual(array, two!.arrays[at]))
    }))

  it.scoped("what comes to an idle feed is told at once, what follows is gathered", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      world.accept(mine)
      yield* rest
      assert.strictEqual(hearer.events().length, 1)
      for (let i = 0; i < 5; i++) {
        world.accept(mine)
        yield* rest
      }
      assert.strictEqual(hearer.events().length, 1)
      yield* TestClock.adjust("60 millis")
      yield* rest
      assert.deepStrictEqual(hearer.arrays.map((_) => _.length), [1, 5])
      yield* TestClock.adjust("60 millis")
      world.accept(mine)
      yield* rest
      assert.deepStrictEqual(hearer.arrays.map((_) => _.length), [1, 5, 1])
    }))

  it.scoped("nothing is read while nobody listens, nor for accounts of which nobody hears", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      assert.strictEqual(world.counts.tails, 0)
      const [mine, other] = [newAccountId(), newAccountId()]
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      assert.strictEqual(world.counts.tails, 2)
      for (let i = 0; i < 20; i++) world.publish(world.accept(other))
      yield* through(200)
      assert.strictEqual(world.counts.reads, 0)
      const one = world.accept(mine)
      yield* through(200)
      assert.deepStrictEqual(world.counts.asked, [[one.id]])
      // its cursor has what it never heard
      const next = yield* listening(feed, mine, hearer.cursor())
      yield* next.begun
      yield* through(200)
      assert.deepStrictEqual(next.told(), [])
    }))

  it.scoped("the feed is let go a minute after the last hearer left, not before", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      const cursor = hearer.cursor()
      yield* hearer.leave
      yield* TestClock.adjust("59 seconds")
      yield* rest
      assert.strictEqual(world.counts.tails, 2)
      const again = yield* listening(feed, mine)
      yield* again.begun
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(world.counts.tails, 2)
      yield* again.leave
      yield* TestClock.adjust("61 seconds")
      yield* eventually("it is let go", Effect.sync(() => world.counts.tails), (_) => _ === 0)
      const one = world.accept(mine)
      const late = yield* listening(feed, mine, cursor)
      yield* late.begun
      yield* late.hears(accepted(one))
      assert.deepStrictEqual(late.told(), [accepted(one)])
      assert.strictEqual(world.counts.tails, 2)
    }))

  it.scoped("what comes twice is told once, and an accepted one behind its decision is not told", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      const [one, two] = [world.accept(mine), world.accept(mine, { append: false })]
      world.resend(one)
      world.record(one.id)
      world.publish(one)
      world.publish(one)
      world.record(two.id)
      world.publish(two)
      yield* through(200)
      world.resend(two)
      world.resend(one)
      world.publish(two)
      yield* through(200)
      assert.deepStrictEqual(hearer.told(), [accepted(one), decided(one), decided(two)])
      const reads = world.counts.reads
      world.publish(one)
      yield* through(200)
      assert.strictEqual(world.counts.reads, reads)
    }))

  it.scoped("foreign records and ids without a row are skipped, and cursors pass over them", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      world.foreign("transactions")
      world.foreign("transactions_result")
      const nobodys = world.accept(mine, { row: false })
      world.publish(nobodys)
      const one = world.accept(mine)
      yield* through(200)
      assert.deepStrictEqual(hearer.told(), [accepted(one)])
      // its row came late, and so did its record
      world.rows.set(nobodys.id, { ...nobodys, recorded: null })
      world.resend(nobodys)
      yield* through(200)
      assert.deepStrictEqual(hearer.told(), [accepted(one), accepted(nobodys)])
    }))

  it.scoped("the row says whose it is, whatever the record says", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const [mine, other] = [newAccountId(), newAccountId()]
      const hearers = [yield* listening(feed, mine), yield* listening(feed, other)] as const
      for (const hearer of hearers) yield* hearer.begun
      const one = world.accept(mine)
      world.record(one.id)
      world.publish({ id: one.id, accountId: other })
      yield* through(200)
      assert.deepStrictEqual(hearers[0].told(), [accepted(one), decided(one)])
      assert.deepStrictEqual(hearers[1].told(), [])
    }))

  it.scoped("a record that names no account is looked up, while anybody listens and for one who missed it", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const [mine, other] = [newAccountId(), newAccountId()]
      const hearers = [yield* listening(feed, mine), yield* listening(feed, other)] as const
      for (const hearer of hearers) yield* hearer.begun
      const one = world.accept(mine)
      yield* through(100)
      world.record(one.id)
      world.foreign("transactions_result", 0, one.id)
      yield* through(200)
      assert.deepStrictEqual(hearers[0].told(), [accepted(one), decided(one)])
      assert.deepStrictEqual(hearers[1].told(), [])
      const late = yield* world.replica().start
      for (const [account, told] of [[mine, hearers[0].told()], [other, []]] as const) {
        const back = yield* listening(late, account, hearers[0].begins[0])
        yield* back.begun
        yield* through(100)
        assert.deepStrictEqual(back.told(), told)
      }
    }))
})

describe("EventFeed, decided", () => {
  it.scoped("waits for its row, and what is behind it in its partition waits too, in order", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      const [one, two, three] = [world.accept(mine), world.accept(mine), world.accept(mine)]
      yield* through(100)
      world.record(one.id)
      world.record(three.id)
      for (const each of [one, two, three]) world.publish(each)
      yield* through(1000)
      const before = [accepted(one), accepted(two), accepted(three), decided(one)]
      assert.deepStrictEqual(hearer.told(), before)
      // other partitions and topics go on
      const four = world.accept(mine)
      yield* through(200)
      assert.deepStrictEqual(hearer.told(), [...before, accepted(four)])
      world.record(two.id)
      yield* through(600)
      assert.deepStrictEqual(hearer.told(), [...before, accepted(four), decided(two), decided(three)])
    }))

  it.scoped("no longer waits for the rows of an account of which nobody hears any more", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const [mine, other] = [newAccountId(), newAccountId()]
      const [hearer, gone] = [yield* listening(feed, mine), yield* listening(feed, other)]
      yield* hearer.begun
      yield* gone.begun
      const [theirs, one] = [world.accept(other), world.accept(mine)]
      world.record(one.id)
      world.publish(theirs)
      world.publish(one)
      yield* through(500)
      assert.deepStrictEqual(hearer.told(), [accepted(one)])
      yield* gone.leave
      yield* through(600)
      assert.deepStrictEqual(hearer.told(), [accepted(one), decided(one)])
    }))

  it.scoped("a row that was not recorded within 30 s is waited for while its record waits for the recorder", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      const one = world.accept(mine)
      const offset = world.publish(one)
      world.commit("transactions_result", 0, offset)
      yield* TestClock.adjust("2 minutes")
      yield* rest
      assert.deepStrictEqual(hearer.told(), [accepted(one)])
      world.record(one.id)
      yield* through(600)
      assert.deepStrictEqual(hearer.told(), [accepted(one), decided(one)])
    }))

  it.scoped("what the recorder passed over is passed over, and told when it is sent again", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      const [one, two] = [world.accept(mine), world.accept(mine)]
      const offset = world.publish(one)
      world.commit("transactions_result", 0, offset + 1)
      world.record(two.id)
      world.publish(two)
      yield* TestClock.adjust("29 seconds")
      yield* rest
      assert.deepStrictEqual(hearer.told(), [accepted(one), accepted(two)])
      yield* through(7000)
      assert.deepStrictEqual(hearer.told(), [accepted(one), accepted(two), decided(two)])
      world.record(one.id)
      world.publish(one)
      yield* through(200)
      assert.deepStrictEqual(hearer.told(), [accepted(one), accepted(two), decided(two), decided(one)])
    }))

  it.scoped("a database that cannot be asked is asked again, and nothing is lost", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      world.state.storageDown = true
      const one = world.accept(mine)
      world.record(one.id)
      world.commit("transactions_result", 0, world.publish(one) + 1)
      yield* TestClock.adjust("3 minutes")
      yield* rest
      assert.deepStrictEqual(hearer.told(), [])
      world.state.storageDown = false
      yield* through(600)
      assert.sameMembers(hearer.told(), [accepted(one), decided(one)])
    }))

  it.scoped("one who joins while a batch waits is not passed by", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const [mine, other] = [newAccountId(), newAccountId()]
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      const [one, theirs] = [world.accept(mine), world.accept(other)]
      world.record(theirs.id)
      world.publish(one)
      world.publish(theirs)
      yield* through(200)
      // their record was given to the feed before, and is not told yet
      const joined = yield* listening(feed, other)
      yield* joined.begun
      yield* through(200)
      world.record(one.id)
      yield* through(600)
      assert.deepStrictEqual(hearer.told(), [accepted(one), decided(one)])
      assert.deepStrictEqual(joined.told(), [decided(theirs)])
    }))
})

describe("EventFeed, gone on with", () => {
  it.scoped("tells what was missed, in order, and goes on without a gap or a repeat, from any of its cursors", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene(3)
      const [mine, other] = [newAccountId(), newAccountId()]
      const first = yield* listening(feed, mine)
      yield* first.begun
      for (let i = 0; i < 40; i++) {
        const one = world.accept(i % 3 === 0 ? other : mine)
        world.record(one.id)
        world.publish(one)
        if (i % 7 === 0) yield* rest
      }
      yield* through(300)
      const all = first.events()
      assert.isAbove(all.length, 40)
      const cursors = [first.begins[0]!, ...all.map((_) => _.cursor)]
      const resumed = yield* Effect.forEach(cursors, (_) => listening(feed, mine, _))
      const live = world.accept(mine)
      yield* through(1000)
      for (const [at, hearer] of resumed.entries()) {
        assert.deepStrictEqual([hearer.begins, hearer.resets], [[cursors[at]!], []])
        assert.deepStrictEqual(hearer.told(), [...first.told().slice(at, all.length), accepted(live)], `after ${at}`)
        if (at < all.length) assert.deepStrictEqual(hearer.events()[0]!.cursor, all[at]!.cursor)
      }
    }))

  it.scoped("asks whether it takes more between batches, and tells what comes meanwhile after what was missed", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const first = yield* listening(feed, mine)
      yield* first.begun
      const missed = Array.from({ length: 450 }, () => world.accept(mine))
      yield* through(500)
      const gate = yield* Deferred.make<void>()
      const slow = yield* listening(feed, mine, first.begins[0], Deferred.await(gate))
      yield* through(500)
      assert.strictEqual(slow.events().length, 200)
      const live = world.accept(mine)
      yield* through(200)
      assert.strictEqual(slow.events().length, 200)
      yield* Deferred.succeed(gate, void 0)
      yield* through(500)
      assert.deepStrictEqual(slow.told(), [...missed, live].map(accepted))
    }))

  it.scoped("waits for the row of a decided one that was missed", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const [mine, other] = [newAccountId(), newAccountId()]
      const first = yield* listening(feed, mine)
      yield* first.begun
      const cursor = first.cursor()
      yield* first.leave
      // somebody keeps the feed; nobody hears of this account, so its row was not waited for
      yield* (yield* listening(feed, other)).begun
      const [one, two] = [world.accept(mine), world.accept(mine)]
      world.record(two.id)
      world.publish(one)
      world.publish(two)
      yield* rest
      const back = yield* listening(feed, mine, cursor)
      yield* back.begun
      yield* through(300)
      assert.sameMembers(back.told(), [accepted(one), accepted(two)])
      world.record(one.id)
      yield* through(600)
      assert.deepStrictEqual(back.told().slice(2), [decided(one), decided(two)])
    }))

  it.scoped("who hears of nothing is told where it is, and goes on from there whatever others did meanwhile", () =>
    Effect.gen(function*() {
      const world = feedWorld()
      const feed = yield* world.replica({ kept: 100 }).start
      const [mine, other] = [newAccountId(), newAccountId()]
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      for (let i = 0; i < 80; i++) world.accept(other)
      yield* through(15_000)
      const position = hearer.passes.at(-1)!
      assert.notStrictEqual(position, hearer.begins[0])
      assert.lengthOf(hearer.told(), 0)
      yield* hearer.leave
      for (let i = 0; i < 40; i++) world.accept(other)
      const missed = world.accept(mine)
      yield* through(200)
      // the place where it began is no longer kept
      const late = yield* listening(feed, mine, hearer.begins[0]!)
      yield* late.begun
      assert.lengthOf(late.resets, 1)
      const resumed = yield* listening(feed, mine, position)
      yield* resumed.hears(accepted(missed))
      assert.deepStrictEqual([resumed.resets.length, resumed.told()], [0, [accepted(missed)]])
    }))

  it.scoped("garbage, what is no longer kept and what does not fit: reset, and on from the present", () =>
    Effect.gen(function*() {
      const world = feedWorld()
      const feed = yield* world.replica({ kept: 100 }).start
      const mine = newAccountId()
      const first = yield* listening(feed, mine)
      yield* first.begun
      const old = first.begins[0]!
      for (let i = 0; i < 120; i++) world.accept(mine)
      yield* through(300)
      const elsewhere = feedWorld()
      for (let i = 0; i < 60; i++) elsewhere.accept(mine)
      const stranger = yield* listening(yield* elsewhere.replica().start, mine)
      yield* stranger.begun
      for (const after of ["garbage", "A".repeat(9000), old, stranger.cursor()]) {
        const hearer = yield* listening(feed, mine, after)
        yield* hearer.begun
        assert.deepStrictEqual([hearer.begins.length, hearer.resets.length], [0, 1], after)
        const one = world.accept(mine)
        yield* through(200)
        assert.deepStrictEqual(hearer.told(), [accepted(one)])
        // what the reset gave is good
        const again = yield* listening(feed, mine, hearer.resets[0])
        yield* again.begun
        yield* through(200)
        assert.deepStrictEqual([again.told(), again.resets.length], [[accepted(one)], 0])
      }
    }))

  it.scoped("one that the rest of the ring overtook while it read is reset", () =>
    Effect.gen(function*() {
      const world = feedWorld()
      const feed = yield* world.replica({ kept: 300 }).start
      const mine = newAccountId()
      const first = yield* listening(feed, mine)
      yield* first.begun
      for (let i = 0; i < 250; i++) world.accept(mine)
      yield* through(300)
      const gate = yield* Deferred.make<void>()
      const slow = yield* listening(feed, mine, first.begins[0], Deferred.await(gate))
      yield* through(100)
      for (let i = 0; i < 300; i++) world.accept(mine)
      yield* through(500)
      assert.deepStrictEqual([slow.events().length, slow.resets.length], [200, 0])
      yield* Deferred.succeed(gate, void 0)
      yield* through(100)
      assert.deepStrictEqual([slow.events().length, slow.resets.length], [200, 1])
      const live = world.accept(mine)
      yield* through(200)
      assert.deepStrictEqual(slow.told().slice(200), [accepted(live)])
    }))

  it.scoped("ahead of this replica it waits for the tail", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene(2)
      const behind = world.replica()
      for (const partition of [0, 1]) behind.limit("transactions", partition, 3)
      const mine = newAccountId()
      const first = yield* listening(feed, mine)
      yield* first.begun
      for (let i = 0; i < 6; i++) world.accept(mine)
      const other = yield* behind.start
      const waiting = yield* listening(other, mine)
      yield* through(300)
      // this one is not ready: it has not read what there was when it began
      assert.strictEqual(waiting.begins.length, 0)
      for (const partition of [0, 1]) behind.limit("transactions", partition, 6)
      yield* waiting.begun
      for (const partition of [0, 1]) behind.limit("transactions", partition, 3)
      for (let i = 0; i < 6; i++) world.accept(mine)
      yield* through(300)
      const cursor = first.events().at(-3)!.cursor
      const hearer = yield* listening(other, mine, cursor)
      yield* through(25_000)
      assert.deepStrictEqual([hearer.begins.length, hearer.resets.length], [0, 0])
      for (const partition of [0, 1]) behind.limit("transactions", partition, Infinity)
      yield* through(1000)
      assert.deepStrictEqual([hearer.begins.length, hearer.resets.length], [1, 0])
      assert.deepStrictEqual(hearer.told(), first.told().slice(-2))
    }), 60_000)

  it.scoped("ahead of the log itself it is reset after a while, not while the log cannot be asked", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const elsewhere = feedWorld()
      for (let i = 0; i < 60; i++) elsewhere.accept(mine)
      const stranger = yield* listening(yield* elsewhere.replica().start, mine)
      yield* stranger.begun
      yield* (yield* listening(feed, mine)).begun
      world.state.logDown = true
      const hearer = yield* listening(feed, mine, stranger.cursor())
      yield* TestClock.adjust("60 seconds")
      yield* rest
      assert.deepStrictEqual([hearer.begins.length, hearer.resets.length], [0, 0])
      world.state.logDown = false
      yield* TestClock.adjust("3 seconds")
      yield* hearer.begun
      assert.deepStrictEqual([hearer.begins.length, hearer.resets.length], [0, 1])
    }))

  it.scoped("a topic made anew is gone on with; its old cursors are reset", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      for (let i = 0; i < 5; i++) world.accept(mine)
      yield* through(200)
      const old = hearer.cursor()
      world.makeAnew("transactions")
      const anew = [world.accept(mine), world.accept(mine), world.accept(mine)]
      yield* through(200)
      assert.deepStrictEqual(hearer.told().slice(5), anew.map(accepted))
      assert.strictEqual(hearer.resets.length, 0)
      // as many again, so that its offsets are there
      for (let i = 0; i < 5; i++) world.accept(mine)
      yield* through(200)
      const [back, fresh] = [yield* listening(feed, mine, old), yield* listening(feed, mine, hearer.cursor())]
      yield* back.begun
      yield* fresh.begun
      assert.deepStrictEqual([back.resets.length, fresh.resets.length], [1, 0])
    }))

  it.scoped("a record that is given twice by its tail is heard once", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      const hearer = yield* listening(feed, mine)
      yield* hearer.begun
      world.accept(mine)
      const broken = world.accept(mine)
      // a mistake ends the tail in the middle of what it was given
      const row = world.rows.get(broken.id)!
      world.rows.set(broken.id, Object.defineProperty({ ...row }, "accountId", { get: () => assert.fail("a mistake") }))
      yield* through(50)
      world.rows.set(broken.id, row)
      yield* through(1000)
      const last = world.accept(mine)
      yield* through(1000)
      assert.deepStrictEqual(hearer.told().slice(-2), [accepted(broken), accepted(last)])
      assert.strictEqual(new Set(hearer.told()).size, hearer.told().length)
    }))
})

describe("EventFeed, at its start", () => {
  it.scoped("waits for a log that cannot be reached, and begins where that is then", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      world.state.logDown = true
      const hearer = yield* listening(feed, mine)
      yield* TestClock.adjust("10 minutes")
      yield* remains("it waits", Effect.sync(() => hearer.begins.length), (_) => _ === 0)
      world.accept(mine)
      world.state.logDown = false
      yield* eventually("it begins", Effect.sync(() => hearer.begins.length), (_) => _ === 1, ownTime())
      const one = world.accept(mine)
      yield* through(200)
      assert.deepStrictEqual(hearer.told(), [accepted(one)])
    }))

  it.scoped("reads back no more than it keeps, of what is still there", () =>
    Effect.gen(function*() {
      const world = feedWorld(2)
      const mine = newAccountId()
      for (let i = 0; i < 200; i++) world.accept(mine)
      world.expire("transactions", 0, 90)
      const keeper = yield* listening(yield* world.replica().start, mine)
      yield* keeper.begun
      const feed = yield* world.replica({ kept: 100 }).start
      const hearer = yield* listening(feed, mine, keeper.cursor())
      yield* hearer.begun
      const one = world.accept(mine)
      yield* through(300)
      assert.deepStrictEqual([hearer.resets.length, hearer.told()], [0, [accepted(one)]])
      assert.strictEqual(world.counts.asked.flat().filter((_) => _ !== one.id).length, 0)
    }))

  it.scoped("reads back what was accepted before what was decided, whichever of its tails is faster", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene(2)
      const mine = newAccountId()
      const first = yield* listening(feed, mine)
      yield* first.begun
      for (let i = 0; i < 6; i++) {
        const one = world.accept(mine)
        world.record(one.id)
        world.publish(one)
      }
      yield* through(200)
      const later = world.replica()
      for (const partition of [0, 1]) later.limit("transactions", partition, 0)
      const hearer = yield* listening(yield* later.start, mine, first.begins[0])
      yield* through(300)
      for (const partition of [0, 1]) later.limit("transactions", partition, Infinity)
      yield* hearer.begun
      yield* through(200)
      assert.sameMembers(hearer.told(), first.told())
      assert.isTrue(hearer.told().slice(0, 6).every((_) => _.startsWith("accepted")))
    }))

  it.scoped("a cursor at an end whose records have expired is good", () =>
    Effect.gen(function*() {
      const { feed, world } = yield* scene()
      const mine = newAccountId()
      for (let i = 0; i < 10; i++) world.accept(mine)
      const first = yield* listening(feed, mine)
      yield* first.begun
      world.expire("transactions", 0, 10)
      const later = yield* world.replica().start
      const hearer = yield* listening(later, mine, first.cursor())
      yield* hearer.begun
      const one = world.accept(mine)
      yield* through(300)
      assert.deepStrictEqual([hearer.resets.length, hearer.told()], [0, [accepted(one)]])
    }))
})
