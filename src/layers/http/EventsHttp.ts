import { Effect } from "effect"
import { EventStreams } from "./EventStreams.ts"
import type { Handlers } from "./Reply.ts"
import { narrowedScope } from "./Scopes.ts"

export const eventHandlers = Effect.gen(function*() {
  const { open } = yield* EventStreams

  const streamEvents: Handlers["streamEvents"] = Effect.fnUntraced(function*({ message, principal, query }) {
    const scope = yield* narrowedScope(principal, query.account)
    const after = message.headers["last-event-id"]
    return yield* open({
      principal,
      scope,
      lastEventId: typeof after === "string" && after !== "" ? after : null,
      batch: query.batch === "true"
    })
  })

  return { streamEvents } as const
})
