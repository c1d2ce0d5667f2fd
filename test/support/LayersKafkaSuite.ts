import { assert } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, LogLevel, type Scope } from "effect"
import kafkajs, { type Admin, type Kafka } from "kafkajs"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ensureKafka, type KafkaOptions, quick, startKafka } from "../../scripts/servers/kafka.mjs"
import { type DaemonDied, Daemons } from "../../src/layers/Daemons.ts"
import { type Handler, Log, type Position, type StoredRecord, type Topic } from "../../src/services/Log.ts"
import { eventually as eventuallyWithin } from "./LayersEventually.ts"
import { type Entries, kafkaLogWithDaemons } from "./LayersKafka.ts"
import { type Counted, recordedMetrics } from "./LayersMetrics.ts"
import { textOf, textRecord } from "./LayersSamples.ts"

/** How long what must become true may take, in ms. */
export const patience = 60_000

/** Looks every 20 ms, so that questions to brokers and to other processes are not the load. */
export const eventually = <A, E, R>(
  what: string,
  look: Effect.Effect<A, E, R>,
  isSo: (found: A) => boolean,
  within = patience
) => eventuallyWithin(what, look, isSo, { pass: Effect.promise(() => new Promise((_) => setTimeout(_, 20))) }, within)

/** One life of a process with this log. */
export interface Life {
  readonly log: Log["Type"]
  readonly counted: Counted
  /** What it logged, with its level. */
  readonly said: ReadonlyArray<string>
  readonly death: Effect.Effect<never, DaemonDied>
}

export const life = <A, E, R>(
  brokers: ReadonlyArray<string>,
  entries: Entries,
  body: (life: Life) => Effect.Effect<A, E, R | Scope.Scope>
) =>
  Effect.suspend(() => {
    const { counted, layer } = recordedMetrics()
    const said: Array<string> = []
    /** Shown when the test fails. */
    const all: Array<string> = []
    const listening = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ annotations, date, logLevel, message }) => {
        said.push(`${logLevel.label} ${String(message)}`)
        const { stack: _, ...details } = Object.fromEntries(annotations)
        all.push(`${date.toISOString()} ${said.at(-1)!} ${JSON.stringify(details)}`)
      })
    )
    return Effect.scoped(Effect.gen(function*() {
      const { death } = yield* Daemons
      return yield* body({ log: yield* Log, counted, said, death })
    })).pipe(
      Effect.provide(Layer.provideMerge(Layer.provide(kafkaLogWithDaemons(brokers, entries), layer), listening)),
      Logger.withMinimumLogLevel(LogLevel.Debug),
      Effect.tapErrorCause(() => Effect.sync(() => console.error(all.slice(-200).join("\n"))))
    )
  })

/** A client like any other program's. */
export const plainKafka = (brokers: ReadonlyArray<string>): Kafka =>
  new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING })

/** One question to the brokers. */
export const asAdmin = <A>(brokers: ReadonlyArray<string>, question: (admin: Admin) => Promise<A>) =>
  Effect.promise(async () => {
    const admin = plainKafka(brokers).admin()
    await admin.connect()
    try {
      return await question(admin)
    } finally {
      await admin.disconnect()
    }
  })

export interface PlainMessage {
  readonly partition?: number
  readonly key?: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers?: Record<string, Buffer | string>
  readonly timestamp?: string
}

/** Records that another program writes, past the log. A partition that was just added may not be known yet. */
export const write = (brokers: ReadonlyArray<string>, topic: string, messages: ReadonlyArray<PlainMessage>) =>
  Effect.promise(async () => {
    for (let left = messages; left.length > 0;) {
      const producer = plainKafka(brokers).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
      await producer.connect()
      const rows = await producer.send({ topic, messages: [...left] })
      await producer.disconnect()
      // kafkajs says nothing of a partition that it does not know, and sends nothing there
      const stored = new Set(rows.map((_) => _.partition))
      left = left.filter(({ partition }) => partition !== undefined && !stored.has(partition))
    }
  })

/** Lines of Kafka's own console producer, `headers<tab>key<tab>value`, where NULL is none: what kafkajs cannot write. */
export const writeFromJava = (brokers: ReadonlyArray<string>, topic: string, lines: string, codec: string) =>
  Effect.promise(async () => {
    const jars = await ensureKafka()
    const child = spawn("java", [
      ...quick,
      "-cp",
      `${jars}/*`,
      "org.apache.kafka.tools.ConsoleProducer",
      "--bootstrap-server",
      brokers.join(","),
      "--topic",
      topic,
      "--compression-codec",
      codec,
      ...["parse.headers=true", "parse.key=true", "null.marker=NULL"].flatMap((_) => ["--property", _])
    ], { stdio: ["pipe", "ignore", "ignore"] })
    child.stdin.end(lines)
    await new Promise((done) => child.once("exit", done))
  })

/** A Kafka that this file may do anything to. */
export const ownKafka = (options: Omit<KafkaOptions, "folder">) => {
  const folder = mkdtempSync(join(tmpdir(), "gateway-kafka-"))
  return startKafka({ ...options, folder }).then((kafka) => ({
    ...kafka,
    end: async () => {
      await Promise.all(kafka.nodes.map((_) => _.kill()))
      rmSync(folder, { recursive: true, force: true })
    }
  }))
}

/** Records are told apart by their text, and a key is in one partition for ever. */
export interface Sent extends Position {
  readonly text: string
  readonly key: string
}

/** Appends from several fibers, each with keys of its own, until it is ended; remembers what was acknowledged. */
export const traffic = Effect.fnUntraced(function*(
  log: Log["Type"],
  { appenders = 4, pause = 10, topic = "transactions" }: {
    readonly appenders?: number
    /** Of each appender, in ms. */
    readonly pause?: number
    readonly topic?: Topic
  } = {}
) {
  const sent: Array<Sent> = []
  let ending = false
  const appender = Effect.fnUntraced(function*(name: number) {
    for (let i = 0; !ending; i++) {
      const key = `key ${name}.${i % 5}`
      const text = `${name}-${i}`
      const outcome = yield* Effect.either(log.append(topic, [textRecord(text, key)]))
      if (outcome._tag === "Right") sent.push({ ...outcome.right[0]!, text, key })
      yield* Effect.sleep(pause)
    }
  })
  const fiber = yield* Effect.forkScoped(
    Effect.forEach(Array.from({ length: appenders }, (_, index) => index), appender, { concurrency: "unbounded" })
  )
  return {
    sent,
    /** Answers when the last append has an outcome. */
    end: Effect.suspend(() => {
      ending = true
      return Fiber.join(fiber)
    })
  }
})

/** A consumer that runs beside the test; `seen` is what its handler finished. */
export const consumer = Effect.fnUntraced(function*(
  log: Log["Type"],
  handler: Handler<unknown, never> = () => Effect.void,
  topic: Topic = "transactions"
) {
  const seen: Array<StoredRecord> = []
  const fiber = yield* Effect.forkScoped(
    log.consume(
      { topic, group: "processor" },
      (records) => Effect.zipRight(handler(records), Effect.sync(() => void seen.push(...records)))
    )
  )
  return {
    seen,
    texts: () => seen.map(textOf),
    has: (count: number, within = patience) =>
      eventually(`${count} of ${topic} are handled`, Effect.sync(() => seen.length), (_) => _ >= count, within),
    end: Fiber.interrupt(fiber)
  }
})

/** A tail that runs beside the test. */
export const tail = Effect.fnUntraced(function*(log: Log["Type"], from: ReadonlyMap<number, number>, topic: Topic) {
  const seen: Array<StoredRecord> = []
  yield* Effect.forkScoped(log.tail(topic, from, (records) => Effect.sync(() => void seen.push(...records))))
  return { seen, texts: () => seen.map(textOf) }
})

/** Where a line of a member says that a record was handled. */
export interface Handled {
  readonly partition: number
  readonly offset: number
  readonly text: string
}

/** A processor in a process of its own; killed at the end of the test. */
export const member = (brokers: ReadonlyArray<string>, entries: Entries) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(
        process.execPath,
        [
          "--unhandled-rejections=strict",
          "--import",
          "tsx",
          "test/support/LayersKafkaMember.ts",
          brokers.join(","),
          JSON.stringify(entries)
        ],
        { stdio: ["ignore", "pipe", "pipe"] }
      )
      const handled: Array<Handled & { readonly heardAt: number }> = []
      let rest = ""
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n")
        rest = lines.pop()!
        for (const line of lines) {
          const [partition, offset, said] = line.split(" ")
          const heardAt = performance.now()
          handled.push({ partition: Number(partition), offset: Number(offset), text: said!, heardAt })
        }
      })
      let errors = ""
      child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text))
      return { handled, errors: () => errors, kill: (signal: NodeJS.Signals) => void child.kill(signal), child }
    }),
    ({ child }) => Effect.sync(() => void child.kill("SIGKILL"))
  )

export const at = ({ offset, partition }: { readonly partition: number; readonly offset: number }) =>
  `${partition}/${offset}`

/** Everything that is kept, read by a tail from the first offset of each partition. */
export const readAll = (log: Log["Type"], topic: Topic = "transactions") =>
  Effect.scoped(Effect.gen(function*() {
    const partitions = yield* log.offsets(topic, "recorder")
    const kept = partitions.reduce((sum, { end, low }) => sum + end - low, 0)
    const { seen } = yield* tail(log, new Map(partitions.map((_) => [_.partition, _.low])), topic)
    yield* eventually(`${kept} records of ${topic} are read`, Effect.sync(() => seen.length), (_) => _ >= kept)
    return seen
  }))

/**
 * Everything acknowledged is kept where it was acknowledged, and records of a key are in the order of their appends.
 * What was appended twice counts where it is first.
 */
export const assertKept = (sent: ReadonlyArray<Sent>, kept: ReadonlyArray<StoredRecord>) => {
  assertHandled(sent, kept.map((_) => ({ ..._.position, text: textOf(_) })))
  const last = new Map<string, number>()
  const seen = new Set<string>()
  for (const record of kept.toSorted((a, b) => a.position.offset - b.position.offset)) {
    const text = textOf(record)
    if (seen.has(text)) continue
    seen.add(text)
    const number = Number(text.split("-")[1])
    assert.isAbove(number, last.get(record.key!) ?? -1, `of ${record.key}`)
    last.set(record.key!, number)
  }
}

/** Whatever was acknowledged is there, as it was acknowledged. */
export const assertHandled = (sent: ReadonlyArray<Sent>, handled: ReadonlyArray<Handled>) => {
  const texts = new Map(handled.map((_) => [at(_), _.text]))
  const missing = sent.filter((_) => texts.get(at(_)) !== _.text)
  assert.deepStrictEqual(missing, [], `of ${sent.length} acknowledged`)
}
