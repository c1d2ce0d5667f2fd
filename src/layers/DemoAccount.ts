import { Context, Effect, Either, Layer, Option, Redacted, Schema } from "effect"
import * as path from "node:path"
import { AccountId } from "../domain/Ids.ts"
import { Secret } from "../domain/Secret.ts"
import { AccountRepository, type Credentials } from "../services/AccountRepository.ts"
import { CreateAccount } from "../services/CreateAccount.ts"
import { KeyedDigests } from "../services/KeyedDigests.ts"
import { CannotStart } from "./CannotStart.ts"
import { refuseDatabase } from "./DatabaseRefusal.ts"
import { DataDir } from "./sqlite/DataDir.ts"
import { readPrivately, writePrivately } from "./sqlite/PrivateFile.ts"

const DemoCredential = Schema.Struct({ account: AccountId, secret: Secret })
export type DemoCredential = typeof DemoCredential.Type
const DemoFile = Schema.parseJson(DemoCredential)

/** The account that an empty gateway starts with, while it exists. */
export class DemoAccount extends Context.Tag("gateway/DemoAccount")<DemoAccount, Option.Option<DemoCredential>>() {
  /** The distributed profile has none: `start:distributed` makes its own. */
  static readonly None = Layer.succeed(DemoAccount, Option.none())

  static readonly Live = Layer.effect(
    DemoAccount,
    Effect.gen(function*() {
      const { path: folder } = yield* DataDir
      const accounts = yield* AccountRepository
      const digests = yield* KeyedDigests
      const { prepare } = yield* CreateAccount
      const file = path.join(folder, "demo-credential.json")
      const text = yield* readPrivately(file)

      if (text !== null) {
        const read = Schema.decodeUnknownEither(DemoFile)(text)
        if (Either.isLeft(read)) {
          return yield* new CannotStart({
            sentence: `${file} is damaged: restore it, or delete it to start without it.`
          })
        }
        const found = yield* accounts.findCredentials(read.right.account)
        // under another SECRET_PEPPER the secret would be no good
        const digest = digests.secret(read.right.secret)
        const works = ({ secrets }: Credentials) => secrets.some((_) => digests.areEqual(_.digest, digest))
        if (Option.isSome(found)) return works(found.value) ? Option.some(read.right) : Option.none()
      }
      if (!(yield* accounts.isEmpty)) return Option.none()
      // the file first: a crash in between is made good at the next start, because there is no account yet
      const { account, secret, stored } = yield* prepare("Demo")
      const credential = { account: account.id, secret }
      yield* writePrivately(file, `${yield* Effect.orDie(Schema.encode(DemoFile)(credential))}\n`)
      yield* accounts.insert(account, stored)
      return Option.some(credential)
    }).pipe(
      Effect.catchTags({
        StorageUnavailable: (error) => refuseDatabase("The gateway database", error),
        Unstorable: (error) => refuseDatabase("The gateway database", error)
      })
    )
  )
}

export const basic = ({ account, secret }: DemoCredential): string => `${account}:${Redacted.value(secret)}`
