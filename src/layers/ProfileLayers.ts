import { Layer, Option } from "effect"
import { Profile } from "../services/Profile.ts"
import { Simulation } from "../services/Simulation.ts"

/** Failures can be tried out. */
export const EmbeddedProfile = Layer.merge(
  Layer.succeed(Profile, "embedded"),
  Layer.effect(Simulation, Simulation.make)
)

/** All is real. */
export const DistributedProfile = Layer.merge(
  Layer.succeed(Profile, "distributed"),
  Layer.succeed(Simulation, Option.none())
)
