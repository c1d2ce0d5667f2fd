import { HelpDoc, Options } from "@effect/cli"
import type { Option } from "effect"
import { asAccount, asOperator } from "./Credentials.ts"

/** Of every command. */
export const common = {
  url: Options.text("url").pipe(
    Options.withDescription("Where the gateway is; GATEWAY_URL otherwise, or http://127.0.0.1:8080"),
    Options.optional
  ),
  json: Options.boolean("json").pipe(
    Options.withDescription("One JSON document, or one on each line where more may come")
  )
}

/** Of what the operator can read too. */
export const readers = {
  operator: Options.boolean("operator").pipe(Options.withDescription("As the operator: of every account"))
}

export const asReader = (
  target: { readonly url: Option.Option<string>; readonly operator: boolean }
): ReturnType<typeof asAccount> => target.operator ? asOperator(target) : asAccount(target)

/** What it does, and how it is written. */
export const described = (what: string, ...examples: ReadonlyArray<string>): HelpDoc.HelpDoc =>
  HelpDoc.blocks([
    HelpDoc.p(what),
    ...examples.map((_) => HelpDoc.p(`  $ ${_}`))
  ])

/** The members that are there. */
export const given = <A extends Readonly<Record<string, Option.Option<unknown>>>>(options: A) =>
  Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => value._tag === "Some" ? [[name, value.value]] : [])
  ) as { readonly [Name in keyof A]?: A[Name] extends Option.Option<infer B> ? B : never }
