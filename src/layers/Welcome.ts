import { Clock, Console, Effect, Layer, Option } from "effect"
import { basic, DemoAccount } from "./DemoAccount.ts"
import { ApiAddress } from "./http/HttpIntake.ts"
import { ManagementAddress } from "./http/Management.ts"
import { OperatorSecretFile } from "./Keys.ts"
import { tellStarted, urlOf } from "./ListeningUrl.ts"

/** Tells a person who has just started the gateway where to look and what to try. */
export const Welcome = Layer.effectDiscard(Effect.gen(function*() {
  const api = yield* ApiAddress
  const management = yield* ManagementAddress
  const demo = yield* DemoAccount
  const operatorSecretFile = yield* OperatorSecretFile
  const year = new Date(yield* Clock.currentTimeMillis).getUTCFullYear() + 2
  const base = urlOf(api)
  const example = JSON.stringify({
    amount: 1999,
    card: { number: "4242424242424242", holder: "Ada Lovelace", exp_month: 12, exp_year: year, cvv: "123" }
  })
  const lines = [
    "",
    "The gateway is running.",
    `  Panel          ${base}/`,
    `  API            ${base}/v1`,
    `  Documentation  ${base}/docs`,
    `  Metrics        ${urlOf(management)}/metrics`,
    ...(operatorSecretFile === null
      ? []
      : [`  Operator       sign in as operator with operatorSecret of ${operatorSecretFile}`]),
    ...Option.match(demo, {
      onNone: () => [],
      onSome: (credential) => [
        `  Demo account   ${basic(credential)}`,
        "",
        "Try it:",
        "",
        `curl -i ${base}/v1/transactions -u ${
          basic(credential)
        } -H 'Content-Type: application/json' -H 'Prefer: wait=5' -d '${example}'`
      ]
    }),
    ""
  ]
  yield* Console.log(lines.join("\n"))
  yield* tellStarted(base)
}))
