import type { Topic } from "./Log.ts"

/** What a feed reads, in the order of its cursors. */
export const feedTopics = ["transactions", "transactions_result"] as const satisfies ReadonlyArray<Topic>

/** How far one partition was heard. */
export interface Mark {
  /** The offset to go on from. */
  readonly next: number
  /** Of the record before it, 1 to 65535; 0 where there is none, or it is not known. */
  readonly digest: number
}

/** A mark for each partition of each of the topics. */
export type Marks = ReadonlyArray<ReadonlyArray<Mark>>

const version = 1
/** Varints hold 7 bits a byte: 8 of them reach beyond every safe integer. */
const longestVarint = 8
const longestMark = longestVarint + 2

let scratch = Buffer.alloc(4096)

/** FNV-1a (RFC 9923), folded to 16 bits: it tells what was cut, mistyped or made up, and keeps nobody out. */
const checksum = (bytes: Uint8Array, end: number): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return (hash ^ (hash >>> 16)) & 0xffff
}

const writeVarint = (bytes: Uint8Array, at: number, value: number): number => {
  let left = value
  let to = at
  while (left > 0x7f) {
    bytes[to++] = left % 0x80 | 0x80
    left = Math.floor(left / 0x80)
  }
  bytes[to++] = left
  return to
}

/** Opaque, and the same on every replica: base64url of a version, the marks of each topic, and a checksum. */
export const encodeCursor = (marks: Marks): string => {
  let longest = 3
  for (const ofTopic of marks) longest += longestVarint + ofTopic.length * longestMark
  if (scratch.length < longest) scratch = Buffer.alloc(longest)
  const bytes = scratch
  bytes[0] = version
  let at = 1
  for (const ofTopic of marks) {
    at = writeVarint(bytes, at, ofTopic.length)
    for (const { digest, next } of ofTopic) {
      at = writeVarint(bytes, at, next)
      bytes[at++] = digest >> 8
      bytes[at++] = digest & 0xff
    }
  }
  const sum = checksum(bytes, at)
  bytes[at++] = sum >> 8
  bytes[at++] = sum & 0xff
  return bytes.toString("base64url", 0, at)
}

/** Null for what `encodeCursor` did not make. */
export const decodeCursor = (text: string): Marks | null => {
  const bytes = Buffer.from(text, "base64url")
  const end = bytes.length - 2
  // what Buffer passes over in silence comes back as another text
  if (end < 1 || bytes[0] !== version || bytes.toString("base64url") !== text) return null
  if (bytes.readUInt16BE(end) !== checksum(bytes, end)) return null
  let at = 1
  const readVarint = (): number => {
    let value = 0
    let factor = 1
    for (let i = 0; i < longestVarint && at < end; i++) {
      const byte = bytes[at++]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : -1
      factor *= 0x80
    }
    return -1
  }
  const marks: Array<ReadonlyArray<Mark>> = []
  for (let topic = 0; topic < feedTopics.length; topic++) {
    const partitions = readVarint()
    if (partitions < 0 || partitions > end - at) return null
    const ofTopic: Array<Mark> = []
    for (let partition = 0; partition < partitions; partition++) {
      const next = readVarint()
      if (next < 0 || at + 2 > end) return null
      ofTopic.push({ next, digest: bytes.readUInt16BE(at) })
      at += 2
    }
    marks.push(ofTopic)
  }
  return at === end ? marks : null
}
