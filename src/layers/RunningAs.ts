import { Context } from "effect"
import type { Chosen } from "./Roles.ts"

/** As what this process runs, for who looks at many of them. */
export class RunningAs extends Context.Reference<RunningAs>()("gateway/RunningAs", {
  defaultValue: (): Pick<Chosen, "profile" | "role"> => ({ profile: "embedded", role: "all" })
}) {}
