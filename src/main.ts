import { Effect } from "effect"
import { runRole } from "./layers/Launch.ts"
import { chooseProfile } from "./layers/Roles.ts"
import { Environment } from "./layers/Settings.ts"

// each profile loads its own servers' clients alone
runRole(Effect.fnUntraced(function*(name) {
  const chosen = yield* Effect.provide(chooseProfile(name), Environment)
  if (chosen.profile === "embedded") {
    const { programs } = yield* Effect.promise(() => import("./layers/profiles/Embedded.ts"))
    return yield* programs[chosen.role]
  }
  if (chosen.profile === "both") {
    const { programs } = yield* Effect.promise(() => import("./layers/profiles/Both.ts"))
    return yield* programs[chosen.role]
  }
  const { programs } = yield* Effect.promise(() => import("./layers/profiles/Distributed.ts"))
  return yield* programs[chosen.role]
}))
