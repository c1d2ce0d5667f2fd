import { Effect } from "effect"

/** Whether this process does what it is for: it has started, and its end has not begun. */
export class Lifecycle extends Effect.Service<Lifecycle>()("gateway/Lifecycle", {
  sync: () => {
    let runs = false
    return {
      isRunning: () => runs,
      /** From now until the scope ends; whatever was opened in it before ends after that. */
      run: Effect.acquireRelease(
        Effect.sync(() => {
          runs = true
        }),
        () =>
          Effect.sync(() => {
            runs = false
          })
      )
    } as const
  }
}) {}
