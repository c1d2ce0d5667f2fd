import { Either } from "effect"
import type { LogRecord } from "../../services/Log.ts"

/**
 * Records as one value: each is the length of its head, the head (JSON of key and headers), the length of its value,
 * the value. Lengths are unsigned, 32 bits, little endian.
 */
const lengthBytes = 4

export const encodeBatch = (records: ReadonlyArray<LogRecord>): Buffer => {
  const heads = records.map(({ headers, key }) => JSON.stringify([key, headers]))
  const size = records.reduce(
    (sum, { value }, index) => sum + 2 * lengthBytes + Buffer.byteLength(heads[index]!) + value.length,
    0
  )
  const batch = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = 0; i < records.length; i++) {
    const written = batch.write(heads[i]!, at + lengthBytes)
    batch.writeUInt32LE(written, at)
    at += lengthBytes + written
    const { value } = records[i]!
    batch.writeUInt32LE(value.length, at)
    batch.set(value, at + lengthBytes)
    at += lengthBytes + value.length
  }
  return batch
}

const decode = (batch: Buffer): ReadonlyArray<LogRecord> => {
  const records: Array<LogRecord> = []
  for (let at = 0; at < batch.length;) {
    const headEnd = at + lengthBytes + batch.readUInt32LE(at)
    const [key, headers] = JSON.parse(batch.toString("utf8", at + lengthBytes, headEnd)) as [
      string | null,
      Readonly<Record<string, string>>
    ]
    const valueEnd = headEnd + lengthBytes + batch.readUInt32LE(headEnd)
    records.push({ key, headers, value: batch.subarray(headEnd + lengthBytes, valueEnd) })
    at = valueEnd
  }
  return records
}

/** Left when the value is damaged: SQLite does not look into it. */
export const decodeBatch = (batch: Buffer): Either.Either<ReadonlyArray<LogRecord>, unknown> =>
  Either.try({ try: () => decode(batch), catch: (cause) => cause })
