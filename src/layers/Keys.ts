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

/** The first one seals, all open. */
export class CardKeys extends Context.Tag("gateway/CardKeys")<CardKeys, Arr.NonEmptyReadonlyArray<CardKey>>() {}

/** Root of every keyed digest (HmacDigests). It does not rotate. */
export class SecretPepper extends Context.Tag("gateway/SecretPepper")<SecretPepper, Redacted.Redacted>() {}

/** Where a person finds the operator's secret; null when it is not in a file of the gateway's. */
export class OperatorSecretFile extends Context.Reference<OperatorSecretFile>()("gateway/OperatorSecretFile", {
  defaultValue: (): string | null => null
}) {}

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
    return { ...made, ...settings, file, isOwnSecret: settings.operatorSecret === undefined }
  }
  const read = Schema.decodeUnknownEither(KeyFile)(text)
  if (Either.isLeft(read)) {
    return yield* new CannotStart({
      sentence:
        `${file} is damaged: restore it from your backup, because secrets and sealed cards are worth nothing without it.`
    })
  }
  return { ...read.right, ...settings, file, isOwnSecret: settings.operatorSecret === undefined }
})

export const EmbeddedKeys = Layer.unwrapEffect(Effect.gen(function*() {
  const { cardKeys, file, isOwnSecret, operatorSecret, secretPepper } = yield* embeddedKeys
  const ring = yield* parseCardKeys(cardKeys, `CARD_KEYS or ${file}`)
  return Layer.mergeAll(
    Layer.succeed(CardKeys, ring),
    Layer.succeed(SecretPepper, secretPepper),
    Layer.succeed(OperatorSecret, operatorSecret),
    Layer.succeed(OperatorSecretFile, isOwnSecret ? file : null)
  )
}))

/** A key that no start may make up: every process of the role must have the same. */
const named = Effect.fnUntraced(function*(name: string, key: Redacted.Redacted | undefined, what: string) {
  return key ?? (yield* new CannotStart({ sentence: `${name} is not set: ${what}.` }))
})

/** For the roles that seal or open cards. */
export const EnvironmentCardKeys = Layer.effect(
  CardKeys,
  Effect.gen(function*() {
    const { cardKeys } = yield* KeySettings
    const text = yield* named(
      "CARD_KEYS",
      cardKeys,
      "give every intake and every processor the same id:base64 with 32 random bytes (echo k1:$(openssl rand -base64 32))"
    )
    return yield* parseCardKeys(text, "CARD_KEYS")
  })
)

/** For the role that speaks with clients. */
export const EnvironmentSecrets = Layer.merge(
  Layer.effect(
    SecretPepper,
    Effect.flatMap(KeySettings, ({ secretPepper }) =>
      named(
        "SECRET_PEPPER",
        secretPepper,
        "give every intake the same 32 random bytes or more (openssl rand -base64 32), and never change it"
      ))
  ),
  Layer.effect(
    OperatorSecret,
    Effect.flatMap(KeySettings, ({ operatorSecret }) =>
      named(
        "OPERATOR_SECRET",
        operatorSecret,
        "give every intake the same 32 random bytes or more (echo op_$(openssl rand -hex 32)): it is the password of the user operator"
      ))
  )
)
