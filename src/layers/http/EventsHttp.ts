import { Effect } from "effect"
import { Authenticate } from "../../services/Authenticate.ts"
import { EventStreams } from "./EventStreams.ts"
import { Problem } from "./Problem.ts"
import type { Handlers } from "./Reply.ts"
import { narrowedScope } from "./Scopes.ts"

const tooMany = {
  account: new Problem({
    name: "too_many_streams",
    detail: "The account has as many event streams as it may: close one first.",
    headers: { "retry-after": "5" }
  }),
  process: new Problem({
    name: "overloaded",
    detail: "No more event streams can be opened here: try again in a moment."
  })
}

export const eventHandlers = Effect.gen(function*() {
  const { open } = yield* EventStreams
  const { isStillAllowed } = yield* Authenticate

  const streamEvents: Handlers["streamEvents"] = Effect.fnUntraced(function*({ message, principal, query }) {
    const scope = yield* narrowedScope(principal, query.account)
    const after = message.headers["last-event-id"]
    return yield* open({
      principal,
      scope,
      lastEventId: typeof after === "string" ? after : null,
      batch: query.batch === "true",
      credential: principal._tag === "Operator" ? "operator" : principal.secretId,
      isStillAllowed: isStillAllowed(principal)
    }).pipe(Effect.mapError(({ of }) => tooMany[of]))
  })

  return { streamEvents } as const
})
