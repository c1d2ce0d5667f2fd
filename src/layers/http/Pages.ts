import { OpenApi } from "@effect/platform"
import { Context, Effect } from "effect"
import { GatewayApi } from "./Api.ts"
import type { Answer, Page } from "./Listener.ts"

export const json = (value: unknown, status = 200): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value)
})

/** The process runs. It depends on nothing outside. */
export const livez: Page = { path: "/livez", answer: Effect.succeed(json({ status: "live" })) }

/** Started, with the schema it needs. On the API's port a draining process answers 503 before a page is looked for. */
export const readyz: Page = { path: "/readyz", answer: Effect.succeed(json({ status: "ready" })) }

export const notReady = json({ status: "not_ready" }, 503)

/** What the management port says of a role that is ready by its own measure. */
export class Readiness extends Context.Reference<Readiness>()("gateway/Readiness", {
  defaultValue: (): Effect.Effect<Answer> => readyz.answer
}) {}

export const makePages = Effect.gen(function*() {
  const openApi = yield* Effect.cached(Effect.sync(() => json(OpenApi.fromApi(GatewayApi))))
  // one promise for all readers: a cached effect would keep the interruption of a reader that hung up, for ever
  let rendered: Promise<Answer> | undefined
  const documentation = Effect.promise(() => {
    rendered ??= import("./DocumentationPage.ts").then((_) => _.renderDocumentation()).catch((cause: unknown) => {
      rendered = undefined
      throw cause
    })
    return rendered
  })
  const pages: ReadonlyArray<Page> = [
    livez,
    readyz,
    { path: "/openapi.json", answer: openApi },
    { path: "/docs", answer: documentation }
  ]
  return pages
})
