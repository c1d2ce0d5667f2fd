import { Schema } from "effect"
import { type AccountId, TransactionId } from "../domain/Ids.ts"
import { feedTopics, type Mark, type Marks } from "./FeedCursor.ts"
import type { StoredRecord } from "./Log.ts"
import type { Presenter } from "./Presenter.ts"

/** One partition of a topic, as far as it was heard: the mark of a cursor that is up to date. */
export interface Lane extends Mark {
  /** In `feedTopics`. */
  readonly topic: number
  readonly partition: number
  /** The first offset from which on everything is kept. */
  readonly lowest: number
  /** Of the record before that. */
  readonly digestBelow: number
}

/** A record on its way into the ring. */
export interface Heard {
  readonly lane: Lane
  readonly offset: number
  readonly digest: number
  /** Null for a foreign record, of which only its offset counts. */
  readonly id: TransactionId | null
  readonly isDecision: boolean
  /** As its row says where that was read, else as the record does; null where neither is known. */
  readonly account: AccountId | null
}

export interface Entry extends Heard {
  readonly sequence: number
  /** Whether it is an event. One that came before, or behind its own decision, is none. */
  readonly told: boolean
}

type OwnLane = { -readonly [Key in keyof Lane]: Lane[Key] } & { entries: Array<Entry>; first: number }

const knownAccounts = 10_000

const isTransactionId = Schema.is(TransactionId)

/** 1 to 65535; differs where other records stand, or the same ones were appended anew. */
const digestOf = ({ key, position, value }: StoredRecord): number => {
  let hash = Math.imul(position.appendedAt ^ value.length, 0x9e3779b1)
  if (key !== null) {
    for (let i = Math.max(0, key.length - 8); i < key.length; i++) {
      hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
    }
  }
  return (hash ^ (hash >>> 16)) & 0xffff || 1
}

/** Remembers at least the last `capacity` keys that were set. */
const makeMemory = <Value>(capacity: number) => {
  let young = new Map<TransactionId, Value>()
  let old = new Map<TransactionId, Value>()
  return {
    get: (key: TransactionId) => young.get(key) ?? old.get(key),
    set: (key: TransactionId, value: Value) => {
      young.set(key, value)
      if (young.size < capacity) return
      old = young
      young = new Map()
    },
    delete: (key: TransactionId) => {
      young.delete(key)
      old.delete(key)
    }
  }
}

/** Where a cursor stands: in what is kept; beyond what was heard; or nowhere that can be gone on from. */
export type Place = "kept" | "ahead" | "lost"

/** The last records of all partitions, in the order in which they were told, and the present position. */
export const makeFeedRing = (
  accountOf: Presenter["Type"]["accountOf"],
  { capacity, remembered }: { readonly capacity: number; readonly remembered: number }
) => {
  const entries = Array<Entry | undefined>(capacity)
  const lanes: ReadonlyArray<Array<OwnLane>> = feedTopics.map(() => [])
  const accepted = makeMemory<true>(remembered / 2)
  const decided = makeMemory<Entry>(remembered / 2)
  const accounts = new Map<AccountId, AccountId>()
  let end = 0
  let restarts = 0

  /** The same string for the same account: most entries are of few. */
  const interned = (account: AccountId | null): AccountId | null => {
    if (account === null) return null
    const known = accounts.get(account)
    if (known !== undefined) return known
    if (accounts.size >= knownAccounts) accounts.clear()
    accounts.set(account, account)
    return account
  }

  const newLane = (topic: number, partition: number, start: number): OwnLane => ({
    topic,
    partition,
    next: start,
    digest: 0,
    lowest: start,
    digestBelow: 0,
    entries: [],
    first: 0
  })

  const laneOf = (topic: number, partition: number): OwnLane => {
    const ofTopic = lanes[topic]!
    while (ofTopic.length <= partition) ofTopic.push(newLane(topic, ofTopic.length, 0))
    return ofTopic[partition]!
  }

  const begin = (topic: number, partition: number, start: number): OwnLane => {
    laneOf(topic, partition)
    return lanes[topic]![partition] = newLane(topic, partition, start)
  }

  /** The index, in the lane, of its first entry at this offset or after it. */
  const indexOf = ({ entries, first }: OwnLane, offset: number): number => {
    let low = first
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (entries[middle]!.offset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  const entryAt = (lane: OwnLane, offset: number): Entry | undefined => {
    const found = lane.entries[indexOf(lane, offset)]
    return found?.offset === offset ? found : undefined
  }

  /** Of the record before this offset; 0 where it is not known, null where there is no such place. */
  const digestBefore = (lane: OwnLane, offset: number): number | null => {
    if (offset === lane.next) return lane.digest
    if (offset === lane.lowest) return lane.digestBelow
    return entryAt(lane, offset - 1)?.digest ?? null
  }

  const evict = ({ digest, lane, offset }: Entry) => {
    const own = lane as OwnLane
    own.first++
    own.lowest = offset + 1
    own.digestBelow = digest
    if (own.first < 1024 || own.first * 2 < own.entries.length) return
    own.entries = own.entries.slice(own.first)
    own.first = 0
  }

  const fits = (lane: OwnLane, { digest, next }: Mark): Place => {
    if (next > lane.next) return "ahead"
    const own = digestBefore(lane, next)
    return own === null || (own !== 0 && digest !== 0 && own !== digest) ? "lost" : "kept"
  }

  return {
    /** The present position: what `encodeCursor` takes. */
    marks: lanes as Marks,
    begin,
    capacity,
    /** The sequence of the next entry. */
    end: () => end,
    /** The sequence of the oldest entry that is kept. */
    oldest: () => Math.max(0, end - capacity),
    /** How often a topic was made anew while it was read. */
    restarts: () => restarts,
    at: (sequence: number): Entry => entries[sequence % capacity]!,
    /** Not so for entries of a topic that was made anew since. */
    isCurrent: ({ lane }: Entry): boolean => lanes[lane.topic]![lane.partition] === lane,

    /**
     * The new ones among records of one or more lanes, each in its order. A record that was heard at its offset is left
     * out; another one at an offset that was heard tells of a topic that was made anew, and the old one is forgotten.
     */
    read: (records: ReadonlyArray<StoredRecord>): ReadonlyArray<Heard> => {
      const heard: Array<Heard> = []
      for (const record of records) {
        const { key, position: { offset, partition }, topic } = record
        const index = feedTopics.indexOf(topic as typeof feedTopics[number])
        const digest = digestOf(record)
        let lane = laneOf(index, partition)
        if (offset < lane.next) {
          if (entryAt(lane, offset)?.digest === digest) continue
          restarts++
          lane = begin(index, partition, offset)
        }
        const id = isTransactionId(key) ? key : null
        heard.push({
          lane,
          offset,
          digest,
          id,
          isDecision: topic === "transactions_result",
          account: id === null ? null : interned(accountOf(record))
        })
      }
      return heard
    },

    /** Whether it would be no event again. */
    isRepeated: (id: TransactionId, isDecision: boolean): boolean =>
      decided.get(id) !== undefined || (!isDecision && accepted.get(id) !== undefined),

    /** The decision of this transaction that was told last. */
    decisionOf: (id: TransactionId): Entry | undefined => decided.get(id),

    /** When its decision comes again, it is an event. */
    forgetDecision: (id: TransactionId): void => decided.delete(id),

    /** Moves the present position past it. */
    add: (heard: Heard, told: boolean, account: AccountId | null): void => {
      const { digest, id, isDecision, offset } = heard
      const lane = heard.lane as OwnLane
      const entry: Entry = { lane, offset, digest, id, isDecision, account, sequence: end, told }
      const evicted = entries[end % capacity]
      if (evicted !== undefined) evict(evicted)
      entries[end++ % capacity] = entry
      if (lane.first === lane.entries.length && offset > lane.next) {
        lane.lowest = offset
        lane.digestBelow = 0
      }
      lane.entries.push(entry)
      lane.next = offset + 1
      lane.digest = digest
      if (!told || id === null) return
      if (isDecision) decided.set(id, entry)
      else accepted.set(id, true)
    },

    /** A partition that the cursor does not name was not heard at all. */
    placeOf: (marks: Marks): Place => {
      let isAhead = false
      for (const [topic, ofTopic] of lanes.entries()) {
        const others = marks[topic] ?? []
        for (const lane of ofTopic) {
          const place = fits(lane, others[lane.partition] ?? { next: 0, digest: 0 })
          if (place === "lost") return "lost"
          if (place === "ahead") isAhead = true
        }
        for (let partition = ofTopic.length; partition < others.length; partition++) {
          if (others[partition]!.next > 0) isAhead = true
        }
      }
      return isAhead ? "ahead" : "kept"
    },

    /** The sequence of the oldest entry that a cursor has not heard. */
    firstAfter: (marks: Marks): number => {
      let first = end
      for (const [topic, ofTopic] of lanes.entries()) {
        for (const lane of ofTopic) {
          const entry = lane.entries[indexOf(lane, marks[topic]?.[lane.partition]?.next ?? 0)]
          if (entry !== undefined && entry.sequence < first) first = entry.sequence
        }
      }
      return first
    }
  } as const
}

export type FeedRing = ReturnType<typeof makeFeedRing>
