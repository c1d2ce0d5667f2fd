import { runMain } from "@effect/platform-node/NodeRuntime"
import { Cause, ConfigError, Console, Effect, Layer, Option } from "effect"
import { Daemons } from "./Daemons.ts"
import { Lifecycle } from "./Lifecycle.ts"

/** Runs a service until it is interrupted, or until one of its daemons dies. */
export const launch = <E>(service: Layer.Layer<never, E, Daemons | Lifecycle>) =>
  Effect.gen(function*() {
    const { death } = yield* Daemons
    const { run } = yield* Lifecycle
    const running = Layer.build(service).pipe(Effect.zipRight(run), Effect.zipRight(Effect.never), Effect.scoped)
    return yield* Effect.raceFirst(running, death)
  })

const configSentence = (error: ConfigError.ConfigError): string => {
  switch (error._op) {
    case "And":
    case "Or":
      return `${configSentence(error.left)} ${configSentence(error.right)}`
    default:
      return `${error.path.join(".")} makes no sense (${error.message}): see docs/configuration.md for what it may be.`
  }
}

const sentenceOf = (cause: Cause.Cause<unknown>): string => {
  const error = Option.getOrElse(Cause.failureOption(cause), () => Cause.squash(cause))
  if (ConfigError.isConfigError(error)) return configSentence(error)
  return error instanceof Error && error.message !== "" ? error.message : Cause.pretty(cause)
}

/**
 * Runs the program of the role that the command line names. SIGTERM and SIGINT end it in order, and a second one at
 * once. Whatever goes wrong is one sentence on standard error and a non-zero exit.
 */
export const runRole = (programOf: (role: string) => Effect.Effect<unknown, unknown, Daemons | Lifecycle>): void => {
  programOf(process.argv[2] ?? "all").pipe(
    Effect.provide(Layer.merge(Daemons.Default, Lifecycle.Default)),
    Effect.tapErrorCause((cause) =>
      Cause.isInterruptedOnly(cause) ? Effect.void : Console.error(`gateway: ${sentenceOf(cause)}`)
    ),
    (_) => runMain(_, { disableErrorReporting: true, disablePrettyLogger: true })
  )
}
