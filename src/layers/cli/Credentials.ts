import { type ConfigError, Effect, Option, type Redacted, Schema } from "effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { type GatewayCalls, GatewayClient } from "../client/GatewayClient.ts"
import { DataDirSettings, KeySettings } from "../Settings.ts"
import { CliSettings } from "./CliSettings.ts"
import { Ending, exitCodes } from "./Ending.ts"

export interface Target {
  /** The `--url` option. */
  readonly url: Option.Option<string>
}

interface Credential {
  readonly account: string
  readonly secret: Redacted.Redacted
}

const DemoFile = Schema.parseJson(Schema.Struct({ account: Schema.String, secret: Schema.Redacted(Schema.String) }))
const KeyFile = Schema.parseJson(Schema.Struct({ operatorSecret: Schema.Redacted(Schema.String) }))

/** None where there is no such file, where this user may not read it, or where it is damaged. */
const readFile = <A, I>(file: string, schema: Schema.Schema<A, I>): Effect.Effect<Option.Option<A>> =>
  Effect.option(
    Effect.flatMap(Effect.try(() => fs.readFileSync(file, "utf8")), (text) =>
      Schema.decodeUnknown(schema as Schema.Schema<A, unknown>)(text))
  )

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

const refusal = (sentence: string) => new Ending({ code: exitCodes.forbidden, sentence })

const urlOf = Effect.fnUntraced(function*({ url }: Target) {
  const settings = yield* CliSettings
  const text = Option.getOrElse(url, () => settings.url)
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    return yield* new Ending({
      code: exitCodes.usage,
      sentence: "The address of the gateway is not an http or https URL."
    })
  }
  // a secret in a URL ends up in logs
  if (parsed.username !== "" || parsed.password !== "") {
    return yield* new Ending({
      code: exitCodes.usage,
      sentence: "The address of the gateway must not hold a credential: set GATEWAY_ACCOUNT and GATEWAY_SECRET."
    })
  }
  return parsed
})

/** What the files of a gateway on this machine hold is for that gateway, and for no other address. */
const fromFile = <A>(url: URL, name: string, schema: Schema.Schema<A, string>) =>
  loopback.test(url.hostname)
    ? Effect.flatMap(DataDirSettings, (folder) => readFile(path.join(folder, name), schema))
    : Effect.succeed(Option.none<A>())

const named = Effect.fnUntraced(function*() {
  const { account, secret } = yield* CliSettings
  if (Option.isNone(account) && Option.isNone(secret)) return Option.none<Credential>()
  if (Option.isNone(account) || Option.isNone(secret)) {
    return yield* new Ending({
      code: exitCodes.usage,
      sentence: "GATEWAY_ACCOUNT and GATEWAY_SECRET go together: set both, or neither."
    })
  }
  return Option.some<Credential>({ account: account.value, secret: secret.value })
})

const accountCredential = Effect.fnUntraced(function*(url: URL) {
  const own = yield* named()
  if (Option.isSome(own)) return own.value
  const demo = yield* fromFile(url, "demo-credential.json", DemoFile)
  return yield* Option.match(demo, {
    onNone: () => refusal("There is no credential: set GATEWAY_ACCOUNT and GATEWAY_SECRET."),
    onSome: Effect.succeed<Credential>
  })
})

const operatorCredential = Effect.fnUntraced(function*(url: URL) {
  const own = yield* named()
  if (Option.isSome(own) && own.value.account === "operator") return own.value
  const { operatorSecret } = yield* KeySettings
  if (operatorSecret !== undefined) return { account: "operator", secret: operatorSecret }
  const keys = yield* fromFile(url, "keys.json", KeyFile)
  return yield* Option.match(keys, {
    onNone: () => refusal("There is no operator's credential: set OPERATOR_SECRET."),
    onSome: (_) => Effect.succeed<Credential>({ account: "operator", secret: _.operatorSecret })
  })
})

const connect = (credentialFor: (url: URL) => Effect.Effect<Credential, Ending | ConfigError.ConfigError>) =>
  Effect.fnUntraced(function*(target: Target) {
    const url = yield* urlOf(target)
    const { account, secret } = yield* credentialFor(url)
    const client: GatewayCalls = GatewayClient.make({ baseUrl: url, account, secret })
    return client
  })

export const asAccount = connect(accountCredential)
export const asOperator = connect(operatorCredential)
