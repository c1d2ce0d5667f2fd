import { Args, Command, Options } from "@effect/cli"
import { Clock, Effect, Option, Stream } from "effect"
import { Brand } from "../../domain/CardBrand.ts"
import type { TransactionFilter } from "../client/Filter.ts"
import type { TransactionResource } from "../http/TransactionResource.ts"
import { asReader, common, described, given, readers } from "./Common.ts"
import { asAccount } from "./Credentials.ts"
import { Ending, exitCodes } from "./Ending.ts"
import { cardText, cell, Output, statusCell, toDollars } from "./Output.ts"

const unlessRejected = ({ status }: TransactionResource) =>
  status === "rejected" ? new Ending({ code: exitCodes.rejected, sentence: null }) : Effect.void

const show = Effect.fnUntraced(function*(transaction: TransactionResource, json: boolean) {
  const output = yield* Output
  if (json) return yield* output.json(transaction)
  const { account, amount, card, created_at, decided_at, error, id, metadata, reference, status } = transaction
  yield* output.pairs({
    id: cell(id),
    status: statusCell(status),
    ...(error === null ? {} : { reason: cell(`${error.code}: ${error.message}`) }),
    amount: cell(toDollars(amount)),
    card: cell(`${cardText(card)}, ${card.exp_month}/${card.exp_year}`),
    ...(account === undefined ? {} : { account: cell(account) }),
    reference: cell(reference),
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`metadata ${name}`, cell(value)])),
    created: cell(created_at),
    decided: cell(decided_at)
  })
})

const metadataOf = (pairs: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(pairs, (pair) => {
      const equals = pair.indexOf("=")
      return equals > 0
        ? Effect.succeed([pair.slice(0, equals), pair.slice(equals + 1)] as const)
        : new Ending({ code: exitCodes.usage, sentence: "Metadata is written name=value." })
    }),
    Object.fromEntries<string>
  )

export const send = Command.make("send", {
  ...common,
  amount: Options.integer("amount").pipe(Options.withDescription("Cents; 100 to 100000 are approved")),
  number: Options.text("number").pipe(
    Options.withDefault("4242424242424242"),
    Options.withDescription("Of a test card: other users of this machine can read what a command is given")
  ),
  holder: Options.text("holder").pipe(Options.withDefault("Test Card"), Options.withDescription("The card's holder")),
  expMonth: Options.integer("exp-month").pipe(Options.withDefault(12), Options.withDescription("The month it expires")),
  expYear: Options.integer("exp-year").pipe(
    Options.withDescription("The year it expires; the year after next otherwise"),
    Options.optional
  ),
  cvv: Options.text("cvv").pipe(Options.withDefault("123"), Options.withDescription("The card's security code")),
  wait: Options.integer("wait").pipe(
    Options.withDescription("Seconds to wait for the decision, 30 at most"),
    Options.optional
  ),
  idempotencyKey: Options.text("idempotency-key").pipe(
    Options.withDescription("Names this payment: the same key again makes no other. One is made otherwise"),
    Options.optional
  ),
  reference: Options.text("reference").pipe(Options.withDescription("Your own name for it"), Options.optional),
  metadata: Options.text("metadata").pipe(Options.withDescription("name=value; may be repeated"), Options.repeated)
}, (options) =>
  Effect.gen(function*() {
    const metadata = yield* metadataOf(options.metadata)
    const client = yield* asAccount(options)
    const year = new Date(yield* Clock.currentTimeMillis).getUTCFullYear() + 2
    const transaction: TransactionResource = yield* client.submit(
      {
        amount: options.amount,
        card: {
          number: options.number,
          holder: options.holder,
          exp_month: options.expMonth,
          exp_year: Option.getOrElse(options.expYear, () => year),
          cvv: options.cvv
        },
        ...given({ reference: options.reference }),
        ...(options.metadata.length === 0 ? {} : { metadata })
      },
      { ...given({ wait: Option.map(options.wait, (_) => _ * 1000), idempotencyKey: options.idempotencyKey }) }
    )
    yield* show(transaction, options.json)
    yield* unlessRejected(transaction)
  })).pipe(
    Command.withDescription(described(
      "Submit a transaction, and repeat it under one key until it is known what became of it",
      "gateway send --amount 1999 --wait 10",
      "gateway send --amount 1999 --reference order-1 --metadata shop=berlin --idempotency-key order-1",
      "gateway send --amount 99 --wait 10; echo $?   # 3: rejected"
    ))
  )

export const get = Command.make("get", {
  ...common,
  ...readers,
  wait: Options.integer("wait").pipe(
    Options.withDescription("Seconds to wait for the decision, 30 at most"),
    Options.optional
  ),
  timeline: Options.boolean("timeline").pipe(Options.withDescription("Every stage with its instant")),
  id: Args.text({ name: "id" }).pipe(Args.withDescription("txn_…"))
}, (options) =>
  Effect.gen(function*() {
    const client = yield* asReader(options)
    const output = yield* Output
    if (options.timeline) {
      const timeline = yield* client.timeline(options.id)
      if (options.json) return yield* output.json(timeline)
      return yield* output.table(
        ["stage", "at", "partition", "offset"],
        timeline.stages.map(({ at, offset, partition, stage }) => [
          cell(stage),
          cell(at),
          cell(partition ?? null),
          cell(offset ?? null)
        ])
      )
    }
    const transaction = yield* client.find(options.id, given({ wait: Option.map(options.wait, (_) => _ * 1000) }))
    yield* show(transaction, options.json)
    yield* unlessRejected(transaction)
  })).pipe(
    Command.withDescription(described(
      "Read a transaction",
      "gateway get txn_01M87QJ198Z6NVENWY0NRTHJNJ --wait 10",
      "gateway get txn_01M87QJ198Z6NVENWY0NRTHJNJ --timeline"
    ))
  )

const rowOf = ({ amount, card, created_at, error, id, reference, status }: TransactionResource) => [
  cell(id),
  statusCell(status),
  cell(toDollars(amount)),
  cell(cardText(card)),
  cell(created_at),
  cell(reference),
  cell(error === null ? "" : error.code)
]
const columns = ["id", "status", "amount", "card", "created", "reference", "reason"]
/** Rows whose widths are told together, where there is no end in sight. */
const atOnce = 100

const filters = {
  status: Options.choice("status", ["processing", "approved", "rejected"]).pipe(Options.optional),
  since: Options.text("since").pipe(
    Options.withDescription("RFC 3339: created then or later"),
    Options.optional
  ),
  before: Options.text("before").pipe(Options.withDescription("RFC 3339: created earlier"), Options.optional),
  least: Options.integer("min-amount").pipe(Options.withDescription("Cents"), Options.optional),
  most: Options.integer("max-amount").pipe(Options.withDescription("Cents"), Options.optional),
  last4: Options.text("last4").pipe(Options.optional),
  brand: Options.choice("brand", Brand.literals).pipe(Options.optional),
  reference: Options.text("reference").pipe(Options.optional),
  account: Options.text("account").pipe(
    Options.withDescription("Of this account alone; with --operator"),
    Options.optional
  )
}

const instantOf = (option: Option.Option<string>) =>
  Option.isSome(option) && Number.isNaN(Date.parse(option.value))
    ? new Ending({ code: exitCodes.usage, sentence: "A time is written 2026-11-28T18:00:00Z." })
    : Effect.succeed(option)

export const list = Command.make("list", {
  ...common,
  ...readers,
  ...filters,
  limit: Options.integer("limit").pipe(Options.withDefault(10), Options.withDescription("Of one page, 1 to 100")),
  after: Options.text("after").pipe(
    Options.withDescription("An id, or the next of a page: what is older"),
    Options.optional
  ),
  all: Options.boolean("all").pipe(Options.withDescription("Every page")),
  csv: Options.boolean("csv").pipe(Options.withDescription("All that fit, as CSV"))
}, (options) =>
  Effect.gen(function*() {
    const { account, brand, last4, least, most, reference, status } = options
    const since = yield* instantOf(options.since)
    const before = yield* instantOf(options.before)
    const client = yield* asReader(options)
    const output = yield* Output
    const filter: TransactionFilter = {
      ...given({ status, last4, brand, reference, account }),
      created: given({ gte: since, lt: before }),
      amount: given({ gte: least, lte: most })
    }
    if (options.csv) return yield* Stream.runForEach(client.csv(filter), output.text)
    if (options.all) {
      const all = client.list(filter)
      if (options.json) return yield* Stream.runForEach(all, output.json)
      return yield* Stream.grouped(all, atOnce).pipe(
        Stream.runForEach((some) => output.table(columns, Array.from(some, rowOf)))
      )
    }
    const page = yield* client.page(filter, { limit: options.limit, ...given({ startingAfter: options.after }) })
    if (options.json) return yield* output.json(page)
    yield* output.table(columns, page.data.map(rowOf))
    if (page.next !== null) yield* output.text(`More with --after ${page.next}, or --all.\n`)
  })).pipe(
    Command.withDescription(described(
      "List transactions, newest first",
      "gateway list --status rejected --since 2026-11-28T00:00:00Z",
      "gateway list --all --json | jq -r .id",
      "gateway list --csv > transactions.csv",
      "gateway list --operator --account acct_01M87QJ198Z6NVENWY0NRTHJNJ"
    ))
  )

export const tail = Command.make("tail", {
  ...common,
  ...readers,
  account: filters.account,
  after: Options.text("after").pipe(
    Options.withDescription("The cursor of the last event that was dealt with"),
    Options.optional
  ),
  batch: Options.boolean("batch").pipe(Options.withDescription("In bundles: less work under load")),
  limit: Options.integer("limit").pipe(Options.withDescription("End after so many events"), Options.optional)
}, (options) =>
  Effect.gen(function*() {
    const client = yield* asReader(options)
    const output = yield* Output
    const events = client.events({
      batch: options.batch,
      ...given({ lastEventId: options.after, account: options.account })
    })
    yield* Option.match(options.limit, { onNone: () => events, onSome: (_) => Stream.take(events, _) }).pipe(
      Stream.runForEach((event) => {
        if (options.json) return output.json(event)
        if (event.type === "reset") {
          return output.line([cell("The gateway cannot tell what came before: read the list again.", "yellow")])
        }
        const { amount, card, error, id } = event.transaction
        return output.line([
          cell(event.created_at, "dim"),
          event.type === "transaction.accepted"
            ? cell("accepted")
            : statusCell(event.type === "transaction.approved" ? "approved" : "rejected"),
          cell(id),
          cell(toDollars(amount)),
          cell(cardText(card)),
          ...(error === null ? [] : [cell(error.code)])
        ])
      })
    )
  })).pipe(
    Command.withDescription(described(
      "Hear of transactions as they are accepted and decided, until Ctrl-C",
      "gateway tail",
      "gateway tail --json | jq -r '[.type, .transaction.id] | @tsv'",
      "gateway tail --operator --limit 10"
    ))
  )
