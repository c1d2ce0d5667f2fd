import { appendForever } from "./LayersAppender.ts"
import { kafkaLog } from "./LayersKafka.ts"

const [, , brokers, prefix] = process.argv

appendForever(kafkaLog(brokers!.split(","), { KAFKA_TOPIC_PREFIX: prefix! }))
