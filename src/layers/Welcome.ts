import { Clock, Console, Effect, Layer, Option } from "effect"
import { basic, DemoAccount } from "./DemoAccount.ts"
import { ApiAddress } from "./http/HttpIntake.ts"
import type { Listening } from "./http/HttpServer.ts"
import { ManagementAddress } from "./http/Management.ts"

const urlOf = ({ host, port }: Listening) => `http://${host.includes(":") ? `[${host}]` : host}:${port}`

/** Tells a person who has just started the gateway where to look and what to try. */
export const Welcome = Layer.effectDiscard(Effect.gen(function*() {
  const { host, port } = yield* ApiAddress
  const management = yield* ManagementAddress
  const demo = yield* DemoAccount
  const year = new Date(yield* Clock.currentTimeMillis).getUTCFullYear() + 2
  const base = urlOf({ host, port })
  const example = JSON.stringify({
    amount: 1999,
    card: { number: "4242424242424242", holder: "Ada Lovelace", exp_month: 12, exp_year: year, cvv: "123" }
  })
  const lines = [
    "",
    "The gateway is running.",
    `  API            ${base}/v1`,
    `  Documentation  ${base}/docs`,
    `  Metrics        ${urlOf(management)}/metrics`,
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
}))
