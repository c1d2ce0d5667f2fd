import { Effect } from "effect"
import type { Daemons } from "./layers/Daemons.ts"
import { runRole } from "./layers/Launch.ts"
import type { Lifecycle } from "./layers/Lifecycle.ts"
import { chooseProfile } from "./layers/Roles.ts"
import { RunningAs } from "./layers/RunningAs.ts"
import { Environment } from "./layers/Settings.ts"

// each profile loads its own servers' clients alone
runRole(Effect.fnUntraced(function*(name) {
  const chosen = yield* Effect.provide(chooseProfile(name), Environment)
  const as = (program: Effect.Effect<unknown, unknown, Daemons | Lifecycle>) =>
    Effect.provideService(program, RunningAs, chosen)
  if (chosen.profile === "embedded") {
    const { programs } = yield* Effect.promise(() => import("./layers/profiles/Embedded.ts"))
    return yield* as(programs[chosen.role])
  }
  if (chosen.profile === "both") {
    const { programs } = yield* Effect.promise(() => import("./layers/profiles/Both.ts"))
    return yield* as(programs[chosen.role])
  }
  const { programs } = yield* Effect.promise(() => import("./layers/profiles/Distributed.ts"))
  return yield* as(programs[chosen.role])
}))
