import type { KafkaMessage } from "kafkajs"
import type { StoredRecord, Topic } from "../../services/Log.ts"

const empty = Buffer.alloc(0)

/** The last of several of one name, as Java clients have it (`lastHeader`). One without a value is empty. */
const textOf = (value: Buffer | string | ReadonlyArray<Buffer | string> | null | undefined): string =>
  value === undefined || value === null ? "" : Array.isArray(value) ? textOf(value.at(-1)) : value.toString()

/** A record as whoever reads it knows it; a tombstone has an empty value. */
export const toStored = (topic: Topic, partition: number, message: KafkaMessage): StoredRecord => ({
  topic,
  key: message.key === null ? null : message.key.toString(),
  value: message.value ?? empty,
  headers: Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([name, value]) => [name, textOf(value)])
  ),
  position: { partition, offset: Number(message.offset), appendedAt: Number(message.timestamp) }
})
