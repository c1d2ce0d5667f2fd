import { Redacted, Schema } from "effect"

/**
 * An account's secret: `sk_`, 32 random bytes and a CRC-32 of them, all in hexadecimal. The checksum tells a typo from a
 * wrong secret without a look at the database; it protects nothing.
 */
const shape = /^sk_[0-9a-f]{64}[0-9a-f]{8}$/

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 (ISO 3309) of ASCII text. */
const crc32 = (ascii: string): string => {
  let crc = 0xffffffff
  for (let i = 0; i < ascii.length; i++) crc = (crc >>> 8) ^ crcTable[(crc ^ ascii.charCodeAt(i)) & 0xff]!
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0")
}

/** A new secret from 32 random bytes. */
export const makeSecret = (random: Uint8Array): Redacted.Redacted => {
  let hex = ""
  for (const byte of random) hex += byte.toString(16).padStart(2, "0")
  return Redacted.make(`sk_${hex}${crc32(hex)}`)
}

/** Whether this could be a secret of ours at all. */
export const isSecret = (text: Redacted.Redacted): boolean => {
  const value = Redacted.value(text)
  return shape.test(value) && crc32(value.slice(3, 67)) === value.slice(67)
}

/** What a secret may do: everything, or read. */
export const SecretScope = Schema.Literal("full", "read_only")
export type SecretScope = typeof SecretScope.Type

export const Secret = Schema.Redacted(Schema.String.pipe(Schema.pattern(shape)))
