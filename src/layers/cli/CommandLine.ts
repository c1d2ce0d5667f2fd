import { CliConfig, Command, ValidationError } from "@effect/cli"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { runMain } from "@effect/platform-node/NodeRuntime"
import { Cause, Console, Effect, Exit, Layer, Logger, LogLevel } from "effect"
import { Environment } from "../Settings.ts"
import { version } from "../Version.ts"
import { optionsFirst } from "./Arguments.ts"
import { Ending, endingOf, exitCodes } from "./Ending.ts"
import { helpFor, tidied, withoutColours } from "./Help.ts"
import { accounts, audit, parked, pipeline } from "./OperatorCommands.ts"
import { Output } from "./Output.ts"
import { get, list, send, tail } from "./TransactionCommands.ts"

const gateway = Command.make("gateway").pipe(
  Command.withSubcommands([send, get, list, tail, accounts, parked, audit, pipeline])
)

const run = Command.run(gateway, { name: "gateway", version, executable: "gateway" })

/** What the parser prints is always coloured: here as the rest is. */
const plainConsole = Effect.fnUntraced(function*() {
  const { coloured } = yield* Output
  const console = yield* Effect.console
  const print = (stream: NodeJS.WriteStream, isColoured: boolean) => (...args: ReadonlyArray<unknown>) =>
    Effect.async<void>((resume) => {
      const text = tidied(args.map(String).join(" ")).trimEnd()
      stream.write(`${isColoured ? text : withoutColours(text)}\n`, () => resume(Effect.void))
    })
  return {
    ...console,
    log: print(process.stdout, coloured),
    error: print(process.stderr, coloured && process.stderr.isTTY === true)
  } satisfies Console.Console
})

const say = (sentence: string) =>
  Effect.async<void>((resume) => {
    process.stderr.write(`gateway: ${sentence}\n`, () => resume(Effect.void))
  })

const ended = (ending: Ending) => Effect.as(ending.sentence === null ? Effect.void : say(ending.sentence), ending.code)

/** What a script is told; whoever stops reading has all that was wanted. */
const program = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const console = yield* plainConsole()
    const help = helpFor(args)
    if (help !== undefined) {
      yield* Effect.flatMap(Output, (_) => _.text(help))
      return exitCodes.done
    }
    return yield* run(["node", "gateway", ...optionsFirst(args)]).pipe(
      Effect.withConsole(console),
      Effect.as<number>(exitCodes.done),
      Effect.catchTags({
        GatewayError: (error) => ended(endingOf(error)),
        Ending: ended
      }),
      Effect.catchIf(ValidationError.isValidationError, () => Effect.succeed(exitCodes.usage))
    )
  }).pipe(
    Effect.catchTag("ReaderGone", () => Effect.succeed(exitCodes.done)),
    Effect.catchAllCause((cause) =>
      Cause.isInterrupted(cause) ? Effect.failCause(cause) : Effect.as(say(Cause.pretty(cause)), exitCodes.failed)
    ),
    Effect.provide(
      Layer.mergeAll(
        Output.Default,
        NodeContext.layer,
        CliConfig.layer({ isCaseSensitive: true, showBuiltIns: false }),
        Logger.minimumLogLevel(LogLevel.None)
      ).pipe(Layer.provideMerge(Environment))
    )
  )

/** Of a shell: ended by SIGINT. */
const interrupted = 130

/** Runs what the command line asks for. Ctrl-C is how `tail` is meant to end. */
export const runCommandLine = (): void => {
  const args = process.argv.slice(2)
  runMain(program(args), {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    // connections that are kept alive would keep the process alive too; all that was written is out
    teardown: (exit) =>
      process.exit(
        Exit.isSuccess(exit)
          ? Number(exit.value)
          : Cause.isInterruptedOnly(exit.cause)
          ? args[0] === "tail" ? exitCodes.done : interrupted
          : exitCodes.failed
      )
  })
}
