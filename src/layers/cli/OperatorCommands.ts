import { Args, Command, Options } from "@effect/cli"
import { Chunk, Effect, Option, Stream } from "effect"
import { common, described, given } from "./Common.ts"
import { asAccount, asOperator } from "./Credentials.ts"
import { Ending, exitCodes } from "./Ending.ts"
import { cell, Output } from "./Output.ts"

const accountId = Args.text({ name: "account" }).pipe(Args.withDescription("acct_…"))

const create = Command.make("create", {
  ...common,
  name: Args.text({ name: "name" }).pipe(Args.withDescription("Whose it is"))
}, ({ json, name, ...target }) =>
  Effect.gen(function*() {
    const client = yield* asOperator(target)
    const output = yield* Output
    const made = yield* client.operator.createAccount(name)
    if (json) return yield* output.json(made)
    yield* output.pairs({ id: cell(made.id), name: cell(made.name), secret: cell(made.secret) })
    yield* output.text("The secret is told here and never again.\n")
  })).pipe(Command.withDescription(described("Create an account", "gateway accounts create \"Corner shop\"")))

const listAccounts = Command.make("list", common, ({ json, ...target }) =>
  Effect.gen(function*() {
    const client = yield* asOperator(target)
    const output = yield* Output
    const accounts = client.operator.accounts()
    if (json) return yield* Stream.runForEach(accounts, output.json)
    yield* output.table(
      ["id", "name", "created", "disabled"],
      Array.from(yield* Stream.runCollect(accounts), ({ created_at, disabled_at, id, name }) => [
        cell(id),
        cell(name),
        cell(created_at),
        cell(disabled_at)
      ])
    )
  })).pipe(Command.withDescription(described("List accounts, newest first", "gateway accounts list --json")))

const rotate = Command.make("rotate", {
  ...common,
  scope: Options.choice("scope", ["full", "read_only"]).pipe(
    Options.withDefault("full" as const),
    Options.withDescription("What the new secret may do")
  ),
  expireCurrentIn: Options.integer("expire-current-in").pipe(
    Options.withDescription("Seconds that the present full secret lives on, 86400 otherwise"),
    Options.optional
  ),
  account: accountId.pipe(Args.optional)
}, ({ account, expireCurrentIn, json, scope, ...target }) =>
  Effect.gen(function*() {
    const output = yield* Output
    const secret = { scope, ...given({ expire_current_in: expireCurrentIn }) }
    const made = yield* Option.match(account, {
      onNone: () => Effect.flatMap(asAccount(target), (_) => _.account.createSecret(secret)),
      onSome: (id) => Effect.flatMap(asOperator(target), (_) => _.operator.createSecret(id, secret))
    })
    if (json) return yield* output.json(made)
    yield* output.pairs({ id: cell(made.id), scope: cell(made.scope), secret: cell(made.secret) })
    yield* output.text("The secret is told here and never again.\n")
  })).pipe(
    Command.withDescription(described(
      "Make another secret, of your own account or, as the operator, of one that is named",
      "gateway accounts rotate",
      "gateway accounts rotate acct_01M87QJ198Z6NVENWY0NRTHJNJ --expire-current-in 3600",
      "gateway accounts rotate --scope read_only"
    ))
  )

const setDisabled = (name: "disable" | "enable", what: string) =>
  Command.make(name, { ...common, account: accountId }, ({ account, json, ...target }) =>
    Effect.gen(function*() {
      const client = yield* asOperator(target)
      const output = yield* Output
      const changed = yield* client.operator.setDisabled(account, name === "disable")
      if (json) return yield* output.json(changed)
      yield* output.pairs({ id: cell(changed.id), name: cell(changed.name), disabled: cell(changed.disabled_at) })
    })).pipe(
      Command.withDescription(described(what, `gateway accounts ${name} acct_01M87QJ198Z6NVENWY0NRTHJNJ`))
    )

export const accounts = Command.make("accounts").pipe(
  Command.withSubcommands([
    create,
    listAccounts,
    rotate,
    setDisabled("disable", "Refuse every request of an account from now on"),
    setDisabled("enable", "Let a disabled account in again")
  ])
)

const listParked = Command.make("list", common, ({ json, ...target }) =>
  Effect.gen(function*() {
    const client = yield* asOperator(target)
    const output = yield* Output
    const parked = client.operator.parked()
    if (json) return yield* Stream.runForEach(parked, output.json)
    const found = yield* Stream.runCollect(parked)
    if (Chunk.isEmpty(found)) return yield* output.text("Nothing is parked.\n")
    yield* output.table(
      ["id", "account", "parked", "count", "reason"],
      Array.from(found, ({ account, count, id, parked_at, reason }) => [
        cell(id),
        cell(account),
        cell(parked_at),
        cell(count),
        cell(reason)
      ])
    )
  })).pipe(
    Command.withDescription(described("List the transactions whose record could not be decided", "gateway parked list"))
  )

const changeParked = (name: "replay" | "give-up", what: string) =>
  Command.make(
    name,
    { ...common, id: Args.text({ name: "id" }).pipe(Args.withDescription("txn_…")) },
    (options) =>
      Effect.gen(function*() {
        const { operator } = yield* asOperator(options)
        const output = yield* Output
        const changed = yield* name === "replay" ? operator.replay(options.id) : operator.giveUp(options.id)
        if (options.json) return yield* output.json(changed)
        yield* output.pairs({ id: cell(changed.id), reason: cell(changed.reason), count: cell(changed.count) })
      })
  ).pipe(
    Command.withDescription(described(what, `gateway parked ${name} txn_01M87QJ198Z6NVENWY0NRTHJNJ`))
  )

export const parked = Command.make("parked").pipe(
  Command.withSubcommands([
    listParked,
    changeParked("replay", "Send a parked transaction to the processor again"),
    changeParked("give-up", "Give a parked transaction up: rejected if its card still does not open")
  ])
)

export const audit = Command.make("audit", common, ({ json, ...target }) =>
  Effect.gen(function*() {
    const client = yield* asOperator(target)
    const output = yield* Output
    const report = yield* client.operator.audit()
    if (json) yield* output.json(report)
    else {
      yield* output.pairs({
        accepted: cell(report.accepted),
        decided: cell(report.decided),
        undecided: cell(report.undecided),
        "oldest undecided": cell(report.oldest_undecided_at),
        parked: cell(report.parked),
        holds: report.holds ? cell("yes", "green") : cell("no", "red")
      })
    }
    if (!report.holds) return yield* new Ending({ code: exitCodes.failed, sentence: "The audit does not hold." })
  })).pipe(
    Command.withDescription(described("Count what was accepted and what became of it", "gateway audit --json"))
  )

export const pipeline = Command.make("pipeline", common, ({ json, ...target }) =>
  Effect.gen(function*() {
    const client = yield* asOperator(target)
    const output = yield* Output
    const report = yield* client.operator.pipeline()
    if (json) return yield* output.json(report)
    yield* output.pairs({
      profile: cell(report.profile),
      undecided: cell(report.undecided.count),
      "oldest undecided": cell(report.undecided.oldest_at),
      parked: cell(report.parked)
    })
    yield* output.table(
      ["stage", "records behind", "seconds behind"],
      report.stages.map(({ lag_records, lag_seconds, name }) => [cell(name), cell(lag_records), cell(lag_seconds)])
    )
  })).pipe(
    Command.withDescription(described("Tell how much waits at every stage", "gateway pipeline"))
  )
