import { Clock, Effect } from "effect"
import { Authenticate } from "../../services/Authenticate.ts"
import { EventStreams, StreamSettings } from "./EventStreams.ts"
import { Problem } from "./Problem.ts"
import type { Handlers } from "./Reply.ts"
import { narrowedScope } from "./Scopes.ts"

const tooMany = (perAccount: number) => ({
  account: new Problem({
    name: "too_many_streams",
    detail: "The account has as many event streams as it may: close one first.",
    headers: {
      "retry-after": "5",
      "ratelimit-policy": `"streams";q=${perAccount}`,
      ratelimit: `"streams";r=0;t=5`
    }
  }),
  process: new Problem({
    name: "overloaded",
    detail: "No more event streams can be opened here: try again in a moment."
  })
})

export const eventHandlers = Effect.gen(function*() {
  const { open } = yield* EventStreams
  const { isStillAllowed } = yield* Authenticate
  const problems = tooMany((yield* StreamSettings).perAccount)

  const streamEvents: Handlers["streamEvents"] = Effect.fnUntraced(
    function*({ message, principal, query, sessionEndsAt }) {
      const scope = yield* narrowedScope(principal, query.account)
      const after = message.headers["last-event-id"]
      return yield* open({
        principal,
        scope,
        lastEventId: typeof after === "string" ? after : null,
        batch: query.batch === "true",
        credential: `${principal._tag === "Operator" ? "operator" : principal.secretId} ${sessionEndsAt}`,
        isStillAllowed: Effect.flatMap(
          Clock.currentTimeMillis,
          (now) => sessionEndsAt !== null && now >= sessionEndsAt ? Effect.succeed(false) : isStillAllowed(principal)
        )
      }).pipe(Effect.mapError(({ of }) => problems[of]))
    }
  )

  return { streamEvents } as const
})
