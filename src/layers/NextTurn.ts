import { Effect } from "effect"

/** Lets the event loop read and write its sockets before going on. */
export const nextTurn = Effect.async<void>((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})
