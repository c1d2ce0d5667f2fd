import { Effect, Layer, Record } from "effect"
import { CannotStart } from "./CannotStart.ts"
import { ServerSettings } from "./Settings.ts"

/** The roles that need servers of their own between and under them. */
export const needsServers = (role: string) =>
  new CannotStart({
    sentence:
      `The role ${role} runs as a process of its own only in the distributed profile, which this version does not have yet: start without a role, and every role runs in this process.`
  })

export const unknownRole = (role: string, known: ReadonlyArray<string>) =>
  new CannotStart({ sentence: `There is no role ${role}: choose one of ${known.join(", ")}, or none for all of them.` })

/** Refuses a half-named or whole distributed profile rather than quietly running another one than was asked for. */
export const EmbeddedProfile = Layer.effectDiscard(Effect.gen(function*() {
  const named = Object.keys(Record.getSomes<string, unknown>(yield* ServerSettings))
  if (named.length > 0) {
    return yield* new CannotStart({
      sentence: `${
        named.join(", ")
      } asks for the distributed profile, which this version does not have yet: unset it to run the embedded one.`
    })
  }
}))
