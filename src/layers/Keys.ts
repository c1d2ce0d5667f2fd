import { type Array as Arr, Context, Effect, Either, Layer, Redacted, Schema } from "effect"
import * as path from "node:path"
import { OperatorSecret } from "../services/Authenticate.ts"
import { Randomness } from "../services/Randomness.ts"
import { CannotStart } from "./CannotStart.ts"
import { KeySettings } from "./Settings.ts"
import { DataDir } from "./sqlite/DataDir.ts"
import { readPrivately, writePrivately } from "./sqlite/PrivateFile.ts"

export interface CardKey {
  /** Travels in the envelope and stands beside the submission. */
  readonly id: string
  /** 32 bytes. */
  readonly key: Buffer
}

export class Keys extends Context.Tag("gateway/Keys")<Keys, {
  readonly operatorSecret: Redacted.Redacted
  /** Root of every keyed digest (HmacDigests). It does not rotate. */
  readonly secretPepper: Redacted.Redacted
  /** The first one seals, all open. */
  readonly cardKeys: Arr.NonEmptyReadonlyArray<CardKey>
}>() {}

const KeyFile = Schema.parseJson(Schema.Struct({
  operatorSecret: Schema.Redacted(Schema.NonEmptyString),
  secretPepper: Schema.Redacted(Schema.NonEmptyString),
  cardKeys: Schema.Redacted(Schema.NonEmptyString)
}))
type KeyFile = typeof KeyFile.Type

const cardKeyShape = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]+={0,2})$/

/** `id:base64,id:base64…`, 32 bytes each. */
const parseCardKeys = (
  text: Redacted.Redacted,
  where: string
): Either.Either<Arr.NonEmptyReadonlyArray<CardKey>, CannotStart> => {
  const refuse = (what: string) =>
    Either.left(
      new CannotStart({
        sentence:
          `The card keys in ${where} are damaged (${what}): they are written id:base64,id:base64 with 32 bytes each; restore them from your backup, because cards they sealed open with nothing else.`
      })
    )
  const keys: Array<CardKey> = []
  for (const entry of Redacted.value(text).split(",")) {
    const match = cardKeyShape.exec(entry.trim())
    if (match === null) return refuse("an entry has another form")
    const key = Buffer.from(match[2]!, "base64")
    if (key.length !== 32) return refuse(`a key has ${key.length} bytes`)
    if (keys.some((_) => _.id === match[1])) return refuse("two keys have one id")
    keys.push({ id: match[1]!, key })
  }
  const [first, ...rest] = keys
  return first === undefined ? refuse("there is none") : Either.right([first, ...rest])
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64")

/** What the environment does not name is made on the first start and kept in `DATA_DIR/keys.json`. */
const embeddedKeys = Effect.gen(function*() {
  const { hasDatabases, path: folder } = yield* DataDir
  const randomness = yield* Randomness
  const settings = yield* KeySettings
  const file = path.join(folder, "keys.json")
  const text = yield* readPrivately(file)

  if (text === null) {
    if (hasDatabases) {
      return yield* new CannotStart({
        sentence:
          `${file} is missing although the databases beside it exist: restore it from your backup, because secrets and sealed cards are worth nothing without it.`
      })
    }
    const made: KeyFile = {
      operatorSecret: Redacted.make(`op_${Buffer.from(randomness.bytes(32)).toString("base64url")}`),
      secretPepper: Redacted.make(base64(randomness.bytes(32))),
      cardKeys: Redacted.make(`k1:${base64(randomness.bytes(32))}`)
    }
    yield* writePrivately(file, `${yield* Effect.orDie(Schema.encode(KeyFile)(made))}\n`)
    return { ...made, ...settings }
  }
  const read = Schema.decodeUnknownEither(KeyFile)(text)
  if (Either.isLeft(read)) {
    return yield* new CannotStart({
      sentence:
        `${file} is damaged: restore it from your backup, because secrets and sealed cards are worth nothing without it.`
    })
  }
  return { ...read.right, ...settings }
})

export const EmbeddedKeys = Layer.unwrapEffect(Effect.gen(function*() {
  const { path: folder } = yield* DataDir
  const { cardKeys, operatorSecret, secretPepper } = yield* embeddedKeys
  const ring = yield* parseCardKeys(cardKeys, `CARD_KEYS or ${path.join(folder, "keys.json")}`)
  return Layer.merge(
    Layer.succeed(Keys, { operatorSecret, secretPepper, cardKeys: ring }),
    Layer.succeed(OperatorSecret, operatorSecret)
  )
}))
